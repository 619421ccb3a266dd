// Package qdrant is the index of shops that have outgrown the embedded one: a
// Searcher and an Indexer on a Qdrant server (https://qdrant.tech, 1.16 or
// newer), and a check whether a server can be it.
//
// # Who sees what
//
// All sites share collections, and Qdrant knows no tenants: since 1.16 a
// credential opens all of a collection or nothing. So this package is the wall.
// Every request carries a filter by tenant, site and generation that only
// owner.filter makes, and which panics without them; whatever comes back is
// looked at again, and what is another's is dropped, counted and told
// (ForeignDropped). Words are indexed under numbers that hold the scope, too, so
// that even the statistics by which words are weighted are a site's own.
//
// # Which collection
//
// A collection is one kind of embedding generation: all vectors of one length,
// whoever's they are (prefix_d1536), and prefix_d0 for generations without
// vectors. A generation of a site lives in one of them; its number is a field of
// each point. Not the model's name but the length tells collections apart, since
// that is what an Indexer is told, and what Qdrant must know; vectors of two
// models of one length never meet, for every search names one generation of one
// site. A collection for each generation would cost Qdrant some megabytes and
// files each, and there is one for every site and model change.
//
// # How it ranks
//
// A search is one round trip: a batch of the dense arm, the sparse arm, the
// look-up of codes and titles, and the anchor (home.go). The arms are fused by
// retrieval.Fuse and not by the server: the domain weighs meaning by what the
// words leave open, which takes both arms' scores and the words' statistics; the
// server's fusions know neither, its weighted one is another formula and came
// with 1.17, and none says at which rank each arm had a passage. And so all
// stores rank alike. It costs a search a hundred points of each arm instead of ten
// in all, of two short fields each.
//
// The sparse arm is BM25: the half of it that is a chunk's own is stored (weights
// by field as everywhere, see retrieval.Saturation), the inverse document
// frequency comes from the server's modifier, corrected from the whole
// collection's, deleted points among them, to the site's (see statistics). What
// is more than words, such as "without" and compounds, is worked out from the
// vectors of what is found (terms.go).
//
// # What is not as in the other indexes
//
// The mean length of a site's chunks, by which BM25 divides, is a constant here:
// it would change what is stored of every chunk. Ties at the very end of an arm
// are cut as Qdrant pleases, and what is unwanted is taken from the best hundred
// only. Dense search may be approximate in large sites, as Qdrant's is.
package qdrant
