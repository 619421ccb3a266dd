package model

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// daysChild is set for the process that runs in Asia/Tokyo: to whose days it is
// to take.
const daysChild = "WOOCHAT_MODEL_DAYS"

// TestDays has 64 writers across midnight in 40 time zones, at the days on which
// their clocks change, and changes zones in between: each reservation and event
// is on the site's day at admission, whatever the zones of the server and of the
// database are.
func TestDays(t *testing.T) {
	if os.Getenv(daysChild) == "" {
		out, err := inTokyo(t, "ours")
		if err != nil {
			t.Fatalf("in Asia/Tokyo: %v\n%s", err, out)
		}
		t.Logf("%s", out)
		// The same judge, on a ledger that takes the server's day.
		if out, err := inTokyo(t, "the server's"); err == nil || !strings.Contains(string(out), "what was admitted at") {
			t.Fatalf("the server's days were taken as good: %v\n%s", err, out)
		}
		return
	}
	if name, offset := time.Now().Zone(); offset != 9*60*60 {
		t.Fatalf("the process is in %s, %d s from UTC, want Asia/Tokyo", name, offset)
	}
	if os.Getenv(daysChild) == "the server's" {
		s := memory.NewStores(time.Now, porttest.NewID)
		days{[]ledger{serverDays{s.Ledger}}, s.Accounts, s.Licenses}.run(t)
		return
	}
	t.Run("memory", func(t *testing.T) {
		s := memory.NewStores(time.Now, porttest.NewID)
		days{[]ledger{s.Ledger}, s.Accounts, s.Licenses}.run(t)
	})
	t.Run("sqlite", func(t *testing.T) {
		dir := t.TempDir()
		a, b := openSQLite(t, dir), openSQLite(t, dir)
		days{[]ledger{a.Ledger(), b.Ledger()}, a.Accounts(), a.Licenses()}.run(t)
	})
	t.Run("postgres", func(t *testing.T) {
		d := newDatabase(t)
		super := connect(t, d)
		var zone string
		if err := super.GetContext(t.Context(), &zone, `show timezone`); err != nil || zone != "America/New_York" {
			t.Fatalf("the database is in %s, %v, want America/New_York", zone, err)
		}
		a, b := openPostgres(t, direct(d), porttest.NewID), openPostgres(t, direct(d), porttest.NewID)
		days{[]ledger{a.Ledger(), b.Ledger()}, a.Accounts(), a.Licenses()}.run(t)
		var misplaced int
		must(t, super.GetContext(t.Context(), &misplaced, `select count(*) from usage_reservations r join usage_events e
			on e.site_id = r.site_id and e.reservation_id = r.id where e.day <> r.day`))
		if misplaced != 0 {
			t.Errorf("%d events are on another day than their reservations", misplaced)
		}
	})
}

// inTokyo runs TestDays in a process of its own.
func inTokyo(t *testing.T, whose string) ([]byte, error) {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	child := exec.CommandContext(t.Context(), exe, "-test.run=^TestDays$", "-test.v", "-test.timeout=10m")
	child.Env = append(os.Environ(), daysChild+"="+whose, "TZ=Asia/Tokyo")
	return child.CombinedOutput()
}

// serverDays is a ledger that does not listen to which day it is.
type serverDays struct{ ledger }

func (l serverDays) Reserve(ctx context.Context, s tenant.Scope, h usage.Hold) error {
	h.Day = usage.DayOf(h.Admit, time.Local)
	return l.ledger.Reserve(ctx, s, h)
}

