package postgres_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestIndex(t *testing.T) {
	for name, cacheBytes := range map[string]int64{"cached": 0, "hardly cached": 1} {
		t.Run(name, func(t *testing.T) {
			// One database for all cases, each of which has sites of its own, and
			// two processes on it.
			d := migrated(t)
			first, second := opened(t, d, noon), opened(t, d, noon)
			under := func(db *postgres.DB) porttest.IndexUnderTest {
				x := db.Index(postgres.IndexConfig{CacheBytes: cacheBytes})
				return porttest.IndexUnderTest{Searcher: x, Indexer: x, Batches: x, NewScope: newScope(d)}
			}
			porttest.Index(t, func(*testing.T) porttest.IndexUnderTest {
				u := under(first)
				u.Replica = func(*testing.T) porttest.IndexUnderTest { return under(second) }
				return u
			})
			porttest.IndexBatches(t, func(*testing.T) porttest.IndexUnderTest { return under(first) })
		})
	}
}

// entryOf is a page with one chunk for each text.
func entryOf(id string, texts ...string) retrieval.Entry {
	e := retrieval.Entry{Document: retrieval.DocumentID(id), Revision: "r1", Kind: catalog.KindPage, Title: "Title " + id}
	for i, text := range texts {
		e.Chunks = append(e.Chunks, retrieval.Chunk{Seq: i, Text: text})
	}
	return e
}

func putEntries(t *testing.T, x ports.Indexer, s tenant.Scope, entries ...retrieval.Entry) {
	t.Helper()
	for _, e := range entries {
		if err := x.Put(t.Context(), s, e); err != nil {
			t.Fatal(err)
		}
	}
}

func searched(t *testing.T, x ports.Searcher, s tenant.Scope, text string) []retrieval.Passage {
	t.Helper()
	ps, err := x.Search(t.Context(), s, retrieval.Query{Text: text, Limit: 100, At: noon()})
	if err != nil {
		t.Fatal(err)
	}
	return ps
}

// twoIndexes are the indexes of two processes on one database, and two sites.
func twoIndexes(t *testing.T) (x, y *postgres.Index, a, b tenant.Scope) {
	t.Helper()
	d := migrated(t)
	return opened(t, d, noon).Index(postgres.IndexConfig{}), opened(t, d, noon).Index(postgres.IndexConfig{}), newScope(d)(t), newScope(d)(t)
}

// Two processes find what the other has put in as soon as Put has returned, and
// words of another site change no score.
func TestIndexOfTwoProcesses(t *testing.T) {
	x, y, a, b := twoIndexes(t)
	for i := range 10 {
		me, other := x, y
		if i%2 == 1 {
			me, other = y, x
		}
		putEntries(t, me, a, entryOf(fmt.Sprint("page:", i), "copper kettle", fmt.Sprint("only", i)))
		if got := searched(t, other, a, fmt.Sprint("only", i)); len(got) != 1 {
			t.Fatalf("after put %d the other process finds %v", i, got)
		}
		if got := searched(t, other, a, "kettle"); len(got) != i+1 {
			t.Fatalf("after put %d the other process finds %d kettles", i, len(got))
		}
	}
	before := searched(t, y, a, "copper kettle only3")
	for i := range 20 {
		putEntries(t, x, b, entryOf(fmt.Sprint("page:", i), strings.Repeat("kettle copper ", i+1), "only3 long long text"))
	}
	if got := searched(t, x, b, "kettle"); len(got) != 20 {
		t.Errorf("the other site finds %d of its own", len(got))
	}
	for name, process := range map[string]*postgres.Index{"one": x, "other": y} {
		if got := searched(t, process, a, "copper kettle only3"); !reflect.DeepEqual(got, before) {
			t.Errorf("the %s process, after another site was filled:\n got %+v\nwant %+v", name, got, before)
		}
	}
}

// An entry from before there were locales is in a language that is not known,
// until it is put again.
func TestIndexWithoutLocales(t *testing.T) {
	d := migrated(t)
	s, e := newScope(d)(t), entryOf("page:1", "copper kettle")
	putEntries(t, opened(t, d, noon).Index(postgres.IndexConfig{}), s, e)
	result, err := super(t, d).Exec(`update index_entries set entry = entry #- '{data,locale}' where entry #> '{data,locale}' is not null`)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		t.Fatalf("%d entries had a locale, %v", n, err)
	}
	x := opened(t, d, noon).Index(postgres.IndexConfig{})
	german := func() int {
		t.Helper()
		ps, err := x.Search(t.Context(), s, retrieval.Query{Text: "kettle", Limit: 9, At: noon(), Filter: retrieval.Filter{Language: retrieval.Language{Locale: "de"}}})
		if err != nil {
			t.Fatal(err)
		}
		return len(ps)
	}
	if n := german(); n != 1 {
		t.Errorf("found %d, want the page whose language is not known", n)
	}
	putEntries(t, x, s, e) // which says no locale, and so is in the site's language
	if n := german(); n != 0 {
		t.Errorf("found %d of the page that was put again", n)
	}
}

