package model

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/fakes/pgproxy"
	"github.com/aiwoochat/woochat/test/porttest"
)

const (
	clientCount = 8
	callsEach   = 5
	heldIDs     = 4 // reservations of a site, which all clients fight for
)

// recorder calls what is under test, and tells what it answered.
type recorder interface {
	ports.Ledger
	ports.Checkpointer
	Days(ctx context.Context, s tenant.Scope, first, last usage.Day) ([]usage.Totals, error)
}

// drawRequests draws what each client asks. Limits are so tight that some are
// refused, ids so few that calls meet.
func drawRequests(r *rand.Rand, sites int) [][]request {
	limits := usage.Limits{
		ChatTokens: usage.Limit(100 + r.Int64N(300)), ChatRequests: usage.Limit(2 + r.Int64N(4)),
		EmbeddingTokens: usage.Limit(r.Int64N(120)), Cost: usage.Unlimited,
	}
	type known struct {
		site int
		hold usage.Hold
		call [3]usage.Call
	}
	var pool []known
	today, tomorrow := usage.DayOf(start(), time.UTC), usage.DayOf(start().AddDate(0, 0, 1), time.UTC)
	for site := range sites {
		for range heldIDs {
			k := known{site: site}
			k.hold = usage.Hold{
				ID: usage.ReservationID(usage.ReservationPrefix + porttest.NewID()), Day: today, Limits: limits,
				Want:  usage.Amounts{ChatRequests: 1, ChatTokens: 40 + r.Int64N(120), EmbeddingTokens: 20 * r.Int64N(3), Cost: usage.USD},
				Admit: start(), Expires: start().Add(time.Hour), ResetAt: start().Add(time.Hour),
			}
			if r.IntN(6) == 0 {
				k.hold.Day = tomorrow
			}
			for i := range k.call {
				c := usage.Call{No: i + 1, Kind: usage.Chat, Model: "model-1", PromptTokens: r.Int64N(40), MaxOutput: r.Int64N(40), Price: price(), At: start()}
				switch {
				case i == 0:
					c.ChatRequests = 1
				case r.IntN(2) == 0:
					c.Kind, c.PromptTokens, c.MaxOutput = usage.Embedding, r.Int64N(25), 0
				}
				k.call[i] = c
			}
			pool = append(pool, k)
		}
	}
	clients := make([][]request, clientCount)
	for n := range clients {
		for range callsEach {
			k := pool[r.IntN(len(pool))]
			q := request{site: k.site, id: k.hold.ID, hold: k.hold, call: k.call[r.IntN(len(k.call))], day: k.hold.Day}
			switch p := r.IntN(100); {
			case p < 32:
				q.do = "reserve"
				if r.IntN(12) == 0 {
					q.hold.Want.ChatTokens++ // another request under the same id
				}
			case p < 52:
				q.do = "dispatch"
				q.rest = usage.Amounts{ChatTokens: r.Int64N(50), Cost: usage.USD / 2}
			case p < 77:
				q.do = "settle"
				t := chat.Tokens{Input: r.Int64N(50), CountedBy: chat.ByProvider}
				if q.call.Kind == usage.Chat {
					t.Output = r.Int64N(50)
				}
				q.end = usage.Event{
					ID: usage.EventID(usage.EventPrefix + porttest.NewID()), CallNo: q.call.No, Kind: q.call.Kind, Model: "model-1", ChatRequests: q.call.ChatRequests,
					Tokens: t, Cost: price().Cost(t), PriceVersion: "1", Success: true, At: start(), Last: r.IntN(3) == 0,
				}
			case p < 85:
				q.do = "release"
			default:
				q.do = "days"
			}
			clients[n] = append(clients[n], q)
		}
	}
	return clients
}

// ask calls l as q says.
func ask(ctx context.Context, l recorder, s tenant.Scope, q request) response {
	var err error
	switch q.do {
	case "reserve":
		err = l.Reserve(ctx, s, q.hold)
	case "dispatch":
		err = l.Dispatch(ctx, s, q.id, q.call, q.rest)
	case "settle":
		err = l.Settle(ctx, s, q.id, q.end)
	case "release":
		err = l.Release(ctx, s, q.id)
	case "days":
		var days []usage.Totals
		if days, err = l.Days(ctx, s, q.day, q.day); err == nil {
			return response{totals: days[0]}
		}
	}
	if errors.Is(err, ports.ErrUnavailable) {
		return response{unknown: true, class: "lost: " + err.Error()}
	}
	return response{class: answer(err)}
}

// record lets the clients ask at the same time, in turns over the processes.
func record(ctx context.Context, processes []recorder, scopes []tenant.Scope, clients [][]request) []porcupine.Operation {
	begun := time.Now()
	var mu sync.Mutex // guards history
	var history []porcupine.Operation
	var all sync.WaitGroup
	gate := make(chan struct{})
	for n, requests := range clients {
		all.Go(func() {
			<-gate
			for _, q := range requests {
				o := porcupine.Operation{ClientId: n, Input: q, Call: int64(time.Since(begun))}
				out := ask(ctx, processes[n%len(processes)], scopes[q.site], q)
				o.Output, o.Return = out, int64(time.Since(begun))
				if out.unknown {
					o.Return = math.MaxInt64 // it may come to pass at any time
					if q.do == "days" {
						continue // it has changed nothing
					}
				}
				mu.Lock()
				history = append(history, o)
				mu.Unlock()
			}
		})
	}
	close(gate)
	all.Wait()
	return history
}

