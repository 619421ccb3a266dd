// Package kill9 kills the real binary in the middle of its work, again and
// again, and then asks the ledger whether it still tells the truth.
package kill9

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/fakes/openaifake"
	"github.com/aiwoochat/woochat/test/harness/served"
)

// Plan says what Run does.
type Plan struct {
	Binary string // of woochat
	Dir    string // the data folder, empty
	Seed   uint64
	Kills  int // at least 1
	// Store are the settings of another store than the folder, such as addresses
	// of a database that lie behind a proxy that loses replies. Audit are those
	// by which the test itself reads the store; nil: the same.
	Store, Audit map[string]string
	// Faulty switches the store's faults off while a process starts, which ends
	// if it cannot look at its store, and on again; nil: it has none.
	Faulty func(on bool)
}

// retried is the share of questions that a client sends again with the same
// Idempotency-Key: at the same time, or after its first try was lost.
const retried = 0.2

const (
	origin = "https://shop.example.com"
	// answerTimeout is short, so that holds of killed processes expire soon:
	// this, the meter's margin of 10 s and a sweep each 5 s later.
	answerTimeout = 2 * time.Second
	settledWithin = 40 * time.Second
	readyWithin   = 30 * time.Second
)

// Run fails t unless, after p.Kills kills with SIGKILL in mid-answer and one
// more start, each call that the provider saw has exactly one settled event,
// events and adjustments add up to the totals, and nothing is held.
func Run(t *testing.T, p Plan) {
	t.Helper()
	r := newRun(t, p)
	r.seed()
	for range p.Kills {
		r.round()
	}
	r.end()
}

// run is one Run.
type run struct {
	*testing.T
	plan Plan
	rand *rand.Rand
	gate *openaifake.Gate
	fake *openaifake.Server
	env  map[string]string

	scope   tenant.Scope
	siteKey string
	apiKey  string

	points [points]int // how often each point was killed at
	lost   question    // the last question that was killed, with its key
	old    []question  // some that were killed before
	asked  int         // questions under way at a kill, in all
	twice  int         // of them, sent again with the same key
}

type question struct{ token, key, body string }

func newRun(t *testing.T, p Plan) *run {
	t.Helper()
	gate := &openaifake.Gate{}
	fake := openaifake.New(t, openaifake.Options{Gate: gate, Script: func(openaifake.ChatRequest) string {
		return strings.Repeat("One more sentence about mugs. ", 40)
	}})
	r := &run{
		T: t, plan: p, rand: rand.New(rand.NewPCG(p.Seed, 9)), gate: gate, fake: fake,
		env: map[string]string{
			"WOOCHAT_ADDR": "127.0.0.1:0", "WOOCHAT_ADMIN_ADDR": "127.0.0.1:0", "WOOCHAT_DATA_DIR": p.Dir,
			"WOOCHAT_SECRET_KEY": strings.Repeat("0102030405060708", 4), "WOOCHAT_ANSWER_TIMEOUT": answerTimeout.String(),
			"WOOCHAT_RESUME_GRACE": "1s", "OPENAI_BASE_URL": fake.URL(), "WOOCHAT_LEAST_EVIDENCE": "0", "WOOCHAT_CHAT_MODEL": "gpt-4o-mini",
			"WOOCHAT_EMBEDDING_MODEL": "text-embedding-3-small",
		},
	}
	maps.Copy(r.env, p.Store)
	return r
}

func (r *run) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// open opens the folder in this process, without serving it, and runs do.
func (r *run) open(do func(*wiring.App)) {
	r.Helper()
	cfg, _, err := wiring.Load(wiring.Sources{Env: func(name string) (string, bool) {
		if v, ok := r.plan.Audit[name]; ok {
			return v, ok
		}
		v, ok := r.env[name]
		return v, ok
	}})
	r.must(err)
	app, err := wiring.Start(r.Context(), cfg, wiring.Options{Log: slog.New(slog.DiscardHandler)})
	r.must(err)
	defer func() { r.must(app.Stop(context.WithoutCancel(r.Context()))) }()
	do(app)
}

