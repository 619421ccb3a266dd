package qdrant

import (
	"context"
	"errors"
	"slices"

	"github.com/qdrant/go-client/qdrant"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// Vectors implements [ports.Indexer].
func (x *Index) Vectors(ctx context.Context, s tenant.Scope, generation int64, documents []retrieval.DocumentID) ([]retrieval.Embedded, error) {
	if err := s.Valid(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o := owner{s, generation}
	var out []retrieval.Embedded
	for part := range slices.Chunk(documents, 100) {
		err := x.do(ctx, "vectors", func(ctx context.Context) error {
			home, ok, err := x.home(ctx, o)
			if err != nil || !ok || home == 0 {
				return err
			}
			got, err := x.vectors(ctx, o, home, part)
			out = append(out, got...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (x *Index) vectors(ctx context.Context, o owner, dim int, documents []retrieval.DocumentID) ([]retrieval.Embedded, error) {
	type vector struct {
		mark
		retrieval.Embedded
	}
	var all []vector
	firsts := make(map[retrieval.DocumentID][]piece)
	foreign := 0
	err := x.scroll(ctx, dim, o.filter(amongDocuments(documents)), qdrant.NewWithPayloadInclude(fieldRef, fieldCommitted, fieldKey, fieldRaw), qdrant.NewWithVectorsInclude(denseVector),
		func(ps []*qdrant.RetrievedPoint) error {
			for _, p := range ps {
				m, mine := o.chunk(p.GetPayload())
				if !mine {
					foreign++
					continue
				}
				id := m.ref.Document
				firsts[id] = append(firsts[id], piece{m, p.GetPayload()[fieldCommitted].GetBoolValue()})
				dense := p.GetVectors().GetVectors().GetVectors()[denseVector].GetDense().GetData()
				if len(dense) == 0 {
					continue
				}
				v, err := asPut(dense, p.GetPayload()[fieldRaw].GetStringValue())
				if err != nil {
					return err
				}
				all = append(all, vector{m, retrieval.Embedded{Document: id, Key: retrieval.TextKey(p.GetPayload()[fieldKey].GetStringValue()), Vector: v}})
			}
			return nil
		})
	x.foreign(ctx, o, foreign)
	if err != nil {
		return nil, err
	}
	var out []retrieval.Embedded
	for _, v := range all {
		if at, ok := newest(firsts[v.ref.Document]); ok && at.ref.Revision == v.ref.Revision {
			out = append(out, v.Embedded)
		}
	}
	return out, nil
}

func amongDocuments(ids []retrieval.DocumentID) *qdrant.Condition {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = string(id)
	}
	return qdrant.NewMatchKeywords(fieldDocument, words...)
}

// Drop implements [ports.Indexer].
func (x *Index) Drop(ctx context.Context, s tenant.Scope, generation int64) error {
	if err := s.Valid(); err != nil {
		return err
	}
	o := owner{s, generation}
	unlock, err := x.lock(ctx, o)
	if err != nil {
		return err
	}
	defer unlock()
	defer x.wrote(o)
	defer x.forget(o)
	return x.do(ctx, "drop a generation", func(ctx context.Context) error {
		dims, err := x.collections(ctx)
		for _, dim := range dims {
			err = errors.Join(err, x.remove(ctx, dim, o.filter()))
		}
		return err
	})
}
