// Package ingestkill kills the real binary while it brings its index after a
// shop, again and again, and then asks whether the index is what the shop shows,
// by what the shop's webhooks told and nothing else. Each process wants its texts
// cut in another size than the one before it, so that most are killed while a
// generation of the index is built beside the one that is searched.
package ingestkill

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/app/connecting"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/fakes/openaifake"
	"github.com/aiwoochat/woochat/test/fakes/wooshop"
	"github.com/aiwoochat/woochat/test/harness/served"
	"github.com/aiwoochat/woochat/test/prove/histories"
)

// Plan says what Run does.
type Plan struct {
	Binary string // of woochat
	Dir    string // the data folder, empty
	Seed   uint64
	Kills  int // at least 1
	// Store are the settings of another store than the folder.
	Store map[string]string
	// Look opens the store beside the processes: what a question reads, and the
	// queue.
	Look func(*testing.T) (histories.Index, ports.Jobs)
}

// within is how long a process may take to catch up: the lease of a killed one
// must run out, and a busy machine is slow.
const within = 3 * time.Minute

// Run fails t unless, after p.Kills kills with SIGKILL in mid-work and one more
// start, the index is what the shop shows: nothing twice, nothing left over,
// nothing lost that a webhook told and was answered 200. Deliveries that met no
// process are the shop's loss: it tells of these again, as a merchant does who
// saves once more.
func Run(t *testing.T, p Plan) {
	t.Helper()
	r := newRun(t, p)
	r.connect()
	r.imported()
	for range p.Kills {
		r.round()
	}
	r.end()
}

// run is one Run.
type run struct {
	*testing.T
	plan   Plan
	rand   *rand.Rand
	places []*place
	model  *openaifake.Server
	env    map[string]string

	rounds   int
	chunking retrieval.Chunking // that the last process wanted
	starts   int
	points   [points]int
	acked    int
	lost     int
	everSaid map[string]bool // words that the shop ever said
}

// place is one site with its shop. There are several, since that of a killed
// worker waits until its lease has run out.
type place struct {
	*wooshop.Shop
	scope  tenant.Scope
	looked int // of the shop's deliveries, those that were looked at
	listed int // how often it was listed before the first kill
}

func newRun(t *testing.T, p Plan) *run {
	t.Helper()
	r := &run{T: t, plan: p, rand: rand.New(rand.NewPCG(p.Seed, 4)), model: openaifake.New(t, openaifake.Options{}), everSaid: map[string]bool{}}
	for n := range min(max(p.Kills, 2), 16) {
		shop, err := wooshop.Start(wooshop.Options{Seed: p.Seed + uint64(n), Now: time.Now}, "")
		r.must(err)
		t.Cleanup(func() { _ = shop.Close() })
		r.places = append(r.places, &place{Shop: shop})
	}
	listens := address(t)
	r.env = map[string]string{
		"WOOCHAT_ADDR": listens, "WOOCHAT_ADMIN_ADDR": "127.0.0.1:0", "WOOCHAT_DATA_DIR": p.Dir, "WOOCHAT_PUBLIC_URL": "http://" + listens,
		"WOOCHAT_SECRET_KEY": strings.Repeat("0102030405060708", 4), "WOOCHAT_ALLOW_HOSTS": "127.0.0.1", "OPENAI_BASE_URL": r.model.URL(),
		"WOOCHAT_CHAT_MODEL": "gpt-4o-mini", "WOOCHAT_EMBEDDING_MODEL": "text-embedding-3-small",
		// Nothing but webhooks may tell.
		"WOOCHAT_POLL_EVERY": "24h", "WOOCHAT_SWEEP_EVERY": "24h", "WOOCHAT_PAGES_EVERY": "24h", "WOOCHAT_HOOKS_EVERY": "24h",
	}
	maps.Copy(r.env, p.Store)
	return r
}