// seed makes a site with a few pages, which are embedded.
func (r *run) seed() {
	r.Helper()
	r.open(func(app *wiring.App) {
		ctx, who, admin := r.Context(), administering.Operator(), app.Administering
		ten, err := admin.CreateTenant(ctx, who, "Tests", "owner@example.com")
		r.must(err)
		site, err := admin.CreateSite(ctx, who, ten.ID, administering.NewSite{Name: "Test shop", URL: origin, TimeZone: "UTC", Currency: "EUR"})
		r.must(err)
		r.scope = site.Scope()
		r.must(admin.SetLicense(ctx, who, r.scope, usage.License{Plan: "test", Status: usage.Active, Limits: usage.NoLimits()}))
		_, r.siteKey, err = admin.CreateKey(ctx, who, r.scope, tenant.SiteKey, "widget", 0)
		r.must(err)
		_, r.apiKey, err = admin.CreateKey(ctx, who, r.scope, tenant.APIKey, "tests", roles.Admin)
		r.must(err)
		var pages []wiring.ShopPage
		for _, slug := range []string{"mugs", "shipping", "returns"} {
			pages = append(pages, wiring.ShopPage{Slug: slug, Title: "About " + slug, HTML: "<p>This shop has much to say about " + slug + ".</p>"})
		}
		_, err = app.Ingesting.Import(ctx, r.scope, "pages", wiring.Pages(site, pages), ingesting.Options{Full: true})
		r.must(err)
		_, err = app.Ingesting.Drain(ctx, r.scope)
		r.must(err)
	})
}

func (r *run) start() *served.Process {
	r.Helper()
	if r.plan.Faulty != nil {
		r.plan.Faulty(false)
		defer r.plan.Faulty(true)
	}
	return served.Start(r.T, r.plan.Binary, r.plan.Dir, r.env)
}

func (r *run) request(method, url, token, body string, header ...string) *http.Request {
	r.Helper()
	req, err := http.NewRequestWithContext(r.Context(), method, url, strings.NewReader(body))
	r.must(err)
	req.Header.Set("Origin", origin)
	req.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return req
}

// do sends a request to a process that is not to die of it.
func (r *run) do(req *http.Request, into any) int {
	r.Helper()
	resp, err := http.DefaultClient.Do(req)
	r.must(err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	r.must(err)
	if into != nil && resp.StatusCode == http.StatusOK {
		r.must(json.Unmarshal(body, into))
	}
	return resp.StatusCode
}

func (r *run) session(p *served.Process) string {
	r.Helper()
	var out struct {
		Token string `json:"token"`
	}
	body := fmt.Sprintf(`{"site_key":%q,"page_url":%q}`, r.siteKey, origin+"/")
	for tries := 1; ; tries++ {
		status := r.do(r.request("POST", p.Public+"/api/chat/session", "", body), &out)
		switch {
		case status == http.StatusOK:
			return out.Token
		case status != http.StatusServiceUnavailable || r.plan.Faulty == nil || tries == 10:
			r.Fatalf("session: %d", status)
		}
	}
}

// Points at which a process is killed.
const (
	whileAdmitting  = iota // the question has just been sent
	whileDispatched        // the provider has the call, and has said nothing
	whileStreaming         // text has been shown
	whileNoted             // text has been shown, and perhaps noted by a checkpoint
	whileEnding            // the provider is done, the answer is being stored and settled
	points
)

// round starts a process, asks some questions at once and kills it.
func (r *run) round() {
	r.Helper()
	p := r.start()
	token := r.session(p)
	point := r.rand.IntN(points)
	r.points[point]++
	before := len(r.fake.Calls())

	var asking sync.WaitGroup
	shown, ended := make(chan struct{}, 1<<10), make(chan struct{}, 1<<4)
	for i := range 1 + r.rand.IntN(3) {
		q := question{token: token, key: fmt.Sprintf("key-%d-%d", before, i), body: fmt.Sprintf(`{"message":"What about mugs, please? %d"}`, i)}
		r.lost = q
		r.asked++
		r.send(p, q, &asking, shown, ended)
		switch {
		case r.rand.Float64() >= retried:
		case len(r.old) > 0 && r.rand.IntN(2) == 0:
			r.twice++
			r.asked++ // its lease may have run out: then it is answered anew
			r.send(p, r.old[r.rand.IntN(len(r.old))], &asking, shown, ended)
		default:
			r.twice++
			r.send(p, q, &asking, shown, ended)
		}
		r.old = append(r.old, q)
	}
	refused := make(chan struct{}) // closed when all have ended, without an answer if the store's faults refused them
	go func() {
		asking.Wait()
		close(refused)
	}()
	switch point {
	case whileDispatched:
		r.awaitChat(before, refused)
	case whileStreaming, whileNoted:
		r.gate.Step(5 + r.rand.IntN(100))
		r.await(shown, refused)
	case whileEnding:
		r.gate.Step(3 * 400)
		r.await(ended, refused)
	}
	jitter := time.Duration(r.rand.Int64N(int64(30 * time.Millisecond)))
	if point == whileNoted {
		jitter += time.Duration(r.rand.Int64N(int64(1500 * time.Millisecond)))
	}
	<-time.After(jitter) // the moment of the kill is what is random here
	p.Kill()
	<-refused
	http.DefaultClient.CloseIdleConnections()
}

func (r *run) send(p *served.Process, q question, asking *sync.WaitGroup, shown, ended chan<- struct{}) {
	r.Helper()
	req := r.request("POST", p.Public+"/api/chat/message", q.token, q.body, "Idempotency-Key", q.key, "Accept", "text/event-stream")
	asking.Go(func() { watch(req, shown, ended) })
}

// watch reads an answer until its process dies or it ends.
func watch(req *http.Request, shown, ended chan<- struct{}) {
	tell := func(to chan<- struct{}) {
		select {
		case to <- struct{}{}:
		default:
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return
	}
	defer func() { _ = resp.Body.Close() }()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		switch lines.Text() {
		case "event: delta":
			tell(shown)
		case "event: message.end", "event: error":
			tell(shown)
			tell(ended)
		}
	}
	tell(ended)
}

func (r *run) await(c, refused <-chan struct{}) {
	r.Helper()
	if r.plan.Faulty == nil {
		refused = nil // nothing refuses
	}
	select {
	case <-c:
	case <-refused:
	case <-time.After(readyWithin):
		r.Fatal("no answer came")
	}
}

// awaitChat waits for a chat call that came after the first n calls.
func (r *run) awaitChat(n int, refused <-chan struct{}) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
	defer cancel()
	if r.plan.Faulty != nil {
		go func() {
			select {
			case <-refused:
				cancel()
			case <-ctx.Done():
			}
		}()
	}
	for ; ; n++ {
		c, err := r.fake.Await(ctx, n)
		if r.plan.Faulty != nil && errors.Is(ctx.Err(), context.Canceled) {
			return
		}
		r.must(err)
		if c.ID != "" {
			return
		}
	}
}

