package porttest

import (
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// SynonymsUnderTest is a store of synonyms, which cases may share.
type SynonymsUnderTest struct {
	ports.Synonyms

	// NewScope returns a site of a tenant that has no other, and makes both if
	// the store must know them.
	NewScope func(t *testing.T) tenant.Scope
	// NewSite returns one more site of the tenant.
	NewSite func(t *testing.T, id tenant.ID) tenant.Scope
	// Knows is set if the store knows its sites.
	Knows bool
}

type synonyms struct {
	storeT
	SynonymsUnderTest
}

// Synonyms checks an adapter of ports.Synonyms. open is called once for each
// case.
func Synonyms(t *testing.T, open func(t *testing.T) SynonymsUnderTest) {
	t.Helper()
	runCases(t, synonymCases, func(t *testing.T) synonyms { return synonyms{storeT{t}, open(t)} })
}

func (f synonyms) put(s tenant.Scope, list ...retrieval.Synonym) {
	f.Helper()
	f.must("PutSynonyms", f.PutSynonyms(f.Context(), s, list))
}

func (f synonyms) wantSynonyms(what string, s tenant.Scope, want ...retrieval.Synonym) {
	f.Helper()
	got, err := f.SynonymsOf(f.Context(), s)
	f.wantErr(what+": SynonymsOf", err, nil)
	if len(got)+len(want) > 0 {
		f.want(what+": SynonymsOf", got, want)
	}
}

func equal(words ...string) retrieval.Synonym { return retrieval.Synonym{Words: words} }

var synonymCases = []contractCase[synonyms]{
	{"round trip", "synonyms come back as they were put, in their order", func(f synonyms) {
		s := f.NewScope(f.T)
		f.wantSynonyms("at first", s)
		list := []retrieval.Synonym{
			equal("sneakers", "trainers", "gym shoes"),
			{Words: []string{"hoodie", "hoody"}, Means: []string{"sweatshirt", "warm jumper"}},
			equal("Größe", "Maß"), equal("登山靴", "ブーツ"), equal(`"quoted'`, `back\slash`), equal("a", "b"),
		}
		f.put(s, list...)
		f.wantSynonyms("put", s, list...)
	}},
	{"replaced", "PutSynonyms takes the place of all that was there; an empty list leaves none", func(f synonyms) {
		s := f.NewScope(f.T)
		f.put(s, equal("a", "b"), equal("c", "d"))
		f.put(s, equal("e", "f"))
		f.wantSynonyms("replaced", s, equal("e", "f"))
		f.put(s)
		f.wantSynonyms("emptied", s)
		f.put(s)
		f.wantSynonyms("emptied again", s)
		f.put(s, equal("g", "h"))
		f.wantSynonyms("put again", s, equal("g", "h"))
	}},
	{"tidied", "what retrieval.ValidSynonyms tidies is stored tidied", func(f synonyms) {
		s := f.NewScope(f.T)
		f.put(s, equal("  gym   shoes ", "sneakers", "Sneakers"))
		f.wantSynonyms("tidied", s, equal("gym shoes", "sneakers"))
	}},
	{"refused", "ErrInvalid for what retrieval.ValidSynonyms refuses, and nothing is changed", func(f synonyms) {
		s := f.NewScope(f.T)
		f.put(s, equal("a", "b"))
		many := make([]retrieval.Synonym, retrieval.MaxSynonyms+1)
		for i := range many {
			many[i] = equal("a", "b")
		}
		for what, list := range map[string][]retrieval.Synonym{
			"one word": {equal("c", "d"), equal("a")}, "no word": {{}}, "a long word": {equal(strings.Repeat("a", retrieval.MaxSynonymBytes+1), "b")},
			"a control character": {equal("a\x00", "b")}, "too many": many,
		} {
			f.wantErr(what, f.PutSynonyms(f.Context(), s, list), ports.ErrInvalid)
		}
		f.wantSynonyms("after", s, equal("a", "b"))
	}},
	{"most", "a site may have as many synonyms as retrieval.MaxSynonyms, each of the most words", func(f synonyms) {
		s := f.NewScope(f.T)
		list := make([]retrieval.Synonym, retrieval.MaxSynonyms)
		for i := range list {
			for j := range retrieval.MaxSynonymWords {
				list[i].Words = append(list[i].Words, strings.Repeat("w", i%50+1)+strings.Repeat("x", j+1))
			}
		}
		f.put(s, list...)
		f.wantSynonyms("most", s, list...)
	}},
	{"isolation", "a site has its own synonyms, whatever another site or tenant puts", func(f synonyms) {
		a, b := f.NewScope(f.T), f.NewScope(f.T)
		beside := f.NewSite(f.T, a.Tenant)
		f.put(a, equal("a", "b"))
		f.wantSynonyms("of another tenant", b)
		f.wantSynonyms("of the site beside", beside)
		f.put(b, equal("c", "d"))
		f.put(beside, equal("e", "f"))
		f.wantSynonyms("of the first", a, equal("a", "b"))
		f.wantSynonyms("of the other", b, equal("c", "d"))
		f.put(b)
		f.wantSynonyms("of the first after the other's were taken", a, equal("a", "b"))
	}},
	{"crossed", "a site of another tenant is none", func(f synonyms) {
		a, b := f.NewScope(f.T), f.NewScope(f.T)
		f.put(a, equal("a", "b"))
		crossed := tenant.Scope{Tenant: b.Tenant, Site: a.Site}
		f.wantSynonyms("read across", crossed)
		err := f.PutSynonyms(f.Context(), crossed, []retrieval.Synonym{equal("c", "d")})
		if f.Knows {
			f.wantErr("put across", err, ports.ErrNotFound)
		}
		f.wantSynonyms("of the site", a, equal("a", "b"))
	}},
	{"no scope", "the zero Scope owns nothing", func(f synonyms) {
		if _, err := f.SynonymsOf(f.Context(), tenant.Scope{}); err == nil {
			f.Error("SynonymsOf without a scope: no error")
		}
		if err := f.PutSynonyms(f.Context(), tenant.Scope{}, []retrieval.Synonym{equal("a", "b")}); err == nil {
			f.Error("PutSynonyms without a scope: no error")
		}
	}},
	{"not kept", "slices that are passed in or returned are not kept", func(f synonyms) {
		s := f.NewScope(f.T)
		list := []retrieval.Synonym{equal("a", "b")}
		f.put(s, list...)
		list[0].Words[0] = "changed"
		f.wantSynonyms("after a change of what was put", s, equal("a", "b"))
		got, err := f.SynonymsOf(f.Context(), s)
		f.must("SynonymsOf", err)
		if len(got) == 1 {
			got[0].Words[0] = "changed"
		}
		f.wantSynonyms("after a change of what was returned", s, equal("a", "b"))
	}},
}
