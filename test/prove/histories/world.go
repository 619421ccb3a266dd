package histories

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/ginhttp"
	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/adapters/sealing"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/app/answering"
	"github.com/aiwoochat/woochat/app/auditing"
	"github.com/aiwoochat/woochat/app/connecting"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/fakes/wooshop"
)

// world is all that a server is, without its sockets, and the shops that are
// connected to it. It lives in a bubble of virtual time.
type world struct {
	*testing.T
	stores
	sealer     ports.Sealer
	shops      *woocommerce.Shops
	service    *ingesting.Service
	bell       *ingesting.Bell
	worker     *ingesting.Worker
	connecting *connecting.Service
	receiver   http.Handler

	mu     sync.Mutex // guards all below
	tally  tally
	opened int                          // sites, to give each an id of its own
	hosts  map[string]http.RoundTripper // of the shops, by their names
}

// RoundTrip asks the shop whose name is asked for.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	to := w.hosts[r.URL.Host]
	w.mu.Unlock()
	if to == nil {
		return nil, fmt.Errorf("no such host: %s", r.URL.Host)
	}
	return to.RoundTrip(r)
}

func newWorld(t *testing.T, s stores) *world {
	w := &world{T: t, stores: s, hosts: map[string]http.RoundTripper{}, bell: ingesting.NewBell()}
	var secret [32]byte
	secret[0] = 1
	var err error
	if w.sealer, err = sealing.New([]sealing.Key{{ID: "k1", Secret: secret}}); err != nil {
		t.Fatal(err)
	}
	w.shops, err = woocommerce.NewShops(woocommerce.Config{Connections: s.connections, Sealer: w.sealer, Client: &http.Client{Transport: w}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	w.service, err = ingesting.New(ingesting.Deps{
		Documents: s.documents, Batches: s.documents, Inventory: s.documents, Stored: s.documents, Cursors: s.documents, Indexer: s.index, Entries: s.index, Text: html.New(), Tokenizer: memory.NewTokenizer(), Now: time.Now,
		Embedder: func(tenant.Scope, string) ports.Embedder { return memory.NewEmbedder(8) }, EmbeddingModel: "words",
	})
	if err != nil {
		t.Fatal(err)
	}
	sync, err := ingesting.NewSync(ingesting.SyncDeps{
		Service: w.service, Shops: w.shops, Stored: s.documents, Queue: s.queue, Jobs: s.queue, Health: s.health, Refresh: w.shops.Refresh, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.connecting, err = connecting.New(connecting.Deps{
		Connections: s.connections, Deliveries: s.connections, States: s.connections, Health: s.health, Sealer: w.sealer, Shops: w.shops, Probe: w.shops, Queue: s.queue,
		Sites: s.sites, Tenants: s.tenants, Audit: memory.NewAuditLog(), Now: time.Now, NewID: system.NewID, Random: rand.NewChaCha8([32]byte{}),
	}, connecting.Config{PublicURL: "https://chat.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	tasks := sync.Tasks()
	tasks[ingestion.Hooks] = w.connecting.CheckHooks
	w.worker, err = ingesting.NewWorker(ingesting.WorkerDeps{
		Service: w.service, Queue: s.queue, Jobs: s.queue, Leases: s.queue, Connected: s.connections, Shops: w.shops, Sites: s.sites,
		License: func(context.Context, tenant.Scope) error { return nil }, Tasks: tasks, Health: s.health, Now: time.Now, Rand: chance(), Bell: w.bell,
	}, ingesting.WorkerConfig{
		// A day of virtual time must not take long: what is done each minute or
		// so is done each hour or so, and yet often enough that each task has had
		// its turn when a history ends; of pages all are read every 20 hours.
		Name: "worker", Look: time.Hour, Plan: 12 * time.Hour,
		Intervals: ingestion.Intervals{Poll: 8 * time.Hour, Sweep: 12 * time.Hour, Pages: 6 * time.Hour, Hooks: 12 * time.Hour},
	})
	if err != nil {
		t.Fatal(err)
	}
	receiver, err := ingesting.NewReceiver(ingesting.ReceiverDeps{
		Sites: s.connections, Connections: s.connections, Deliveries: s.connections, Sealer: w.sealer, Queue: s.queue, Health: s.health,
		Parse: func(body []byte, c ingestion.Connection) (catalog.Product, error) {
			return woocommerce.ParseProduct(body, woocommerce.RESTConfig{Currency: c.Currency, Exponent: c.Exponent, WeightUnit: c.WeightUnit, DimensionUnit: c.DimensionUnit})
		},
		Now: time.Now, Bell: w.bell,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.receiver = served(t, s, receiver)
	return w
}

// served is the HTTP server, of which only the way of webhooks is used.
func served(t *testing.T, s stores, r *ingesting.Receiver) http.Handler {
	t.Helper()
	server, err := ginhttp.New(ginhttp.Deps{
		Answering: new(answering.Service), Metering: new(metering.Service), Reports: new(metering.Reports), Auditing: new(auditing.Service),
		Tenants: s.tenants, Sites: s.sites, SiteKeys: struct{ ports.SiteKeys }{}, Receiver: r, Now: time.Now, NewID: system.NewID,
	}, ginhttp.Config{TokenKeys: []ginhttp.TokenKey{{ID: "k", Secret: make([]byte, 32)}}})
	if err != nil {
		t.Fatal(err)
	}
	return server.Public()
}

// chance is for jitter, and the same in each run.
func chance() func() float64 {
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(1, 1))
	return func() float64 {
		mu.Lock()
		defer mu.Unlock()
		return r.Float64()
	}
}

// site is one shop.
type site struct {
	*world
	no    int
	seed  uint64
	host  string
	scope tenant.Scope
	shop  *wooshop.Shop

	trust trust
	key   wooshop.Key // none if there is none
	lost  bool        // it is not connected, or with a key that is good for nothing
}

// open makes a site and a shop. They are not connected yet.
func (w *world) open(ctx context.Context, seed uint64, deliver http.Handler, o wooshop.Options) (*site, error) {
	w.mu.Lock()
	w.opened++
	no := w.opened
	w.mu.Unlock()
	n := fmt.Sprintf("%012x", no)
	host := fmt.Sprintf("shop-%d.example.com", no)
	s := &site{world: w, no: no, seed: seed, host: host, scope: tenant.Scope{
		Tenant: tenant.ID(tenant.Prefix + "0192f7a0-0000-7000-8000-" + n), Site: tenant.SiteID(tenant.SitePrefix + "0192f7a0-0000-7000-9000-" + n),
	}}
	if err := w.tenants.PutTenant(ctx, tenant.Tenant{ID: s.scope.Tenant, Name: "Tests"}); err != nil {
		return nil, err
	}
	if err := w.sites.PutSite(ctx, tenant.Site{ID: s.scope.Site, Tenant: s.scope.Tenant, Name: "Shop", URL: "https://" + host, TimeZone: "UTC", Currency: "EUR"}); err != nil {
		return nil, err
	}
	o.Seed, o.URL, o.TLS, o.Now, o.Transport = seed, "https://"+host+o.URL, true, time.Now, wooshop.HandlerTransport(deliver)
	s.shop = wooshop.New(o)
	w.mu.Lock()
	w.hosts[host] = s.shop.Transport()
	w.mu.Unlock()
	return s, nil
}

// gone takes a site out of the world, so that it costs the others nothing.
func (s *site) gone(ctx context.Context) error {
	s.mu.Lock()
	delete(s.hosts, s.host)
	s.mu.Unlock()
	return s.connections.RemoveConnection(ctx, s.scope)
}

// settle waits until nobody has anything more to do now: only then time goes
// on, by a little that no other site's goes on by.
func (s *site) settle() { <-time.After(time.Millisecond + time.Duration(s.no)*time.Nanosecond) }

// count adds what happened in a history.
func (w *world) count(t tally) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tally.add(t)
}

func (s *site) differences(ctx context.Context, truth []wooshop.Seen, currency string, decimals uint8) ([]string, error) {
	return Index{s.documents, s.documents, s.index}.Differences(ctx, s.scope, truth, currency, decimals, time.Now())
}
