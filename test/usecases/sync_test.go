package usecases

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/catalog"
	shopwork "github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/fakes/wooshop"
)

// oneShop opens one shop for every site.
type oneShop struct {
	ports.Shops
	shop func() (ports.Shop, error)
}

func (o oneShop) Shop(context.Context, tenant.Scope) (ports.Shop, error) { return o.shop() }

// synced is a fake shop with a Sync on memory adapters. No webhook is ever sent.
type synced struct {
	*testing.T
	*wooshop.Shop
	*ingesting.Sync
	in     *ingestion
	open   ports.Shop
	shops  *woocommerce.Shops
	queue  *memory.Queue
	health *memory.SiteHealth
	// connections say whether its webhooks were ever heard.
	connections *memory.Connections
	// away is returned instead of the shop.
	away error
}

func newSynced(t *testing.T, seed uint64, slice time.Duration) *synced {
	t.Helper()
	s := &synced{T: t, Shop: wooshop.New(wooshop.Options{Seed: seed, TLS: true, Began: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)}), health: memory.NewSiteHealth()}
	s.queue = memory.NewQueue(s.Now)
	s.in = newIngestion(t, func(_ *ingestion, d *ingesting.Deps) { d.Now = s.Now })
	type none struct{ ports.Connections }
	type no struct{ ports.Sealer }
	var err error
	s.shops, err = woocommerce.NewShops(woocommerce.Config{
		Connections: none{}, Sealer: no{}, Client: &http.Client{Transport: s.Transport()}, Now: s.Now, FAQs: html.New().FAQs, Page: 20, MaxProduct: 128 << 10,
	})
	if err != nil {
		t.Fatal(err)
	}
	k := s.AddKey("read")
	key := shopwork.Credentials{Key: shopwork.NewSecret(k.Key), Secret: shopwork.NewSecret(k.Secret)}
	conn, err := s.shops.Probe(t.Context(), s.URL(), key)
	if err != nil {
		t.Fatal(err)
	}
	s.open = s.shops.Connected(conn, key)
	s.connections = memory.NewConnections(nil, s.Now)
	conn.Secrets, conn.Version = []string{"sealed"}, 0
	if _, err := s.connections.SaveConnection(t.Context(), demoSite, conn); err != nil {
		t.Fatal(err)
	}
	if err := s.connections.Heard(t.Context(), demoSite, s.Now()); err != nil {
		t.Fatal(err)
	}
	clock := s.Now
	if slice < 0 { // each look at the clock is a second: slices end after each page
		looks := 0
		clock = func() time.Time { looks++; return s.Now().Add(time.Duration(looks) * time.Second) }
		slice = time.Nanosecond
	}
	s.Sync, err = ingesting.NewSync(ingesting.SyncDeps{
		Service: s.in.Service, Shops: oneShop{shop: func() (ports.Shop, error) { return s.open, s.away }}, Stored: s.in.documents, Queue: s.queue, Jobs: s.queue,
		Health: s.health, Deliveries: s.connections, Now: clock, Slice: slice,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// task does a task to its end, and returns how many slices it took.
func (s *synced) task(name string) int {
	s.Helper()
	for n := 1; ; n++ {
		again, err := s.Tasks()[name](s.Context(), demoSite)
		if err != nil {
			s.Fatalf("%s: %v", name, err)
		}
		if again.IsZero() {
			return n
		}
		if n > 1000 {
			s.Fatalf("%s has no end", name)
		}
	}
}

// work does what a worker does with what waits: products are read again, tasks
// are done.
func (s *synced) work() {
	s.Helper()
	s.Advance(5 * time.Second) // what was just worked at rests for a moment
	for {
		b, err := s.queue.Take(s.Context(), "test", 100, time.Minute)
		if errors.Is(err, ports.ErrNotFound) {
			return
		}
		if err != nil {
			s.Fatal(err)
		}
		var ids []string
		var done []shopwork.Outcome
		for _, j := range b.Jobs {
			if j.Object.Kind == shopwork.Product {
				ids = append(ids, j.Object.ID)
			} else {
				s.task(j.Object.ID)
			}
			done = append(done, shopwork.Outcome{Object: j.Object, Seq: j.Seq})
		}
		s.readAll(ids)
		if err := s.queue.Finish(s.Context(), b, done, true, 0); err != nil {
			s.Fatal(err)
		}
	}
}

// read reads a product as a worker does.
func (s *synced) read(id int) {
	s.Helper()
	s.readAll([]string{fmt.Sprint(id)})
}

func (s *synced) readAll(ids []string) {
	s.Helper()
	changes, err := s.open.Read(s.Context(), ids)
	if err != nil {
		s.Fatal(err)
	}
	for _, c := range changes {
		if _, err := s.in.Apply(s.Context(), demoSite, ingesting.ShopProducts, c, ingesting.Options{}); err != nil && !errors.Is(err, ports.ErrInvalid) {
			s.Fatal(err)
		}
	}
}

// differences compares what is stored with what a first import would store.
func (s *synced) differences() []string {
	s.Helper()
	fresh := newIngestion(s.T, func(_ *ingestion, d *ingesting.Deps) { d.Now = s.Now })
	o := ingesting.Options{Full: true}
	if _, err := fresh.ImportShop(s.Context(), demoSite, s.open, o); err != nil {
		s.Fatal(err)
	}
	for _, feed := range []string{ports.FeedPages, ports.FeedPosts} {
		if _, err := fresh.ImportPages(s.Context(), demoSite, s.open, feed, o); err != nil {
			s.Fatal(err)
		}
	}
	want := shownOf(s.T, fresh.documents)
	got := shownOf(s.T, s.in.documents)
	var out []string
	for id, st := range want {
		if other, ok := got[id]; !ok || other.Revision != st.Revision {
			out = append(out, fmt.Sprintf("%s: stored %+v, want %+v", id, other, st))
		}
	}
	for id := range got {
		if _, ok := want[id]; !ok {
			out = append(out, fmt.Sprintf("%s is stored and not there", id))
		}
	}
	return out
}

func shownOf(t *testing.T, d *memory.Documents) map[retrieval.DocumentID]retrieval.DocumentState {
	t.Helper()
	states, err := d.States(t.Context(), demoSite, "", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	out := map[retrieval.DocumentID]retrieval.DocumentState{}
	for _, st := range states {
		if st.Shown {
			out[st.ID] = st
		}
	}
	return out
}

func (s *synced) count(kind shopwork.FindingKind, subject string) int64 {
	s.Helper()
	list, err := s.health.Findings(s.Context(), demoSite, 1000)
	if err != nil {
		s.Fatal(err)
	}
	for _, f := range list {
		if f.Kind == kind && f.Subject == subject {
			return f.Count
		}
	}
	return 0
}

// Without a single webhook, the tasks bring the store after whatever happens to
// the shop.
func TestTasksFindWhateverNoWebhookTold(t *testing.T) {
	for seed := range uint64(30) {
		slice := time.Hour
		if seed%2 == 1 {
			slice = -1
		}
		s := newSynced(t, seed, slice)
		r := rand.New(rand.NewPCG(seed, 2))
		for range 80 {
			s.RandomEdit(r)
		}
		s.task(shopwork.Import)
		s.task(shopwork.Pages)
		s.work()
		if d := s.differences(); len(d) > 0 {
			t.Fatalf("seed %d, imported: %s", seed, strings.Join(d, "\n"))
		}
		for round := range 4 {
			s.Advance(21 * time.Hour) // pages are read whole once a day
			var edits []string
			for range 25 {
				edits = append(edits, s.RandomEdit(r))
				s.Advance(time.Duration(r.IntN(100)) * time.Second)
			}
			tasks := []string{shopwork.Poll, shopwork.Sweep, shopwork.Diff, shopwork.Pages}
			r.Shuffle(len(tasks), func(i, j int) { tasks[i], tasks[j] = tasks[j], tasks[i] })
			for _, task := range tasks {
				s.task(task)
			}
			s.work()
			if d := s.differences(); len(d) > 0 {
				t.Fatalf("seed %d, round %d, %v:\n%s\nedits:\n%s", seed, round, tasks, strings.Join(d, "\n"), strings.Join(edits, "\n"))
			}
		}
	}
}

// What each task finds, and that what was found is counted.
func TestWhatEachTaskFinds(t *testing.T) {
	s := newSynced(t, 1, time.Hour)
	var ids []int
	category := s.AddCategory("Tables", 0)
	for i := range 30 {
		ids = append(ids, s.Create(wooshop.Product{Name: fmt.Sprint("Table ", i), Regular: "10", ManageStock: true, Stock: 5, Categories: []int{category}}))
	}
	s.task(shopwork.Import)
	s.work()
	s.Advance(time.Hour)
	s.task(shopwork.Poll) // what was made within the overlap of the import comes once more
	for _, task := range []string{shopwork.Poll, shopwork.Sweep, shopwork.Diff} {
		s.task(task)
	}
	if n := s.count(shopwork.LostWebhook, ""); n != 0 || s.waiting() != 0 {
		t.Errorf("nothing happened, and %d are lost, %d wait", n, s.waiting())
	}

	s.Order(ids[3], 2) // does not touch the product
	s.task(shopwork.Poll)
	if s.waiting() != 0 {
		t.Error("the poll saw stock that was sold")
	}
	s.task(shopwork.Sweep)
	if s.waiting() != 1 || s.count(shopwork.LostWebhook, "") != 1 {
		t.Errorf("after the sweep %d wait, %d are lost", s.waiting(), s.count(shopwork.LostWebhook, ""))
	}
	// Still waiting: it is no second loss.
	s.task(shopwork.Sweep)
	if n := s.count(shopwork.LostWebhook, ""); n != 1 {
		t.Errorf("counted %d times", n)
	}
	s.work()
	s.task(shopwork.Sweep)
	if s.waiting() != 0 {
		t.Error("the sweep does not see what was read again")
	}

	s.RenameCategory(category, "Desks")
	s.task(shopwork.Sweep)
	if s.waiting() != 30 {
		t.Errorf("after a category's new name %d wait", s.waiting())
	}
	s.work()

	s.SetPlainPermalinks(true) // all addresses are others, and nothing was modified
	s.task(shopwork.Poll)
	if s.waiting() != 0 {
		t.Error("the poll saw other permalinks")
	}
	s.task(shopwork.Sweep)
	if s.waiting() != 30 {
		t.Errorf("after other permalinks %d wait", s.waiting())
	}
	s.work()
	s.SetPlainPermalinks(false)
	s.task(shopwork.Sweep)
	s.work()

	s.ForceDelete(ids[7], ids[8])
	s.task(shopwork.Sweep)
	if s.waiting() != 0 {
		t.Error("the sweep saw what is not there")
	}
	before := s.count(shopwork.LostWebhook, "")
	s.task(shopwork.Diff)
	if s.waiting() != 2 || s.count(shopwork.LostWebhook, "") != before+2 {
		t.Errorf("after the diff %d wait, %d are lost", s.waiting(), s.count(shopwork.LostWebhook, ""))
	}
	s.work()
	if d := s.differences(); len(d) > 0 {
		t.Error(strings.Join(d, "\n"))
	}

	// A price that was edited an hour ago, and one of this moment: the first was
	// not told, of the second a webhook may still come.
	s.Edit(ids[1], func(p *wooshop.Product) { p.Regular = "11" })
	s.Advance(time.Hour)
	s.Edit(ids[2], func(p *wooshop.Product) { p.Regular = "12" })
	before = s.count(shopwork.LostWebhook, "")
	s.task(shopwork.Poll)
	if n := s.count(shopwork.LostWebhook, "") - before; n != 1 || s.waiting() != 0 {
		t.Errorf("the poll counted %d, %d wait", n, s.waiting())
	}
	if d := s.differences(); len(d) > 0 {
		t.Error(strings.Join(d, "\n"))
	}
}

func (s *synced) waiting() int {
	s.Helper()
	jobs, err := s.queue.Jobs(s.Context(), demoSite, "", 1000)
	if err != nil {
		s.Fatal(err)
	}
	return len(jobs)
}

// A task that is ended after each page goes on where it was, in a new process
// too: all that it knows is stored.
func TestTasksAreResumed(t *testing.T) {
	s := newSynced(t, 3, -1)
	for i := range 390 {
		s.Create(wooshop.Product{Name: fmt.Sprint("Mug ", i), Regular: "10"})
	}
	asked := len(s.Asked())
	if n := s.task(shopwork.Import); n < 3 {
		t.Errorf("the import took %d slices", n)
	}
	// 390 products by 20, each page with one of the page before; a slice may
	// begin within a page.
	if n := len(s.Asked()) - asked; n > 35 {
		t.Errorf("the import took %d requests", n)
	}
	s.work()
	if n := s.task(shopwork.Sweep); n < 10 {
		t.Errorf("the sweep took %d slices", n)
	}
	if d := s.differences(); len(d) > 0 {
		t.Error(strings.Join(d, "\n"))
	}
	s.Advance(time.Hour)
	s.diffInSlices()
	// A full import while a poll is unfinished reads all the same.
	s.Advance(time.Hour)
	for _, id := range s.IDs()[:300] {
		s.Edit(id, func(p *wooshop.Product) { p.Regular = "11" })
	}
	if again, err := s.Poll(t.Context(), demoSite); err != nil || again.IsZero() {
		t.Fatalf("the poll ended at once: %v", err)
	}
	if n := s.task(shopwork.Import); n < 3 {
		t.Errorf("the import took %d slices", n)
	}
}

// diffInSlices compares ids while the shop goes on: what came and went before is
// found, and what a webhook told meanwhile is no loss.
func (s *synced) diffInSlices() {
	s.Helper()
	ids := s.IDs()
	s.ForceDelete(ids[5], ids[6], ids[300])
	s.Create(wooshop.Product{Name: "Mug that nobody told of", Regular: "10"})
	asked, lost := len(s.Asked()), s.count(shopwork.LostWebhook, "")
	slices, told := 1, false
	for ; ; slices++ {
		again, err := s.Diff(s.Context(), demoSite)
		if err != nil {
			s.Fatal(err)
		}
		if again.IsZero() {
			break
		}
		if slices == 3 {
			s.Break(wooshop.Fault{Weather: wooshop.Busy, RetryAfter: time.Minute})
			if _, err := s.Diff(s.Context(), demoSite); !errors.Is(err, ports.ErrUnavailable) {
				s.Errorf("the diff of a busy shop: %v", err)
			}
			s.Heal()
		}
		position, err := s.in.documents.Cursor(s.Context(), demoSite, "woocommerce-diff")
		if err != nil {
			s.Fatal(err)
		}
		if !told && strings.Contains(string(position), `"listed":true`) { // this one was made since, and read since
			told = true
			s.Advance(time.Hour) // the Sync's clock is ahead by its looks
			s.read(s.Create(wooshop.Product{Name: "Mug that a webhook told of", Regular: "10"}))
		}
		if slices > 100 {
			s.Fatal("the diff has no end")
		}
	}
	if slices < 20 || !told {
		s.Errorf("the diff took %d slices, told: %t", slices, told)
	}
	if n := len(s.Asked()) - asked; n > 26 {
		s.Errorf("the diff took %d requests for 20 pages", n)
	}
	if n := s.count(shopwork.LostWebhook, "") - lost; n != 3 || s.waiting() != 4 {
		s.Errorf("after the diff %d wait, %d are lost", s.waiting(), n)
	}
	s.work()
	if d := s.differences(); len(d) > 0 {
		s.Error(strings.Join(d, "\n"))
	}
}

func TestTasksOfShopsAway(t *testing.T) {
	s := newSynced(t, 4, time.Hour)
	s.Create(wooshop.Product{Name: "Mug", Regular: "10"})
	s.AddPage(wooshop.Page{Title: "Help", HTML: "<p>x</p>"})
	s.Break(wooshop.Fault{Weather: wooshop.Busy, RetryAfter: time.Minute})
	for name, task := range s.Tasks() {
		_, err := task(t.Context(), demoSite)
		var of *ports.ShopError
		if !errors.As(err, &of) || of.RetryAfter != time.Minute {
			t.Errorf("%s of a busy shop: %v", name, err)
		}
	}
	s.away = fmt.Errorf("%w: not connected", ports.ErrNotFound)
	for name, task := range s.Tasks() {
		if _, err := task(t.Context(), demoSite); !errors.Is(err, ports.ErrNotFound) {
			t.Errorf("%s of a site without a shop: %v", name, err)
		}
	}
	s.away = nil
	// Many shops close WordPress's own API: the site does not rest for that.
	s.Break(wooshop.Fault{Weather: wooshop.Refused, Path: "wp/v2"})
	s.task(shopwork.Pages)
	s.task(shopwork.Import)
	if s.count(shopwork.Rejected, ports.FeedPages) != 1 || s.count(shopwork.Rejected, ports.FeedPosts) != 1 || len(shownOf(t, s.in.documents)) != 1 {
		t.Errorf("with a closed API: %d and %d findings, stored %v", s.count(shopwork.Rejected, ports.FeedPages), s.count(shopwork.Rejected, ports.FeedPosts), shownOf(t, s.in.documents))
	}
	s.Heal()
	s.task(shopwork.Pages)
	if s.count(shopwork.Rejected, ports.FeedPages) != 0 || len(shownOf(t, s.in.documents)) != 2 {
		t.Error("it is not taken back")
	}
}

// A question that is not on its page any more is not answered any more; nor one
// of a page that is gone.
func TestQuestionsFollowTheirPage(t *testing.T) {
	s := newSynced(t, 5, time.Hour)
	question := func(n int) string {
		return fmt.Sprintf("<details><summary>Question %d?</summary><p>Answer %d.</p></details>", n, n)
	}
	page := s.AddPage(wooshop.Page{Title: "Help", HTML: question(1) + question(2)})
	other := s.AddPage(wooshop.Page{Title: "More", HTML: question(3)})
	s.task(shopwork.Pages)
	count := func() (n int) {
		for id := range shownOf(t, s.in.documents) {
			if strings.HasPrefix(string(id), "faq:") {
				n++
			}
		}
		return n
	}
	if count() != 3 {
		t.Fatalf("%d questions", count())
	}
	s.Advance(time.Hour)
	s.EditPage(page, func(p *wooshop.Page) { p.HTML = question(2) })
	s.task(shopwork.Pages)
	if count() != 2 {
		t.Errorf("%d questions after one went", count())
	}
	s.DeletePage(other)
	s.Advance(24 * time.Hour)
	s.task(shopwork.Pages)
	if d := s.differences(); len(d) > 0 || count() != 1 {
		t.Errorf("%d questions, %s", count(), strings.Join(d, "\n"))
	}
}

// ImportShop takes out what is gone, of whatever source it was, and nothing that
// is not the shop's.
func TestImportShopTakesOut(t *testing.T) {
	s := newSynced(t, 6, time.Hour)
	kept := s.Create(wooshop.Product{Name: "Kept", Regular: "10"})
	gone := s.Create(wooshop.Product{Name: "Gone", Regular: "10"})
	put := func(source, id string) {
		if _, err := s.in.Apply(t.Context(), demoSite, source, catalog.Change{Product: &catalog.Product{
			ID: id, Type: catalog.Simple, Name: "X", Status: catalog.Published, Visibility: catalog.Everywhere,
		}}, ingesting.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	put("products-csv", "999")
	put("products-csv", "SKU-1")
	if r, err := s.in.ImportShop(t.Context(), demoSite, s.open, ingesting.Options{Full: true}); err != nil || r.Changed != 2 || r.Removed != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	s.ForceDelete(gone)
	r, err := s.in.ImportShop(t.Context(), demoSite, s.open, ingesting.Options{Full: true})
	if err != nil || r.Removed != 1 || r.Unchanged != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	got := shownOf(t, s.in.documents)
	if _, ok := got[retrieval.NewDocumentID(catalog.KindProduct, fmt.Sprint(kept))]; !ok || len(got) != 2 {
		t.Errorf("stored %v", got)
	}
}

// Whatever cannot be read of a product, and whichever way it is noticed: no price
// is told that the shop does not have now, and nothing that it hides. What cannot
// be read is not taken for a lost webhook again and again.
func TestNoWrongPriceIsTold(t *testing.T) {
	giant := strings.Repeat("A long story. ", 1<<14)
	for name, spoil := range map[string]func(s *synced, id int) (want string){
		"a giant text": func(s *synced, id int) string {
			s.Edit(id, func(p *wooshop.Product) { p.Description, p.Regular = giant, "11" })
			return "1100"
		},
		"a text that breaks the shop": func(s *synced, id int) string {
			s.BreakAt(id, "description")
			s.Edit(id, func(p *wooshop.Product) { p.Regular = "11" })
			return "1100"
		},
		"a text that is too deep": func(s *synced, id int) string {
			s.Edit(id, func(p *wooshop.Product) { p.Description, p.Regular = strings.Repeat("<div>", 5000), "11" })
			return "1100"
		},
		"a price in words": func(s *synced, id int) string {
			s.Edit(id, func(p *wooshop.Product) { p.Regular = "11" })
			s.Say(id, "regular_price", `"cheap"`)
			return "no price"
		},
		"a price that breaks the shop": func(s *synced, id int) string {
			s.Edit(id, func(p *wooshop.Product) { p.Regular = "11" })
			s.BreakAt(id, "regular_price")
			return "no price"
		},
		"a giant that is hidden": func(s *synced, id int) string {
			s.Edit(id, func(p *wooshop.Product) { p.Description, p.Visibility = giant, "hidden" })
			return "gone"
		},
		"a giant with a password": func(s *synced, id int) string {
			s.Edit(id, func(p *wooshop.Product) { p.Description, p.Password = giant, "hush" })
			return "gone"
		},
		"a giant draft": func(s *synced, id int) string {
			s.Edit(id, func(p *wooshop.Product) { p.Description, p.Status = giant, "draft" })
			return "gone"
		},
		"a state that is none": func(s *synced, id int) string {
			s.Edit(id, func(p *wooshop.Product) { p.Regular = "11" })
			s.Say(id, "catalog_visibility", `"vips"`)
			return "gone"
		},
	} {
		for _, way := range []string{"id", shopwork.Poll, shopwork.Sweep, shopwork.Import} {
			s := newSynced(t, 1, time.Hour)
			var ids []int
			for i := range 30 {
				ids = append(ids, s.Create(wooshop.Product{Name: fmt.Sprint("Table ", i), Regular: "10", Description: "of oak"}))
			}
			s.task(shopwork.Import)
			s.work()
			s.Advance(time.Hour)
			id := ids[17]
			if got := s.told(id); got != "1000" {
				t.Fatalf("%s: at first %s", name, got)
			}
			want := spoil(s, id)
			if way == "id" {
				s.hint(id)
			} else {
				s.task(way)
			}
			s.work()
			if got := s.told(id); got != want {
				t.Errorf("%s, noticed by %s: %s is told, want %s", name, way, got, want)
			}
			lost := s.count(shopwork.LostWebhook, "")
			for range 3 {
				s.Advance(time.Hour)
				s.task(shopwork.Sweep)
				s.work()
			}
			if n := s.count(shopwork.LostWebhook, "") - lost; n != 0 || s.told(id) != want {
				t.Errorf("%s, noticed by %s: %d more are lost, %s is told", name, way, n, s.told(id))
			}
			if d := s.differences(); len(d) > 0 && !strings.Contains(name, "text") {
				t.Errorf("%s, noticed by %s: %s", name, way, strings.Join(d, "\n"))
			}
		}
	}
}

// told returns what is stored of a product: what it costs, "gone" or "no price".
func (s *synced) told(id int) string {
	s.Helper()
	list, err := s.in.documents.Stored(s.Context(), demoSite, []retrieval.DocumentID{retrieval.NewDocumentID(catalog.KindProduct, fmt.Sprint(id))})
	switch {
	case err != nil:
		s.Fatal(err)
	case len(list) == 0 || !list[0].Shown:
		return "gone"
	case len(list[0].Facts.Offers) == 0:
		return "no price"
	}
	return fmt.Sprint(list[0].Facts.Offers[0].Regular.Minor)
}

// hint notes that a product has changed, as a webhook does.
func (s *synced) hint(id int) {
	s.Helper()
	h := shopwork.Hint{Object: shopwork.Object{Kind: shopwork.Product, ID: fmt.Sprint(id)}}
	if err := s.queue.Enqueue(s.Context(), demoSite, []shopwork.Hint{h}); err != nil {
		s.Fatal(err)
	}
}

// No webhook is lost of a shop that never had any: connected by a key alone, or
// whose webhooks have told nothing yet.
func TestWithoutWebhooksNoneIsLost(t *testing.T) {
	s := newSynced(t, 1, time.Hour)
	id := s.Create(wooshop.Product{Name: "Table", Regular: "10"})
	s.task(shopwork.Import)
	s.work()
	for name, secrets := range map[string][]string{"no webhooks": nil, "silent webhooks": {"sealed"}} {
		if err := s.connections.RemoveConnection(t.Context(), demoSite); err != nil {
			t.Fatal(err)
		}
		if secrets != nil {
			if _, err := s.connections.SaveConnection(t.Context(), demoSite, shopwork.Connection{URL: s.URL(), Secrets: secrets}); err != nil {
				t.Fatal(err)
			}
		}
		s.Advance(time.Hour)
		s.Edit(id, func(p *wooshop.Product) { p.Regular += "1" })
		s.Advance(time.Hour)
		s.task(shopwork.Sweep)
		if s.waiting() == 0 {
			t.Errorf("%s: the sweep found nothing", name)
		}
		s.work()
		s.Edit(id, func(p *wooshop.Product) { p.Regular += "2" })
		s.Advance(time.Hour)
		s.task(shopwork.Poll)
		if n := s.count(shopwork.LostWebhook, ""); n != 0 {
			t.Errorf("%s: %d are lost", name, n)
		}
	}
}

// breakingAt is a shop that dies wherever it is asked for one of some products.
type breakingAt struct {
	ports.Shop
	at   map[string]bool
	away func() bool
}

func (b breakingAt) Read(ctx context.Context, ids []string) ([]catalog.Change, error) {
	if b.away() || slices.ContainsFunc(ids, func(id string) bool { return b.at[id] }) {
		return nil, &ports.ShopError{Status: 500, Reason: "the shop answered 500", Err: ports.ErrUnavailable}
	}
	return b.Shop.Read(ctx, ids)
}

func (b breakingAt) Light(ctx context.Context, since catalog.Cursor, offers bool, visit func(catalog.Product) error) (catalog.Cursor, bool, error) {
	if b.away() {
		return since, false, &ports.ShopError{Status: 500, Reason: "the shop answered 500", Err: ports.ErrUnavailable}
	}
	return b.Shop.Light(ctx, since, offers, visit)
}

// TestImportShopPassesWhatBreaksTheShop: of what is gone the shop dies at some, and
// the import comes to its end all the same; a shop that is away is no such thing.
func TestImportShopPassesWhatBreaksTheShop(t *testing.T) {
	s := newSynced(t, 6, time.Hour)
	s.Create(wooshop.Product{Name: "Kept", Regular: "10"})
	var ids []int
	for id := 901; id < 931; id++ {
		ids = append(ids, id)
		if _, err := s.in.Apply(t.Context(), demoSite, ingesting.ShopProducts, catalog.Change{Product: &catalog.Product{
			ID: fmt.Sprint(id), Type: catalog.Simple, Name: "Gone", Status: catalog.Published, Visibility: catalog.Everywhere,
			Offer: catalog.Offer{Regular: catalog.Money{Minor: 1000, Currency: "EUR", Exponent: 2}},
		}}, ingesting.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	away := true
	shop := breakingAt{s.open, map[string]bool{"907": true, "929": true}, func() bool { return away }}
	// A shop that dies at everything is away, and nothing is taken from anybody.
	first := true
	shop.away = func() bool { first, away = false, !first; return away }
	if r, err := s.in.ImportShop(t.Context(), demoSite, shop, ingesting.Options{Full: true}); !errors.Is(err, ports.ErrUnavailable) || r.Removed != 0 || s.told(901) != "1000" || s.told(907) != "1000" {
		t.Fatalf("%+v, %v: 901 is %s, 907 %s", r, err, s.told(901), s.told(907))
	}
	s.Advance(time.Minute)
	shop.away = func() bool { return false }
	r, err := s.in.ImportShop(t.Context(), demoSite, shop, ingesting.Options{Full: true})
	if err != nil || r.Removed != 28 || r.Rejected != 2 || len(r.Rejects) != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, id := range ids {
		want := "gone"
		if shop.at[fmt.Sprint(id)] {
			want = "no price" // nobody knows what it costs
		}
		if got := s.told(id); got != want {
			t.Errorf("%d is %s, want %s", id, got, want)
		}
	}
}

// TestWhatIsMendedIsReadAgain: a text that a plugin had spoiled is mended there
// without a new date, which no sweep sees.
func TestWhatIsMendedIsReadAgain(t *testing.T) {
	s := newSynced(t, 1, time.Hour)
	id := s.Create(wooshop.Product{Name: "Table", Regular: "10", Description: "of oak"})
	chair := s.Create(wooshop.Product{Name: "Chair", Regular: "5"})
	s.task(shopwork.Import)
	s.work()
	s.Advance(time.Hour)
	s.Say(id, "description", `"`+strings.Repeat("<div>", 5000)+`"`)
	s.Edit(id, func(p *wooshop.Product) { p.Regular = "11" })
	s.task(shopwork.Poll)
	s.work()
	if got := s.told(id); got != "1100" {
		t.Fatalf("broken: %s is told", got)
	}
	// Polls have gone past it meanwhile.
	for price := range 3 {
		s.Advance(24 * time.Hour) // far beyond what a poll reads once more
		s.Edit(chair, func(p *wooshop.Product) { p.Regular = fmt.Sprint(6 + price) })
		s.task(shopwork.Poll)
		s.work()
	}
	s.Say(id, "description", "")
	for _, task := range []string{shopwork.Poll, shopwork.Sweep} {
		s.Advance(time.Hour)
		s.task(task)
		s.work()
	}
	if len(s.differences()) == 0 {
		t.Fatal("a poll or a sweep has seen it: then nobody needs to ask at night")
	}
	s.Advance(time.Hour)
	s.task(shopwork.Diff)
	s.work()
	if d := s.differences(); len(d) > 0 {
		t.Errorf("after the night: %s", strings.Join(d, "\n"))
	}
}
