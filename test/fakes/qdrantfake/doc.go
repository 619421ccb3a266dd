// Package qdrantfake is a Qdrant for tests: a gRPC server on loopback, built on
// the server interfaces that github.com/qdrant/go-client generates, that keeps
// points in memory, filters, scores, prefetches, fuses and pages.
//
// It was written from Qdrant's documentation and compared with Qdrant's engine
// (qdrant-edge 0.9.0), never with a Qdrant server. Each behaviour names the page
// that it was taken from, all of them below
// https://qdrant.tech/documentation/, or the engine. It is exact where Qdrant is
// approximate: every vector is compared, quantized or not, and a collection is
// one segment in one shard. What it does not know it refuses as
// codes.Unimplemented, so that no test is green by what was left out.
//
// It may be imported by tests of other modules, too.
package qdrantfake
