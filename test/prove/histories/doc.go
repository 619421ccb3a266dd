// Package histories lets random histories happen to shops, loses, doubles,
// delays and reorders what their webhooks say, breaks what can break, and then
// asks whether the index is what the shop shows: index = f(shop).
//
// All of it happens in one process and in virtual time (testing/synctest): the
// shop is wooshop, and the receiver, the queue, the worker and the client of the
// shop's API are the real ones, on each of the stores.
//
// A history is made of its seed alone. What it did is told when it fails, and a
// shorter one that fails, too, is looked for.
package histories
