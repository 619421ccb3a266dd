package ginhttp

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/adapters/sealing"
	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/app/connecting"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/fakes/wooshop"
	"github.com/aiwoochat/woochat/test/porttest"
)

const chatURL = "https://chat.example.com"

// shopped is a server and a whole shop that delivers to it, both in this
// process.
type shopped struct {
	*world
	shop        *wooshop.Shop
	queue       *queued
	connections *memory.Connections
	health      *memory.SiteHealth
	connecting  *connecting.Service
	adminKey    string
}

func newShopped(t *testing.T) *shopped {
	t.Helper()
	s := &shopped{health: memory.NewSiteHealth()}
	// The shop is there before the server to which it delivers.
	var server http.Handler
	s.shop = wooshop.New(wooshop.Options{TLS: true, Transport: wooshop.HandlerTransport(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { server.ServeHTTP(w, r) }))})
	sealer, err := sealing.New([]sealing.Key{{ID: "k1", Secret: [32]byte{1}}})
	if err != nil {
		t.Fatal(err)
	}
	s.world = newWorld(t, func(w *world) {
		clock := func() time.Time { return w.now() }
		s.queue, s.connections = &queued{Queue: memory.NewQueue(clock)}, memory.NewConnections(w.stores.Accounts, clock)
		shops, err := woocommerce.NewShops(woocommerce.Config{Connections: s.connections, Sealer: sealer, Client: &http.Client{Transport: s.shop.Transport()}, Now: clock})
		w.must(err)
		w.deps.Receiver, err = ingesting.NewReceiver(ingesting.ReceiverDeps{
			Sites: s.connections, Connections: s.connections, Deliveries: s.connections, Sealer: sealer, Queue: s.queue, Health: s.health, Now: clock,
			Parse: func([]byte, ingestion.Connection) (catalog.Product, error) {
				return catalog.Product{}, ports.ErrInvalid
			},
		})
		w.must(err)
		s.connecting, err = connecting.New(connecting.Deps{
			Connections: s.connections, Deliveries: s.connections, States: s.connections, Health: s.health, Sealer: sealer, Shops: shops, Probe: shops, Queue: s.queue,
			Sites: w.stores.Accounts, Tenants: w.stores.Accounts, Audit: w.acts, Now: clock, NewID: porttest.NewID, Random: &counter{},
		}, connecting.Config{PublicURL: chatURL})
		w.must(err)
		w.deps.Connecting = s.connecting
		w.deps.Statuses, err = ingesting.NewStatuses(ingesting.StatusDeps{
			Totals: w.stores.Documents, Jobs: s.queue.Queue.(ports.Jobs), Health: s.health, Deliveries: s.connections, Usage: w.stores.Ledger, Sites: w.stores.Accounts,
			Audit: w.acts, Now: clock, NewID: porttest.NewID,
		})
		w.must(err)
	})
	server = s.Public()
	s.adminKey, _ = s.key(s.site.Scope(), tenant.APIKey, roles.Admin)
	return s
}

// ask asks the admin API and returns what it answers.
func (s *shopped) ask(method, path, body string, status int) map[string]any {
	s.Helper()
	rec := serve(s.T, s.Admin(), method, "/api/admin/ingestion/"+path, s.adminKey, body)
	if rec.Code != status {
		s.Fatalf("%s %s: %d %s", method, path, rec.Code, rec.Body)
	}
	var out map[string]any
	if rec.Body.Len() > 0 {
		s.must(json.Unmarshal(rec.Body.Bytes(), &out))
	}
	return out
}

func (s *shopped) hints() string {
	var all []string
	for _, h := range s.queue.take() {
		all = append(all, h.Object.String())
	}
	return strings.Join(all, " ")
}

