package ingesting_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// told returns what is stored of a product: what it costs, "gone" or "no price".
func (w *world) told(id string) string {
	w.Helper()
	list, err := w.documents.Stored(w.Context(), site, []retrieval.DocumentID{retrieval.NewDocumentID(catalog.KindProduct, id)})
	if err != nil {
		w.Fatal(err)
	}
	switch {
	case len(list) == 0 || !list[0].Shown:
		return "gone"
	case len(list[0].Facts.Offers) == 0:
		return "no price"
	}
	return fmt.Sprint(list[0].Facts.Offers[0].Regular.Minor)
}

// A product at which the shop breaks for so long that nobody asks for it any
// more tells no price: alone, and among others.
func TestAPriceThatNobodyCanReadIsNotTold(t *testing.T) {
	for _, others := range []int{0, 4} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorks(t)
			w.shop.set("1", "turquoise")
			for i := range others {
				w.shop.set(fmt.Sprint(2+i), "crimson")
			}
			defer w.run(nil)()
			hint := func() {
				t.Helper()
				for i := range others + 1 {
					w.hint(site, productJob(fmt.Sprint(1+i)))
				}
				wait(2 * time.Second)
			}
			hint()
			if w.told("1") != "500" {
				t.Fatalf("it costs %s", w.told("1"))
			}
			w.shop.breaks(func(ids []string) error {
				if slices.Contains(ids, "1") {
					return shopError(500, 0)
				}
				return nil
			})
			hint()
			wait(time.Minute)
			if w.told("1") != "500" {
				t.Error("a server error of a minute takes the price away")
			}
			wait(24 * time.Hour)
			if got := w.told("1"); got != "no price" {
				t.Errorf("after a day it costs %s", got)
			}
			if j := w.jobs(site)["product:1"]; !j.Dead {
				t.Errorf("the job is %+v", j)
			}
			w.shop.breaks(nil)
			hint()
			if w.told("1") != "500" {
				t.Errorf("after it was mended it costs %s", w.told("1"))
			}
			w.found("turquoise", "product:1")
		})
	}
}

// What the shop sends of a product and nobody can read takes its price away.
func TestAPayloadThatCannotBeReadTakesThePriceAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		w.shop.keyed = false
		defer w.run(nil)()
		tell := func(c catalog.Change) {
			t.Helper()
			text, err := ingesting.EncodePayload(c)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.queue.Enqueue(t.Context(), site, []ingestion.Hint{{Object: productJob("1"), Payload: text, Modified: time.Now()}}); err != nil {
				t.Fatal(err)
			}
			wait(2 * time.Second)
		}
		tell(saying("1", "turquoise"))
		unread := catalog.Rejected{Where: "product:1", Kind: catalog.KindProduct, ID: "1", Reason: "it is not UTF-8"}
		tell(catalog.Change{Rejected: &unread})
		if w.told("1") != "no price" || !w.health.has("rejected product:1") {
			t.Errorf("it costs %s; findings %v", w.told("1"), w.health.all)
		}
		tell(saying("1", "turquoise"))
		if w.told("1") != "500" || w.health.has("rejected product:1") {
			t.Errorf("it costs %s; findings %v", w.told("1"), w.health.all)
		}
		hidden := saying("1", "secret").Product
		hidden.Status = catalog.Private
		known := unread
		known.Known = hidden
		if text, err := ingesting.EncodePayload(catalog.Change{Rejected: &known}); err != nil || strings.Contains(string(text), "secret") {
			t.Errorf("it waits as %s, %v", text, err)
		}
		tell(catalog.Change{Rejected: &known})
		if w.told("1") != "gone" {
			t.Errorf("it is %s", w.told("1"))
		}
	})
}

// A payload that comes late and cannot be read brings no old price back, as one
// that can be read does not.
func TestALatePayloadThatCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		w.shop.keyed = false
		defer w.run(nil)()
		begin := time.Now()
		tell := func(modified time.Duration, text string, cents int64) {
			t.Helper()
			c := saying("1", text)
			c.Product.Offer.Regular.Minor, c.Product.Updated = cents, begin.Add(modified)
			body, err := ingesting.EncodePayload(c)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.queue.Enqueue(t.Context(), site, []ingestion.Hint{{Object: productJob("1"), Payload: body, Modified: begin.Add(modified)}}); err != nil {
				t.Fatal(err)
			}
			wait(2 * time.Second)
		}
		tell(10*time.Minute, "turquoise", 900)
		tell(5*time.Minute, "TOO LARGE", 400)
		if w.told("1") != "900" || len(w.finds("turquoise")) == 0 {
			t.Errorf("after a late one it costs %s", w.told("1"))
		}
		tell(15*time.Minute, "TOO LARGE", 700)
		if w.told("1") != "700" {
			t.Errorf("after a newer one it costs %s", w.told("1"))
		}
	})
}

