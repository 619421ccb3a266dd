package porttest_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// sameCut returns docs as if all had been cut by the default Chunking.
func sameCut(docs []ports.PendingDocument) []ports.PendingDocument {
	docs = slices.Clone(docs)
	for i, d := range docs {
		docs[i].Chunks = slices.Clone(d.Chunks)
		for n := range docs[i].Chunks {
			docs[i].Chunks[n].Chunking = retrieval.Chunking{}
		}
	}
	return docs
}

var brokenChunkings = []brokenDocs{
	{"a generation does not know how it is cut", porttest.Chunkings, "begin", func(b *badDocs) {
		b.begin = func(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
			r.Chunking = retrieval.Chunking{}
			return b.good.Begin(ctx, s, r)
		}
	}},
	{"chunks of all Chunkings are one", porttest.Chunkings, "beside", func(b *badDocs) {
		b.chunks = func(ctx context.Context, s tenant.Scope, docs []ports.PendingDocument) ([]bool, error) {
			return b.good.PutChunks(ctx, s, sameCut(docs))
		}
	}},
	{"passages are those of the generation that is searched, whatever is asked for", porttest.Chunkings, "beside", func(b *badDocs) {
		b.load = func(ctx context.Context, s tenant.Scope, _ retrieval.Chunking, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
			g, err := b.good.GenerationsOf(ctx, s)
			if err != nil {
				return nil, err
			}
			return b.good.Load(ctx, s, g.Served.Chunking, refs)
		}
	}},
	{"a switch takes the chunks of the former generation away", porttest.Chunkings, "beside", func(b *badDocs) {
		var cut remembered[bool]
		b.swap = func(ctx context.Context, s tenant.Scope, no int64, at time.Time) (retrieval.Generations, error) {
			g, err := b.good.Switch(ctx, s, no, at)
			if err == nil {
				cut.note(string(s.Site), true)
			}
			return g, err
		}
		b.load = func(ctx context.Context, s tenant.Scope, c retrieval.Chunking, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
			if g, err := b.good.GenerationsOf(ctx, s); err == nil && cut.of(string(s.Site), false) && g.Served.Chunking != c {
				return nil, nil
			}
			return b.good.Load(ctx, s, c, refs)
		}
	}},
	{"a change keeps the chunks that it was not put with", porttest.Chunkings, "changes", func(b *badDocs) {
		var before remembered[[]ports.PendingDocument]
		b.chunks = func(ctx context.Context, s tenant.Scope, docs []ports.PendingDocument) ([]bool, error) {
			before.note(string(s.Site), docs)
			return b.good.PutChunks(ctx, s, docs)
		}
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			ok, err := b.good.Put(ctx, s, d, chunks)
			for _, p := range before.of(string(s.Site), nil) {
				p.Document = d
				for i := range p.Chunks {
					p.Chunks[i].Chunking = retrieval.Chunking{}
				}
				_, perr := b.good.PutChunks(ctx, s, []ports.PendingDocument{p})
				err = errors.Join(err, perr)
			}
			return ok, err
		}
	}},
	{"pending documents have whatever chunks there are", porttest.Chunkings, "changes", func(b *badDocs) {
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			same := sameCut([]ports.PendingDocument{{Document: d, Chunks: chunks}})
			return b.good.Put(ctx, s, d, same[0].Chunks)
		}
	}},
	{"chunks are stored of any revision", porttest.Chunkings, "late", func(b *badDocs) {
		b.chunks = func(ctx context.Context, s tenant.Scope, docs []ports.PendingDocument) ([]bool, error) {
			docs = slices.Clone(docs)
			for i := range docs {
				docs[i].Document.Revision = "r1"
			}
			return b.good.PutChunks(ctx, s, docs)
		}
	}},
	{"what is cut once more is said to be stored", porttest.Chunkings, "late", func(b *badDocs) {
		b.chunks = func(ctx context.Context, s tenant.Scope, docs []ports.PendingDocument) ([]bool, error) {
			stored, err := b.good.PutChunks(ctx, s, docs)
			for i := range stored {
				stored[i] = true
			}
			return stored, err
		}
	}},
	{"who goes back believes that the chunks are there", porttest.Chunkings, "back", func(b *badDocs) {
		b.begin = func(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
			g, err := b.good.Begin(ctx, s, r)
			if err == nil && r.Back {
				err = noteAll(ctx, b, s, g.Building.No)
			}
			return g, err
		}
	}},
	{"a site that went back follows the next wish", porttest.Chunkings, "back", func(b *badDocs) {
		b.begin = func(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
			g, err := b.good.GenerationsOf(ctx, s)
			r.Anew = err == nil && g.Pinned && !r.Back && r.Chunking != g.Served.Chunking
			if err != nil {
				return g, err
			}
			return b.good.Begin(ctx, s, r)
		}
	}},
	{"chunks are kept for ever", porttest.Chunkings, "forgotten", func(b *badDocs) {
		b.forget = func(ctx context.Context, _ tenant.Scope, _ int64) error { return ctx.Err() }
	}},
	{"a done context does not end the call", porttest.Chunkings, "done context", func(b *badDocs) {
		b.chunks = func(ctx context.Context, s tenant.Scope, docs []ports.PendingDocument) ([]bool, error) {
			return b.good.PutChunks(context.WithoutCancel(ctx), s, docs)
		}
	}},
	{"chunks are taken of a tenant's other site", porttest.Chunkings, "isolation", func(b *badDocs) {
		wide := tenantWide()
		b.load = func(ctx context.Context, s tenant.Scope, c retrieval.Chunking, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
			return b.good.Load(ctx, wide(s), c, refs)
		}
		b.begin = func(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
			wide(s)
			return b.good.Begin(ctx, s, r)
		}
	}},
	{"two chunks of one number are one", porttest.Chunkings, "bad input", func(b *badDocs) {
		b.chunks = func(ctx context.Context, s tenant.Scope, docs []ports.PendingDocument) ([]bool, error) {
			docs = slices.Clone(docs)
			for i := range docs {
				docs[i].Chunks = slices.CompactFunc(slices.Clone(docs[i].Chunks), func(a, b retrieval.Chunk) bool { return a.Seq == b.Seq })
			}
			return b.good.PutChunks(ctx, s, docs)
		}
	}},
}
