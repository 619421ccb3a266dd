// Package rlspool lets many callers of many tenants share a few connections, and
// watches that none is ever shown, or may change, a row of another: while
// transactions fail, are rolled back, lose their context or their backend.
//
// Each row carries its owner's mark, "tenant/site", so that whoever reads it
// knows whose it is without asking the database.
package rlspool

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lib/pq"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
	"github.com/aiwoochat/woochat/test/porttest"
)

const (
	tenants    = 200
	sites      = 2 // of each
	conns      = 8
	goroutines = 64
)

// Plan says what Run does.
type Plan struct {
	Database   pgtest.Database // of Prepare
	Seed       uint64
	Operations int
	// Report is told what is wrong, at most 20 times; nil fails the test.
	Report func(format string, args ...any)
}

// Tally counts what a run has done.
type Tally struct {
	Operations, Rows                                        atomic.Int64
	Refused, RolledBack, Failed, Cancelled, Killed, Foreign atomic.Int64
}

func (c *Tally) String() string {
	return fmt.Sprintf("%d operations, %d rows read, %d foreign writes refused, %d rolled back, %d failed, %d cancelled, %d backends killed: %d foreign rows",
		c.Operations.Load(), c.Rows.Load(), c.Refused.Load(), c.RolledBack.Load(), c.Failed.Load(), c.Cancelled.Load(), c.Killed.Load(), c.Foreign.Load())
}

type run struct {
	ctx    context.Context
	report func(format string, args ...any)
	db     *postgres.DB
	pool   *sql.DB // the runtime login's: roles are switched by hand
	tally  *Tally
	left   atomic.Int64
	faults atomic.Int64
}

// Run reports each row of another tenant that is read or written, and ends early
// after some. It fails t if a kind of disturbance never came up.
func Run(t *testing.T, p Plan) *Tally {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{
		URL: p.Database.URL("app_runtime"), LedgerURL: p.Database.URL("app_ledger"), ServiceURL: p.Database.URL("app_service"),
		MaxConns: conns, Now: time.Now, NewID: porttest.NewID,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	pool, err := sql.Open("postgres", p.Database.URL("app_runtime")+"&binary_parameters=yes")
	if err != nil {
		t.Fatal(err)
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	defer pool.Close()

	if p.Report == nil {
		p.Report = t.Errorf
	}
	r := &run{ctx: t.Context(), report: p.Report, db: db, pool: pool, tally: new(Tally)}
	r.left.Store(int64(p.Operations))
	var all sync.WaitGroup
	for g := range goroutines {
		all.Go(func() {
			random := rand.New(rand.NewPCG(p.Seed, uint64(g)))
			for r.left.Add(-1) >= 0 && r.faults.Load() < 20 {
				r.one(random)
				r.tally.Operations.Add(1)
			}
		})
	}
	all.Wait()
	c := r.tally
	if r.faults.Load() > 0 {
		return c
	}
	if c.Operations.Load() != int64(p.Operations) {
		t.Errorf("%d operations, want %d", c.Operations.Load(), p.Operations)
	}
	for what, n := range map[string]int64{
		"rows read": c.Rows.Load() / int64(p.Operations/4), "refused": c.Refused.Load(), "rolled back": c.RolledBack.Load(),
		"failed": c.Failed.Load(), "cancelled": c.Cancelled.Load(), "killed": c.Killed.Load(),
	} {
		if n == 0 {
			t.Errorf("%s: too few for %d operations: %v", what, p.Operations, c)
		}
	}
	return c
}

// one does one operation of a random caller.
func (r *run) one(random *rand.Rand) {
	me := caller{tenant: random.IntN(tenants), site: random.IntN(sites), kind: kind(random.IntN(int(kinds)))}
	ctx := r.ctx
	disturbed := random.IntN(100) == 0
	if disturbed {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(random.IntN(2000))*time.Microsecond)
		defer cancel()
	}
	var err error
	if random.IntN(2) == 0 {
		err = r.adapter(ctx, random, me)
	} else {
		err = r.raw(ctx, random, me)
	}
	switch {
	case err == nil:
	case disturbed && (ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded)):
		// The network notices a deadline by a timer of its own, which may be the
		// first. Without a deadline a timeout is a fault.
		r.tally.Cancelled.Add(1)
	case errors.Is(err, errPlanned), lost(err):
		// A backend that was killed may take a call of somebody else's with it.
	default:
		r.fault("%v: %v", me, err)
	}
}

var errPlanned = errors.New("planned")

// lost reports whether err is of a connection that is gone, or of a deadlock:
// those who change all of their rows meet in any order.
func lost(err error) bool {
	var server *pq.Error
	return errors.As(err, &server) && (server.Code == "57P01" || server.Code == "40P01")
}

func (r *run) fault(format string, args ...any) {
	r.report(format, args...)
	r.faults.Add(1)
}

func (r *run) foreign(me caller, what string) {
	r.tally.Foreign.Add(1)
	r.fault("%v: %s", me, what)
}

// saw checks the mark of a row.
func (r *run) saw(me caller, where, mark string) {
	r.tally.Rows.Add(1)
	if !me.owns(mark) {
		r.foreign(me, where+": saw a row of "+mark)
	}
}
