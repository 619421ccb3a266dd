package bench

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
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
	"github.com/aiwoochat/woochat/test/harness/migrated"
)

const (
	freshProducts = 200
	freshEvery    = 50 * time.Millisecond // one change
	freshWindow   = 10 * time.Second
)

// BenchmarkEventToSearchable edits products of a shop, one each 50 ms and each at
// most once in ten seconds, delivers the webhook, and tells how long it takes from
// the delivery until the index has what the shop shows: delivered, read from the
// shop, stored, indexed. The target is a p95 of one second.
func BenchmarkEventToSearchable(b *testing.B) {
	for _, store := range []string{"sqlite", "postgres"} {
		b.Run(store, func(b *testing.B) {
			env := map[string]string{}
			if store == "postgres" {
				env = migrated.Settings(migrated.Database(b).URL)
			}
			f := startFresh(b, env)
			var p50, p95, p99 []float64
			for b.Loop() {
				took := f.round(b)
				slices.Sort(took)
				p50, p95, p99 = append(p50, took[len(took)/2]), append(p95, took[len(took)*95/100]), append(p99, took[len(took)*99/100])
			}
			b.ReportMetric(median(p50), "p50-ms")
			b.ReportMetric(median(p95), "p95-ms")
			b.ReportMetric(median(p99), "p99-ms")
		})
	}
}

// fresh is a server with a shop whose products it has.
type fresh struct {
	app    *wiring.App
	shop   *wooshop.Shop
	ids    []int
	scope  tenant.Scope
	url    string
	secret string
	rounds int
}

func startFresh(b *testing.B, env map[string]string) *fresh {
	b.Helper()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	f := &fresh{}
	var err error
	f.shop, err = wooshop.Start(wooshop.Options{Now: time.Now}, "")
	must(err)
	b.Cleanup(func() { _ = f.shop.Close() })
	for i := range freshProducts {
		f.ids = append(f.ids, f.shop.Create(wooshop.Product{Name: fmt.Sprint("Mug ", i), Regular: "12.50"}))
	}
	maps.Copy(env, map[string]string{
		"WOOCHAT_ADDR": "127.0.0.1:0", "WOOCHAT_ADMIN_ADDR": "127.0.0.1:0", "WOOCHAT_SECRET_KEY": strings.Repeat("0123456789abcdef", 4),
		"WOOCHAT_DATA_DIR": b.TempDir(), "WOOCHAT_ALLOW_HOSTS": strings.TrimPrefix(f.shop.URL(), "http://"), "WOOCHAT_PUBLIC_URL": "https://chat.example.com",
	})
	cfg, _, err := wiring.Load(wiring.Sources{Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }})
	must(err)
	f.app, err = wiring.Start(b.Context(), cfg, wiring.Options{Listen: true, Log: slog.New(slog.DiscardHandler)})
	must(err)
	b.Cleanup(func() { _ = f.app.Stop(context.Background()) })
	t, err := f.app.Administering.CreateTenant(b.Context(), f.app.Operator, "bench", "")
	must(err)
	site, err := f.app.Administering.CreateSite(b.Context(), f.app.Operator, t.ID, administering.NewSite{URL: "https://shop.example.com"})
	must(err)
	f.scope = site.Scope()
	must(f.app.Administering.SetLicense(b.Context(), f.app.Operator, f.scope, usage.License{Plan: "bench", Status: usage.Active, Limits: usage.NoLimits()}))
	k := f.shop.AddKey("read")
	got, err := f.app.Connecting.Connect(b.Context(), f.app.Operator, f.scope, connecting.Order{
		URL: f.shop.URL(), Key: ingestion.Credentials{Key: ingestion.NewSecret(k.Key), Secret: ingestion.NewSecret(k.Secret)},
	})
	must(err)
	f.url, f.secret = f.app.PublicURL+"/api/ingestion/webhook/"+string(site.ID), got.Secret.Reveal()
	wanted := map[retrieval.DocumentID]string{}
	for _, id := range f.ids {
		wanted[documentOf(id)] = "Mug"
	}
	f.watch(b, func() map[retrieval.DocumentID]string { return wanted }, len(wanted), func(id retrieval.DocumentID) { delete(wanted, id) })
	return f
}

// watch looks at the documents until all of wanted, by product, are indexed under
// titles that begin so, and calls seen for each. One look at a time, so that those
// who look do not slow down those who work.
func (f *fresh) watch(b *testing.B, wanted func() map[retrieval.DocumentID]string, left int, seen func(retrieval.DocumentID)) {
	b.Helper()
	for late := time.Now().Add(time.Minute); left > 0; <-time.After(5 * time.Millisecond) {
		states, err := f.app.Inventory.States(b.Context(), f.scope, "", 2*freshProducts)
		if err != nil || time.Now().After(late) {
			b.Errorf("%d changes are not searchable: %v", left, err)
			return
		}
		want := wanted()
		for _, st := range states {
			if title, ok := want[st.ID]; ok && strings.HasPrefix(st.Title, title) && st.Indexed == st.Revision {
				seen(st.ID)
				left--
			}
		}
	}
}

func documentOf(id int) retrieval.DocumentID {
	return retrieval.DocumentID(fmt.Sprint("product:", id))
}

// round changes products for a window, and returns how many milliseconds each
// change took to be searchable.
func (f *fresh) round(b *testing.B) []float64 {
	b.Helper()
	f.rounds++
	client := &http.Client{Timeout: time.Minute}
	n := int(freshWindow / freshEvery)
	var mu sync.Mutex
	begun, titles := map[retrieval.DocumentID]time.Time{}, map[retrieval.DocumentID]string{}
	var took []float64
	var all sync.WaitGroup
	all.Go(func() {
		f.watch(b, func() map[retrieval.DocumentID]string {
			mu.Lock()
			defer mu.Unlock()
			return maps.Clone(titles)
		}, n, func(id retrieval.DocumentID) {
			mu.Lock()
			defer mu.Unlock()
			took = append(took, millis(time.Since(begun[id])))
			delete(titles, id)
		})
	})
	start := time.Now()
	for i := range n {
		<-time.After(time.Until(start.Add(time.Duration(i) * freshEvery)))
		id, title := f.ids[i%len(f.ids)], fmt.Sprintf("Cup %d.%d of", f.rounds, i)
		f.shop.Edit(id, func(p *wooshop.Product) { p.Name = title + " tea" })
		mu.Lock()
		begun[documentOf(id)], titles[documentOf(id)] = time.Now(), title
		mu.Unlock()
		all.Go(func() {
			if err := send(b.Context(), client, f.url, f.secret, id); err != nil {
				b.Error(err)
			}
		})
	}
	all.Wait()
	return took
}
