package ginhttp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/aiwoochat/woochat/adapters/ginhttp"
	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/answering"
	"github.com/aiwoochat/woochat/app/auditing"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/porttest"
)

func newMeter(stores *memory.Stores) *metering.Service {
	meter, err := metering.New(metering.Deps{
		Ledger: stores.Ledger, Checkpointer: stores.Ledger, Sweeper: stores.Ledger, Usage: stores.Ledger, Licenses: stores.Licenses,
		Prices: stores.Prices, Sites: stores.Accounts, Tokenizer: stores.Tokenizer, Now: time.Now, NewID: porttest.NewID, CallTimeout: time.Minute,
	})
	if err != nil {
		panic(err)
	}
	return meter
}

func ExampleNew() {
	stores := memory.NewStores(time.Now, porttest.NewID, usage.Price{Model: "my-model"})
	meter := newMeter(stores)
	search, err := searching.New(searching.Deps{
		Meter: meter, Searcher: stores.Index, Passages: stores.Documents, Inventory: stores.Documents, Tokenizer: stores.Tokenizer, Now: time.Now,
	}, searching.Config{Model: "my-model"})
	if err != nil {
		fmt.Println(err)
		return
	}
	answers, err := answering.New(answering.Deps{
		Meter: meter, Sites: stores.Accounts, Conversations: stores.Conversations, Turns: stores.Conversations, Drafts: stores.Conversations,
		Search: search, Tokenizer: stores.Tokenizer, Model: memory.NewModel("Hello."), Now: time.Now, NewID: porttest.NewID,
	}, answering.Config{Model: "my-model"})
	if err != nil {
		fmt.Println(err)
		return
	}
	acts := memory.NewAuditLog()
	audit, err := auditing.New(auditing.Deps{Log: acts, Now: time.Now, NewID: porttest.NewID})
	if err != nil {
		fmt.Println(err)
		return
	}
	reports, err := metering.NewReports(metering.ReportDeps{Usage: stores.Ledger, Audit: acts, Now: time.Now, NewID: porttest.NewID})
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := ginhttp.New(ginhttp.Deps{
		Answering: answers, Metering: meter, Reports: reports, Auditing: audit, Tenants: stores.Accounts, Sites: stores.Accounts, SiteKeys: stores.Accounts, Now: time.Now, NewID: porttest.NewID,
	}, ginhttp.Config{TokenKeys: []ginhttp.TokenKey{{ID: "1", Secret: make([]byte, 32)}}, Version: "1.2.3"}) // a real secret is random
	if err != nil {
		fmt.Println(err)
		return
	}
	rec := httptest.NewRecorder()
	server.Public().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/livez", nil))
	fmt.Println(rec.Code, rec.Body)
	// Output: 200 {"status":"ok","version":"1.2.3"}
}

func ExampleRequireUsage() {
	stores := memory.NewStores(time.Now, porttest.NewID)
	site, _ := stores.AddSite(context.Background(), "Shop", "https://shop.example.com", usage.Limits{}) // a limit of nothing
	r := gin.New()
	scopeOf := func(*gin.Context) (tenant.Scope, error) { return site.Scope(), nil }
	r.POST("/ask", ginhttp.RequireUsage(newMeter(stores), usage.Amounts{ChatRequests: 1}, scopeOf), func(c *gin.Context) {
		c.String(http.StatusOK, "%d held", ginhttp.AdmittedBy(c).Hold().Want.ChatRequests)
	})
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/ask", nil))
	fmt.Println(rec.Code)
	// Output: 403
}
