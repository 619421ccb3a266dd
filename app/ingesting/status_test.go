package ingesting_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// embeddings is a report of what was spent on embeddings.
type embeddings struct {
	ports.UsageReports
	asked usage.Query
}

func (e *embeddings) Summary(_ context.Context, _ roles.Grants, q usage.Query, by usage.Grouping) ([]usage.Sum, error) {
	e.asked = q
	if q.Kind != usage.Embedding || by != usage.ByModel {
		return nil, ports.ErrInvalid
	}
	return []usage.Sum{{Model: "model-1", Used: usage.Amounts{EmbeddingRequests: 2, EmbeddingTokens: 700, Cost: 14}}}, nil
}

type statusWorld struct {
	stores      *memory.Stores
	connections *memory.Connections
	queue       *memory.Queue
	health      *memory.SiteHealth
	usage       *embeddings
	site        tenant.Site
	support     roles.Grants
	*ingesting.Statuses
}

func newStatusWorld(t *testing.T, clock ports.Clock) *statusWorld {
	t.Helper()
	w := &statusWorld{stores: memory.NewStores(clock, porttest.NewID), health: memory.NewSiteHealth(), queue: memory.NewQueue(clock), usage: &embeddings{}}
	w.connections = memory.NewConnections(w.stores.Accounts, clock)
	var err error
	if w.site, err = w.stores.AddSite(t.Context(), "Shop", "https://shop.example.com", usage.NoLimits()); err != nil {
		t.Fatal(err)
	}
	w.support = roles.Grants{Subject: "support@example.com", Tenants: map[tenant.ID]roles.Role{w.site.Tenant: roles.Support}}
	w.Statuses, err = ingesting.NewStatuses(ingesting.StatusDeps{
		Totals: w.stores.Documents, Jobs: w.queue, Health: w.health, Deliveries: w.connections, Usage: w.usage, Sites: w.stores.Accounts,
		Audit: memory.NewAuditLog(), Now: clock, NewID: porttest.NewID,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestStatusesNameAllThatIsMissing(t *testing.T) {
	_, err := ingesting.NewStatuses(ingesting.StatusDeps{})
	for field := range reflect.TypeFor[ingesting.StatusDeps]().Fields() {
		if field.Name == "Service" {
			continue // without it nothing is told of the index
		}
		if err == nil || !strings.Contains(err.Error(), "StatusDeps."+field.Name+" ") {
			t.Errorf("the error does not name %s: %v", field.Name, err)
		}
	}
}

func TestStatus(t *testing.T) {
	at := now
	w := newStatusWorld(t, func() time.Time { return at })
	sc := w.site.Scope()
	st, err := w.Status(t.Context(), w.support, sc)
	if err != nil || st.Connection != nil || st.Lag != 0 || !st.Newest.IsZero() || st.Jobs != (ingesting.JobCounts{}) || len(st.Embedding) != 1 || st.Embedding[0].Tokens != 700 {
		t.Fatalf("at first: %+v, %v", st, err)
	}
	if w.usage.asked.First != "2026-10-25" || w.usage.asked.Last != "2026-11-23" || w.usage.asked.Site != w.site.ID {
		t.Errorf("usage was asked for %+v", w.usage.asked)
	}
	if _, err := w.connections.SaveConnection(t.Context(), sc, ingestion.Connection{URL: "https://shop.example.com", Key: "sealed", Secrets: []string{"sealed"}}); err != nil {
		t.Fatal(err)
	}
	if err := w.connections.Heard(t.Context(), sc, at); err != nil {
		t.Fatal(err)
	}
	if err := w.health.Raise(t.Context(), sc, ingestion.Finding{Kind: ingestion.HookDisabled, Subject: "product.updated", Last: at}); err != nil {
		t.Fatal(err)
	}
	if err := w.queue.Enqueue(t.Context(), sc, []ingestion.Hint{
		{Object: ingestion.Object{Kind: ingestion.Product, ID: "1"}},
		{Object: ingestion.Object{Kind: ingestion.Product, ID: "2"}},
		{Object: ingestion.Object{Kind: ingestion.Task, ID: ingestion.Poll}, Due: at.Add(time.Hour)},
	}); err != nil {
		t.Fatal(err)
	}
	// One fails for good, the other once.
	batch, err := w.queue.Take(t.Context(), "w", 10, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	var outcomes []ingestion.Outcome
	for _, j := range batch.Jobs {
		o := ingestion.Outcome{Object: j.Object, Seq: j.Seq, Err: "the shop says 500"}
		if j.Object.ID == "2" {
			o.Again = at.Add(time.Minute)
		}
		outcomes = append(outcomes, o)
	}
	if err := w.queue.Finish(t.Context(), batch, outcomes, true, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := w.stores.Documents.Put(t.Context(), sc, retrieval.Document{ID: "product:3", Revision: "1", Shown: true, Updated: at.Add(time.Minute)}, []retrieval.Chunk{{Text: "x"}}); err != nil {
		t.Fatal(err)
	}
	at = at.Add(5 * time.Minute)
	st, err = w.Status(t.Context(), w.support, sc)
	if err != nil {
		t.Fatal(err)
	}
	if st.Lag != 5*time.Minute || !st.Newest.Equal(now.Add(time.Minute)) || st.Jobs != (ingesting.JobCounts{Pending: 1, Dead: 1}) {
		t.Errorf("lag %v, newest %v, jobs %+v", st.Lag, st.Newest, st.Jobs)
	}
	if len(st.Failures) != 2 || !st.Failures[0].Dead || st.Failures[0].Error == "" || st.Failures[1].Object.ID != "2" {
		t.Errorf("failures %+v", st.Failures)
	}
	if len(st.Findings) != 1 || st.Connection == nil || !st.Connection.LastHook.Equal(now) || st.Documents.Waiting != 1 || st.Documents.Chunks != 1 {
		t.Errorf("findings %+v, connection %+v, documents %+v", st.Findings, st.Connection, st.Documents)
	}
	for _, who := range []roles.Grants{{}, {Subject: "x", Tenants: map[tenant.ID]roles.Role{"ten_other": roles.Owner}}} {
		if _, err := w.Status(t.Context(), who, sc); !errors.Is(err, roles.ErrForbidden) {
			t.Errorf("%+v: %v", who, err)
		}
	}
}

func ExampleStatuses_Status() {
	clock := func() time.Time { return now }
	stores := memory.NewStores(clock, porttest.NewID)
	site, _ := stores.AddSite(context.Background(), "Shop", "https://shop.example.com", usage.NoLimits())
	statuses, err := ingesting.NewStatuses(ingesting.StatusDeps{
		Totals: stores.Documents, Jobs: memory.NewQueue(clock), Health: memory.NewSiteHealth(), Deliveries: memory.NewConnections(nil, clock),
		Usage: &embeddings{}, Sites: stores.Accounts, Audit: memory.NewAuditLog(), Now: clock, NewID: porttest.NewID,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	who := roles.Grants{Subject: "support@example.com", Tenants: map[tenant.ID]roles.Role{site.Tenant: roles.Support}}
	st, err := statuses.Status(context.Background(), who, site.Scope())
	fmt.Println(st.Documents.Documents, st.Lag, st.Embedding, err)
	// Output: 0 0s [{model-1 2 700 0.000000014}] <nil>
}
