package retrieval_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

func generations(served, building retrieval.Generation) retrieval.Generations {
	return retrieval.Generations{Served: served, Building: building}
}

func TestBegin(t *testing.T) {
	none := retrieval.Generation{}
	a1, a3, a4 := retrieval.Generation{No: 1, Model: "a"}, retrieval.Generation{No: 3, Model: "a"}, retrieval.Generation{No: 4, Model: "a"}
	b2, b4, words := retrieval.Generation{No: 2, Model: "b"}, retrieval.Generation{No: 4, Model: "b"}, retrieval.Generation{No: 4}
	small := retrieval.Chunking{Target: 64, Max: 100}
	aSmall2, aSmall4, bSmall4 := retrieval.Generation{No: 2, Model: "a", Chunking: small}, retrieval.Generation{No: 4, Model: "a", Chunking: small}, retrieval.Generation{No: 4, Model: "b", Chunking: small}
	for name, c := range map[string]struct {
		from retrieval.Generations
		r    retrieval.Rebuild
		held bool
		want retrieval.Generations
	}{
		"other chunks":                 {generations(a1, none), retrieval.Rebuild{Model: "a", Chunking: small}, true, generations(a1, aSmall4)},
		"other chunks, nothing held":   {generations(a1, none), retrieval.Rebuild{Model: "a", Chunking: small}, false, generations(aSmall4, none)},
		"other chunks of a new site":   {generations(none, none), retrieval.Rebuild{Chunking: small}, true, generations(none, retrieval.Generation{No: 4, Chunking: small})},
		"other chunks under way":       {generations(a1, aSmall2), retrieval.Rebuild{Model: "a", Chunking: small}, true, generations(a1, aSmall2)},
		"chunks as they were":          {generations(a1, aSmall2), retrieval.Rebuild{Model: "a"}, true, generations(a1, none)},
		"other chunks anew":            {generations(a1, none), retrieval.Rebuild{Model: "a", Chunking: small, Anew: true}, true, generations(a1, aSmall4)},
		"another model under way, too": {generations(a1, b2), retrieval.Rebuild{Model: "b", Chunking: small}, true, generations(a1, bSmall4)},
		"only one of both is back":     {generations(a1, bSmall4), retrieval.Rebuild{Model: "a", Chunking: small}, true, generations(a1, aSmall4)},
	} {
		if got := c.from.Begin(c.r, 3, c.held); got != c.want {
			t.Errorf("%s: %+v became %+v, want %+v", name, c.from, got, c.want)
		}
	}
	for name, c := range map[string]struct {
		from  retrieval.Generations
		model string
		anew  bool
		held  bool
		want  retrieval.Generations
	}{
		"a new site":                  {generations(none, none), "a", false, false, generations(a4, none)},
		"a site of words":             {generations(none, none), "a", false, true, generations(none, a4)},
		"a site without a model":      {generations(none, none), "", false, true, generations(none, none)},
		"what is there":               {generations(a1, none), "a", false, true, generations(a1, none)},
		"another model":               {generations(a1, none), "b", false, true, generations(a1, b4)},
		"another model, nothing held": {generations(a1, none), "b", false, false, generations(b4, none)},
		"what is under way":           {generations(a1, b2), "b", false, true, generations(a1, b2)},
		"back again":                  {generations(a1, b2), "a", false, true, generations(a1, none)},
		"a third model":               {generations(a3, b2), "c", false, true, generations(a3, retrieval.Generation{No: 4, Model: "c"})},
		"no model":                    {generations(a1, none), "", false, true, generations(a1, words)},
		"anew":                        {generations(a1, none), "a", true, true, generations(a1, a4)},
		"anew, nothing held":          {generations(a1, none), "a", true, false, generations(a4, none)},
		"anew beside another":         {generations(a1, b2), "a", true, true, generations(a1, a4)},
		"what is built anew stays":    {generations(a1, a3), "a", false, true, generations(a1, a3)},
	} {
		if got := c.from.Begin(retrieval.Rebuild{Model: c.model, Anew: c.anew}, 3, c.held); got != c.want {
			t.Errorf("%s: %+v became %+v, want %+v", name, c.from, got, c.want)
		}
	}
}

