package porttest

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// DocumentsUnderTest is a store of documents, which cases may share. Each suite
// says which of the ports it needs; the others may be nil.
type DocumentsUnderTest struct {
	ports.Documents
	ports.DocumentBatches
	ports.Inventory
	ports.StoredDocuments
	ports.Passages
	ports.Cursors
	ports.Generations
	ports.RetiredGenerations
	ports.IndexModel
	ports.DocumentTotals
	ports.DocumentChunks

	// NewScope returns a site of a tenant that has no other, and makes both if
	// the store must know them.
	NewScope func(t *testing.T) tenant.Scope
	// NewSite returns one more site of the tenant.
	NewSite func(t *testing.T, id tenant.ID) tenant.Scope
}

// docs is the fixture of the suites about documents.
type docs struct {
	storeT
	DocumentsUnderTest
}

func docsFixture(open func(t *testing.T) DocumentsUnderTest) func(t *testing.T) docs {
	return func(t *testing.T) docs { return docs{storeT{t}, open(t)} }
}

// Documents checks an adapter of ports.Documents. open is called once for each
// case; it needs Documents.
func Documents(t *testing.T, open func(t *testing.T) DocumentsUnderTest) {
	t.Helper()
	runCases(t, documentCases, docsFixture(open))
}

func (f docs) scopes() (a, sibling, b tenant.Scope) {
	f.Helper()
	a = f.NewScope(f.T)
	return a, f.NewSite(f.T, a.Tenant), f.NewScope(f.T)
}

// eur is an amount of euros in cents.
func eur(minor int64) catalog.Money { return catalog.Money{Minor: minor, Currency: "EUR", Exponent: 2} }

// fullFacts has every field set, and in its offers and attributes the
// differences that careless storing loses: no price and a price of nothing, no
// list and an empty one, an open sale and one that ends, 0 and unknown pieces.
func fullFacts() catalog.Facts {
	return catalog.Facts{
		SKUs: []string{"FF-JKT-0101", awkward}, GTINs: []string{"04012345678901"}, Brands: []string{"Fjord & Fell"},
		Categories: []string{"Clothing > Jackets", "Größen > „M“"}, Tags: []string{"new", ""},
		Attributes: []catalog.Attribute{
			{Name: "Farbe", Values: []string{"Blau", "Grün"}}, {Name: "Empty", Values: []string{}}, {Name: "None"},
		},
		Offers: []catalog.Offer{
			{
				SKU: "FF-JKT-0101", GTIN: "1", Attributes: []catalog.Attribute{{Name: "Farbe", Values: []string{"Blau"}}},
				Regular: eur(29990), Sale: eur(1<<53 + 1), SaleFrom: start().Add(-time.Hour), SaleTo: start().Add(time.Microsecond),
				Stock: catalog.InStock, Quantity: 1<<53 + 1, Counted: true,
			},
			{Regular: eur(0), Sale: eur(0), SaleFrom: start(), Stock: catalog.OnBackorder, Counted: true, Attributes: []catalog.Attribute{}},
			{Regular: catalog.Money{Minor: -1, Currency: "JPY"}, Quantity: -3, Stock: catalog.OutOfStock},
			{},
		},
		ImageURL: "https://shop.example.com/i/1.svg?w=1&h=2", External: true, AsOf: start().Add(-time.Minute),
		Published: start().Add(-1000 * time.Hour), Rating: catalog.Rating{Hundredths: 467, Count: 1<<53 + 1},
		Weight: catalog.Weight{Milligrams: 1<<53 + 1, Unit: "lbs"},
	}
}

// fullDocument is a shown document with every field set, and its chunks.
func fullDocument(id retrieval.DocumentID, revision string) (retrieval.Document, []retrieval.Chunk) {
	d := retrieval.Document{
		ID: id, Revision: revision, Kind: catalog.KindProduct, Source: "csv", Title: awkward,
		URL: "https://shop.example.com/p/1?a=b&c=d", Body: long(20 << 10), Locale: "de-AT", Facts: fullFacts(),
		Shown: true, Updated: start().Add(-24 * time.Hour), Read: start().Add(-time.Minute),
	}
	return d, []retrieval.Chunk{
		{Seq: 0, Text: revision + " " + awkward},
		{Seq: 1, Heading: "Größe > " + awkward, Text: long(4 << 10)},
		{Seq: 2, Heading: "", Text: ""},
	}
}

