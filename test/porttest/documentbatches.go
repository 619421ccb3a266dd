package porttest

import (
	"fmt"
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// DocumentBatches checks an adapter of ports.DocumentBatches. open is called
// once for each case; it needs DocumentBatches, Documents and Inventory.
func DocumentBatches(t *testing.T, open func(t *testing.T) DocumentsUnderTest) {
	t.Helper()
	runCases(t, batchCases, docsFixture(open))
}

// several puts together what PutAll takes.
func several(n int, revision string) []ports.PendingDocument {
	var out []ports.PendingDocument
	for i := range n {
		d, chunks := page(retrieval.DocumentID(fmt.Sprintf("page:%04d", i)), revision)
		out = append(out, ports.PendingDocument{Document: d, Chunks: chunks})
	}
	return out
}

func (f docs) putAll(what string, s tenant.Scope, docs []ports.PendingDocument, want ...bool) {
	f.Helper()
	got, err := f.PutAll(f.Context(), s, docs)
	f.must(what+": PutAll", err)
	if len(got)+len(want) > 0 {
		f.want(what+": PutAll changed", got, want)
	}
}

var batchCases = []contractCase[docs]{
	{"as Put", "PutAll does with each document, in their order, what Put does", func(f docs) {
		s := f.NewScope(f.T)
		full, chunks := fullDocument("product:1", "r1")
		docs := append(several(2, "r1"), ports.PendingDocument{Document: full, Chunks: chunks})
		f.putAll("new", s, docs, true, true, true)
		f.wantStates("new", s, "", 10, state(docs[0].Document, "", 1), state(docs[1].Document, "", 1), state(full, "", 3))
		next := several(3, "r1")
		next[1] = several(2, "r2")[1]
		old := several(1, "r3")
		old[0].Document.Read = start().Add(-1)
		twice := several(3, "r4")[2]
		hidden := docs[0]
		hidden.Document.Shown = false
		f.putAll("others", s, []ports.PendingDocument{next[0], next[1], next[2], old[0], twice, hidden}, false, true, true, false, true, true)
		hidden.Document.Body = ""
		f.wantStates("others", s, "", 10, state(hidden.Document, "", 0), state(next[1].Document, "", 1), state(twice.Document, "", 1), state(full, "", 3))
		f.putAll("nothing", s, nil)
	}},
	{"all or none", "where one document cannot be put, none is", func(f docs) {
		s := f.NewScope(f.T)
		docs := several(3, "r1")
		docs[2].Chunks = []retrieval.Chunk{{Seq: 1}, {Seq: 1}}
		_, err := f.PutAll(f.Context(), s, docs)
		f.wantErr("two chunks of one number", err, ports.ErrInvalid)
		docs = several(3, "r1")
		docs[1].Document.ID = ""
		_, err = f.PutAll(f.Context(), s, docs)
		f.wantErr("no id", err, ports.ErrInvalid)
		f.wantStates("afterwards", s, "", 10)
	}},
	{"limit", "1,000 documents are put at once, and no more", func(f docs) {
		s := f.NewScope(f.T)
		docs := several(ports.MaxPut+1, "r1")
		_, err := f.PutAll(f.Context(), s, docs)
		f.wantErr("1,001", err, ports.ErrInvalid)
		got, err := f.PutAll(f.Context(), s, docs[:ports.MaxPut])
		f.must("PutAll of 1,000", err)
		f.want("answers", len(got), ports.MaxPut)
		f.wantStates("the last", s, "page:0998", 10, state(docs[ports.MaxPut-1].Document, "", 1))
	}},
	{"isolation", "a site puts its own documents only", func(f docs) {
		a, sibling, b := f.scopes()
		for _, s := range []tenant.Scope{a, sibling, b} {
			f.putAll("own", s, several(1, "r-"+string(s.Site)), true)
		}
		for _, s := range []tenant.Scope{a, sibling, b} {
			d := several(1, "r-"+string(s.Site))[0].Document
			f.wantStates("own", s, "", 10, state(d, "", 1))
		}
		for _, bad := range incomplete(a) {
			_, err := f.PutAll(f.Context(), bad, several(1, "r"))
			f.wantErr("PutAll", err, tenant.ErrNoScope)
		}
	}},
	{"kept nothing", "what is passed in is not kept", func(f docs) {
		s := f.NewScope(f.T)
		docs := several(1, "r1")
		want := state(docs[0].Document, "", 1)
		f.putAll("put", s, docs, true)
		docs[0].Document.Title, docs[0].Chunks[0].Text = "changed", "changed"
		f.wantStates("afterwards", s, "", 10, want)
	}},
	{"done context", "a done context ends the call, and nothing is put", func(f docs) {
		s := f.NewScope(f.T)
		_, err := f.PutAll(f.done(), s, several(2, "r1"))
		f.wantErr("PutAll", err, f.done().Err())
		f.wantStates("afterwards", s, "", 10)
	}},
}