// TestShopIsConnectedByConsent: an operator invites, the owner approves, and from
// then on what changes in the shop is heard.
func TestShopIsConnectedByConsent(t *testing.T) {
	s := newShopped(t)
	address, _ := s.ask("POST", "connection/invite", `{"url":"https://shop.example.com/"}`, 200)["authorize_url"].(string)
	back, err := s.shop.Approve(t.Context(), address)
	if err != nil || !strings.HasPrefix(back, "https://shop.example.com/wp-admin/?") || !strings.Contains(back, "success=1") {
		t.Fatal(back, err)
	}
	if got := s.hints(); got != "task:hooks" {
		t.Fatalf("waiting: %s", got)
	}
	if again, err := s.connecting.CheckHooks(t.Context(), s.site.Scope()); err != nil || !again.IsZero() {
		t.Fatal(again, err)
	}
	if got := s.hints(); got != "task:import" {
		t.Fatalf("waiting: %s", got)
	}
	id := s.shop.Create(wooshop.Product{Name: "Mug", Regular: "12.50"})
	s.shop.Deliver(t.Context())
	s.shop.Trash(id)
	s.shop.Deliver(t.Context())
	if got := s.hints(); !strings.Contains(got, fmt.Sprint("product:", id)) || strings.Contains(got, "task") {
		t.Errorf("heard: %s", got)
	}
	c := s.ask("GET", "connection", "", 200)
	if c["has_key"] != true || c["may_write"] != true || c["webhook_secrets"] != 1.0 || c["last_webhook_at"] == nil || c["url"] != "https://shop.example.com" {
		t.Errorf("connection: %v", c)
	}
	// The address is good once: the key that the shop makes is taken back.
	if _, err := s.shop.Approve(t.Context(), address); err == nil {
		t.Error("a used address is taken once more")
	}
	for _, secret := range []string{"ck_", "cs_"} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log has %s", secret)
		}
	}
}

