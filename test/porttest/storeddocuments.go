package porttest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// StoredDocuments checks an adapter of ports.StoredDocuments. open is called
// once for each case; it needs StoredDocuments and Documents.
func StoredDocuments(t *testing.T, open func(t *testing.T) DocumentsUnderTest) {
	t.Helper()
	runCases(t, storedCases, docsFixture(open))
}

func (f docs) wantStored(what string, s tenant.Scope, ids []retrieval.DocumentID, want ...retrieval.Document) {
	f.Helper()
	got, err := f.Stored(f.Context(), s, ids)
	f.wantErr(what+": Stored", err, nil)
	if len(got)+len(want) > 0 {
		f.want(what+": Stored", got, want)
	}
}

var storedCases = []contractCase[docs]{
	{"stored", "Stored returns what was put but for the text, in the order of ids, each once", func(f docs) {
		s := f.NewScope(f.T)
		full, chunks := fullDocument("product:9", "r1")
		f.put(s, full, chunks, true)
		small, chunks := page("Page:1", "r1")
		f.put(s, small, chunks, true)
		other, chunks := page("product:10", "r1")
		f.put(s, other, chunks, true)
		full.Body, small.Body = "", ""
		f.wantStored("two of three", s, []retrieval.DocumentID{"product:9", "product:1", "Page:1", "product:9", "page:1"}, small, full)
		f.wantStored("none", s, nil)
		f.wantStored("none that is there", s, []retrieval.DocumentID{"product:99", ""})
	}},
	{"tombstones", "documents that are not Shown are returned too", func(f docs) {
		s := f.NewScope(f.T)
		d, chunks := fullDocument("page:1", "r1")
		f.put(s, d, chunks, true)
		f.wantStored("hidden", s, []retrieval.DocumentID{"page:1"}, f.hide(s, d))
	}},
	{"limit", "1,000 ids are looked up at once, and no more", func(f docs) {
		s := f.NewScope(f.T)
		ids := make([]retrieval.DocumentID, 0, ports.MaxStored+1)
		for i := range ports.MaxStored {
			ids = append(ids, retrieval.DocumentID(fmt.Sprint("product:", i)))
		}
		d, chunks := page(ids[ports.MaxStored-1], "r1")
		f.put(s, d, chunks, true)
		d.Body = ""
		f.wantStored("1,000", s, ids, d)
		_, err := f.Stored(f.Context(), s, append(ids, "product:one-more"))
		f.wantErr("Stored of 1,001", err, ports.ErrInvalid)
	}},
	{"isolation", "a site finds its own documents only", func(f docs) {
		a, sibling, b := f.scopes()
		own := map[tenant.Scope]retrieval.Document{}
		for _, s := range []tenant.Scope{a, sibling, b} {
			d, chunks := page("page:1", "r-"+string(s.Site))
			f.put(s, d, chunks, true)
			d.Body = ""
			own[s] = d
		}
		ids := []retrieval.DocumentID{"page:1"}
		for s, want := range own {
			f.wantStored("own", s, ids, want)
		}
		for _, s := range mixed(a, b) {
			f.wantStored("half-true scope", s, ids)
		}
		for _, bad := range incomplete(a) {
			_, err := f.Stored(f.Context(), bad, ids)
			f.wantErr("Stored", err, tenant.ErrNoScope)
		}
	}},
	{"copies", "what Stored returns is the caller's", func(f docs) {
		s := f.NewScope(f.T)
		d, chunks := fullDocument("page:1", "r1")
		f.put(s, d, chunks, true)
		ids := []retrieval.DocumentID{"page:1"}
		got, err := f.Stored(f.Context(), s, ids)
		f.must("Stored", err)
		if len(got) == 1 {
			slices.Reverse(got[0].Facts.SKUs)
			got[0].Facts.Offers[0].SKU = "changed"
		}
		d.Body = ""
		f.wantStored("after a change of what was returned", s, ids, d)
		f.want("ids", ids, []retrieval.DocumentID{"page:1"})
	}},
	{"done context", "a done context ends the call", func(f docs) {
		_, err := f.Stored(f.done(), f.NewScope(f.T), []retrieval.DocumentID{"page:1"})
		f.wantErr("Stored", err, f.done().Err())
	}},
}