// zoneCases are zones, and days on which their clocks do something.
var zoneCases = []struct{ zone, day string }{
	{"UTC", "2026-03-29"},
	{"Europe/Berlin", "2026-03-29"},
	{"Europe/London", "2026-10-25"},
	{"Europe/Lisbon", "2026-10-25"},
	{"Europe/Moscow", "2014-10-26"},
	{"America/New_York", "2026-03-08"},
	{"America/Los_Angeles", "2026-11-01"},
	{"America/Chicago", "2026-11-01"},
	{"America/Havana", "2026-03-08"},       // skips midnight
	{"America/Santiago", "2026-09-06"},     // skips midnight
	{"America/Sao_Paulo", "2018-11-04"},    // skips midnight
	{"America/Asuncion", "2024-03-24"},     // midnight comes twice
	{"Africa/Cairo", "2026-04-24"},         // skips midnight
	{"Africa/Casablanca", "2026-02-15"},    // Ramadan
	{"Asia/Beirut", "2026-03-29"},          // skips midnight
	{"Asia/Amman", "2022-02-25"},           // skips midnight
	{"Asia/Gaza", "2023-04-29"},            // 2:00
	{"Asia/Tehran", "2022-03-22"},          // skips midnight
	{"America/Scoresbysund", "2024-03-31"}, // another offset and summer time at once
	{"America/Nuuk", "2026-10-25"},
	{"Atlantic/Azores", "2026-03-29"},
	{"Australia/Lord_Howe", "2026-04-05"},
	{"Australia/Lord_Howe", "2026-10-04"}, // half an hour
	{"Australia/Eucla", "2026-11-23"},
	{"Asia/Kathmandu", "2026-11-23"},
	{"Pacific/Chatham", "2026-04-05"}, // 45 minutes
	{"Australia/Sydney", "2026-10-04"},
	{"Australia/Adelaide", "2026-04-05"},
	{"Pacific/Auckland", "2026-09-27"},
	{"Pacific/Kiritimati", "2026-11-23"},
	{"Pacific/Pago_Pago", "2026-11-23"}, // 25 hours apart
	{"Pacific/Apia", "2011-12-30"},      // has no such day
	{"Pacific/Kwajalein", "1993-08-21"}, // nor has this one
	{"Pacific/Marquesas", "2026-11-23"},
	{"Pacific/Norfolk", "2026-10-04"},
	{"Asia/Pyongyang", "2018-05-04"}, // 23:30 is followed by midnight
	{"America/Caracas", "2016-05-01"},
	{"Antarctica/Troll", "2026-03-29"}, // two hours
	{"America/St_Johns", "2026-03-08"},
	{"Asia/Kolkata", "2026-11-23"},
	{"Asia/Yangon", "2026-11-23"},
	{"Asia/Tokyo", "2026-11-23"},
}

// days is a store under test.
type days struct {
	processes []ledger
	accounts  interface {
		books
		ports.Sites
	}
	licenses interface {
		ports.Licenses
		ports.LicenseBook
	}
}

// place is a site in a zone, and what is to happen to it.
type place struct {
	scope    tenant.Scope
	zone     *time.Location
	changes  []zoneChange // at most 2
	segments []segment    // what should come of them
	limit    int
	asked    map[string]int // by day, as it should be
	admitted map[string]int
}

type zoneChange struct {
	at time.Time
	to *time.Location
}

// segment says that from then on the day is that of zone, but never before floor.
type segment struct {
	from  time.Time
	zone  *time.Location
	floor string
}

// date is the day that a calendar on a wall in zone shows.
func date(t time.Time, zone *time.Location) string {
	y, m, d := t.In(zone).Date()
	return fmt.Sprintf("%04d-%02d-%02d", y, int(m), d)
}

// nextDay looks, minute by minute, for when the calendar of zone is turned.
func nextDay(t time.Time, zone *time.Location) time.Time {
	today, t := date(t, zone), t.Truncate(time.Minute)
	for date(t, zone) <= today {
		t = t.Add(time.Minute)
	}
	return t
}

// plan computes the segments: a change takes effect when the calendar of the old
// zone is next turned, a later one before that takes its place, and the day never
// goes back.
func (p *place) plan() {
	p.segments = []segment{{zone: p.zone}}
	for _, c := range p.changes {
		for last := len(p.segments) - 1; last > 0 && c.at.Before(p.segments[last].from); last-- {
			p.segments = p.segments[:last]
		}
		old := p.segments[len(p.segments)-1]
		from := nextDay(c.at, old.zone)
		p.segments = append(p.segments, segment{from, c.to, max(old.floor, date(from, old.zone))})
	}
}

// day is where everything at t belongs.
func (p *place) day(t time.Time) string {
	s := p.segments[0]
	for _, next := range p.segments[1:] {
		if !t.Before(next.from) {
			s = next
		}
	}
	return max(date(t, s.zone), s.floor)
}

// moment is one call: of a site, at a time.
type moment struct {
	place *place
	at    time.Time
}

// drawMoments draws when a site is called: half of it within seconds of where
// some day begins or the clock is changed.
func (p *place) drawMoments(r *rand.Rand, center time.Time, n int) []moment {
	begin := center.Add(-30 * time.Hour)
	var borders []time.Time
	_, offset := begin.In(p.zone).Zone()
	day := p.day(begin)
	for t := begin; t.Before(center.Add(54 * time.Hour)); t = t.Add(time.Minute) {
		_, nowOffset := t.In(p.zone).Zone()
		if now := p.day(t); now != day || nowOffset != offset {
			borders, day, offset = append(borders, t), now, nowOffset
		}
	}
	for _, c := range p.changes {
		borders = append(borders, c.at)
	}
	list := make([]moment, n)
	for i := range list {
		at := begin.Add(time.Duration(r.Int64N(int64(84 * time.Hour))))
		if r.IntN(2) == 0 {
			at = borders[r.IntN(len(borders))].Add(time.Duration(r.Int64N(int64(4*time.Second))) - 2*time.Second)
		}
		list[i] = moment{p, at.Truncate(time.Microsecond)}
	}
	return list
}

