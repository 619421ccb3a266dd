// Package egress reaches addresses that users name: shops, sitemaps, pages. It
// keeps such an address from being one of our own network.
//
// A name is resolved here, what it resolves to is checked, and the address that
// was checked is the one that is dialled; so a name that resolves otherwise the
// next time gains nothing. Each redirect is a request of its own and checked
// like the first. No proxy is used, for a proxy resolves by itself.
//
// Bodies are bounded after they are decompressed, and so are headers and time.
package egress
