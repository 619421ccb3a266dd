package searching_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func (w *world) glossary(audit ports.AuditLog) *searching.Glossary {
	w.Helper()
	y := memory.NewSynonyms()
	w.deps.Synonyms = y
	g, err := searching.NewGlossary(searching.GlossaryDeps{Synonyms: y, Sites: w.stores.Accounts, Audit: audit, Now: time.Now, NewID: porttest.NewID})
	w.must(err)
	return g
}

func (w *world) holds(r roles.Role) roles.Grants {
	return roles.Grants{Subject: "user_1", Tenants: map[tenant.ID]roles.Role{w.site.Tenant: r}}
}

// A synonym holds from the next question on, is no slip, and is said.
func TestSynonymsHoldFromTheNextQuestion(t *testing.T) {
	w := newWorld(t)
	g := w.glossary(memory.NewAuditLog())
	w.product("3", "Gym Shoes", "For indoor sports.", 5000)
	s, err := searching.New(w.deps, w.cfg)
	w.must(err)
	ask := func(text string) searching.Findings {
		t.Helper()
		r, err := s.Search(w.Context(), searching.Question{Scope: w.scope(), Text: text, Budget: 4000, ShopLocale: "en"})
		w.must(err)
		return r
	}
	if got := titles(ask("trainers").Chosen()); strings.Contains(got, "Gym Shoes") {
		t.Errorf("before: %s", got)
	}
	list, err := g.SetSynonyms(w.Context(), w.holds(roles.Admin), w.scope(), []retrieval.Synonym{
		{Words: []string{"trainers", "jackats", "gym  shoes"}}, {Words: []string{"anorak"}, Means: []string{"storm jacket"}},
	})
	w.must(err)
	if len(list) != 2 || list[0].String() != "trainers = jackats = gym shoes" {
		t.Errorf("stored %v", list)
	}
	for question, want := range map[string]string{"trainers": "Gym Shoes", "jackats": "Gym Shoes", "anorak under 100": "Storm Jacket"} {
		r := ask(question)
		if got := titles(r.Chosen()); got != want {
			t.Errorf("%s: chose %s, want %s", question, got, want)
		}
		if because := strings.Join(r.Understanding.Because, "; "); !strings.Contains(because, "searched ") || strings.Contains(because, "read ") {
			t.Errorf("%s: because %s", question, because)
		}
	}
	_, err = g.SetSynonyms(w.Context(), w.holds(roles.Owner), w.scope(), nil)
	w.must(err)
	if got := titles(ask("trainers").Chosen()); got != "" {
		t.Errorf("after they were taken away: %s", got)
	}
}

func TestGlossaryRefuses(t *testing.T) {
	w := newWorld(t)
	log := memory.NewAuditLog()
	g := w.glossary(log)
	list := []retrieval.Synonym{{Words: []string{"a", "b"}}}
	other, err := w.stores.AddSite(t.Context(), "Other", "https://other.example.com", usage.NoLimits())
	w.must(err)
	for name, c := range map[string]struct {
		who   roles.Grants
		scope tenant.Scope
		list  []retrieval.Synonym
		want  func(error) bool
	}{
		"support":        {w.holds(roles.Support), w.scope(), list, func(err error) bool { return errors.Is(err, roles.ErrForbidden) }},
		"another tenant": {w.holds(roles.Owner), other.Scope(), list, func(err error) bool { return errors.Is(err, ports.ErrNotFound) || errors.Is(err, roles.ErrForbidden) }},
		"no such site": {
			w.holds(roles.Owner),
			tenant.Scope{Tenant: w.site.Tenant, Site: "site_x"},
			list,
			func(err error) bool { return errors.Is(err, ports.ErrNotFound) },
		},
		"bad ones": {w.holds(roles.Owner), w.scope(), []retrieval.Synonym{{Words: []string{"a"}}}, inputError("synonyms")},
	} {
		if _, err := g.SetSynonyms(t.Context(), c.who, c.scope, c.list); !c.want(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := g.Synonyms(t.Context(), w.holds(roles.Support), w.scope()); err != nil || len(got) != 0 {
		t.Errorf("support reads %v, %v", got, err)
	}
	if _, err := g.Synonyms(t.Context(), roles.Grants{}, w.scope()); err == nil {
		t.Error("nobody reads them")
	}
	// What a super admin does is recorded.
	root := roles.Grants{Subject: "root@example.com", SuperAdmin: true, Reason: "ticket 4711"}
	if _, err := g.SetSynonyms(t.Context(), root, w.scope(), list); err != nil {
		t.Fatal(err)
	}
	if all, err := log.List(t.Context(), root, w.scope(), "", 10); err != nil || len(all) != 1 || all[0].Action != roles.WriteSites || all[0].Details != "set 1 synonyms" {
		t.Errorf("recorded %+v, %v", all, err)
	}
}

func TestNewGlossaryNamesAllThatIsMissing(t *testing.T) {
	_, err := searching.NewGlossary(searching.GlossaryDeps{})
	for _, name := range []string{"Synonyms", "Sites", "Audit", "Now", "NewID"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}

func ExampleGlossary_SetSynonyms() {
	ctx := context.Background()
	stores := memory.NewStores(time.Now, porttest.NewID)
	site, _ := stores.AddSite(ctx, "Shop", "https://shop.example.com", usage.NoLimits())
	g, err := searching.NewGlossary(searching.GlossaryDeps{
		Synonyms: memory.NewSynonyms(), Sites: stores.Accounts, Audit: memory.NewAuditLog(), Now: time.Now, NewID: porttest.NewID,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	admin := roles.Grants{Subject: "user_1", Tenants: map[tenant.ID]roles.Role{site.Tenant: roles.Admin}}
	list, err := g.SetSynonyms(ctx, admin, site.Scope(), []retrieval.Synonym{{Words: []string{"sneakers", "gym shoes"}}})
	fmt.Println(list, err)
	// Output: [sneakers = gym shoes] <nil>
}
