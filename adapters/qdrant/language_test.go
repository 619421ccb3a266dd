package qdrant_test

import (
	"slices"
	"testing"

	client "github.com/qdrant/go-client/qdrant"

	"github.com/aiwoochat/woochat/adapters/qdrant"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/test/fakes/qdrantfake"
)

// A point from before points had a language is found in every language, however
// it is searched, until its document is put again.
func TestPointsWithoutALanguage(t *testing.T) {
	server := startFake(t, qdrantfake.Options{})
	x, s := open(t, qdrant.Config{URL: server.Addr()}), newScope(t)
	old, english := entry("page:1", "r1", "copper kettle"), entry("page:2", "r1", "copper kettle")
	english.Locale = "en"
	put(t, x, s, old, english)
	c := plainClient(t, server)
	selected := client.NewPointsSelectorFilter(&client.Filter{Must: []*client.Condition{client.NewMatchKeyword("document", "page:1")}})
	if _, err := c.UpdateBatch(t.Context(), &client.UpdateBatchPoints{CollectionName: "woochat_d2", Wait: new(true), Operations: []*client.PointsUpdateOperation{
		client.NewPointsUpdateDeletePayload(&client.PointsUpdateOperation_DeletePayload{Keys: []string{"language"}, PointsSelector: selected}),
		client.NewPointsUpdateSetPayload(&client.PointsUpdateOperation_SetPayload{
			Payload:        map[string]*client.Value{"facts": client.NewValueString(`{"Kind":2,"Title":"Title page:1","Facts":{}}`)},
			PointsSelector: selected,
		}),
	}}); err != nil {
		t.Fatal(err)
	}
	german := retrieval.Filter{Language: retrieval.Language{Locale: "de", Kinds: []catalog.Kind{catalog.KindPage}}}
	queries := map[string]retrieval.Query{
		"words": {Text: "kettle"}, "vector": {Vector: []float32{1, 0}}, "title": {Text: "Title page 1"}, "everything": {}, "order": {Sort: retrieval.CheapestFirst},
	}
	for name, q := range queries {
		q.Filter = german
		if got := refs(t, x, s, q); !slices.Equal(got, []string{"page:1 r1 0"}) {
			t.Errorf("%s: found %v, want the page whose language is not known", name, got)
		}
	}
	put(t, x, s, old) // which says no locale, and so is in the site's language
	for name, q := range queries {
		q.Filter = german
		if got := refs(t, x, s, q); len(got) != 0 {
			t.Errorf("%s: found %v after it was put again", name, got)
		}
	}
}
