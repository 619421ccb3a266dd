package ingesting_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// buried returns a queue with one job that waits and n dead letters of the site.
func buried(ctx context.Context, n int) (*memory.Queue, error) {
	q := memory.NewQueue(func() time.Time { return now })
	for i := range n {
		if err := q.Enqueue(ctx, site, []ingestion.Hint{{Object: productJob(fmt.Sprintf("%04d", i))}}); err != nil {
			return nil, err
		}
	}
	b, err := q.Take(ctx, "worker", n, time.Minute)
	if err != nil {
		return nil, err
	}
	var all []ingestion.Outcome
	for _, j := range b.Jobs {
		all = append(all, ingestion.Outcome{Object: j.Object, Seq: j.Seq, Err: "no"})
	}
	if err := q.Finish(ctx, b, all, true, 0); err != nil {
		return nil, err
	}
	return q, q.Enqueue(ctx, site, []ingestion.Hint{{Object: productJob("0001x")}})
}

func backlogOf(t *testing.T, q ports.Jobs) (*ingesting.Backlog, *memory.AuditLog) {
	t.Helper()
	log := memory.NewAuditLog()
	n := 0
	b, err := ingesting.NewBacklog(ingesting.BacklogDeps{Jobs: q, Audit: log, Now: func() time.Time { return now }, NewID: func() string {
		n++
		return fmt.Sprintf("00000000-0000-7000-8000-%012d", n)
	}})
	if err != nil {
		t.Fatal(err)
	}
	return b, log
}

func TestBacklogPages(t *testing.T) {
	q, err := buried(t.Context(), 1100)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := backlogOf(t, q)
	who := roles.Grants{Subject: "user_1", Tenants: map[tenant.ID]roles.Role{site.Tenant: roles.Support}}
	for _, c := range []struct {
		dead  bool
		limit int
		want  int
	}{{false, 10_000, 1101}, {true, 10_000, 1100}, {true, 7, 7}, {false, 1101, 1101}, {false, 0, 0}} {
		seen, after := map[string]bool{}, ""
		for {
			page, err := b.List(t.Context(), who, site, c.dead, after, c.limit)
			if err != nil || len(page) > c.limit {
				t.Fatalf("a page of %d, %v", len(page), err)
			}
			for _, j := range page {
				if after = j.Object.String(); seen[after] || c.dead && !j.Dead {
					t.Fatalf("%s comes twice, or is not dead", after)
				}
				seen[after] = true
			}
			if len(page) == 0 || c.limit == 7 {
				break
			}
		}
		if len(seen) != c.want {
			t.Errorf("%+v: %d jobs", c, len(seen))
		}
	}
}

func TestBacklogAsksWhoMay(t *testing.T) {
	q, err := buried(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	b, log := backlogOf(t, q)
	stranger := roles.Grants{Subject: "user_2", Tenants: map[tenant.ID]roles.Role{other.Tenant: roles.Owner}}
	support := roles.Grants{Subject: "user_3", Tenants: map[tenant.ID]roles.Role{site.Tenant: roles.Support}}
	if _, err := b.List(t.Context(), stranger, site, false, "", 10); !errors.Is(err, roles.ErrForbidden) {
		t.Errorf("a stranger reads: %v", err)
	}
	for _, who := range []roles.Grants{stranger, support} {
		if _, err := b.Change(t.Context(), who, site, ingestion.Drop, nil); !errors.Is(err, roles.ErrForbidden) {
			t.Errorf("%s drops: %v", who.Subject, err)
		}
	}
	operator := roles.Grants{Subject: "operator", SuperAdmin: true, Reason: "ticket 4711"}
	if n, err := b.Change(t.Context(), operator, site, ingestion.Retry, nil); err != nil || n != 3 {
		t.Errorf("changed %d, %v", n, err)
	}
	entries, err := log.List(t.Context(), operator, site, "", 10)
	if err != nil || len(entries) != 1 || entries[0].Details != "retry all dead jobs" {
		t.Errorf("recorded %+v, %v", entries, err)
	}
}

func ExampleBacklog() {
	ctx := context.Background()
	q, err := buried(ctx, 2)
	if err != nil {
		panic(err)
	}
	b, err := ingesting.NewBacklog(ingesting.BacklogDeps{Jobs: q, Audit: memory.NewAuditLog(), Now: time.Now, NewID: func() string { return "" }})
	if err != nil {
		panic(err)
	}
	owner := roles.Grants{Subject: "user_1", Tenants: map[tenant.ID]roles.Role{site.Tenant: roles.Owner}}
	dead, err := b.List(ctx, owner, site, true, "", 10)
	if err != nil {
		panic(err)
	}
	for _, j := range dead {
		fmt.Println(j.Object, j.Error)
	}
	n, err := b.Change(ctx, owner, site, ingestion.Retry, nil)
	fmt.Println(n, err)
	// Output:
	// product:0000 no
	// product:0001 no
	// 2 <nil>
}
