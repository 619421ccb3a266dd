package model

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// ledger_reserve repeats usage.Limits.Admit, so both are asked the same.

// admitCase is a question: may want be held on a day that has used and held this
// much?
type admitCase struct {
	scope      tenant.Scope
	used, held usage.Amounts
	hold       usage.Hold
}

// edge draws a number at which decisions change: near nothing, near limit, and
// near what fits in a number.
func edge(r *rand.Rand, limit, most int64) int64 {
	if limit < 0 { // unlimited
		limit = r.Int64N(1000)
	}
	list := []int64{0, 0, 1, 2, limit - 1, limit, limit + 1, limit / 2, r.Int64N(1 << 20), 1<<50 - 1, 1 << 50, math.MaxInt64 - 1, math.MaxInt64}
	list = slices.DeleteFunc(list, func(n int64) bool { return n < 0 || n > most })
	return list[r.IntN(len(list))]
}

func drawAdmit(r *rand.Rand) admitCase {
	const largestHold = 1 << 50 // what a hold may want at most
	limit := func() int64 {
		return []int64{-1, 0, 1, 2, 1000, 1 << 50, math.MaxInt64 - 1, math.MaxInt64, -2, r.Int64N(1 << 40)}[r.IntN(10)]
	}
	limits := [...]int64{limit(), -1, limit(), limit(), limit()}
	var used, held, want [len(limits)]int64
	for i, l := range limits {
		if r.IntN(3) > 0 { // a meter that is not the one to decide
			used[i], want[i] = edge(r, l, 10), edge(r, l, 1)
			continue
		}
		used[i] = edge(r, l, math.MaxInt64)
		held[i] = edge(r, max(l-used[i], 0), math.MaxInt64-used[i])
		want[i] = edge(r, max(l-used[i]-held[i], 0), largestHold)
	}
	amounts := func(n [len(limits)]int64) usage.Amounts {
		return usage.Amounts{ChatRequests: n[0], EmbeddingRequests: n[1], ChatTokens: n[2], EmbeddingTokens: n[3], Cost: usage.NanoUSD(n[4])}
	}
	c := admitCase{used: amounts(used), held: amounts(held)}
	c.hold = usage.Hold{
		ID: usage.ReservationID(usage.ReservationPrefix + porttest.NewID()), Want: amounts(want),
		Limits: usage.Limits{
			ChatRequests: usage.Limit(limits[0]), ChatTokens: usage.Limit(limits[2]),
			EmbeddingTokens: usage.Limit(limits[3]), Cost: usage.Limit(limits[4]),
		},
		Admit: start(), Expires: start().Add(time.Minute), ResetAt: start().Add(time.Hour),
	}
	return c
}

const setDay = `insert into usage_daily (tenant_id, site_id, date, chat_requests, embedding_requests, chat_tokens, embedding_tokens, cost,
	held_chat_requests, held_embedding_requests, held_chat_tokens, held_embedding_tokens, held_cost) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`

// setDays writes days as they are before the question.
func setDays(t *testing.T, super *sqlx.DB, cases []admitCase) {
	t.Helper()
	tx, err := super.BeginTxx(t.Context(), nil)
	must(t, err)
	defer tx.Rollback()
	insert, err := tx.PrepareContext(t.Context(), setDay)
	must(t, err)
	for _, c := range cases {
		_, err := insert.ExecContext(t.Context(), string(c.scope.Tenant)[len(tenant.Prefix):], string(c.scope.Site)[len(tenant.SitePrefix):], string(c.hold.Day),
			c.used.ChatRequests, c.used.EmbeddingRequests, c.used.ChatTokens, c.used.EmbeddingTokens, int64(c.used.Cost),
			c.held.ChatRequests, c.held.EmbeddingRequests, c.held.ChatTokens, c.held.EmbeddingTokens, int64(c.held.Cost))
		must(t, err)
	}
	must(t, tx.Commit())
}

// fits reports whether all numbers of the sum are numbers.
func fits(a, b usage.Amounts) bool { return a.Plus(b).Minus(b) == a }

