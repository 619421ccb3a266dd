package usecases

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/catalog"
	shopwork "github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/fakes/wooshop"
)

// facts returns what the index's passages say of a product.
func (in *ingestion) facts(id retrieval.DocumentID) catalog.Facts {
	in.Helper()
	for _, p := range in.everything() {
		if p.Ref.Document == id {
			return p.Facts
		}
	}
	in.Fatalf("no passage of %s", id)
	return catalog.Facts{}
}

// productOf returns the document of a product of the fake shop.
func productOf(id int) retrieval.DocumentID {
	return retrieval.NewDocumentID(catalog.KindProduct, strconv.Itoa(id))
}

// A rating that changes behind the shop's back is found by the sweep, and is no
// webhook that was lost.
func TestSweepFindsRatings(t *testing.T) {
	s := newSynced(t, 1, time.Hour)
	id := s.Create(wooshop.Product{Name: "Oak table", Regular: "10", Weight: "18.5"})
	s.task(shopwork.Import)
	s.work()
	s.Advance(time.Hour)
	s.task(shopwork.Poll)
	s.work()

	s.Rate(id, 467, 12)
	s.task(shopwork.Poll)
	if s.waiting() != 0 {
		t.Error("the poll saw a rating, which modifies no product")
	}
	s.task(shopwork.Sweep)
	if s.waiting() != 1 || s.count(shopwork.LostWebhook, "") != 0 {
		t.Errorf("after the sweep %d wait, %d are lost", s.waiting(), s.count(shopwork.LostWebhook, ""))
	}
	s.work()
	f := s.in.facts(productOf(id))
	if f.Rating != (catalog.Rating{Hundredths: 467, Count: 12}) || f.Weight.String() != "18.5 kg" || f.Published.IsZero() {
		t.Errorf("got rating %v, weight %v, published %v", f.Rating, f.Weight, f.Published)
	}
	s.task(shopwork.Sweep)
	if s.waiting() != 0 {
		t.Error("the sweep does not see what was read again")
	}
	if d := s.differences(); len(d) > 0 {
		t.Error(d)
	}
}

// What a version stored that knew neither ratings nor dates is read once more, and
// then no more.
func TestOldDocumentsGetTheirFacts(t *testing.T) {
	s := newSynced(t, 1, time.Hour)
	id := productOf(s.Create(wooshop.Product{Name: "Oak table", Regular: "10", Weight: "18.5", Description: "It stands."}))
	s.task(shopwork.Import)
	s.work()
	stored, err := s.in.documents.Stored(t.Context(), demoSite, []retrieval.DocumentID{id})
	if err != nil || len(stored) != 1 {
		t.Fatal(stored, err)
	}
	old := stored[0]
	old.Facts.Published, old.Facts.Rating, old.Facts.Weight = time.Time{}, catalog.Rating{}, catalog.Weight{}
	old.Revision = ingesting.Revision(old)
	if _, err := s.in.documents.Put(t.Context(), demoSite, old, []retrieval.Chunk{{Text: "Oak table\nIt stands."}}); err != nil {
		t.Fatal(err)
	}
	s.in.drainAll()
	s.Advance(time.Hour)
	for n, want := range []int{1, 0} {
		s.task(shopwork.Sweep)
		if s.waiting() != want || s.count(shopwork.LostWebhook, "") != 0 {
			t.Errorf("sweep %d: %d wait, %d are lost", n, s.waiting(), s.count(shopwork.LostWebhook, ""))
		}
		s.work()
	}
	if f := s.in.facts(id); f.Published.IsZero() || !f.Weight.IsSet() {
		t.Errorf("got %+v", f)
	}
}

// counting is an embedder that counts its texts.
type counting struct {
	ports.Embedder
	texts int
}

func (c *counting) Embed(ctx context.Context, texts []string) (retrieval.Embedding, error) {
	c.texts += len(texts)
	return c.Embedder.Embed(ctx, texts)
}

// A rating is no text: what only is rated otherwise has another revision, and
// nothing of it is embedded again.
func TestRatingsAreNotEmbedded(t *testing.T) {
	embedder := &counting{Embedder: memory.NewEmbedder(16)}
	in := newIngestion(t, func(_ *ingestion, d *ingesting.Deps) {
		d.Embedder = func(tenant.Scope, string) ports.Embedder { return embedder }
	})
	p := catalog.Product{
		ID: "1", Type: catalog.Simple, Name: "Oak table", Status: catalog.Published, Visibility: catalog.Everywhere, Description: "It stands.",
		Offer: catalog.Offer{Regular: catalog.Money{Minor: 1000, Currency: "EUR", Exponent: 2}},
	}
	for n := range 3 {
		p.Rating = catalog.Rating{Hundredths: 400 + int64(n), Count: 10}
		changed, err := in.Apply(t.Context(), demoSite, "shop", catalog.Change{Product: &p}, ingesting.Options{})
		if err != nil || !changed {
			t.Fatalf("rating %v: changed %v, %v", p.Rating, changed, err)
		}
		in.drainAll()
		if f := in.facts("product:1"); f.Rating != p.Rating {
			t.Errorf("the index says %v, want %v", f.Rating, p.Rating)
		}
	}
	if embedder.texts != 1 {
		t.Errorf("%d texts were embedded, want one", embedder.texts)
	}
}
