package wooshop

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// ears is a receiver in this process.
type ears struct {
	mu     sync.Mutex
	heard  []*http.Request
	bodies []string
	status int
}

// ServeHTTP implements http.Handler.
func (e *ears) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard, e.bodies = append(e.heard, r), append(e.bodies, string(body))
	w.WriteHeader(max(e.status, 200))
}

func (e *ears) topics() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []string
	for _, r := range e.heard {
		topic := r.Header.Get("X-WC-Webhook-Topic")
		if topic == "" {
			topic = "ping"
		}
		out = append(out, topic)
	}
	e.heard, e.bodies = nil, nil
	return out
}

const hookURL = "https://chat.example.com/api/ingestion/webhook/site_1"

// watched is a shop with webhooks for all topics of products and for coupons.
func watched(t *testing.T, o Options) (*Shop, *ears) {
	t.Helper()
	e := &ears{}
	o.Transport = HandlerTransport(e)
	s := New(o)
	for _, topic := range []string{"product.created", "product.updated", "product.deleted", "product.restored", "product.published", "coupon.deleted"} {
		if _, err := s.AddHook(topic, hookURL, secret); err != nil {
			t.Fatal(err)
		}
	}
	e.topics()
	return s, e
}

func (s *Shop) told(e *ears) []string {
	s.Deliver(context.Background())
	return e.topics()
}