func (d days) run(t *testing.T) {
	seed, begun := firstSeed(t), time.Now()
	r := rand.New(rand.NewPCG(seed, 4))
	zones := map[string]bool{}
	each := size(24, 120) // calls of a site
	var phases [3][]moment
	var places []*place
	for i, c := range zoneCases {
		zones[c.zone] = true
		for changes := range 3 {
			if !full() && changes != i%3 {
				continue
			}
			zone, err := time.LoadLocation(c.zone)
			must(t, err)
			center, err := time.Parse(time.DateOnly, c.day)
			must(t, err)
			p := &place{zone: zone, limit: max(2, each/4), asked: map[string]int{}, admitted: map[string]int{}}
			at := center.Add(time.Duration(r.IntN(40*60)-24*60) * time.Minute)
			for n := range changes {
				to, err := time.LoadLocation(zoneCases[(i+7*(n+1)+r.IntN(9))%len(zoneCases)].zone)
				must(t, err)
				p.changes = append(p.changes, zoneChange{at, to})
				at = at.Add(time.Duration(1+r.IntN(30*60)) * time.Minute)
			}
			p.plan()
			d.make(t, p)
			places = append(places, p)
			for _, m := range p.drawMoments(r, center, each) {
				phase := 0
				for _, c := range p.changes {
					if !m.at.Before(c.at) {
						phase++
					}
				}
				phases[phase] = append(phases[phase], m)
			}
		}
	}
	calls := 0
	for phase, moments := range phases {
		r.Shuffle(len(moments), func(i, j int) { moments[i], moments[j] = moments[j], moments[i] })
		d.write(t, r.Uint64(), moments)
		calls += len(moments)
		for _, p := range places {
			if phase < len(p.changes) {
				d.move(t, p, p.changes[phase])
			}
		}
	}
	refused := 0
	for _, p := range places {
		refused += d.judge(t, p)
	}
	if refused == 0 || len(zones) < 40 {
		t.Errorf("%d calls were refused, in %d zones", refused, len(zones))
	}
	t.Logf("%d calls at %d sites in %d zones, %d refused, in %v", calls, len(places), len(zones), refused, time.Since(begun).Round(time.Millisecond))
}

// make makes a site with a license.
func (d days) make(t *testing.T, p *place) {
	t.Helper()
	p.scope = randomScope()
	must(t, errors.Join(
		d.accounts.PutTenant(t.Context(), tenant.Tenant{ID: p.scope.Tenant, Name: "tenant", Created: start()}),
		d.accounts.PutSite(t.Context(), tenant.Site{
			ID: p.scope.Site, Tenant: p.scope.Tenant, Name: "shop", URL: "https://shop.example.com", TimeZone: p.zone.String(), Created: start(),
		}),
		d.licenses.PutLicense(t.Context(), p.scope, usage.License{Plan: "test", Status: usage.Active, Limits: usage.Limits{
			ChatRequests: usage.Limit(p.limit), ChatTokens: usage.Unlimited, EmbeddingTokens: usage.Unlimited, Cost: usage.Unlimited,
		}}),
	))
}

// move changes a site's zone as administering.Service.SetTimeZone does.
func (d days) move(t *testing.T, p *place, c zoneChange) {
	t.Helper()
	site, err := d.accounts.Site(t.Context(), p.scope)
	must(t, err)
	calendar, err := metering.Calendar(site)
	must(t, err)
	moved := calendar.Move(c.to, c.at)
	site.TimeZone, site.ZoneBefore = c.to.String(), moved.Before.String()
	site.ZoneSince, site.ZoneFloor = moved.Since, string(moved.Floor)
	must(t, d.accounts.PutSite(t.Context(), site))
}

