package ingesting_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// fakeShop is a shop as its API shows it, and what is wrong with it.
type fakeShop struct {
	mu    sync.Mutex
	has   map[string]string // products, and their descriptions
	fail  func(ids []string) error
	slow  time.Duration
	reads [][]string
	keyed bool
}

func newFakeShop() *fakeShop { return &fakeShop{has: map[string]string{}, keyed: true} }

func (f *fakeShop) Shop(context.Context, tenant.Scope) (ports.Shop, error) {
	if !f.keyed {
		return nil, ports.ErrNotFound
	}
	return f, nil
}

func (*fakeShop) Hooks(context.Context, tenant.Scope) (ports.ShopHooks, error) {
	return nil, ports.ErrNotFound
}

func (f *fakeShop) set(id, description string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.has[id] = description
}

func (f *fakeShop) drop(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.has, id)
}

func (f *fakeShop) breaks(fail func(ids []string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = fail
}

// asked returns how often it was read.
func (f *fakeShop) asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.reads)
}

// count returns how many texts were embedded.
func (e *embedder) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.texts)
}

func (f *fakeShop) Read(ctx context.Context, ids []string) ([]catalog.Change, error) {
	if f.slow > 0 {
		select {
		case <-time.After(f.slow):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads = append(f.reads, slices.Clone(ids))
	if f.fail != nil {
		if err := f.fail(ids); err != nil {
			return nil, err
		}
	}
	var list []catalog.Change
	for _, id := range ids {
		list = append(list, f.change(id))
	}
	return list, nil
}

func (f *fakeShop) change(id string) catalog.Change {
	description, ok := f.has[id]
	switch {
	case !ok:
		return catalog.Change{Deleted: &catalog.Deleted{Kind: catalog.KindProduct, ID: id}}
	case description == "REJECTED":
		known := saying(id, "").Product
		known.Description = ""
		return catalog.Change{Rejected: &catalog.Rejected{Kind: catalog.KindProduct, ID: id, Where: "product " + id, Reason: "its text is too large", Known: known}}
	}
	return saying(id, description)
}

func saying(id, description string) catalog.Change {
	return catalog.Change{Product: &catalog.Product{
		ID: id, Type: catalog.Simple, Name: "Mug " + id, URL: "https://shop.example.com/" + id, Status: catalog.Published,
		Visibility: catalog.Everywhere, Description: "<p>" + description + "</p>", Updated: time.Now(),
		Offer: catalog.Offer{Regular: catalog.Money{Minor: 500, Currency: "EUR", Exponent: 2}, Stock: catalog.InStock},
	}}
}

func (f *fakeShop) Light(_ context.Context, _ catalog.Cursor, _ bool, visit func(catalog.Product) error) (catalog.Cursor, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		if err := f.fail(nil); err != nil {
			return "", false, err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(f.has)) {
		if err := visit(catalog.Product{ID: id}); err != nil {
			return "", false, err
		}
	}
	return "", true, nil
}

func (*fakeShop) Source(string) (ports.DocumentSource, error) { return nil, ports.ErrNotFound }

func shopError(status int, after time.Duration) error {
	err := ports.ErrUnavailable
	if status == 401 {
		err = ports.ErrInvalid
	}
	return &ports.ShopError{Status: status, RetryAfter: after, Reason: fmt.Sprint("the shop answered ", status), Err: err}
}

// connected are the sites that the planner finds.
type connected struct {
	ports.ConnectedSites
	scopes []tenant.Scope
}

func (c connected) Connected(_ context.Context, after tenant.SiteID, limit int) ([]tenant.Scope, error) {
	var list []tenant.Scope
	for _, s := range c.scopes {
		if s.Site > after && len(list) < limit {
			list = append(list, s)
		}
	}
	return list, nil
}

// health keeps findings.
type health struct {
	mu  sync.Mutex
	all map[string]ingestion.Finding
}

func (h *health) Raise(_ context.Context, _ tenant.Scope, f ingestion.Finding) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all == nil {
		h.all = map[string]ingestion.Finding{}
	}
	name := string(f.Kind) + " " + f.Subject
	h.all[name] = f.After(h.all[name])
	return nil
}

func (h *health) Clear(_ context.Context, _ tenant.Scope, kind ingestion.FindingKind, subject string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.all, string(kind)+" "+subject)
	return nil
}

