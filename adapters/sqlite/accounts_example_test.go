package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aiwoochat/woochat/adapters/sqlite"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// exampleShop opens a store in a temporary folder, with one tenant and his
// site.
func exampleShop(ctx context.Context) (*sqlite.DB, tenant.Scope, func()) {
	dir, err := os.MkdirTemp("", "woochat")
	if err != nil {
		panic(err)
	}
	db, err := sqlite.Open(ctx, sqlite.Config{Dir: dir, Now: time.Now, NewID: func() string { return "0197a000-0000-7000-8000-000000000009" }})
	if err != nil {
		panic(err)
	}
	s := tenant.Scope{Tenant: "ten_0197a000-0000-7000-8000-000000000001", Site: "site_0197a000-0000-7000-8000-000000000002"}
	a := db.Accounts()
	if err := a.PutTenant(ctx, tenant.Tenant{ID: s.Tenant, Name: "Fjord & Fell", Created: time.Now()}); err != nil {
		panic(err)
	}
	site := tenant.Site{ID: s.Site, Tenant: s.Tenant, Name: "Shop", URL: "https://shop.example.com", TimeZone: "UTC", Created: time.Now()}
	if err := a.PutSite(ctx, site); err != nil {
		panic(err)
	}
	return db, s, func() {
		if err := db.Close(); err != nil {
			panic(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			panic(err)
		}
	}
}

func ExampleDB_Accounts() {
	ctx := context.Background()
	db, s, done := exampleShop(ctx)
	defer done()
	site, err := db.Accounts().Site(ctx, s)
	fmt.Println(site.Name, site.Disabled, err)
	_, err = db.Accounts().Site(ctx, tenant.Scope{Tenant: "ten_0197a000-0000-7000-8000-000000000005", Site: s.Site})
	fmt.Println(errors.Is(err, ports.ErrNotFound))
	// Output:
	// Shop false <nil>
	// true
}

func ExampleDB_Conversations() {
	ctx := context.Background()
	db, s, done := exampleShop(ctx)
	defer done()
	c := chat.Conversation{
		ID: "conv_0197a000-0000-7000-8000-000000000003", Visitor: "vis_0197a000-0000-7000-8000-000000000004",
		Locale: "de-AT", Started: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
	}
	_, err := db.Conversations().Open(ctx, s, c)
	fmt.Println(err)
	c.Locale = "fr"
	stored, err := db.Conversations().Open(ctx, s, c)
	fmt.Println(stored.Locale, err)
	// Output:
	// <nil>
	// de-AT <nil>
}

func ExampleDB_Documents() {
	ctx := context.Background()
	db, s, done := exampleShop(ctx)
	defer done()
	doc := retrieval.Document{ID: "page:7", Revision: "r1", Kind: catalog.KindPage, Title: "Shipping", Shown: true}
	fmt.Println(db.Documents().Put(ctx, s, doc, []retrieval.Chunk{{Seq: 0, Text: "We ship within two days."}}))
	doc.Shown = false // the shop hides it
	fmt.Println(db.Documents().Put(ctx, s, doc, nil))
	passages, err := db.Documents().Load(ctx, s, retrieval.Chunking{}, []retrieval.PassageRef{{Document: "page:7", Revision: "r1"}})
	fmt.Println(len(passages), err)
	// Output:
	// true <nil>
	// true <nil>
	// 0 <nil>
}