// end starts once more, waits until the sweep has settled what was lost, asks
// the lost question again, ends the process as an operator does, and checks
// the books.
func (r *run) end() {
	r.Helper()
	r.gate.Open()
	p := r.start()
	if r.plan.Faulty != nil {
		r.plan.Faulty(false) // what comes now asks what is there
	}
	r.again(p)
	r.settled(p)
	if err := p.Stop(r.T); err != nil {
		r.Errorf("after SIGTERM: %v\n%s", err, p.Said())
	}
	if left, err := filepath.Glob(filepath.Join(r.plan.Dir, "*.db-wal")); err != nil || len(left) > 0 {
		r.Errorf("a clean end left %v, %v", left, err)
	}
	r.audit()
	r.Logf("killed while admitting %d, dispatched %d, streaming %d, noted %d, ending %d",
		r.points[whileAdmitting], r.points[whileDispatched], r.points[whileStreaming], r.points[whileNoted], r.points[whileEnding])
}

// again sends the last lost question with its key until its lease has run out:
// it is answered, once.
func (r *run) again(p *served.Process) {
	r.Helper()
	deadline := time.After(settledWithin)
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	var first, second struct {
		Message string `json:"message_id"`
	}
	for {
		status := r.do(r.request("POST", p.Public+"/api/chat/message", r.lost.token, r.lost.body, "Idempotency-Key", r.lost.key), &first)
		if status == http.StatusOK || status == http.StatusBadGateway || status == http.StatusServiceUnavailable && r.plan.Store != nil {
			break // a bad gateway is the stored answer of one that was cut off as it ended; 503 that of one whose store was away
		}
		if status != http.StatusConflict && status != http.StatusTooManyRequests {
			r.Fatalf("the lost question, asked again: %d", status)
		}
		select {
		case <-tick.C:
		case <-deadline:
			r.Fatal("the lost question is still being answered")
		}
	}
	if first.Message == "" {
		return
	}
	calls := len(r.fake.Calls())
	if status := r.do(r.request("POST", p.Public+"/api/chat/message", r.lost.token, r.lost.body, "Idempotency-Key", r.lost.key), &second); status != http.StatusTooManyRequests &&
		(status != http.StatusOK || second != first || len(r.fake.Calls()) != calls) {
		r.Errorf("asked once more: %d, message %s after %s, %d calls after %d", status, second.Message, first.Message, len(r.fake.Calls()), calls)
	}
}

// settled waits until nothing is held.
func (r *run) settled(p *served.Process) {
	r.Helper()
	deadline := time.After(settledWithin)
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		var out struct {
			Data []struct {
				Held map[string]any `json:"held"`
			} `json:"data"`
		}
		first, last := r.days()
		if status := r.do(r.request("GET", fmt.Sprintf("%s/api/admin/usage/daily?from=%s&to=%s", p.Admin, first, last), r.apiKey, ""), &out); status != http.StatusOK && (status != http.StatusServiceUnavailable || r.plan.Faulty == nil) {
			r.Fatalf("usage: %d", status)
		}
		held := len(out.Data) == 0 // the store was away

		for _, d := range out.Data {
			for _, v := range d.Held {
				held = held || v != 0.0 && v != "0.00"
			}
		}
		if !held {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			r.Fatalf("still held after %v: %+v", settledWithin, out.Data)
		}
	}
}

