// Package eval measures the search on judged questions, in every store. The
// figures are in docs/retrieval.md; these tests keep them.
package eval_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/adapters/sqlite"
	"github.com/aiwoochat/woochat/domain/evaluation"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/eval/esci"
	"github.com/aiwoochat/woochat/test/harness/migrated"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m, pgtest.Options{})) }

const (
	folder = "../testdata/esci"
	k      = 10
)

// set is the judged set, read once.
type set struct {
	products  []esci.Product
	questions []evaluation.Question
	vectors   [][]float32 // of the products
	asked     [][]float32 // of the questions
	entries   []retrieval.Entry
}

var read = sync.OnceValues(func() (set, error) {
	var s set
	var err error
	if s.products, err = esci.Products(folder); err != nil {
		return s, err
	}
	if s.questions, err = esci.Questions(folder); err != nil {
		return s, err
	}
	if s.vectors, err = esci.Vectors(folder, "products.i8"); err != nil {
		return s, err
	}
	if s.asked, err = esci.Vectors(folder, "queries.i8"); err != nil {
		return s, err
	}
	count := newCount()
	for i, p := range s.products {
		s.entries = append(s.entries, p.Entry(s.vectors[i], count, retrieval.Chunking{}))
	}
	return s, nil
})

// figure skips what only counts, with one goroutine, under the race detector,
// which makes a minute of it.
func figure(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("a figure, which .ci/run has a stage for without the race detector")
	}
}

func theSet(t *testing.T) set {
	t.Helper()
	s, err := read()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// index is an index of one store, and a site of it.
type index struct {
	ports.Searcher
	ports.Indexer
	site tenant.Scope
}

// stores opens an index of each store.
var stores = map[string]func(t *testing.T) index{
	"memory": func(*testing.T) index {
		x := memory.NewIndex()
		return index{x, x, newSite()}
	},
	"sqlite": func(t *testing.T) index {
		x, err := sqlite.OpenIndex(t.Context(), sqlite.IndexConfig{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := x.Close(); err != nil {
				t.Error(err)
			}
		})
		return index{x, x, newSite()}
	},
	"postgres": func(t *testing.T) index {
		d := migrated.Database(t)
		db, err := postgres.Open(t.Context(), postgres.Config{
			URL: d.URL("app_runtime"), LedgerURL: d.URL("app_ledger"), ServiceURL: d.URL("app_service"), MaxConns: 8, Now: noon, NewID: porttest.NewID,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		site := newSite()
		insertSite(t, d, site)
		x := db.Index(postgres.IndexConfig{})
		return index{x, x, site}
	},
}

func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func newSite() tenant.Scope {
	return tenant.Scope{Tenant: tenant.ID(tenant.Prefix + porttest.NewID()), Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
}

func insertSite(t *testing.T, d pgtest.Database, s tenant.Scope) {
	t.Helper()
	db, err := sqlx.Open("postgres", d.Superuser())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	owner, site := strings.TrimPrefix(string(s.Tenant), tenant.Prefix), strings.TrimPrefix(string(s.Site), tenant.SitePrefix)
	for _, q := range []struct {
		text string
		args []any
	}{
		{`insert into tenants (id, name) values ($1, 'tenant')`, []any{owner}},
		{`insert into sites (id, tenant_id, name, url) values ($1, $2, 'shop', 'https://shop.example.com')`, []any{site, owner}},
	} {
		if _, err := db.ExecContext(t.Context(), q.text, q.args...); err != nil {
			t.Fatal(err)
		}
	}
}

// fill puts all entries into x.
func (x index) fill(ctx context.Context, t *testing.T, entries []retrieval.Entry) {
	t.Helper()
	for _, e := range entries {
		if err := x.Put(ctx, x.site, e); err != nil {
			t.Fatal(err)
		}
	}
}

// byWords asks the i-th question by its words, byBoth by its vector, too.
func (s set) byWords(i int) retrieval.Query { return retrieval.Query{Text: s.questions[i].Text} }

func (s set) byBoth(i int) retrieval.Query {
	return retrieval.Query{Text: s.questions[i].Text, Vector: s.asked[i]}
}

// found returns the names of the products found, best first.
func (x index) found(t *testing.T, q retrieval.Query) []string {
	t.Helper()
	q.Limit, q.At = 8*k, noon() // of passages, of which a product has several
	ps, err := x.Search(t.Context(), x.site, q)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, p := range ps {
		if name := strings.TrimPrefix(string(p.Ref.Document), "product:"); !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	return found
}

// scores asks all questions. ask makes a query of the i-th.
func (x index) scores(t *testing.T, questions []evaluation.Question, ask func(i int) retrieval.Query) []evaluation.Scores {
	t.Helper()
	out := make([]evaluation.Scores, len(questions))
	for i, q := range questions {
		out[i] = evaluation.Score(x.found(t, ask(i)), q.Judged, k)
	}
	return out
}