// linear fails t unless histories on what open gives are all linearizable.
type linear struct {
	processes []recorder
	scopes    func(n int) []tenant.Scope
	between   func(r *rand.Rand) // before each history; may be nil
}

// run records and judges histories, whose random numbers begin with seed.
func (l linear) run(t *testing.T, count int) {
	t.Helper()
	seed, begun := firstSeed(t), time.Now()
	histories, calls, lost, refused := 0, 0, 0, 0
	for ; histories < count && time.Since(begun) < timeLimit; histories++ {
		r := rand.New(rand.NewPCG(seed+uint64(histories), 1))
		sites := 1 + r.IntN(2)
		clients, scopes := drawRequests(r, sites), l.scopes(sites)
		if l.between != nil {
			l.between(r)
		}
		history := record(t.Context(), l.processes, scopes, clients)
		for _, o := range history {
			out := o.Output.(response)
			switch {
			case out.unknown:
				if lost++; l.between == nil { // nothing was cut: the database says why
					t.Logf("WOOCHAT_SEED=%d: %v: %s", seed+uint64(histories), o.Input, out.class)
				}
			case out.class != "":
				refused++
			}
			if strings.HasPrefix(out.class, "unknown") {
				t.Fatalf("WOOCHAT_SEED=%d: %v: %s", seed+uint64(histories), o.Input, out.class)
			}
		}
		calls += len(history)
		if got := porcupine.CheckOperationsTimeout(sequential(), history, judgeTime); got != porcupine.Ok {
			t.Fatalf("WOOCHAT_SEED=%d: the history is %s\n%s", seed+uint64(histories), got, told(history))
		}
	}
	t.Logf("%d histories, %d calls, %d refused, %d lost, in %v; go on with WOOCHAT_SEED=%d",
		histories, calls, refused, lost, time.Since(begun).Round(time.Millisecond), seed+uint64(histories))
}

func told(history []porcupine.Operation) string {
	var b strings.Builder
	for _, o := range history {
		fmt.Fprintf(&b, "%9d %9d client %d site %d: %v -> %+v\n", o.Call, o.Return, o.ClientId, o.Input.(request).site, o.Input, o.Output)
	}
	return b.String()
}

func randomScopes(n int) []tenant.Scope {
	scopes := make([]tenant.Scope, n)
	for i := range scopes {
		scopes[i] = randomScope()
	}
	return scopes
}

func TestLinearOnMemory(t *testing.T) {
	l := memory.NewLedger(time.Now, porttest.NewID)
	linear{processes: []recorder{l}, scopes: randomScopes}.run(t, size(300, 10_000))
}

func TestLinearOnSQLite(t *testing.T) {
	dir := t.TempDir()
	a, b := openSQLite(t, dir), openSQLite(t, dir)
	linear{
		processes: []recorder{a.Ledger(), b.Ledger()},
		scopes:    func(n int) []tenant.Scope { return makeSites(t, a.Accounts(), n) },
	}.run(t, size(40, 2_000))
}

func TestLinearOnPostgres(t *testing.T) {
	d := newDatabase(t)
	a, b := openPostgres(t, direct(d), porttest.NewID), openPostgres(t, direct(d), porttest.NewID)
	linear{
		processes: []recorder{a.Ledger(), b.Ledger()},
		scopes:    func(n int) []tenant.Scope { return makeSites(t, a.Accounts(), n) },
	}.run(t, size(80, 3_000))
}

// TestLinearOnPostgresWithLostReplies takes the line away around COMMIT: after it,
// when all has happened, or before it, when nothing has. Neither is told.
func TestLinearOnPostgresWithLostReplies(t *testing.T) {
	d := newDatabase(t)
	dir, port := d.Server.Socket()
	proxy, err := pgproxy.Start(pgproxy.Options{Upstream: filepath.Join(dir, fmt.Sprintf(".s.PGSQL.%d", port)), Seed: 1})
	must(t, err)
	t.Cleanup(func() { must(t, proxy.Close()) })
	through := func(role string) string {
		url, err := proxy.URL(d.URL(role))
		must(t, err)
		return url
	}
	steady := openPostgres(t, direct(d), porttest.NewID)
	a, b := openPostgres(t, through, porttest.NewID), openPostgres(t, through, porttest.NewID)
	linear{
		processes: []recorder{a.Ledger(), b.Ledger()},
		scopes:    func(n int) []tenant.Scope { return makeSites(t, steady.Accounts(), n) },
		between:   func(r *rand.Rand) { proxy.LoseReplies(r.IntN(4)); proxy.LoseQueries(r.IntN(3)) },
	}.run(t, size(60, 3_000))
	if c := proxy.Counts(); c.LostReplies == 0 || c.LostQueries == 0 {
		t.Errorf("nothing was lost: %+v", c)
	}
}