// days returns yesterday and tomorrow: the test may run over midnight.
func (r *run) days() (first, last usage.Day) {
	now := time.Now()
	return usage.DayOf(now.AddDate(0, 0, -1), time.UTC), usage.DayOf(now.AddDate(0, 0, 1), time.UTC)
}

// audit compares what the provider saw with what the ledger says.
func (r *run) audit() {
	r.Helper()
	var events []usage.Event
	var total, sum usage.Amounts
	r.open(func(app *wiring.App) {
		ctx, reader := r.Context(), app.Metering.Usage
		first, last := r.days()
		days, err := reader.Days(ctx, r.scope, first, last)
		r.must(err)
		for _, d := range days {
			total = total.Plus(d.Used)
			if d.Held != (usage.Amounts{}) {
				r.Errorf("%s holds %+v", d.Day, d.Held)
			}
		}
		events, err = reader.Events(ctx, r.scope, first, last, "", 1<<20)
		r.must(err)
		adjustments, err := reader.Adjustments(ctx, r.scope, first, last)
		r.must(err)
		for _, a := range adjustments {
			sum = sum.Plus(a.Delta)
		}
	})
	booked, unsent := map[string]int{}, 0
	requests, embedded, swept, lost := map[usage.ReservationID]int64{}, 0, 0, 0
	for _, e := range events {
		sum = sum.Plus(e.Spent())
		if e.Excess != 0 {
			r.Errorf("event %s is over its hold by %d tokens", e.ID, e.Excess)
		}
		if e.ErrorCode == usage.CodeSwept {
			swept++
		}
		if e.ErrorCode == metering.CodeNotSent {
			// Each reply to its dispatch was lost: it was not sent, and says so.
			lost++
			if e.Success || e.Tokens.Total() != 0 || e.Cost != 0 {
				r.Errorf("event %s of a call that was not sent: %+v", e.ID, e)
			}
		}
		if e.Kind == usage.Embedding {
			embedded++
			continue
		}
		id := fmt.Sprintf("%s.%d", e.Reservation, e.CallNo)
		booked[id]++
		requests[e.Reservation] += e.ChatRequests
		if r.fake.Find(id) != nil {
			if e.ErrorCode == metering.CodeNotSent {
				r.Errorf("call %s was sent, and its event %s says that it was not", id, e.ID)
			}
			continue
		}
		if e.Model != r.env["WOOCHAT_CHAT_MODEL"] || e.ErrorCode == metering.CodeNotSent {
			continue
		}
		// The process died between Dispatch and the send: nobody can know that
		// nothing was sent.
		unsent++
		if e.Success || e.ErrorCode != usage.CodeSwept || e.Tokens.CountedBy != chat.ByBound {
			r.Errorf("event %s of call %s, which the provider never saw: success %v, code %q, counted by %v", e.ID, id, e.Success, e.ErrorCode, e.Tokens.CountedBy)
		}
	}
	if unsent > r.asked {
		r.Errorf("%d events without a call, and only %d were under way at a kill", unsent, r.asked)
	}
	if sum != total {
		r.Errorf("events and adjustments add up to %+v, the days to %+v", sum, total)
	}
	for id, n := range requests {
		if n != 1 {
			r.Errorf("reservation %s counts %d chat requests", id, n)
		}
	}
	chats, embeddings := 0, 0
	for _, c := range r.fake.Calls() {
		if c.ID == "" {
			embeddings++
			continue
		}
		chats++
		if booked[c.ID] != 1 {
			r.Errorf("call %s has %d events, want 1", c.ID, booked[c.ID])
		}
	}
	if embedded < embeddings {
		r.Errorf("%d embedding calls, %d events", embeddings, embedded)
	}
	if n := embedded - embeddings; n > swept+lost {
		r.Errorf("%d embedding events without a call, but only %d were swept", n, swept)
	}
	if chats == 0 || swept == 0 && r.plan.Kills >= 10 {
		r.Errorf("%d chat calls, %d swept: nothing was tried", chats, swept)
	}
	r.Logf("%d chat calls, %d embedding calls, %d events, %d of them swept, %d without a call; %d of %d questions were sent again",
		chats, embeddings, len(events), swept, unsent, r.twice, r.asked)
	if ids := slices.Compact(slices.Sorted(func(yield func(string) bool) {
		for _, e := range events {
			if !yield(string(e.ID)) {
				return
			}
		}
	})); len(ids) != len(events) {
		r.Errorf("%d events have %d ids", len(events), len(ids))
	}
}
