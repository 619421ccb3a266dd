package bench

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/app/connecting"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/fakes/wooshop"
)

// receiver is a whole server that takes deliveries of one site, whose license is
// active, and the site's shop. One change in ten is watched until it is in the
// index.
type receiver struct {
	app         *wiring.App
	scope       tenant.Scope
	url, secret string
	shop        *wooshop.Shop
	ids         []int
	seq         int // of the last change

	mu      sync.Mutex // guards all below
	last    map[int]string
	watched map[int]watched
	took    []time.Duration
}

// watched is a change that is not in the index yet.
type watched struct {
	title string
	since time.Time
}

const watchedOneIn = 10

// startReceiver starts a server on the store of env and connects a shop to it,
// with a REST key or without. It returns when the index has the shop's products.
func startReceiver(b *testing.B, env map[string]string, key bool) *receiver {
	b.Helper()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	f := &receiver{last: map[int]string{}, watched: map[int]watched{}}
	var err error
	f.shop, err = wooshop.Start(wooshop.Options{Now: time.Now}, "")
	must(err)
	b.Cleanup(func() { _ = f.shop.Close() })
	maps.Copy(env, map[string]string{
		"WOOCHAT_ADDR": "127.0.0.1:0", "WOOCHAT_ADMIN_ADDR": "127.0.0.1:0", "WOOCHAT_SECRET_KEY": strings.Repeat("0123456789abcdef", 4),
		"WOOCHAT_DATA_DIR": b.TempDir(), "WOOCHAT_ALLOW_HOSTS": strings.TrimPrefix(f.shop.URL(), "http://"), "WOOCHAT_PUBLIC_URL": "https://chat.example.com",
		"WOOCHAT_EMBEDDING_MODEL": "none",
	})
	cfg, _, err := wiring.Load(wiring.Sources{Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }})
	must(err)
	f.app, err = wiring.Start(b.Context(), cfg, wiring.Options{Listen: true, Log: slog.New(slog.DiscardHandler)})
	must(err)
	b.Cleanup(func() {
		if err := f.app.Stop(context.Background()); err != nil {
			b.Error(err)
		}
	})
	t, err := f.app.Administering.CreateTenant(b.Context(), f.app.Operator, "bench", "")
	must(err)
	site, err := f.app.Administering.CreateSite(b.Context(), f.app.Operator, t.ID, administering.NewSite{URL: "https://shop.example.com"})
	must(err)
	f.scope = site.Scope()
	must(f.app.Administering.SetLicense(b.Context(), f.app.Operator, f.scope, usage.License{Plan: "bench", Status: usage.Active, Limits: usage.NoLimits()}))
	order := connecting.Order{URL: f.shop.URL()}
	if key {
		k := f.shop.AddKey("read")
		order.Key = ingestion.Credentials{Key: ingestion.NewSecret(k.Key), Secret: ingestion.NewSecret(k.Secret)}
	}
	for i := range objects {
		f.ids = append(f.ids, f.shop.Create(wooshop.Product{Name: fmt.Sprint("Mug ", i), Regular: "12.50", Description: strings.Repeat("<p>A mug for tea and for coffee.</p>", 60)}))
	}
	got, err := f.app.Connecting.Connect(b.Context(), f.app.Operator, f.scope, order)
	must(err)
	f.url, f.secret = f.app.PublicURL+"/api/ingestion/webhook/"+string(site.ID), got.Secret.Reveal()
	if key { // without, the shop tells of its products when they change
		for i, id := range f.ids {
			f.last[id] = fmt.Sprint("Mug ", i)
		}
		f.settle(b)
	}
	return f
}

// change gives the i-th product another name, and returns its delivery.
func (f *receiver) change(i int) delivery {
	f.seq++
	id, title := f.ids[i%len(f.ids)], fmt.Sprintf("Cup %d of tea", f.seq)
	f.shop.Edit(id, func(p *wooshop.Product) { p.Name = title })
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last[id] = title
	if i%watchedOneIn == 0 {
		w, late := f.watched[id]
		if !late {
			w.since = time.Now()
		}
		f.watched[id] = watched{title, w.since}
	}
	return delivery{f.url, f.secret, id, title}
}

// indexed returns the title by which a product is in the index, "" if it is not
// as it is stored.
func (f *receiver) indexed(ctx context.Context, id int) (title string, err error) {
	want := fmt.Sprint("product:", id)
	// Right before it: ids are digits, of which the last is made one less.
	before := want[:len(want)-1] + string(want[len(want)-1]-1) + "~"
	states, err := f.app.Inventory.States(ctx, f.scope, retrieval.DocumentID(before), 1)
	if err != nil || len(states) == 0 || string(states[0].ID) != want || states[0].Indexed != states[0].Revision {
		return "", err
	}
	return states[0].Title, nil
}

// round changes products for a window, and returns how long the answers to the
// deliveries took, and how long changes took to be in the index.
func (f *receiver) round(b *testing.B) (acks, fresh []time.Duration) {
	b.Helper()
	sent := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { f.watch(b, sent) })
	acks = deliver(b, f.change)
	close(sent)
	watching.Wait()
	f.settle(b)
	f.mu.Lock()
	defer f.mu.Unlock()
	fresh, f.took = f.took, nil
	if want := len(acks) / watchedOneIn; len(fresh) < want/2 {
		b.Fatalf("of %d changes that were watched %d were seen", want, len(fresh))
	}
	return acks, fresh
}

// settleTime is far more than the server may take.
const settleTime = time.Minute

// watch looks at the changes that are watched until all are in the index, after
// the last was sent.
func (f *receiver) watch(b *testing.B, sent <-chan struct{}) {
	b.Helper()
	var late <-chan time.Time
	for {
		f.mu.Lock()
		open := maps.Clone(f.watched)
		f.mu.Unlock()
		for id, w := range open {
			title, err := f.indexed(b.Context(), id)
			if err != nil {
				b.Error(err)
				return
			}
			f.mu.Lock()
			if title == w.title && f.watched[id] == w {
				f.took = append(f.took, time.Since(w.since))
				delete(f.watched, id)
			}
			f.mu.Unlock()
		}
		select {
		case <-sent:
			if len(open) == 0 {
				return
			}
			sent, late = nil, time.After(settleTime)
		case <-late:
			b.Errorf("%d changes are not in the index", len(open))
			return
		case <-time.After(10 * time.Millisecond):
			if sent == nil && len(open) == 0 {
				return
			}
		}
	}
}

// settle waits until the index is what the shop shows.
func (f *receiver) settle(b *testing.B) {
	b.Helper()
	begun := time.Now()
	for id, want := range f.last {
		for {
			title, err := f.indexed(b.Context(), id)
			if err != nil {
				b.Fatal(err)
			}
			if title == want {
				break
			}
			if time.Since(begun) > settleTime {
				b.Fatalf("product %d is %q in the index, and %q in the shop", id, title, want)
			}
			<-time.After(20 * time.Millisecond)
		}
	}
}