func TestSwitch(t *testing.T) {
	a, b := retrieval.Generation{No: 1, Model: "a"}, retrieval.Generation{No: 2, Model: "b"}
	both := generations(a, b)
	if got, err := both.Switch(2); err != nil || got != (retrieval.Generations{Served: b, Former: a}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := both.Switch(1); err != nil || got != both {
		t.Errorf("to the one that is searched: got %+v, %v", got, err)
	}
	for _, no := range []int64{0, 3, -1} {
		if got, err := both.Switch(no); !errors.Is(err, retrieval.ErrNotBuilding) || got != both {
			t.Errorf("to %d: got %+v, %v", no, got, err)
		}
	}
}

// A site that went back stays there until it is told otherwise.
func TestBack(t *testing.T) {
	a, b := retrieval.Generation{No: 1, Model: "a"}, retrieval.Generation{No: 2, Model: "b"}
	site := retrieval.Generations{Served: b, Former: a}
	if got := (retrieval.Generations{Served: b}).Begin(retrieval.Rebuild{Back: true}, 2, true); got != (retrieval.Generations{Served: b}) {
		t.Errorf("back to none: %+v", got)
	}
	back := site.Begin(retrieval.Rebuild{Back: true}, 2, true)
	if back != (retrieval.Generations{Served: b, Building: a, Pinned: true}) {
		t.Fatalf("back: %+v", back)
	}
	for _, g := range []retrieval.Generations{back, {Served: a, Former: b, Pinned: true}} {
		if got := g.Begin(retrieval.Rebuild{Model: "b"}, 2, true); got != g {
			t.Errorf("%+v became %+v, though it is pinned", g, got)
		}
		if got := g.Begin(retrieval.Rebuild{Model: "a"}, 2, true); got.Pinned || got.Head() != a {
			t.Errorf("%+v became %+v: the model that is wanted is there, and it need not be pinned", g, got)
		}
		if got := g.Begin(retrieval.Rebuild{Model: "b", Anew: true}, 2, true); got.Pinned || got.Building != (retrieval.Generation{No: 3, Model: "b"}) {
			t.Errorf("%+v became %+v: it was asked for anew", g, got)
		}
	}
	there, err := back.Switch(1)
	if err != nil || there != (retrieval.Generations{Served: a, Former: b, Pinned: true}) {
		t.Fatalf("switched: %+v, %v", there, err)
	}
	forward, err := there.Begin(retrieval.Rebuild{Back: true}, 2, true).Switch(2)
	if err != nil || forward != (retrieval.Generations{Served: b, Former: a, Pinned: true}) {
		t.Errorf("back again: %+v, %v", forward, err)
	}
}

// What a site leaves behind is told once, whatever becomes of what.
func TestWithout(t *testing.T) {
	for name, c := range map[string]struct {
		from, to retrieval.Generations
		want     []int64
	}{
		"nothing":  {generations(retrieval.Generation{No: 3}, retrieval.Generation{}), generations(retrieval.Generation{No: 3}, retrieval.Generation{No: 4}), nil},
		"a switch": {generations(retrieval.Generation{}, retrieval.Generation{No: 4}), generations(retrieval.Generation{No: 4}, retrieval.Generation{}), []int64{0}},
		"given up": {generations(retrieval.Generation{No: 3}, retrieval.Generation{No: 4}), generations(retrieval.Generation{No: 3}, retrieval.Generation{No: 5}), []int64{4}},
		"kept":     {generations(retrieval.Generation{No: 3}, retrieval.Generation{No: 4}), retrieval.Generations{Served: retrieval.Generation{No: 4}, Former: retrieval.Generation{No: 3}}, nil},
		"kept enough": {
			retrieval.Generations{Served: retrieval.Generation{No: 3}, Building: retrieval.Generation{No: 4}, Former: retrieval.Generation{No: 1}},
			retrieval.Generations{Served: retrieval.Generation{No: 4}, Former: retrieval.Generation{No: 3}},
			[]int64{1},
		},
		"back": {
			retrieval.Generations{Served: retrieval.Generation{No: 3}, Building: retrieval.Generation{No: 4}, Former: retrieval.Generation{No: 1}},
			generations(retrieval.Generation{No: 3}, retrieval.Generation{No: 1}),
			[]int64{4},
		},
		"all of new": {generations(retrieval.Generation{No: 3}, retrieval.Generation{No: 4}), generations(retrieval.Generation{No: 5}, retrieval.Generation{}), []int64{3, 4}},
	} {
		if got := c.from.Without(c.to); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestKeyOf(t *testing.T) {
	a, b := retrieval.KeyOf("a mug"), retrieval.KeyOf("a mug ")
	if a == b || a != retrieval.KeyOf("a mug") || len(a) != 32 {
		t.Errorf("keys %q and %q", a, b)
	}
}

func ExampleGenerations_Begin() {
	site := retrieval.Generations{Served: retrieval.Generation{No: 1, Model: "old"}}
	site = site.Begin(retrieval.Rebuild{Model: "new"}, 1, true)
	fmt.Println("searched:", site.Served.Model, "- built:", site.Building.Model)
	site, err := site.Switch(site.Building.No)
	fmt.Println("searched:", site.Served.Model, err)
	// Output:
	// searched: old - built: new
	// searched: new <nil>
}