// page is a small shown document, and its one chunk.
func page(id retrieval.DocumentID, revision string) (retrieval.Document, []retrieval.Chunk) {
	return retrieval.Document{
		ID: id, Revision: revision, Kind: catalog.KindPage, Source: "pages", Title: "Page " + revision, Body: "Text " + revision,
		Shown: true, Updated: start(), Read: start(), Facts: catalog.Facts{AsOf: start()},
	}, []retrieval.Chunk{{Seq: 0, Text: "Text " + revision}}
}

// put stores d and checks whether that changed anything.
func (f docs) put(s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk, changed bool) {
	f.Helper()
	got, err := f.Put(f.Context(), s, d, chunks)
	f.must("Put", err)
	f.want("Put of "+string(d.ID)+" at "+d.Revision+" changed", got, changed)
}

// hide stores d as a tombstone.
func (f docs) hide(s tenant.Scope, d retrieval.Document) retrieval.Document {
	f.Helper()
	d.Shown = false
	f.put(s, d, nil, true)
	d.Body = ""
	return d
}

// whole and worded are the stages of a site for which no generation was begun.
func whole() retrieval.Stage  { return retrieval.Stage{} }
func worded() retrieval.Stage { return retrieval.Stage{Words: true} }

func refOf(d retrieval.Document) []retrieval.DocumentRef {
	return []retrieval.DocumentRef{{ID: d.ID, Revision: d.Revision}}
}

func (f docs) index(s tenant.Scope, d retrieval.Document) {
	f.Helper()
	f.must("Indexed", f.Indexed(f.Context(), s, whole(), refOf(d)))
}

func (f docs) pending(s tenant.Scope, limit int) []ports.PendingDocument {
	f.Helper()
	got, err := f.Pending(f.Context(), s, whole(), limit)
	f.must("Pending", err)
	return got
}

// wantPending checks which revisions of which documents are pending.
func (f docs) wantPending(what string, s tenant.Scope, want ...string) {
	f.Helper()
	f.wantPendingAt(what, s, whole(), want...)
}

func (f docs) wantPendingAt(what string, s tenant.Scope, at retrieval.Stage, want ...string) {
	f.Helper()
	list, err := f.Pending(f.Context(), s, at, 100)
	f.must(what+": Pending", err)
	var got []string
	for _, p := range list {
		got = append(got, string(p.Document.ID)+"@"+p.Document.Revision)
	}
	f.want(what+": Pending", got, want)
}

