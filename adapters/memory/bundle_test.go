package memory_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestStoresKnowEachOther(t *testing.T) {
	s := memory.NewStores(time.Now, porttest.NewID, usage.Price{Model: "m"})
	site, err := s.AddSite(t.Context(), "Shop", "https://shop.example.com", usage.NoLimits())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Accounts.Site(t.Context(), site.Scope()); err != nil || !got.Allows("https://www.shop.example.com") {
		t.Errorf("site: %+v, %v", got, err)
	}
	if l, err := s.Licenses.LicenseOf(t.Context(), site.Scope()); err != nil || l.Check(time.Now()) != nil {
		t.Errorf("license: %+v, %v", l, err)
	}
	stranger := tenant.Scope{Tenant: site.Tenant, Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
	if err := s.Licenses.PutLicense(t.Context(), stranger, usage.License{Status: usage.Active, Limits: usage.NoLimits()}); !errors.Is(err, ports.ErrNotFound) {
		t.Errorf("license of a site that is not there: %v", err)
	}
	for _, text := range []string{"Shipping costs €5.", "Shipping costs €6."} {
		if err := s.Add(t.Context(), site.Scope(), retrieval.Document{ID: "page:1", Revision: text, Kind: catalog.KindPage, Title: "Shipping"}, text); err != nil {
			t.Fatal(err)
		}
	}
	found, err := s.Index.Search(t.Context(), site.Scope(), retrieval.Query{Text: "shipping", Limit: 5})
	if err != nil || len(found) != 1 {
		t.Fatalf("found %+v, %v", found, err)
	}
	loaded, err := s.Documents.Load(t.Context(), site.Scope(), retrieval.Chunking{}, []retrieval.PassageRef{found[0].Ref})
	if err != nil || len(loaded) != 1 || loaded[0].Text != "Shipping costs €6." {
		t.Errorf("loaded %+v, %v", loaded, err)
	}
	if p, err := s.Documents.Pending(t.Context(), site.Scope(), retrieval.Stage{}, 5); err != nil || len(p) != 0 {
		t.Errorf("pending: %+v, %v", p, err)
	}
}

func TestStoresRefuseABadURL(t *testing.T) {
	s := memory.NewStores(time.Now, porttest.NewID)
	if _, err := s.AddSite(t.Context(), "Shop", "shop", usage.NoLimits()); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("got %v, want ErrInvalid", err)
	}
	if list, err := s.Accounts.ListTenants(t.Context(), "", 5); err != nil || len(list) != 0 {
		t.Errorf("a tenant was left: %v, %v", list, err)
	}
}

func ExampleNewStores() {
	ctx := context.Background()
	stores := memory.NewStores(time.Now, porttest.NewID)
	site, _ := stores.AddSite(ctx, "Trail & Tarn", "https://shop.example.com", usage.NoLimits())
	_ = stores.Add(ctx, site.Scope(), retrieval.Document{ID: "page:1", Kind: catalog.KindPage, Title: "Shipping"}, "Shipping costs €4.90.")
	found, _ := stores.Index.Search(ctx, site.Scope(), retrieval.Query{Text: "what does shipping cost?", Limit: 3})
	fmt.Println(found[0].Ref.Document)
	// Output: page:1
}
