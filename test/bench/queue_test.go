package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/sqlite"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/harness/migrated"
)

const (
	queueSites   = 50
	queueJobs    = 400 // of each site
	queueWorkers = 2   // as a process has by default
	queueBatch   = 100
)

// BenchmarkQueueOnSQLite counts the queue of the embedded store, beside bare
// updates with the same durability: "hints/s" are hints enqueued one by one, each
// durable before the next, as webhooks bring them; "jobs/s" are jobs taken and
// finished by two workers, a hundred at a time.
func BenchmarkQueueOnSQLite(b *testing.B) {
	ctx := b.Context()
	bare := updates(ctx, b)
	db, err := sqlite.Open(ctx, sqlite.Config{Dir: b.TempDir(), Now: system.Now, NewID: system.NewID})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	scopes := make([]tenant.Scope, queueSites)
	for i := range scopes {
		scopes[i] = site(ctx, b, db)
	}
	q := db.Queue()
	var hints, jobs []float64
	for b.Loop() {
		hints = append(hints, enqueued(b, q, scopes, 1))
		emptied(b, q)
		jobs = append(jobs, worked(b, q, scopes))
	}
	tell(b, hints, jobs, bare)
}

// BenchmarkQueueOnPostgres is the same on Postgres: hints come from 32 clients,
// and so do the bare updates.
func BenchmarkQueueOnPostgres(b *testing.B) {
	d := migrated.Database(b)
	super := connect(b, d.Superuser(), 16)
	db := open(b, d)
	scopes := makeSites(b, super, queueSites)
	bareRows(b, super, queueSites)
	q := db.Queue()
	var hints, jobs, bares []float64
	for b.Loop() {
		bare, _ := measure(b, func(ctx context.Context, client, n int) (time.Duration, error) {
			_, err := super.ExecContext(ctx, updateBare, (client*7919+n*31)%queueSites)
			return 0, err
		})
		bares = append(bares, bare)
		hints = append(hints, enqueued(b, q, scopes, clients))
		emptied(b, q)
		jobs = append(jobs, worked(b, q, scopes))
	}
	tell(b, hints, jobs, median(bares))
}

func tell(b *testing.B, hints, jobs []float64, bare float64) {
	b.Helper()
	h, j := median(hints), median(jobs)
	b.ReportMetric(bare, "bare/s")
	b.ReportMetric(h, "hints/s")
	b.ReportMetric(j, "jobs/s")
	b.ReportMetric(h/bare, "hints_of_bare")
	b.ReportMetric(j/bare, "jobs_of_bare")
}

// enqueued returns how many hints a second n clients enqueue one by one.
func enqueued(b *testing.B, q ports.Queue, scopes []tenant.Scope, n int) float64 {
	b.Helper()
	var count atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for c := range n {
		wg.Go(func() {
			for i := 0; time.Since(start) < window; i++ {
				h := ingestion.Hint{Object: ingestion.Object{Kind: ingestion.Product, ID: fmt.Sprint(c, "-", i%queueJobs)}}
				if err := q.Enqueue(b.Context(), scopes[(c*7919+i*31)%len(scopes)], []ingestion.Hint{h}); err != nil {
					b.Error(err)
					return
				}
				count.Add(1)
			}
		})
	}
	wg.Wait()
	return float64(count.Load()) / time.Since(start).Seconds()
}

// worked returns how many jobs a second the workers take and finish.
func worked(b *testing.B, q ports.Queue, scopes []tenant.Scope) float64 {
	b.Helper()
	var hints []ingestion.Hint
	for i := range queueJobs {
		hints = append(hints, ingestion.Hint{Object: ingestion.Object{Kind: ingestion.Product, ID: fmt.Sprint("job-", i)}})
	}
	for _, s := range scopes {
		if err := q.Enqueue(b.Context(), s, hints); err != nil {
			b.Fatal(err)
		}
	}
	start := time.Now()
	return float64(emptied(b, q)) / time.Since(start).Seconds()
}

// emptied takes and finishes all that is due, and returns how many jobs that were.
func emptied(b *testing.B, q ports.Queue) int64 {
	b.Helper()
	var count atomic.Int64
	var wg sync.WaitGroup
	for w := range queueWorkers {
		wg.Go(func() {
			for {
				batch, err := q.Take(b.Context(), fmt.Sprint("worker", w), queueBatch, time.Minute)
				if errors.Is(err, ports.ErrNotFound) {
					return
				}
				if err != nil {
					b.Error(err)
					return
				}
				out := make([]ingestion.Outcome, len(batch.Jobs))
				for i, j := range batch.Jobs {
					out[i] = ingestion.Outcome{Object: j.Object, Seq: j.Seq}
				}
				if err := q.Finish(b.Context(), batch, out, true, 0); err != nil {
					b.Error(err)
					return
				}
				count.Add(int64(len(out)))
			}
		})
	}
	wg.Wait()
	return count.Load()
}