var documentCases = []contractCase[docs]{
	{"round trip", "what is put is pending as it is, its times in UTC, its facts exact, its chunks without vectors", func(f docs) {
		s := f.NewScope(f.T)
		f.wantNone("Pending of nothing", f.pending(s, 10), nil)
		want, chunks := fullDocument("product:"+awkward, "r1")
		f.wantNoZero(want, "Told")
		f.wantNoZero(want.Facts)
		f.wantNoZero(want.Facts.Offers[0])
		put := want
		put.Updated, put.Read, put.Told, put.Facts = elsewhere(want.Updated), elsewhere(want.Read), true, fullFacts()
		put.Facts.AsOf = elsewhere(want.Facts.AsOf)
		put.Facts.Offers[0].SaleFrom = elsewhere(want.Facts.Offers[0].SaleFrom)
		withVectors := make([]retrieval.Chunk, len(chunks))
		for i, c := range chunks {
			withVectors[i] = c
			withVectors[i].Vector = []float32{1, 2, 3}
		}
		f.put(s, put, withVectors, true)
		f.want("Pending", f.pending(s, 10), []ports.PendingDocument{{Document: want, Chunks: chunks}})
	}},
	{"bare facts", "facts of which nothing is set come back so, and empty lists stay empty ones", func(f docs) {
		s := f.NewScope(f.T)
		for i, facts := range []catalog.Facts{
			{},
			{SKUs: []string{}, GTINs: []string{}, Brands: []string{}, Categories: []string{}, Tags: []string{}, Attributes: []catalog.Attribute{}, Offers: []catalog.Offer{}},
		} {
			d, _ := page("page:1", fmt.Sprint("r", i))
			d.Facts, d.Updated = facts, time.Time{}
			f.put(s, d, nil, true)
			got := f.pending(s, 1)
			f.want("number", len(got), 1)
			f.sound()
			f.want("document", got[0].Document, d)
			f.want("number of chunks", len(got[0].Chunks), 0)
		}
	}},
	{"unchanged", "putting the stored revision again changes nothing and says so, whatever else is in it", func(f docs) {
		s := f.NewScope(f.T)
		d, chunks := page("page:1", "r1")
		f.put(s, d, chunks, true)
		f.put(s, d, chunks, false)
		other, _ := page("page:1", "r1")
		other.Body, other.Title = "changed", "changed"
		f.put(s, other, []retrieval.Chunk{{Seq: 0, Text: "changed"}}, false)
		f.want("Pending", f.pending(s, 10), []ports.PendingDocument{{Document: d, Chunks: chunks}})
		f.index(s, d)
		f.put(s, d, chunks, false)
		f.wantPending("indexed and put again", s)
		d = f.hide(s, d)
		f.put(s, d, nil, false)
	}},
	{"changed", "another revision replaces the document and all of its chunks, and is pending again", func(f docs) {
		s := f.NewScope(f.T)
		d, chunks := fullDocument("page:1", "r1")
		f.put(s, d, chunks, true)
		f.index(s, d)
		for _, revision := range []string{"r2", "r1"} {
			d, chunks = page("page:1", revision)
			f.put(s, d, chunks, true)
			f.want("Pending", f.pending(s, 10), []ports.PendingDocument{{Document: d, Chunks: chunks}})
			f.index(s, d)
			f.wantPending("indexed", s)
		}
	}},
	{"late", "what was read earlier never replaces what was read later, whoever comes last; of one time the last one holds", func(f docs) {
		s := f.NewScope(f.T)
		at := func(revision string, read time.Duration) (retrieval.Document, []retrieval.Chunk) {
			d, chunks := page("page:1", revision)
			d.Read = start().Add(read)
			return d, chunks
		}
		put := func(changed bool, revision string, read time.Duration) {
			f.Helper()
			d, chunks := at(revision, read)
			f.put(s, d, chunks, changed)
		}
		put(true, "r1", 0)
		put(true, "r2", time.Minute)
		put(false, "r1", 0)
		put(false, "r3", time.Minute-time.Microsecond)
		put(true, "r3", time.Minute)
		f.wantPending("after those that came late", s, "page:1@r3")
		// That it was found unchanged is remembered, too.
		put(false, "r3", time.Hour)
		put(false, "r2", 2*time.Minute)
		want, chunks := at("r3", time.Hour)
		f.want("Pending", f.pending(s, 10), []ports.PendingDocument{{Document: want, Chunks: chunks}})
		// A tombstone beats what was read before, and is beaten by what was read after.
		gone, _ := at("gone", 2*time.Hour)
		f.hide(s, gone)
		put(false, "r3", 2*time.Hour-time.Microsecond)
		f.wantPending("after a late update of what is gone", s, "page:1@gone")
		put(true, "r3", 3*time.Hour)
		gone.Shown = false
		f.put(s, gone, nil, false)
		f.wantPending("after a late deletion of what is back", s, "page:1@r3")
		// Whoever does not say when he read is before all others.
		d, chunks := page("page:1", "r4")
		d.Read = time.Time{}
		f.put(s, d, chunks, false)
	}},
	{"told", "of what the shop told by itself an older change never replaces a newer one; what was asked for does", func(f docs) {
		s := f.NewScope(f.T)
		read := start()
		put := func(changed, told bool, revision string, updated time.Duration) {
			f.Helper()
			d, chunks := page("page:1", revision)
			read = read.Add(time.Second)
			d.Read, d.Updated, d.Told = read, start().Add(updated), told
			f.put(s, d, chunks, changed)
		}
		put(true, true, "r2", time.Minute)
		put(false, true, "r1", time.Minute-time.Microsecond)
		put(true, true, "r3", time.Minute) // stock that is sold does not change the time
		put(true, false, "r0", -time.Hour)
		put(true, true, "r2", time.Minute)
		put(false, true, "r2", time.Hour) // saved again, with nothing changed
		put(false, true, "r3", 2*time.Minute)
		f.wantPending("after all", s, "page:1@r2")
	}},
	{"tombstone", "a document that is not Shown is kept without body and chunks, and is pending until the index has taken it out", func(f docs) {
		s := f.NewScope(f.T)
		d, chunks := fullDocument("page:1", "r1")
		f.put(s, d, chunks, true)
		f.index(s, d)
		hidden := d
		hidden.Shown = false
		f.put(s, hidden, chunks, true)
		hidden.Body = ""
		got := f.pending(s, 10)
		f.want("number", len(got), 1)
		f.sound()
		f.want("Pending", got[0].Document, hidden)
		f.want("number of chunks", len(got[0].Chunks), 0)
		f.index(s, hidden)
		f.wantPending("taken out", s)
		// The same revision, shown again, must come back into the index.
		f.put(s, d, chunks, true)
		f.want("Pending", f.pending(s, 10), []ports.PendingDocument{{Document: d, Chunks: chunks}})
		// A document that was never shown must be noted too: the index may know
		// it from elsewhere.
		never, _ := page("page:2", "r1")
		f.hide(s, never)
		f.wantPending("never shown", s, "page:1@r1", "page:2@r1")
	}},
	{"order", "Pending returns the oldest change first; a document that changes again goes to the end", func(f docs) {
		s := f.NewScope(f.T)
		for _, id := range []retrieval.DocumentID{"page:3", "page:1", "page:2"} {
			d, chunks := page(id, "r1")
			d.Updated = start().Add(-time.Duration(id[5]) * time.Hour) // when the shop changed it does not matter
			f.put(s, d, chunks, true)
		}
		f.wantPending("three", s, "page:3@r1", "page:1@r1", "page:2@r1")
		d, chunks := page("page:3", "r2")
		f.put(s, d, chunks, true)
		f.wantPending("one has changed again", s, "page:1@r1", "page:2@r1", "page:3@r2")
		f.put(s, d, chunks, false)
		unchanged, _ := page("page:1", "r1")
		f.put(s, unchanged, nil, false)
		f.wantPending("one was put again", s, "page:1@r1", "page:2@r1", "page:3@r2")
		f.want("first two", len(f.pending(s, 2)), 2)
		first := f.pending(s, 1)
		f.want("number of the first", len(first), 1)
		f.sound()
		f.want("first", first[0].Document.ID, retrieval.DocumentID("page:1"))
		f.want("a limit of 0", len(f.pending(s, 0)), 0)
	}},
	{"indexed", "Indexed ends the waiting of that revision only, and leaves out what never was", func(f docs) {
		s := f.NewScope(f.T)
		d, chunks := page("page:1", "r1")
		f.index(s, d)
		f.put(s, d, chunks, true)
		other, chunks2 := page("page:2", "r1")
		f.put(s, other, chunks2, true)
		next, chunks := page("page:1", "r2")
		f.put(s, next, chunks, true)
		f.index(s, d)
		f.wantPending("an older revision was indexed", s, "page:2@r1", "page:1@r2")
		f.index(s, next)
		f.wantPending("this revision was indexed", s, "page:2@r1")
		f.index(s, next)
		f.wantPending("indexed again", s, "page:2@r1")
		never, _ := page("page:3", "r1")
		f.must("Indexed", f.Indexed(f.Context(), s, whole(), slices.Concat(refOf(never), refOf(other), refOf(d))))
		f.wantPending("several, one that never was and one at an older revision", s, "page:1@r2")
		f.must("Indexed", f.Indexed(f.Context(), s, whole(), nil))
		f.wantPending("none", s, "page:1@r2")
	}},
	{"by words", "what is found by its words waits for its vectors, but not for words; a change waits for both", func(f docs) {
		s := f.NewScope(f.T)
		d, chunks := page("page:1", "r1")
		f.put(s, d, chunks, true)
		other, chunks2 := page("page:2", "r1")
		f.put(s, other, chunks2, true)
		f.wantPendingAt("put", s, worded(), "page:1@r1", "page:2@r1")
		f.must("Indexed", f.Indexed(f.Context(), s, worded(), refOf(d)))
		f.wantPendingAt("by words", s, worded(), "page:2@r1")
		f.wantPending("by words", s, "page:1@r1", "page:2@r1")
		f.index(s, other)
		f.must("Indexed", f.Indexed(f.Context(), s, worded(), refOf(other)))
		f.wantPending("by words what is there whole", s, "page:1@r1")
		f.wantPendingAt("whole", s, worded())
		next, chunks := page("page:1", "r2")
		f.put(s, next, chunks, true)
		f.wantPendingAt("changed", s, worded(), "page:1@r2")
		f.must("Indexed", f.Indexed(f.Context(), s, worded(), refOf(d)))
		f.wantPendingAt("an older revision by words", s, worded(), "page:1@r2")
		hidden := f.hide(s, next)
		f.wantPendingAt("hidden", s, worded(), "page:1@r2")
		f.must("Indexed", f.Indexed(f.Context(), s, worded(), refOf(hidden)))
		f.wantPending("taken out, of which nothing can be embedded", s)
	}},
	{"generation", "a stage of a generation that is neither searched nor built is ErrConflict, and nothing is noted", func(f docs) {
		s := f.NewScope(f.T)
		d, chunks := page("page:1", "r1")
		f.put(s, d, chunks, true)
		for _, no := range []int64{1, -1} {
			_, err := f.Pending(f.Context(), s, retrieval.Stage{Generation: no}, 10)
			f.wantErr("Pending", err, ports.ErrConflict)
			f.wantErr("Indexed", f.Indexed(f.Context(), s, retrieval.Stage{Generation: no}, refOf(d)), ports.ErrConflict)
		}
		f.wantPending("after it", s, "page:1@r1")
	}},
	{"isolation", "sites with documents of the same ids neither see nor change one another's", func(f docs) {
		a, sibling, b := f.scopes()
		all := []tenant.Scope{a, sibling, b}
		for _, s := range all {
			d, chunks := page("page:1", "r-"+string(s.Site))
			f.put(s, d, chunks, true)
		}
		own := func(s tenant.Scope) string { return "page:1@r-" + string(s.Site) }
		strangers(a, sibling, b, func(mine, theirs tenant.Scope) {
			f.wantErr("Indexed", f.Indexed(f.Context(), mine, whole(), []retrieval.DocumentRef{{ID: "page:1", Revision: "r-" + string(theirs.Site)}}), nil)
			f.wantPending("theirs after my Indexed", theirs, own(theirs))
			f.wantPending("mine after a revision that is not mine", mine, own(mine))
			d, chunks := page(retrieval.DocumentID("page:"+NewID()), "r1")
			f.put(mine, d, chunks, true)
			f.index(theirs, d)
			f.wantPending("mine after Indexed of the other", mine, own(mine), string(d.ID)+"@r1")
			f.index(mine, d)
			for _, s := range mixed(a, b) {
				got, err := f.Pending(f.Context(), s, whole(), 10)
				f.wantNone("Pending of half-true scopes", got, err)
			}
			hidden, _ := page("page:1", "hidden")
			f.hide(mine, hidden)
			f.wantPending("theirs after mine is hidden", theirs, own(theirs))
			back, chunks := page("page:1", "r-"+string(mine.Site))
			f.put(mine, back, chunks, true)
		})
	}},
	{"same at once", "of the same revision put several times at once one changes something", func(f docs) {
		s := f.NewScope(f.T)
		for i := range rounds {
			d, chunks := page("page:1", fmt.Sprint("r", i))
			var changed atomic.Int64
			together(6, func(int) {
				c, err := f.Put(f.Context(), s, d, chunks)
				f.wantErr("Put", err, nil)
				if c {
					changed.Add(1)
				}
			})
			if n := changed.Load(); n != 1 {
				f.Fatalf("%d of 6 Puts of one revision changed something", n)
			}
		}
	}},
	{"whole", "of several revisions put at once one is stored, with its own chunks", func(f docs) {
		s := f.NewScope(f.T)
		for round := range rounds / 3 {
			together(4, func(i int) {
				d, chunks := page("page:1", fmt.Sprintf("r%d.%d", round, i))
				for seq := range i + 1 {
					chunks = append(chunks, retrieval.Chunk{Seq: seq + 1, Text: "Text " + d.Revision})
				}
				_, err := f.Put(f.Context(), s, d, chunks)
				f.wantErr("Put", err, nil)
			})
			got := f.pending(s, 10)
			f.want("number", len(got), 1)
			f.sound()
			d := got[0].Document
			f.want("Body", d.Body, "Text "+d.Revision)
			for _, c := range got[0].Chunks {
				f.want("chunk", c.Text, "Text "+d.Revision)
			}
			f.want("number of chunks", len(got[0].Chunks), 2+int(d.Revision[len(d.Revision)-1]-'0'))
		}
	}},
	{"change or indexed", "a change that comes while its predecessor is being indexed stays pending", func(f docs) {
		s := f.NewScope(f.T)
		for round := range rounds {
			old, chunks := page("page:1", fmt.Sprintf("r%d", round))
			f.put(s, old, chunks, true)
			next, chunks := page("page:1", fmt.Sprintf("r%d+", round))
			together(2, func(i int) {
				if i == round%2 { // neither is always the one that is let go first
					f.wantErr("Indexed", f.Indexed(f.Context(), s, whole(), refOf(old)), nil)
					return
				}
				_, err := f.Put(f.Context(), s, next, chunks)
				f.wantErr("Put", err, nil)
			})
			f.wantPending("after both", s, "page:1@"+next.Revision)
		}
	}},
	{"not kept", "slices passed in are not kept, those returned belong to the caller", func(f docs) {
		s := f.NewScope(f.T)
		want, chunks := fullDocument("page:1", "r1")
		put, putChunks := fullDocument("page:1", "r1")
		f.put(s, put, putChunks, true)
		spoil := func(d retrieval.Document, chunks []retrieval.Chunk) {
			chunks[0].Text, d.Facts.SKUs[0], d.Facts.Offers[0].SKU = "changed", "changed", "changed"
			d.Facts.Attributes[0].Values[0], d.Facts.Offers[0].Attributes[0].Values[0] = "changed", "changed"
		}
		spoil(put, putChunks)
		for range 2 {
			got := f.pending(s, 10)
			f.want("Pending", got, []ports.PendingDocument{{Document: want, Chunks: chunks}})
			f.sound()
			for _, p := range got {
				spoil(p.Document, p.Chunks)
			}
		}
	}},
	{"scope", "an incomplete scope is ErrNoScope", func(f docs) {
		s := f.NewScope(f.T)
		d, chunks := page("page:1", "r1")
		for _, bad := range incomplete(s) {
			_, err := f.Put(f.Context(), bad, d, chunks)
			f.wantErr("Put", err, tenant.ErrNoScope)
			_, err = f.Pending(f.Context(), bad, whole(), 10)
			f.wantErr("Pending", err, tenant.ErrNoScope)
			f.wantErr("Indexed", f.Indexed(f.Context(), bad, whole(), refOf(d)), tenant.ErrNoScope)
		}
	}},
	{"done context", "a done context ends each call, and nothing is changed", func(f docs) {
		s := f.NewScope(f.T)
		d, chunks := page("page:1", "r1")
		f.put(s, d, chunks, true)
		next, chunks := page("page:1", "r2")
		_, err := f.Put(f.done(), s, next, chunks)
		f.wantErr("Put", err, f.done().Err())
		_, err = f.Pending(f.done(), s, whole(), 10)
		f.wantErr("Pending", err, f.done().Err())
		f.wantErr("Indexed", f.Indexed(f.done(), s, whole(), refOf(d)), f.done().Err())
		f.wantPending("after it", s, "page:1@r1")
	}},
}