func TestAdmitOnPostgres(t *testing.T) {
	d := newDatabase(t)
	db, super := openPostgres(t, direct(d), porttest.NewID), connect(t, d)
	seed := firstSeed(t)
	r := rand.New(rand.NewPCG(seed, 2))
	const sites, days = 8, 300
	asked, admitted, begun := 0, 0, time.Now()
	for range size(1, 20) {
		var cases []admitCase
		for _, s := range makeSites(t, db.Accounts(), sites) {
			for day := range days {
				c := drawAdmit(r)
				c.scope, c.hold.Day = s, usage.DayOf(start().AddDate(0, 0, -day), time.UTC)
				cases = append(cases, c)
			}
		}
		setDays(t, super, cases)
		errs := reserveAll(t.Context(), db, cases)
		var shown []usage.Totals // of one site
		for i, c := range cases {
			if i%days == 0 {
				var err error
				shown, err = db.Ledger().Days(t.Context(), c.scope, usage.DayOf(start().AddDate(0, 0, 1-days), time.UTC), usage.DayOf(start(), time.UTC))
				must(t, err)
			}
			if c.judge(t, errs[i], shown[days-1-i%days]) {
				admitted++
			}
			asked++
		}
	}
	if admitted < asked/20 || admitted > asked*19/20 {
		t.Errorf("%d of %d were admitted: that asks only one thing", admitted, asked)
	}
	t.Logf("%d cases, %d admitted, in %v", asked, admitted, time.Since(begun).Round(time.Millisecond))
}

// reserveAll asks all at once, so that they are committed in few batches.
func reserveAll(ctx context.Context, db *postgres.DB, cases []admitCase) []error {
	errs := make([]error, len(cases))
	var all sync.WaitGroup
	for i, c := range cases {
		all.Go(func() { errs[i] = db.Ledger().Reserve(ctx, c.scope, c.hold) })
	}
	all.Wait()
	return errs
}

// judge fails t unless err and after are what the domain says; it reports
// whether c was admitted.
func (c admitCase) judge(t *testing.T, err error, after usage.Totals) bool {
	t.Helper()
	_, want := usage.NewReservation(c.hold)
	if want != nil {
		want = fmt.Errorf("%w: %w", ports.ErrInvalid, want)
	} else if want = c.hold.Limits.Admit(c.used.Plus(c.held), c.hold.Want); want != nil {
		want.(*usage.LimitError).ResetAt = c.hold.ResetAt //nolint:errorlint // NewReservation has looked for all else
	}
	held := c.held
	switch {
	case want == nil && !fits(c.used.Plus(c.held), c.hold.Want):
		// No number can say what is then held: the domain says the largest
		// one, the database refuses. It is more than a site can spend in years.
		if err == nil {
			t.Errorf("%+v: was admitted, although the sum is no number", c)
		}
		want = err
	case class(err) != class(want):
		t.Errorf("%+v: got\n\t%s\nwant\n\t%s", c, class(err), class(want))
	case want == nil:
		held = held.Plus(c.hold.Want)
	}
	if after.Used != c.used || after.Held != held {
		t.Errorf("%+v: then used are %+v and held %+v, want %+v", c, after.Used, after.Held, held)
	}
	return want == nil
}

// TestAdmitTogetherOnPostgres asks the same of a day many times in one batch:
// as many are admitted as have room one after the other.
func TestAdmitTogetherOnPostgres(t *testing.T) {
	d := newDatabase(t)
	db, super := openPostgres(t, direct(d), porttest.NewID), connect(t, d)
	r := rand.New(rand.NewPCG(firstSeed(t), 3))
	const each = 12
	for range size(1, 20) {
		var days, cases []admitCase
		for _, s := range makeSites(t, db.Accounts(), 60) {
			c := drawAdmit(r)
			c.scope, c.hold.Day = s, usage.DayOf(start(), time.UTC)
			days = append(days, c)
			for range each {
				c.hold.ID = usage.ReservationID(usage.ReservationPrefix + porttest.NewID())
				cases = append(cases, c)
			}
		}
		setDays(t, super, days)
		errs := reserveAll(t.Context(), db, cases)
		for i, c := range days {
			if _, err := usage.NewReservation(c.hold); err != nil {
				continue
			}
			want, sum, isNumber := 0, c.used.Plus(c.held), true
			for range each {
				if c.hold.Limits.Admit(sum, c.hold.Want) != nil {
					break
				}
				isNumber = isNumber && fits(sum, c.hold.Want)
				sum = sum.Plus(c.hold.Want)
				want++
			}
			got := 0
			for _, err := range errs[i*each : (i+1)*each] {
				if err == nil {
					got++
				}
			}
			if isNumber && got != want || got > want {
				t.Errorf("%+v: %d of %d were admitted, want %d", c, got, each, want)
			}
		}
	}
}