func expect(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestWhatTells(t *testing.T) {
	s, e := watched(t, Options{})
	id := s.Create(Product{Name: "A", Regular: "5", ManageStock: true, Stock: 9})
	expect(t, "create", s.told(e), "product.created")
	was := s.Now()
	s.Advance(time.Minute)
	s.Order(id, 2)
	expect(t, "an order", s.told(e), "product.updated")
	if p := s.products[id]; p.in.Stock != 7 || !p.modified.Equal(was) {
		t.Errorf("after the order: stock %d, modified %v", p.in.Stock, p.modified)
	}
	s.AdminSave(id, func(p *Product) { p.Name = "B" })
	expect(t, "a save by hand, late", s.told(e), "product.updated")
	young := s.Create(Product{Name: "C", Status: "draft"})
	s.told(e)
	s.AdminSave(young, func(p *Product) { p.Status = "publish" })
	expect(t, "a save by hand within ten seconds", s.told(e), "product.created", "product.updated", "product.published")
	s.ImportCSV(Product{Name: "D"})
	expect(t, "an import", s.told(e), "product.created", "product.updated")
	s.RenameCategory(15, "Other")
	s.DeleteVariation(s.AddVariation(s.Create(Product{Name: "V", Type: "variable"}), Variation{Regular: "1"}))
	s.told(e)
	s.ForceDelete(young)
	expect(t, "rename, deletions for good", s.told(e))
	later := s.Create(Product{Name: "G", Published: s.Now().Add(time.Hour)})
	s.told(e)
	made := s.products[later].modified
	s.Advance(2 * time.Hour)
	expect(t, "its time has come", s.told(e))
	if p := s.products[later]; p.in.Status != "publish" || !p.modified.Equal(made) {
		t.Errorf("scheduled: %+v", p)
	}
	s.Trash(id)
	s.Advance(time.Second)
	s.Restore(id)
	expect(t, "trash and back before the queue ran", s.told(e), "coupon.deleted", "product.deleted", "product.restored")
	s.Create(Product{Name: "E"})
	s.Trash(s.lastID)
	s.Deliver(t.Context())
	e.mu.Lock()
	if !strings.Contains(e.bodies[0], `"status":"trash"`) {
		t.Errorf("created, and in the trash before it was told: %s", e.bodies[0])
	}
	e.mu.Unlock()
	e.topics()
	s.Create(Product{Name: "F"})
	s.ForceDelete(s.lastID)
	s.Deliver(t.Context())
	e.mu.Lock()
	if len(e.bodies) != 1 || e.bodies[0] != `{"code":"woocommerce_rest_product_invalid_id","message":"Invalid ID.","data":{"status":404}}` {
		t.Errorf("created, and deleted for good before it was told: %s", e.bodies)
	}
	e.mu.Unlock()
}

func TestQueue(t *testing.T) {
	s, e := watched(t, Options{Latency: 3 * time.Second})
	id := s.Create(Product{Name: "A"})
	for range 5 {
		s.Edit(id, func(p *Product) { p.MenuOrder++ })
	}
	expect(t, "not yet due", s.told(e))
	s.Advance(3 * time.Second)
	s.Deliver(t.Context())
	sent := s.Sent()
	if len(sent) != 2 || !bytes.Contains(sent[1].Body, []byte(`"menu_order":5`)) {
		t.Errorf("five saves: %d deliveries", len(sent))
	}
	e.topics()

	s.Create(Product{Name: "B"})
	s.Create(Product{Name: "C"})
	s.Advance(3 * time.Second)
	s.Deliver(t.Context())
	a, b := s.Sent()[2].Header, s.Sent()[3].Header
	if a.Get("X-WC-Webhook-Delivery-ID") != b.Get("X-WC-Webhook-Delivery-ID") || a.Get("X-WC-Webhook-Signature") == b.Get("X-WC-Webhook-Signature") {
		t.Errorf("two deliveries of one webhook in one second: %v and %v", a, b)
	}
	e.topics()

	fates := []Fate{{Lost: true}, {Copies: 2}, {Late: 10 * time.Second}, {Late: time.Second, Held: true}, {Unanswered: true}, {Fails: true}}
	s.SetFate(func(Delivery) Fate {
		f := fates[0]
		fates = fates[1:]
		return f
	})
	for _, name := range []string{"lost", "twice", "late", "held", "unanswered", "fails"} {
		s.Create(Product{Name: name})
	}
	s.Advance(3 * time.Second)
	s.Deliver(t.Context())
	s.Edit(s.lastID-2, func(p *Product) { p.Name = "held, and changed" })
	s.SetFate(nil)
	names := func() (out []string) {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, b := range e.bodies {
			var p struct {
				Name string `json:"name"`
			}
			if err := json.Unmarshal([]byte(b), &p); err != nil {
				t.Fatal(err)
			}
			out = append(out, p.Name)
		}
		e.heard, e.bodies = nil, nil
		return out
	}
	expect(t, "at once", names(), "twice", "twice", "twice", "unanswered")
	if h := s.Hooks()[0]; h.FailureCount != 2 {
		t.Errorf("failures: %+v", h)
	}
	s.Advance(10 * time.Second)
	s.Deliver(t.Context())
	expect(t, "later", names(), "held", "held, and changed", "late")
	if s.Waiting() != 0 {
		t.Errorf("%d wait", s.Waiting())
	}
}

func TestOwnerWithoutRights(t *testing.T) {
	s, e := watched(t, Options{})
	s.Disown(1, true)
	s.Create(Product{Name: "A"})
	s.Deliver(t.Context())
	e.mu.Lock()
	defer e.mu.Unlock()
	if want := `{"code":"woocommerce_rest_cannot_view","message":"Sorry, you cannot view this resource.","data":{"status":401}}`; e.bodies[0] != want || e.heard[0].Header.Get("X-WC-Webhook-Signature") != sign(secret, []byte(want)) {
		t.Errorf("got %s, %v", e.bodies[0], e.heard[0].Header)
	}
}

// The shop signs with the secret as WordPress decodes it.
func TestSecretIsDecoded(t *testing.T) {
	if sign("a &amp; b &lt;&#039;&quot;", []byte("x")) != sign(`a & b <'"`, []byte("x")) {
		t.Error("the secret is not decoded")
	}
}

func TestHooksByREST(t *testing.T) {
	e := &ears{status: 202}
	s := New(Options{TLS: true, Transport: HandlerTransport(e)})
	k := s.AddKey("read_write")
	header := append(basic(k), "Content-Type", "application/json")
	call := func(method, path, body string) (int, map[string]any) {
		status, _, text := ask(t, s, method, s.URL()+"/wp-json/wc/v3/webhooks"+path, body, header...)
		var out map[string]any
		_ = json.Unmarshal([]byte(text), &out) // lists stay nil
		return status, out
	}
	status, made := call("POST", "", `{"topic":"product.updated","delivery_url":"`+hookURL+`","secret":"s"}`)
	if status != 201 || made["status"] != "active" || made["secret"] != nil || made["failure_count"] != nil || made["delivery_url"] != hookURL {
		t.Errorf("made: %d %v", status, made)
	}
	expect(t, "after the POST", e.topics(), "ping")
	if status, bad := call("POST", "", `{"topic":"product.sold","delivery_url":"`+hookURL+`"}`); status != 400 || bad["code"] != "woocommerce_rest_shop_webhook_invalid_topic" {
		t.Errorf("a bad topic: %d %v", status, bad)
	}
	if status, bad := call("POST", "", `{"topic":"product.updated","delivery_url":"ftp://x"}`); status != 400 || bad["code"] != "woocommerce_rest_shop_webhook_invalid_delivery_url" {
		t.Errorf("a bad URL: %d %v", status, bad)
	}
	if status, got := call("PUT", "/1", `{"status":"paused","secret":"t"}`); status != 200 || got["status"] != "paused" || s.Hooks()[0].Secret != "t" {
		t.Errorf("changed: %d %v", status, got)
	}
	if status, _ := call("DELETE", "/1", ""); status != 501 {
		t.Errorf("deleted into a trash that is not: %d", status)
	}
	if status, _ := call("DELETE", "/1?force=true", ""); status != 200 || len(s.Hooks()) != 0 {
		t.Errorf("deleted: %d", status)
	}
	if status, gone := call("GET", "/1", ""); status != 404 || gone["code"] != "woocommerce_rest_shop_webhook_invalid_id" {
		t.Errorf("gone: %d %v", status, gone)
	}
	if _, err := s.AddHook("product.updated", hookURL, "s"); err == nil {
		t.Error("a ping that is answered 202 is no error for the merchant")
	}
}

func TestConsent(t *testing.T) {
	e := &ears{}
	s := New(Options{Transport: HandlerTransport(e)})
	page := func(callback, scope string) string {
		return s.URL() + "/wc-auth/v1/authorize?" + url.Values{
			"app_name": {"Chat"}, "scope": {scope}, "user_id": {"site_1"}, "return_url": {"https://chat.example.com/done"}, "callback_url": {callback},
		}.Encode()
	}
	back, err := s.Approve(t.Context(), page("https://chat.example.com/api/connect/woocommerce/abc", "read_write"))
	if err != nil || back != "https://chat.example.com/done?success=1&user_id=site_1" {
		t.Fatalf("back to %q, %v", back, err)
	}
	var got struct {
		ID     int    `json:"key_id"`
		User   string `json:"user_id"`
		Key    string `json:"consumer_key"`
		Secret string `json:"consumer_secret"`
		May    string `json:"key_permissions"`
	}
	if err := json.Unmarshal([]byte(e.bodies[0]), &got); err != nil {
		t.Fatal(err)
	}
	if k := s.keys[got.Key]; k == nil || k.Secret != got.Secret || got.May != "read_write" || got.User != "site_1" || e.heard[0].URL.Path != "/api/connect/woocommerce/abc" {
		t.Errorf("posted %+v", got)
	}
	for what, c := range map[string]string{"The callback_url needs to be over SSL": page("http://chat.example.com/x", "read"), "Invalid scope": page("https://chat.example.com/x", "all")} {
		if _, err := s.Approve(t.Context(), c); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	e.status = 500
	if _, err := s.Approve(t.Context(), page("https://chat.example.com/x", "read")); err == nil || len(s.keys) != 1 {
		t.Errorf("an app that fails: %v, %d keys", err, len(s.keys))
	}
}

// Two shops with one seed and one history are the same, to the last byte.
func TestDeterministic(t *testing.T) {
	life := func() (*Shop, []Sent) {
		s, _ := watched(t, Options{Seed: 7})
		r := rand.New(rand.NewPCG(7, 7))
		for range 300 {
			s.RandomEdit(r)
			s.Advance(time.Duration(r.IntN(90)) * time.Second)
			s.Deliver(t.Context())
		}
		return s, s.Sent()
	}
	a, sentA := life()
	b, sentB := life()
	if !reflect.DeepEqual(a.Truth(), b.Truth()) || !reflect.DeepEqual(sentA, sentB) || len(sentA) < 100 || len(a.Truth()) == 0 {
		t.Errorf("%d and %d deliveries, %d and %d things seen", len(sentA), len(sentB), len(a.Truth()), len(b.Truth()))
	}
}

// What is hidden is in no Truth, and what is shown is what the API answers to
// the same question.
func TestTruthAgreesWithTheAPI(t *testing.T) {
	s, _ := watched(t, Options{Seed: 3, TLS: true})
	k := s.AddKey("read")
	r := rand.New(rand.NewPCG(3, 3))
	for range 400 {
		s.RandomEdit(r)
		s.Advance(time.Minute)
	}
	seen := map[string]Seen{}
	for _, t := range s.Truth() {
		if t.Kind == "product" {
			seen[t.ID] = t
		}
	}
	for _, id := range s.IDs() {
		_, _, body := ask(t, s, "GET", s.URL()+"/wp-json/wc/v3/products/"+itoa(id), "", basic(k)...)
		var p struct {
			Name       string `json:"name"`
			Status     string `json:"status"`
			Visibility string `json:"catalog_visibility"`
			Password   string `json:"post_password"`
			Price      string `json:"price"`
			Type       string `json:"type"`
			Stock      string `json:"stock_status"`
		}
		if err := json.Unmarshal([]byte(body), &p); err != nil {
			t.Fatal(err)
		}
		truth, shown := seen[itoa(id)]
		if shown != (p.Status == "publish" && p.Visibility != "hidden" && p.Password == "") {
			t.Errorf("%d: shown %v, %+v", id, shown, p)
		}
		if !shown || p.Type != "simple" {
			continue
		}
		if truth.Title != strip(p.Name) || (len(truth.Offers) == 1) != (p.Price != "") || len(truth.Offers) == 1 && truth.Offers[0].Stock != p.Stock {
			t.Errorf("%d: %+v, %+v", id, truth, p)
		}
	}
	if len(seen) < 5 {
		t.Errorf("only %d products are shown", len(seen))
	}
}

func TestRunAndManyAtOnce(t *testing.T) {
	e := &ears{}
	s := New(Options{Now: time.Now, Transport: HandlerTransport(e)})
	if _, err := s.AddHook("product.updated", hookURL, secret); err != nil {
		t.Fatal(err)
	}
	id := s.Create(Product{Name: "A"})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { s.Run(ctx); close(ended) }()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				s.Edit(id, func(p *Product) { p.MenuOrder++ })
				s.Truth()
			}
		})
	}
	all.Wait()
	for s.Waiting() > 0 {
		s.Deliver(t.Context())
	}
	cancel()
	<-ended
	sent := s.Sent()
	if last := sent[len(sent)-1]; !bytes.Contains(last.Body, []byte(`"menu_order":400`)) {
		t.Errorf("the last delivery does not hold the last state: %s", last.Body)
	}
}