// What a source rejects keeps its text only as long as what it tells is right.
func TestRejectedProducts(t *testing.T) {
	known := func(change func(*catalog.Product)) *catalog.Product {
		p := *saying("1", "").Product
		p.Description = ""
		change(&p)
		return &p
	}
	for name, c := range map[string]struct {
		rejected catalog.Rejected
		told     string
		text     bool // what was stored of its text stays
	}{
		"nothing known":       {catalog.Rejected{ID: "1", Kind: catalog.KindProduct}, "no price", false},
		"no product":          {catalog.Rejected{ID: "1"}, "500", true},
		"the same":            {catalog.Rejected{ID: "1", Known: known(func(*catalog.Product) {})}, "500", true},
		"another price":       {catalog.Rejected{ID: "1", Known: known(func(p *catalog.Product) { p.Offer.Regular.Minor = 700 })}, "700", false},
		"no price":            {catalog.Rejected{ID: "1", Known: known(func(p *catalog.Product) { p.Offer = catalog.Offer{} })}, "no price", false},
		"no price but a text": {catalog.Rejected{ID: "1", Known: known(func(p *catalog.Product) { p.Offer, p.Description = catalog.Offer{}, "turquoise" })}, "no price", true},
		"hidden":              {catalog.Rejected{ID: "1", Known: known(func(p *catalog.Product) { p.Visibility = catalog.Hidden })}, "gone", false},
		"of no state":         {catalog.Rejected{ID: "1", Known: &catalog.Product{ID: "1"}}, "gone", false},
		"of no name":          {catalog.Rejected{ID: "1", Known: known(func(p *catalog.Product) { p.Name, p.Offer.Regular.Minor = "", 800 })}, "800", false},
		"of a long name":      {catalog.Rejected{ID: "1", Known: known(func(p *catalog.Product) { p.Name = strings.Repeat("Ä", 2000) })}, "no price", false},
	} {
		w := newWorld(t, nil)
		w.load(&feed{changes: []catalog.Change{saying("1", "turquoise")}}, ingesting.Options{})
		w.now = w.now.Add(time.Hour)
		c.rejected.Where, c.rejected.Reason = "product 1", "it cannot be read"
		for range 2 {
			if r := w.load(&feed{changes: []catalog.Change{{Rejected: &c.rejected}}}, ingesting.Options{Full: true}); r.Rejected != 1 || r.Removed != 0 {
				t.Errorf("%s: %+v", name, r)
			}
		}
		w.drain()
		if got := w.told("1"); got != c.told {
			t.Errorf("%s: it is %s, want %s", name, got, c.told)
		}
		if got := len(w.finds("turquoise")) > 0; got != c.text {
			t.Errorf("%s: its text is found: %v", name, got)
		}
	}
	// One that was never stored is found by its name, for what it costs.
	w := newWorld(t, nil)
	unread := catalog.Rejected{Where: "product 1", ID: "1", Reason: "it cannot be read", Known: known(func(*catalog.Product) {})}
	w.load(&feed{changes: []catalog.Change{{Rejected: &unread}}}, ingesting.Options{})
	if w.drain(); w.told("1") != "500" || len(w.finds("mug")) != 1 {
		t.Errorf("it is %s, and found: %v", w.told("1"), w.finds("mug"))
	}
}

// A text that is too deep takes neither the price nor what the shop hides with it.
func TestATextThatCannotBeReadLeavesTheFacts(t *testing.T) {
	w := newWorld(t, nil)
	w.load(&feed{changes: []catalog.Change{saying("1", "turquoise")}}, ingesting.Options{})
	bad := saying("1", "TOO LARGE")
	bad.Product.Offer.Regular.Minor = 900
	if r := w.load(&feed{changes: []catalog.Change{bad}}, ingesting.Options{Full: true}); r.Rejected != 1 || w.told("1") != "900" {
		t.Errorf("%+v, it is %s", r, w.told("1"))
	}
}
