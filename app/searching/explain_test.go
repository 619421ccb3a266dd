package searching_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func (w *world) explainer() *searching.Explainer {
	w.Helper()
	s, err := searching.New(w.deps, w.cfg)
	w.must(err)
	x, err := searching.NewExplainer(searching.ExplainerDeps{Search: s, Sites: w.stores.Accounts, Audit: memory.NewAuditLog(), Now: time.Now, NewID: porttest.NewID}, 0)
	w.must(err)
	return x
}

func (w *world) support() roles.Grants {
	return roles.Grants{Subject: "user_1", Tenants: map[tenant.ID]roles.Role{w.site.Tenant: roles.Support}}
}

func TestExplain(t *testing.T) {
	w := newWorld(t)
	w.cfg.EmbeddingModel = "embedder-1"
	w.deps.Embedder = func(string) ports.Embedder { return memory.NewEmbedder(8) }
	e, err := w.explainer().Explain(t.Context(), w.support(), w.scope(), "jackets under 100", searching.ExplainOptions{Limit: 1})
	w.must(err)
	if len(e.Passages) != 1 || e.Found != 1 {
		t.Fatalf("%d passages of %d", len(e.Passages), e.Found)
	}
	p := e.Passages[0]
	if p.Title != "Storm Jacket" || !p.Chosen || p.Why != "chosen" || p.Cost == 0 || p.Price != "€97.42" || p.Stock != "instock" || p.Lexical+p.Dense == 0 {
		t.Errorf("%+v", p)
	}
	if u := e.Understood; !strings.Contains(u.Filter, "€100.00") || len(u.Because) == 0 {
		t.Errorf("understood %+v", u)
	}
	if len(e.Searches) != 1 || e.Searches[0].Found != 1 || !e.Searches[0].Dense {
		t.Errorf("searched %+v", e.Searches)
	}
	text, err := json.Marshal(e)
	w.must(err)
	if strings.Contains(string(text), "null") {
		t.Errorf("a list is null: %s", text)
	}
	// The question was embedded, and that was metered.
	day := usage.DayOf(time.Now(), time.UTC)
	days, err := w.stores.Ledger.Days(t.Context(), w.scope(), day, day)
	w.must(err)
	if days[0].Used.EmbeddingTokens == 0 {
		t.Errorf("used %+v", days[0].Used)
	}
}

func TestExplainRefuses(t *testing.T) {
	w := newWorld(t)
	x := w.explainer()
	other, err := w.stores.AddSite(t.Context(), "Other", "https://other.example.com", usage.NoLimits())
	w.must(err)
	for name, c := range map[string]struct {
		who   roles.Grants
		scope tenant.Scope
		q     string
		limit int
		want  func(error) bool
	}{
		"another tenant's": {w.support(), other.Scope(), "jacket", 0, func(err error) bool { return errors.Is(err, ports.ErrNotFound) || errors.Is(err, roles.ErrForbidden) }},
		"nobody":           {roles.Grants{}, w.scope(), "jacket", 0, func(err error) bool { return errors.Is(err, roles.ErrForbidden) || errors.Is(err, ports.ErrNotFound) }},
		"no question":      {w.support(), w.scope(), "  ", 0, inputError("q")},
		"10,000 letters":   {w.support(), w.scope(), strings.Repeat("a", 10_000), 0, inputError("q")},
		"control":          {w.support(), w.scope(), "a\x00b", 0, inputError("q")},
		"a limit too many": {w.support(), w.scope(), "jacket", 101, inputError("limit")},
		"less than none":   {w.support(), w.scope(), "jacket", -1, inputError("limit")},
	} {
		if _, err := x.Explain(t.Context(), c.who, c.scope, c.q, searching.ExplainOptions{Limit: c.limit}); !c.want(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Operators of a query language are words.
	e, err := x.Explain(t.Context(), w.support(), w.scope(), `"AND (jacket* OR NEAR/2 -x`, searching.ExplainOptions{})
	if err != nil || len(e.Passages) != 2 {
		t.Errorf("%d passages, %v", len(e.Passages), err)
	}
}

func inputError(field string) func(error) bool {
	return func(err error) bool {
		bad, ok := errors.AsType[*chat.InputError](err)
		return ok && bad.Field == field
	}
}

func TestNewExplainerNamesAllThatIsMissing(t *testing.T) {
	_, err := searching.NewExplainer(searching.ExplainerDeps{}, 0)
	for _, name := range []string{"Search", "Sites", "Audit", "Now", "NewID"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}

func ExampleExplainer_Explain() {
	ctx := context.Background()
	stores := memory.NewStores(time.Now, porttest.NewID, usage.Price{Model: "my-model", Version: "1"})
	site, _ := stores.AddSite(ctx, "Shop", "https://shop.example.com", usage.NoLimits())
	_ = stores.Add(ctx, site.Scope(), retrieval.Document{ID: "page:1", Title: "Shipping"}, "Shipping costs €4.90.")
	search, err := searching.New(searching.Deps{
		Meter: newMeter(stores), Searcher: stores.Index, Passages: stores.Documents, Inventory: stores.Documents, Tokenizer: stores.Tokenizer, Now: time.Now,
	}, searching.Config{Model: "my-model"})
	if err != nil {
		fmt.Println(err)
		return
	}
	explainer, err := searching.NewExplainer(searching.ExplainerDeps{
		Search: search, Sites: stores.Accounts, Audit: memory.NewAuditLog(), Now: time.Now, NewID: porttest.NewID,
	}, 4000)
	if err != nil {
		fmt.Println(err)
		return
	}
	support := roles.Grants{Subject: "user_1", Tenants: map[tenant.ID]roles.Role{site.Tenant: roles.Support}}
	e, err := explainer.Explain(ctx, support, site.Scope(), "What does shipping cost?", searching.ExplainOptions{Limit: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range e.Passages {
		fmt.Printf("%d. %s: lexical rank %d, %s\n", p.Rank, p.Title, p.Lexical, p.Why)
	}
	// Output: 1. Shipping: lexical rank 1, chosen
}
