package qdrant_test

import (
	"strconv"
	"strings"
	"testing"

	client "github.com/qdrant/go-client/qdrant"

	"github.com/aiwoochat/woochat/adapters/qdrant"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/test/fakes/qdrantfake"
)

// Points that a version put which knew nothing of models, ages, ratings and weights
// are found as before, and by their models, too; where such facts decide they are
// last, or not there.
func TestPointsOfAnOlderVersion(t *testing.T) {
	server := startFake(t, qdrantfake.Options{})
	x := open(t, qdrant.Config{URL: server.Addr()})
	s := newScope(t)
	price := []catalog.Offer{{Regular: catalog.Money{Minor: 100, Currency: "EUR", Exponent: 2}}}
	entry := func(id, attribute string) retrieval.Entry {
		return retrieval.Entry{
			Document: retrieval.DocumentID(id), Revision: "r1", Kind: catalog.KindProduct, Title: "Thing " + id, Chunks: []retrieval.Chunk{{Text: "thing"}},
			Facts: catalog.Facts{Offers: price, Attributes: []catalog.Attribute{{Name: attribute, Values: []string{"XR-200"}}}},
		}
	}
	old, colour := entry("product:1", "Model"), entry("product:2", "Colour")
	for _, e := range []retrieval.Entry{old, colour} {
		if err := x.Put(t.Context(), s, e); err != nil {
			t.Fatal(err)
		}
	}
	asOld(t, server.Addr())
	newer := entry("product:3", "Size")
	newer.Facts.Published, newer.Facts.Rating, newer.Facts.Weight = noon(), catalog.Rating{Hundredths: 300, Count: 2}, catalog.ParseWeight("1 kg")
	if err := x.Put(t.Context(), s, newer); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		q    retrieval.Query
		want string
	}{
		"by its model": {retrieval.Query{Codes: []string{"XR-200"}}, "product:1"},
		"all":          {retrieval.Query{}, "product:1 product:2 product:3"},
		"newest":       {retrieval.Query{Sort: retrieval.NewestFirst}, "product:3 product:1 product:2"},
		"best rated":   {retrieval.Query{Sort: retrieval.BestRatedFirst}, "product:3 product:1 product:2"},
		"lightest":     {retrieval.Query{Sort: retrieval.LightestFirst}, "product:3 product:1 product:2"},
		"by weight":    {retrieval.Query{Text: "thing", Filter: retrieval.Filter{MaxWeight: catalog.ParseWeight("2 kg")}}, "product:3"},
	} {
		c.q.Limit, c.q.At = 9, noon()
		ps, err := x.Search(t.Context(), s, c.q)
		var got []string
		for _, p := range ps {
			got = append(got, string(p.Ref.Document))
		}
		if strings.Join(got, " ") != c.want || err != nil {
			t.Errorf("%s: got %q, %v, want %s", name, got, err, c.want)
		}
	}
}

// asOld makes all points what an older version put: without models among their
// codes, and without what it did not know of.
func asOld(t *testing.T, addr string) {
	t.Helper()
	host, port, _ := strings.Cut(addr, ":")
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.NewClient(&client.Config{Host: host, Port: n})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	collections, err := c.ListCollections(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	changed := 0
	for _, name := range collections {
		points, err := c.Scroll(t.Context(), &client.ScrollPoints{CollectionName: name, WithPayload: client.NewWithPayload(true)})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range points {
			facts := p.GetPayload()["facts"].GetStringValue()
			if facts == "" {
				continue
			}
			for _, field := range []string{`"Published":"0001-01-01T00:00:00Z",`, `"Rating":{"Hundredths":0,"Count":0},`, `"Weight":{"Milligrams":0,"Unit":""},`} {
				without := strings.Replace(facts, field, "", 1)
				if without == facts {
					t.Fatalf("%s is not in %s", field, facts)
				}
				facts = without
			}
			changed++
			_, err := c.SetPayload(t.Context(), &client.SetPayloadPoints{
				CollectionName: name, Wait: new(true), PointsSelector: client.NewPointsSelector(p.GetId()),
				Payload: map[string]*client.Value{"facts": client.NewValueString(facts), "codes": client.NewValueFromList()},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if changed != 2 {
		t.Fatalf("%d points were made old, want 2", changed)
	}
}