// write has 64 writers make the calls, each at a clock of its own.
func (d days) write(t *testing.T, seed uint64, moments []moment) {
	t.Helper()
	var mu sync.Mutex // guards the counts of places
	work := make(chan moment)
	var all sync.WaitGroup
	for n := range 64 {
		clock := porttest.NewClock(start())
		l := d.processes[n%len(d.processes)]
		meter, err := metering.New(metering.Deps{
			Ledger: l, Checkpointer: l, Sweeper: l, Usage: l, Licenses: d.licenses, Sites: d.accounts,
			Prices: memory.NewPrices(price()), Tokenizer: memory.NewTokenizer(), Now: clock.Now, NewID: porttest.NewID, CallTimeout: time.Minute,
		})
		must(t, err)
		r := rand.New(rand.NewPCG(seed, uint64(n)))
		all.Go(func() {
			for m := range work {
				clock.Advance(m.at.Sub(clock.Now()))
				err := m.call(t.Context(), meter, func() { clock.Advance(time.Duration(r.IntN(180)) * time.Minute) })
				mu.Lock()
				m.place.asked[m.place.day(m.at)]++
				if err == nil {
					m.place.admitted[m.place.day(m.at)]++
				}
				mu.Unlock()
				if over, ok := errors.AsType[*usage.LimitError](err); ok {
					m.wantReset(t, over.ResetAt)
				} else if err != nil {
					t.Errorf("%v at %v: %v", m.place.zone, m.at, err)
				}
			}
		})
	}
	for _, m := range moments {
		work <- m
	}
	close(work)
	all.Wait()
}

// call makes one call, which ends later.
func (m moment) call(ctx context.Context, meter *metering.Service, later func()) error {
	call := usage.Call{Kind: usage.Chat, Model: "model-1", ChatRequests: 1, PromptTokens: 4, MaxOutput: 6, Price: price()}
	a, err := meter.Admit(ctx, m.place.scope, meter.NewReservation(), call.Bound())
	if err != nil {
		return err
	}
	running, err := a.Start(ctx, call, usage.Amounts{})
	if err != nil {
		return err
	}
	later()
	// What it says of itself tells the judge when it was admitted.
	_, err = running.Settle(ctx, metering.Outcome{
		Tokens: chat.Tokens{Input: 3, Output: 5, CountedBy: chat.ByProvider}, RawUsage: m.at.Format(time.RFC3339Nano),
	}, true)
	return err
}

// wantReset fails unless a later day begins at reset, and not before, as far as
// can be known at the time: a change of zone that comes later may bring it
// forward.
func (m moment) wantReset(t *testing.T, reset time.Time) {
	t.Helper()
	p, today := place{zone: m.place.zone}, m.place.day(m.at)
	for _, c := range m.place.changes {
		if !c.at.After(m.at) {
			p.changes = append(p.changes, c)
		}
	}
	p.plan()
	if !reset.After(m.at) || p.day(reset) <= today || p.day(reset.Add(-time.Microsecond)) != today {
		t.Errorf("%v at %v: the day %s ends at %v, which is %s, and just before %s",
			p.zone, m.at, today, reset, p.day(reset), p.day(reset.Add(-time.Microsecond)))
	}
}

// judge compares what the ledger shows with where everything belongs, and
// returns how many calls were refused.
func (d days) judge(t *testing.T, p *place) int {
	t.Helper()
	refused := 0
	all := slices.Sorted(func(yield func(string) bool) {
		for day := range p.asked {
			if !yield(day) {
				return
			}
		}
	})
	first, last := usage.Day(all[0]), usage.Day(all[len(all)-1])
	totals, err := d.processes[0].Days(t.Context(), p.scope, first, last)
	must(t, err)
	for _, got := range totals {
		day := string(got.Day)
		want := min(p.asked[day], p.limit)
		refused += p.asked[day] - p.admitted[day]
		if p.admitted[day] != want || got.Used.ChatRequests != int64(want) || got.Used.ChatTokens != int64(8*want) || got.Held != (usage.Amounts{}) {
			t.Errorf("%v %s: asked %d, admitted %d, want %d; the day says %+v", p.zone, day, p.asked[day], p.admitted[day], want, got)
		}
	}
	events, err := d.processes[len(d.processes)-1].Events(t.Context(), p.scope, first, last, "", 100_000)
	must(t, err)
	sum := map[string]int{}
	for _, e := range events {
		at, err := time.Parse(time.RFC3339Nano, e.RawUsage)
		must(t, err)
		if want := p.day(at); string(e.Day) != want {
			t.Errorf("%v: what was admitted at %v is on %s, want %s", p.zone, at, e.Day, want)
		}
		sum[string(e.Day)]++
	}
	for day, n := range p.admitted {
		if sum[day] != n {
			t.Errorf("%v %s: %d events of %d calls", p.zone, day, sum[day], n)
		}
	}
	return refused
}
