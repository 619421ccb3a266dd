package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/aiwoochat/woochat/adapters/sqlite"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/porttest"
)

func ExampleOpen() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "woochat-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	db, err := sqlite.Open(ctx, sqlite.Config{Dir: dir, Exclusive: true, Now: time.Now, NewID: porttest.NewID})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()

	shop := tenant.Scope{Tenant: tenant.ID(tenant.Prefix + porttest.NewID()), Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
	_ = db.Accounts().PutTenant(ctx, tenant.Tenant{ID: shop.Tenant, Name: "Example"})
	_ = db.Accounts().PutSite(ctx, tenant.Site{ID: shop.Site, Tenant: shop.Tenant, Name: "Shop", URL: "https://shop.example.com", TimeZone: "UTC"})

	plan, _ := usage.PlanNamed("trial")
	if err := db.Licenses().PutLicense(ctx, shop, usage.License{Plan: plan.Name, Status: usage.Active, Limits: plan.Limits}); err != nil {
		fmt.Println(err)
	}
	license, err := db.Licenses().LicenseOf(ctx, shop)
	fmt.Println(license.Plan, license.Status, err)

	now := time.Now()
	err = db.Ledger().Reserve(ctx, shop, usage.Hold{
		ID: usage.ReservationID(usage.ReservationPrefix + porttest.NewID()), Day: "2026-11-23", Limits: license.Limits,
		Want: usage.Amounts{ChatRequests: 1, ChatTokens: 1500}, Admit: now, Expires: now.Add(time.Minute),
	})
	days, _ := db.Ledger().Days(ctx, shop, "2026-11-23", "2026-11-23")
	fmt.Println(days[0].Held.ChatTokens, "held", err)
	fmt.Println(db.Limiter().Take(ctx, shop, usage.Bucket{Key: "visitor:1", Burst: 5, Every: time.Second}, 1))
	// Output:
	// trial active <nil>
	// 1500 held <nil>
	// <nil>
}