func (h *health) Findings(_ context.Context, _ tenant.Scope, _ int) ([]ingestion.Finding, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []ingestion.Finding
	for _, f := range h.all {
		list = append(list, f)
	}
	return list, nil
}

func (h *health) has(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, ok := h.all[name]
	return ok
}

// works is a Worker on memory adapters, in virtual time.
type works struct {
	*world
	queue   *memory.Queue
	shop    *fakeShop
	health  *health
	events  *memory.Events
	bell    *ingesting.Bell
	sites   *memory.Accounts
	deps    ingesting.WorkerDeps
	cfg     ingesting.WorkerConfig
	license func() error
}

func newWorks(t *testing.T) *works {
	t.Helper()
	return newWorksWith(t, func(*ingesting.Deps) {})
}

func newWorksWith(t *testing.T, change func(*ingesting.Deps)) *works {
	t.Helper()
	w := &works{shop: newFakeShop(), health: &health{}, events: memory.NewEvents(), bell: ingesting.NewBell(), queue: memory.NewQueue(time.Now)}
	w.world = newWorld(t, func(d *ingesting.Deps) {
		d.Now = time.Now
		change(d)
	})
	accounts := memory.NewAccounts()
	w.sites = accounts
	for i, s := range []tenant.Scope{site, other} {
		if err := accounts.PutTenant(t.Context(), tenant.Tenant{ID: s.Tenant, Name: "tenant"}); err != nil {
			t.Fatal(err)
		}
		if err := accounts.PutSite(t.Context(), tenant.Site{
			ID: s.Site, Tenant: s.Tenant, Name: "shop", URL: fmt.Sprintf("https://shop%d.example.com", i), Locale: "en", Currency: "EUR", TimeZone: "Europe/Vienna", Generation: 1,
		}); err != nil {
			t.Fatal(err)
		}
	}
	w.deps = ingesting.WorkerDeps{
		Service: w.Service, Queue: w.queue, Jobs: w.queue, Leases: w.queue, Shops: w.shop, Sites: accounts, Health: w.health,
		License: func(context.Context, tenant.Scope) error {
			if w.license != nil {
				return w.license()
			}
			return nil
		},
		Now: time.Now, Rand: rand.Float64, Bell: w.bell, Events: w.events,
	}
	w.cfg = ingesting.WorkerConfig{Name: "worker"}
	return w
}

// run starts a worker and returns a function that ends it.
func (w *works) run(change func(*ingesting.WorkerDeps, *ingesting.WorkerConfig)) (stop func()) {
	w.Helper()
	d, c := w.deps, w.cfg
	if change != nil {
		change(&d, &c)
	}
	worker, err := ingesting.NewWorker(d, c)
	if err != nil {
		w.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		worker.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

func productJob(id string) ingestion.Object {
	return ingestion.Object{Kind: ingestion.Product, ID: id}
}

func taskJob(name string) ingestion.Object {
	return ingestion.Object{Kind: ingestion.Task, ID: name}
}

func (w *works) hint(s tenant.Scope, objects ...ingestion.Object) {
	w.Helper()
	var hints []ingestion.Hint
	for _, o := range objects {
		hints = append(hints, ingestion.Hint{Object: o})
	}
	if err := w.queue.Enqueue(w.Context(), s, hints); err != nil {
		w.Fatal(err)
	}
}

func (w *works) jobs(s tenant.Scope) map[string]ingestion.Job {
	w.Helper()
	list, err := w.queue.Jobs(w.Context(), s, "", 10_000)
	if err != nil {
		w.Fatal(err)
	}
	all := map[string]ingestion.Job{}
	for _, j := range list {
		all[j.Object.String()] = j
	}
	return all
}

// wait lets the world go on for d.
func wait(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func (w *works) found(words string, want ...string) {
	w.Helper()
	var got []string
	for _, id := range w.finds(words) {
		got = append(got, string(id))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		w.Errorf("%q finds %v, want %v", words, got, want)
	}
}