func TestConsentsThatAreNoneAreAlike(t *testing.T) {
	s := newShopped(t)
	invited := func() string {
		address, _ := s.ask("POST", "connection/invite", `{"url":"https://shop.example.com"}`, 200)["authorize_url"].(string)
		u, err := url.Parse(address)
		s.must(err)
		return strings.TrimPrefix(u.Query().Get("callback_url"), chatURL)
	}
	const body = `{"key_id":1,"user_id":"x","consumer_key":"ck_1","consumer_secret":"cs_1","key_permissions":"read_write"}`
	used, expired := invited(), invited()
	if rec := s.do("POST", used, "", body); rec.Code != 200 {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	now := time.Now().Add(time.Hour)
	s.now = func() time.Time { return now }
	strip := func(rec *httptest.ResponseRecorder) string {
		return fmt.Sprint(rec.Code, strings.ReplaceAll(rec.Body.String(), rec.Header().Get("X-Request-Id"), "id"))
	}
	want := strip(s.do("POST", "/api/connect/woocommerce/unknown", "", body))
	for name, path := range map[string]string{"used": used, "expired": expired, "long": "/api/connect/woocommerce/" + strings.Repeat("x", 300)} {
		if got := strip(s.do("POST", path, "", body)); got != want || !strings.HasPrefix(got, "404") {
			t.Errorf("%s: %s, others %s", name, got, want)
		}
	}
	fresh := invited()
	for _, bad := range []string{"", "{}", `{"consumer_key":"x","consumer_secret":"y"}`, "consumer_key=ck_1", strings.Repeat("x", 100_000)} {
		if rec := s.do("POST", fresh, "", bad); rec.Code != 422 && rec.Code != 413 {
			t.Errorf("%.40s: %d", bad, rec.Code)
		}
	}
	if rec := s.do("POST", fresh, "", body); rec.Code != 200 {
		t.Errorf("a state after bad bodies: %d", rec.Code)
	}
}

func TestShopIsConnectedByAKey(t *testing.T) {
	s := newShopped(t)
	read, write := s.shop.AddKey("read"), s.shop.AddKey("read_write")
	order := func(k wooshop.Key) string {
		return fmt.Sprintf(`{"url":"https://shop.example.com","consumer_key":%q,"consumer_secret":%q}`, k.Key, k.Secret)
	}
	got := s.ask("PUT", "connection", order(read), 200)
	hooks, _ := got["webhooks"].(map[string]any)
	secret, _ := got["webhook_secret"].(string)
	if missing, _ := hooks["missing"].([]any); len(missing) != 4 || secret == "" || hooks["delivery_url"] != chatURL+"/api/ingestion/webhook/"+string(s.site.ID) {
		t.Fatalf("by a key that may read: %v", got)
	}
	// Pasted by hand, and heard.
	for _, topic := range ingestion.Topics() {
		_, err := s.shop.AddHook(topic, fmt.Sprint(hooks["delivery_url"]), secret)
		s.must(err)
	}
	s.queue.take()
	id := s.shop.Create(wooshop.Product{Name: "Mug"})
	s.shop.Deliver(t.Context())
	if got := s.hints(); !strings.Contains(got, fmt.Sprint("product:", id)) {
		t.Errorf("heard: %q", got)
	}
	// With a key that may write the secret is rotated for the merchant.
	if got := s.ask("PUT", "connection", order(write), 200); got["webhook_secret"] != nil {
		t.Errorf("a secret is told again: %v", got)
	}
	if got := s.ask("POST", "connection/rotate", "", 200); got["webhook_secret"] != nil {
		t.Errorf("a secret that nobody needs is told: %v", got)
	}
	s.queue.take()
	s.shop.Create(wooshop.Product{Name: "Cup"})
	s.shop.Deliver(t.Context())
	if got := s.hints(); got == "" {
		t.Error("not heard after a rotation")
	}
	s.ask("POST", "connection/rotate/finish", "", 204)
	s.shop.Create(wooshop.Product{Name: "Pot"})
	s.shop.Deliver(t.Context())
	if got := s.hints(); got == "" {
		t.Error("not heard after the rotation was finished")
	}
	s.ask("POST", "sync", "", 202)
	if got := s.hints(); got != "task:import" {
		t.Errorf("waiting: %s", got)
	}
	st := s.ask("GET", "status", "", 200)
	if c, _ := st["connection"].(map[string]any); c["webhook_secrets"] != 1.0 || st["jobs"] == nil || st["documents"] == nil || st["index"] == nil {
		t.Errorf("status: %v", st)
	}
	for _, text := range []string{fmt.Sprint(st), s.log.String()} {
		for _, hidden := range []string{secret, write.Key, write.Secret, read.Secret} {
			if strings.Contains(text, hidden) {
				t.Errorf("a secret is told: %s", text)
			}
		}
	}
	if got := s.ask("DELETE", "connection", "", 200); got["webhooks_removed"] != true {
		t.Errorf("disconnected: %v", got)
	}
	s.shop.Create(wooshop.Product{Name: "Pan"})
	s.shop.Deliver(t.Context())
	if got := s.hints(); got != "" {
		t.Errorf("heard: %s", got)
	}
	s.ask("GET", "connection", "", 404)
	s.ask("DELETE", "connection", "", 404)
	s.ask("POST", "sync", "", 404)
}

func TestShopThatRefuses(t *testing.T) {
	s := newShopped(t)
	for body, status := range map[string]int{
		`{"url":"https://shop.example.com","consumer_key":"ck_1","consumer_secret":"cs_1"}`: 422, // not the shop's
		`{"url":"https://shop.example.com","consumer_key":"ck_1"}`:                          422,
		`{"url":"nowhere"}`: 422, `{}`: 422, ``: 422,
	} {
		s.ask("PUT", "connection", body, status)
	}
	s.ask("GET", "connection", "", 404)
	s.ask("POST", "connection/invite", `{"url":"x"}`, 422)
	s.ask("POST", "connection/rotate", ``, 404)
}