// Whoever searches while many put in what is theirs sees each put that has
// returned, and in the end all of them.
func TestIndexWhileManyPut(t *testing.T) {
	d := migrated(t)
	dbs, s := []*postgres.DB{opened(t, d, noon), opened(t, d, noon)}, newScope(d)(t)
	xs := []*postgres.Index{dbs[0].Index(postgres.IndexConfig{}), dbs[1].Index(postgres.IndexConfig{})}
	atOnce(dbs, 8, func(i int, _ *postgres.DB) {
		for n := range 10 {
			word := fmt.Sprintf("word%dof%d", n, i)
			if err := xs[i%2].Put(t.Context(), s, entryOf(fmt.Sprint("page:", i), "common "+word)); err != nil {
				t.Errorf("Put: %v", err)
				return
			}
			if got, err := xs[(i+n)%2].Search(t.Context(), s, retrieval.Query{Text: word, Limit: 5}); err != nil || len(got) != 1 {
				t.Errorf("after the put of %s: %v, %v, want it", word, got, err)
			}
		}
	})
	for _, x := range xs {
		if got := searched(t, x, s, "common"); len(got) != 16 {
			t.Errorf("got %d documents, want 16", len(got))
		}
	}
}

func TestIndexClear(t *testing.T) {
	x, y, a, b := twoIndexes(t)
	needs := func(want bool) {
		t.Helper()
		if got, err := y.NeedsRebuild(t.Context()); err != nil || got != want {
			t.Fatalf("NeedsRebuild: got %v and error %v, want %v", got, err, want)
		}
	}
	needs(true)
	if err := x.Rebuilt(t.Context()); err != nil {
		t.Fatal(err)
	}
	needs(false)
	putEntries(t, x, a, entryOf("page:1", "kettle"), entryOf("page:2", "kettle"))
	putEntries(t, x, b, entryOf("page:1", "kettle"))
	for _, s := range []tenant.Scope{a, b} {
		if got := searched(t, y, s, "kettle"); len(got) == 0 {
			t.Fatalf("before: got %v", got)
		}
	}
	if err := x.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	needs(true)
	for _, process := range []*postgres.Index{x, y} {
		for _, s := range []tenant.Scope{a, b} {
			if got := searched(t, process, s, "kettle"); len(got) != 0 {
				t.Errorf("after: got %v", got)
			}
		}
	}
	e := entryOf("page:1", "kettle")
	e.Chunks[0].Vector = []float32{1, 2, 3}
	putEntries(t, y, a, e)
	if got := searched(t, x, a, "kettle"); len(got) != 1 {
		t.Errorf("put in again: got %v, want page:1", got)
	}
	if err := x.Put(t.Context(), a, retrieval.Entry{Document: "page:9", Chunks: []retrieval.Chunk{{Text: "x", Vector: []float32{1}}}}); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("a vector of another length: %v, want ErrInvalid", err)
	}
}

// A site that is deleted is found no more, also by a process that had it.
func TestIndexOfADeletedSite(t *testing.T) {
	d := migrated(t)
	x, s := opened(t, d, noon).Index(postgres.IndexConfig{}), newScope(d)(t)
	putEntries(t, x, s, entryOf("page:1", "kettle"))
	if got := searched(t, x, s, "kettle"); len(got) != 1 {
		t.Fatalf("before: got %v", got)
	}
	if _, err := super(t, d).ExecContext(t.Context(), `delete from sites`); err != nil {
		t.Fatal(err)
	}
	if got := searched(t, x, s, "kettle"); len(got) != 0 {
		t.Errorf("after: got %v", got)
	}
	if err := x.Put(t.Context(), s, entryOf("page:1", "kettle")); !errors.Is(err, ports.ErrNotFound) {
		t.Errorf("Put: %v, want ErrNotFound", err)
	}
}

func TestEntriesThatCannotBeStored(t *testing.T) {
	x, _, a, _ := twoIndexes(t)
	for what, e := range map[string]retrieval.Entry{"an id": entryOf("page:\x00", "kettle"), "text": entryOf("page:1", "kettle\x00")} {
		if err := x.Put(t.Context(), a, e); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("%s with U+0000: %v, want ErrInvalid", what, err)
		}
	}
	if got := searched(t, x, a, "kettle"); len(got) != 0 {
		t.Errorf("got %v of what was refused", got)
	}
}

// Some changes come to the other process one by one, some together.
func TestIndexFindsWhatMemoryFinds(t *testing.T) {
	x, y, s, _ := twoIndexes(t)
	porttest.CompareIndexes(t, x, memory.NewIndex(), s, porttest.Comparison{Searched: func(r *rand.Rand) ports.Searcher {
		return []ports.Searcher{x, y}[min(1, r.IntN(4))]
	}})
}
