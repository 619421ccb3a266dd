package usage_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
)

func TestQueryValid(t *testing.T) {
	good := usage.Query{Tenant: "ten_1", Site: "site_1", First: "2026-11-01", Last: "2026-11-30", Kind: usage.Rerank}
	for name, c := range map[string]struct {
		change func(*usage.Query)
		want   error
	}{
		"good":                    {func(*usage.Query) {}, nil},
		"all tenants":             {func(q *usage.Query) { q.Tenant, q.Site = "", "" }, nil},
		"a site of no tenant":     {func(q *usage.Query) { q.Tenant = "" }, usage.ErrBadQuery},
		"an unknown kind":         {func(q *usage.Query) { q.Kind = usage.Rerank + 1 }, usage.ErrBadQuery},
		"the wrong way around":    {func(q *usage.Query) { q.First, q.Last = q.Last, q.First }, usage.ErrBadDays},
		"no days":                 {func(q *usage.Query) { q.First, q.Last = "", "" }, usage.ErrBadDays},
		"more days than are read": {func(q *usage.Query) { q.Last = "2028-01-01" }, usage.ErrBadDays},
	} {
		q := good
		c.change(&q)
		if err := q.Valid(); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestQueryValidBy(t *testing.T) {
	q := usage.Query{First: "2026-11-01", Last: "2026-11-01"}
	for g := usage.BySite; g <= usage.ByDay; g++ {
		if err := q.ValidBy(g); err != nil {
			t.Errorf("by %s: %v", g, err)
		}
		kind := q
		kind.Kind = usage.Chat
		if err := kind.ValidBy(g); (err == nil) != (g == usage.ByModel) || err != nil && !errors.Is(err, usage.ErrBadQuery) {
			t.Errorf("a kind by %s: %v", g, err)
		}
		if got, err := usage.ParseGrouping(g.String()); err != nil || got != g {
			t.Errorf("ParseGrouping(%q) = %v, %v", g, got, err)
		}
	}
	for _, g := range []usage.Grouping{0, usage.ByDay + 1} {
		if err := q.ValidBy(g); !errors.Is(err, usage.ErrBadQuery) {
			t.Errorf("by %d: %v", g, err)
		}
	}
	for _, word := range []string{"", "Site", "week"} {
		if g, err := usage.ParseGrouping(word); !errors.Is(err, usage.ErrBadQuery) || g != 0 {
			t.Errorf("ParseGrouping(%q) = %v, %v", word, g, err)
		}
	}
}

func TestQueryCovers(t *testing.T) {
	mine := tenant.Scope{Tenant: "ten_1", Site: "site_1"}
	for _, c := range []struct {
		q    usage.Query
		want bool
	}{
		{usage.Query{}, true},
		{usage.Query{Tenant: "ten_1"}, true},
		{usage.Query{Tenant: "ten_1", Site: "site_1"}, true},
		{usage.Query{Tenant: "ten_1", Site: "site_2"}, false},
		{usage.Query{Tenant: "ten_2"}, false},
		{usage.Query{Tenant: "ten_2", Site: "site_1"}, false},
	} {
		if got := c.q.Covers(mine); got != c.want {
			t.Errorf("%+v covers %+v: %v", c.q, mine, got)
		}
	}
}

func TestSumIsZero(t *testing.T) {
	for _, s := range []usage.Sum{
		{Used: usage.Amounts{EmbeddingRequests: 1}},
		{PromptTokens: 1},
		{CompletionTokens: -1},
	} {
		if s.IsZero() {
			t.Errorf("%+v is not nothing", s)
		}
	}
	if !(usage.Sum{Tenant: "ten_1", Day: "2026-11-01", Model: "m"}).IsZero() {
		t.Error("a group of nothing has something in it")
	}
}

func ExampleParseGrouping() {
	by, err := usage.ParseGrouping("model")
	fmt.Println(by, err)
	_, err = usage.ParseGrouping("week")
	fmt.Println(err)
	// Output:
	// model <nil>
	// not a query of usage: "week" is no grouping: want site, tenant, model or day
}
