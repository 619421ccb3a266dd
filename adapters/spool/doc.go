// Package spool keeps settlements safe while the store is away: what a model
// call has spent is known to this process only, and must neither be lost with
// it nor wait for the store.
//
// A [Journal] is a file of settlements, each on disk before its Append returns.
// A [Ledger] is a ports.Ledger around another one: it writes a settlement that
// the store does not take into the journal, admits nothing new while any waits,
// and hands all of them over, in order, when the store is back. Settling again
// changes nothing, so it may crash between any two steps.
//
// The Ledger is here and not in package decorated, though it too wraps a port in
// the same port: what decorated does around a call is forgotten with the call,
// while this owns files, a lock and a goroutine, and its one rule, the order of
// settlements, is kept by journal and ledger together. An adapter imports no
// other, so it takes whatever ledger it is given, mostly one with retries.
package spool
