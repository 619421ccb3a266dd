package memory_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestChanges(t *testing.T) {
	porttest.Changes(t, func(*testing.T) porttest.ChangesUnderTest {
		a := memory.NewAccounts()
		l, d := memory.NewLicenses(a), memory.NewDocuments()
		return porttest.ChangesUnderTest{Changes: memory.NewChanges(a, l, d), Tenants: a, Sites: a, Keys: a, Licenses: l, LicenseBook: l, Generations: d}
	})
}

func ExampleChanges() {
	ctx := context.Background()
	accounts := memory.NewAccounts()
	changes := memory.NewChanges(accounts, memory.NewLicenses(accounts), memory.NewDocuments())
	before, _ := changes.Numbers(ctx)
	_ = accounts.PutTenant(ctx, tenant.Tenant{ID: "ten_1", Name: "Fjord & Fell"})
	after, _ := changes.Numbers(ctx)
	fmt.Println("licenses:", after.Licenses != before.Licenses, "sites:", after.Sites != before.Sites)
	// Output: licenses: false sites: true
}