// address returns one of this machine on which nobody listens. Processes come
// and go, and the shop knows one address.
func address(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err == nil {
		err = l.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

func (r *run) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// connect makes sites and shops with some products, and connects them.
func (r *run) connect() {
	r.Helper()
	cfg, _, err := wiring.Load(wiring.Sources{Env: func(name string) (string, bool) {
		v, ok := r.env[name]
		return v, ok
	}})
	r.must(err)
	app, err := wiring.Start(r.Context(), cfg, wiring.Options{Log: slog.New(slog.DiscardHandler)})
	r.must(err)
	defer func() { r.must(app.Stop(context.WithoutCancel(r.Context()))) }()
	ctx, who, admin := r.Context(), administering.Operator(), app.Administering
	ten, err := admin.CreateTenant(ctx, who, "Tests", "owner@example.com")
	r.must(err)
	for _, at := range r.places {
		site, err := admin.CreateSite(ctx, who, ten.ID, administering.NewSite{Name: "Test shop", URL: at.URL(), TimeZone: noon(), Currency: "EUR"})
		r.must(err)
		at.scope = site.Scope()
		r.must(admin.SetLicense(ctx, who, at.scope, usage.License{Plan: "test", Status: usage.Active, Limits: usage.NoLimits()}))
		for range 12 {
			r.edit(at)
		}
		key := at.AddKey("read_write")
		out, err := app.Connecting.Connect(ctx, who, at.scope, connecting.Order{
			URL: at.URL(), Key: ingestion.Credentials{Key: ingestion.NewSecret(key.Key), Secret: ingestion.NewSecret(key.Secret)},
		})
		r.must(err)
		if len(out.Hooks.Missing) > 0 {
			r.Fatalf("webhooks: %+v", out.Hooks)
		}
	}
}

// imported has one process import the shops, and end. What changes afterwards
// is told by webhooks only.
func (r *run) imported() {
	r.Helper()
	p := r.start()
	_, jobs := r.plan.Look(r.T)
	for _, at := range r.places {
		at.Deliver(r.Context())
		r.again(at)
		r.idle(at, jobs)
	}
	r.must(p.Stop(r.T))
	for _, at := range r.places {
		at.listed = at.lists()
	}
}

// lists returns how often a shop was asked for all that it has, or has changed.
func (at *place) lists() int {
	n := 0
	for _, a := range at.Asked() {
		if strings.HasSuffix(a.Path, "/products") && a.Query.Get("include") == "" {
			n++
		}
	}
	return n
}

// noon returns a zone in which the night's work is far.
func noon() string {
	switch h := time.Now().UTC().Hour() - 12; { // of Etc/GMT+h it is noon there
	case h > 0:
		return fmt.Sprintf("Etc/GMT+%d", h)
	case h < 0:
		return fmt.Sprintf("Etc/GMT%d", h)
	}
	return "UTC"
}

func (r *run) start() *served.Process {
	r.Helper()
	size := []int64{retrieval.DefaultTarget, retrieval.LeastTarget, 2 * retrieval.DefaultTarget}[r.starts%3]
	r.starts++
	var err error
	r.chunking, err = retrieval.NewChunking(size)
	r.must(err)
	r.env["WOOCHAT_CHUNK_TOKENS"] = fmt.Sprint(size)
	return served.Start(r.T, r.plan.Binary, r.plan.Dir, r.env)
}

// word marks a text, so that an old one is told from the present one.
func (r *run) word() string {
	w := fmt.Sprintf("w%dx", r.rand.IntN(1_000_000_000))
	r.everSaid[w] = true
	return w
}

// text is a description of one chunk, or of several where they are small.
func (r *run) text() string {
	return "A mug, " + r.word() + strings.Repeat(", for tea and coffee, and for all that is warm and may be drunk", 1+r.rand.IntN(12)) + ", " + r.word() + "."
}

// edit does something to the shop of which a webhook tells.
func (r *run) edit(at *place) {
	ids := at.IDs()
	if len(ids) < 6 || r.rand.IntN(10) == 0 {
		p := wooshop.Product{Name: "Mug " + r.word(), Description: r.text(), Regular: "12.50", Type: "simple", ManageStock: true, Stock: 50}
		if r.rand.IntN(3) == 0 {
			p.Type = "variable"
			p.Attributes = []wooshop.Attribute{{Name: "Size", Options: []string{"S", "M"}, Variation: true}}
		}
		at.Create(p)
		return
	}
	id := ids[r.rand.IntN(len(ids))]
	variations := at.Variations(id)
	name, text := "Mug "+r.word(), r.text()
	switch r.rand.IntN(9) {
	case 0:
		at.Trash(id)
	case 1:
		at.Restore(id)
	case 2:
		at.SetStatus(id, []string{"publish", "publish", "draft", "private"}[r.rand.IntN(4)])
	case 3:
		at.Order(id, 1)
	case 4:
		at.Edit(id, func(p *wooshop.Product) { p.Visibility = []string{"visible", "visible", "hidden"}[r.rand.IntN(3)] })
	case 5:
		if len(variations) < 3 {
			at.AddVariation(id, wooshop.Variation{Options: [][2]string{{"Size", "S"}}, Regular: "9.90", SKU: name})
		}
	case 6:
		if len(variations) > 0 {
			at.EditVariation(variations[0], func(v *wooshop.Variation) { v.SKU, v.Regular = name, fmt.Sprintf("%d.00", 1+r.rand.IntN(90)) })
		}
	default:
		at.Edit(id, func(p *wooshop.Product) { p.Name, p.Description = name, text })
	}
}

// again has the shop tell once more of what met no process.
func (r *run) again(at *place) {
	sent := at.Sent()
	ids := map[int]bool{}
	for _, s := range sent[at.looked:] {
		if s.Status == http.StatusOK {
			r.acked++
			continue
		}
		r.lost++
		ids[s.ID] = true
	}
	at.looked = len(sent)
	for _, h := range at.Hooks() {
		at.SetHookStatus(h.ID, "active")
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		if at.Edit(id, func(*wooshop.Product) {}) || at.EditVariation(id, func(*wooshop.Variation) {}) {
			continue
		}
		if at.Restore(id) { // it is in the trash, of which only a trashing tells
			at.Trash(id)
		}
	}
}

// Points at which a process is killed.
const (
	whileTold      = iota // webhooks come in
	whileReading          // the shop is being asked
	whileEmbedding        // texts are being embedded, or have just been
	afterTold             // all webhooks have been answered
	anywhere
	points
)

// round starts a process, changes a shop and kills the process.
func (r *run) round() {
	r.Helper()
	at := r.places[r.rounds%len(r.places)]
	r.rounds++
	p := r.start()
	point := r.rand.IntN(points)
	r.points[point]++
	embedded := len(r.model.Calls())
	met, until := make(chan struct{}, 1), make(chan struct{})
	defer close(until)
	if point == whileReading {
		at.Break(wooshop.Fault{Weather: wooshop.Silent, Path: "/products", Times: 1, Until: until, Met: met})
	}
	r.again(at)
	for range 2 + r.rand.IntN(12) {
		r.edit(at)
	}
	ctx, cancel := context.WithTimeout(r.Context(), within)
	defer cancel()
	told := make(chan struct{})
	go func() {
		defer close(told)
		at.Deliver(ctx)
	}()
	jitter := 60 * time.Millisecond
	switch point {
	case whileReading:
		select {
		case <-met:
		case <-told: // nothing had to be read, or not at once
			jitter = time.Second
		}
	case whileEmbedding:
		<-told
		wait, stop := context.WithTimeout(ctx, 3*time.Second) // perhaps nothing is to be embedded
		_, _ = r.model.Await(wait, embedded)
		stop()
		jitter = 30 * time.Millisecond
	case afterTold:
		<-told
	case anywhere:
		jitter = 1500 * time.Millisecond
	}
	<-time.After(time.Duration(r.rand.Int64N(int64(jitter)))) // the moment of the kill is what is random here
	p.Kill()
	cancel()
	<-told
	at.Heal()
}

// end starts once more, has all told that was not heard, waits until the queue
// is empty, and compares.
func (r *run) end() {
	r.Helper()
	p := r.start()
	for _, at := range r.places {
		for range 100 {
			r.again(at)
			if at.Deliver(r.Context()) == 0 && at.Waiting() == 0 {
				break
			}
		}
	}
	index, jobs := r.plan.Look(r.T)
	last := int64(0)
	for _, at := range r.places {
		r.idle(at, jobs)
		last = max(last, r.cut(at, index))
	}
	if err := p.Stop(r.T); err != nil {
		r.Errorf("after SIGTERM: %v\n%s", err, p.Said())
	}
	shown, lists, old := 0, 0, 0
	for _, at := range r.places {
		truth := at.Truth()
		shown += len(truth)
		differences, err := index.Differences(r.Context(), at.scope, truth, "EUR", 2, time.Now())
		r.must(err)
		for _, d := range differences {
			r.Errorf("the index of %s is not the shop: %s", at.scope.Site, d)
		}
		words := r.unsaid(truth)
		old += len(words)
		left, err := index.Holds(r.Context(), at.scope, words)
		r.must(err)
		if len(left) > 0 {
			r.Errorf("words that the shop of %s does not say are found: %v", at.scope.Site, left)
		}
		lists += at.lists() - at.listed
	}
	r.Logf("killed while told %d, reading %d, embedding %d, after told %d, anywhere %d; %d deliveries answered, %d met nobody; %d things shown; the shops were listed by %d requests",
		r.points[whileTold], r.points[whileReading], r.points[whileEmbedding], r.points[afterTold], r.points[anywhere], r.acked, r.lost, shown, lists)
	r.Logf("up to %d generations of a site's index", last)
	if r.acked == 0 || shown == 0 || old == 0 || last < 2 {
		r.Error("nothing was tried")
	}
	if lists > len(r.places) { // a periodic task or two may fall into the run
		r.Error("the shops were listed, so that what webhooks told did not matter")
	}
}

// unsaid returns some of the words that were said once, of which truth has none.
func (r *run) unsaid(truth []wooshop.Seen) []string {
	said := map[string]bool{}
	for _, w := range regexp.MustCompile(`w[0-9]+x`).FindAllString(fmt.Sprint(truth), -1) {
		said[w] = true
	}
	var out []string
	for w := range r.everSaid {
		if !said[w] && len(out) < 300 {
			out = append(out, w)
		}
	}
	return out
}

// cut waits until the site is searched in a generation that is cut as the process
// wants it, and returns its number.
func (r *run) cut(at *place, index histories.Index) int64 {
	r.Helper()
	deadline := time.After(within)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		g, err := index.Generations(r.Context(), at.scope)
		r.must(err)
		if g.Served.Chunking == r.chunking && g.Building.No == 0 {
			return g.Served.No
		}
		select {
		case <-tick.C:
		case <-deadline:
			r.Fatalf("%s is searched in %+v, wanted are chunks of %s", at.scope.Site, g, r.chunking)
		}
	}
}

// idle waits until nothing of the site that is due waits in the queue.
func (r *run) idle(at *place, jobs ports.Jobs) {
	r.Helper()
	deadline := time.After(within)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		waiting, err := jobs.Jobs(r.Context(), at.scope, "", 1000)
		r.must(err)
		busy := slices.DeleteFunc(waiting, func(j ingestion.Job) bool {
			return j.Object.Kind == ingestion.Task && j.Due.After(time.Now().Add(time.Minute))
		})
		if len(busy) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			r.Fatalf("still in the queue: %+v", busy)
		}
	}
}
