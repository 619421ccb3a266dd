package ginhttp

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/adapters/sealing"
	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// hookSecret is the secret of the captured deliveries.
const hookSecret = "wh-s3cret-äöü"

// queued is a queue that notes its hints and may be away.
type queued struct {
	ports.Queue
	mu    sync.Mutex
	hints []ingestion.Hint
	away  error
}

func (q *queued) Enqueue(ctx context.Context, s tenant.Scope, hints []ingestion.Hint) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.away != nil {
		return q.away
	}
	q.hints = append(q.hints, hints...)
	return q.Queue.Enqueue(ctx, s, hints)
}

func (q *queued) take() []ingestion.Hint {
	q.mu.Lock()
	defer q.mu.Unlock()
	hints := q.hints
	q.hints = nil
	return hints
}

// hooked is a server that takes deliveries of one connected site.
type hooked struct {
	*world
	queue       *queued
	connections *memory.Connections
	health      *memory.SiteHealth
	sealer      *sealing.Sealer
	server      *httptest.Server
}

// newHooked connects the site with the given webhook secrets, and with a REST
// key if key is set.
func newHooked(t *testing.T, key bool, secrets ...string) *hooked {
	t.Helper()
	h := &hooked{health: memory.NewSiteHealth()}
	var err error
	h.sealer, err = sealing.New([]sealing.Key{{ID: "k1", Secret: [32]byte{1}}})
	if err != nil {
		t.Fatal(err)
	}
	h.world = newWorld(t, func(w *world) {
		clock := func() time.Time { return w.now() }
		h.queue = &queued{Queue: memory.NewQueue(clock)}
		h.connections = memory.NewConnections(w.stores.Accounts, clock)
		w.deps.Receiver, err = ingesting.NewReceiver(ingesting.ReceiverDeps{
			Sites: h.connections, Connections: h.connections, Deliveries: h.connections, Sealer: h.sealer, Queue: h.queue, Health: h.health, Now: clock,
			Parse: func(body []byte, c ingestion.Connection) (catalog.Product, error) {
				return woocommerce.ParseProduct(body, woocommerce.RESTConfig{Currency: c.Currency, Exponent: c.Exponent, WeightUnit: c.WeightUnit, DimensionUnit: c.DimensionUnit})
			},
		})
		w.must(err)
	})
	h.connect(h.site.Scope(), key, secrets...)
	h.server = httptest.NewServer(h.Public())
	t.Cleanup(h.server.Close)
	return h
}

func (h *hooked) connect(s tenant.Scope, key bool, secrets ...string) {
	h.Helper()
	c := ingestion.Connection{URL: "https://shop.example.com", Currency: "EUR", Exponent: 2, WeightUnit: "kg", DimensionUnit: "cm"}
	if key {
		c.Key = "sealed"
	}
	for _, secret := range secrets {
		sealed, err := h.sealer.Seal(ingestion.SecretPurpose(s.Site), []byte(secret))
		h.must(err)
		c.Secrets = append(c.Secrets, sealed)
	}
	if have, err := h.connections.Connection(h.Context(), s); err == nil {
		c.Version = have.Version
	}
	_, err := h.connections.SaveConnection(h.Context(), s, c)
	h.must(err)
}

func signature(secret string, body []byte) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write(body)
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// send sends a delivery to a site, with its headers in pairs.
func (h *hooked) send(site tenant.SiteID, body io.Reader, headers ...string) *http.Response {
	h.Helper()
	r, err := http.NewRequestWithContext(h.Context(), http.MethodPost, h.server.URL+"/api/ingestion/webhook/"+string(site), body)
	h.must(err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	h.must(err)
	h.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

// deliver sends a signed delivery of a topic.
func (h *hooked) deliver(topic, body string) int {
	h.Helper()
	return h.send(h.site.ID, strings.NewReader(body), "X-WC-Webhook-Topic", topic, "X-WC-Webhook-Signature", signature(hookSecret, []byte(body)), "Content-Type", "application/json").StatusCode
}

func (h *hooked) findings() []ingestion.Finding {
	h.Helper()
	list, err := h.health.Findings(h.Context(), h.site.Scope(), 100)
	h.must(err)
	return list
}

// became says in a line what became of a delivery, and forgets it.
func (h *hooked) became() string {
	h.Helper()
	var all []string
	for _, hint := range h.queue.take() {
		text := hint.Object.String()
		if hint.Payload != nil {
			c, err := ingesting.DecodePayload(hint.Payload)
			h.must(err)
			when := hint.Modified.Format("15:04:05")
			if time.Since(hint.Modified) < time.Hour {
				when = "now"
			}
			switch {
			case c.Deleted != nil:
				text += " deleted"
			case c.Rejected != nil:
				text += " not read " + when
			case c.Product.Shown():
				text += " shown " + when
			default:
				text += " hidden " + when
			}
		}
		all = append(all, text)
	}
	for _, f := range h.findings() {
		all = append(all, strings.TrimSpace(string(f.Kind)+" "+f.Subject))
		h.must(h.health.Clear(h.Context(), h.site.Scope(), f.Kind, f.Subject))
	}
	if all == nil {
		return "nothing"
	}
	return strings.Join(all, ", ")
}

type capture struct {
	name    string
	Headers [][2]string `json:"headers"`
	Body    []byte      `json:"body_base64"`
	Text    string      `json:"body_utf8"`
}

// captures returns the deliveries of a folder, by their names.
func captures(t *testing.T, dir string) []capture {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []capture
	for _, name := range names {
		c := capture{name: filepath.Base(name)}
		if err := json.Unmarshal([]byte(readFile(t, name)), &c); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// replay sends c byte by byte as it came, but for its address, and returns the
// status.
func (h *hooked) replay(c capture) int {
	h.Helper()
	conn, err := (&net.Dialer{}).DialContext(h.Context(), "tcp", h.server.Listener.Addr().String())
	h.must(err)
	defer func() { _ = conn.Close() }()
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST /api/ingestion/webhook/%s HTTP/1.0\r\n", h.site.ID)
	for _, x := range c.Headers {
		fmt.Fprintf(&b, "%s: %s\r\n", x[0], x[1])
	}
	b.WriteString("\r\n")
	b.Write(c.Body)
	_, err = conn.Write(b.Bytes())
	h.must(err)
	answer, err := io.ReadAll(conn)
	h.must(err)
	var status int
	_, err = fmt.Sscanf(string(answer), "HTTP/1.0 %d", &status)
	h.must(err)
	return status
}

// golden returns what becomes of each capture: with a REST key, and without.
func golden(t *testing.T) map[string][2]string {
	t.Helper()
	want := map[string][2]string{}
	for line := range strings.Lines(readFile(t, "testdata/webhooks.golden")) {
		if parts := strings.Split(strings.TrimSpace(line), " | "); len(parts) == 3 {
			want[strings.TrimSpace(parts[0])] = [2]string{strings.TrimSpace(parts[1]), strings.TrimSpace(parts[2])}
		}
	}
	return want
}

// TestCapturedDeliveries replays what a real shop has sent: with a REST key
// nothing but ids is kept, without one what shoppers may see.
func TestCapturedDeliveries(t *testing.T) {
	t.Run("here", func(t *testing.T) { replayAll(t, captures(t, "testdata/webhooks"), 14) })
	t.Run("shared", func(t *testing.T) {
		const shared = "../../../shared"
		if _, err := os.Stat(shared); err != nil && os.Getenv("CI") != "true" {
			t.Skipf("the other captures are not here: %v", err)
		}
		replayAll(t, captures(t, filepath.Join(shared, "fixtures/woocommerce/webhooks-11.0.1")), 118)
	})
}

func replayAll(t *testing.T, all []capture, n int) {
	t.Helper()
	if len(all) != n {
		t.Fatalf("%d captures, want %d", len(all), n)
	}
	want := golden(t)
	for i, key := range []bool{true, false} {
		h := newHooked(t, key, hookSecret)
		for _, c := range all {
			if status := h.replay(c); status != http.StatusOK {
				t.Errorf("%s: %d", c.name, status)
			}
			if got := h.became(); got != want[c.name][i] {
				t.Errorf("%s (key: %v): got %q, want %q", c.name, key, got, want[c.name][i])
			}
		}
		// What may not be kept is nowhere: neither in a log, nor in what waits.
		for _, secret := range []string{"kaeufer@example.com", hookSecret, "geheim", "s3cret"} {
			if strings.Contains(h.log.String(), secret) {
				t.Errorf("the log has %q", secret)
			}
		}
	}
}

// TestNothingPrivateWaits: what is kept of a shop that we cannot ask has no
// password, meta data, purchase note or download.
func TestNothingPrivateWaits(t *testing.T) {
	h := newHooked(t, false, hookSecret)
	body := `{"id":10,"type":"simple","status":"publish","catalog_visibility":"visible","name":"Tent","regular_price":"10","stock_status":"instock",
		"date_modified_gmt":"2026-11-23T10:00:00","description":"shown","purchase_note":"private-1","meta_data":[{"key":"private-2","value":"private-3"}],
		"downloads":[{"file":"https://shop.example.com/private-4"}],"cost_of_goods_sold":{"total_value":"private-5"},"total_sales":"private-6"}`
	for i, b := range []string{body, strings.Replace(body, `"id":10`, `"id":11,"post_password":"private-7"`, 1), strings.Replace(body, `"id":10,"type":"simple","status":"publish"`, `"id":12,"type":"simple","status":"draft"`, 1)} {
		if status := h.deliver("product.updated", b); status != http.StatusOK {
			t.Fatal(status)
		}
		hints := h.queue.take()
		if len(hints) != 1 || bytes.Contains(hints[0].Payload, []byte("private")) || bytes.Contains(hints[0].Payload, []byte("shown")) != (i == 0) {
			t.Errorf("delivery %d waits as %s", i, hints)
		}
	}
}

// refused is an answer without what differs from request to request.
func refused(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		if name != "Date" && name != "X-Request-Id" {
			lines = append(lines, name+": "+strings.Join(r.Header[name], ","))
		}
	}
	return regexp.MustCompile(`req_[0-9a-f-]+`).ReplaceAllString(fmt.Sprint(r.StatusCode, lines, string(b)), "req_...")
}

func TestRefusedDeliveriesAreAlike(t *testing.T) {
	h := newHooked(t, true, hookSecret)
	other := func(name string) tenant.Site {
		site, err := h.stores.AddSite(t.Context(), name, "https://"+name+".example.com", usage.NoLimits())
		h.must(err)
		return site
	}
	disabled, unconnected, secretless, ofTenant := other("disabled"), other("unconnected"), other("secretless"), other("tenant")
	h.connect(disabled.Scope(), true, hookSecret)
	disabled.Disabled = true
	h.must(h.stores.Accounts.PutSite(t.Context(), disabled))
	h.connect(ofTenant.Scope(), true, hookSecret)
	h.must(h.stores.Accounts.PutTenant(t.Context(), tenant.Tenant{ID: ofTenant.Tenant, Name: "x", Created: time.Now(), Disabled: true}))
	h.connect(secretless.Scope(), true)
	const body = `{"id":10}`
	good, topic := signature(hookSecret, []byte(body)), []string{"X-WC-Webhook-Topic", "product.updated", "Content-Type", "application/json"}
	signed := append(slices.Clone(topic), "X-WC-Webhook-Signature", good)
	var want string
	for name, c := range map[string]struct {
		site    tenant.SiteID
		body    string
		headers []string
	}{
		"a wrong secret":              {h.site.ID, body, append(slices.Clone(topic), "X-WC-Webhook-Signature", signature("other", []byte(body)))},
		"an empty secret":             {secretless.ID, body, append(slices.Clone(topic), "X-WC-Webhook-Signature", signature("", []byte(body)))},
		"another body":                {h.site.ID, `{"id":11}`, signed},
		"more body":                   {h.site.ID, body + " ", signed},
		"no signature":                {h.site.ID, body, topic},
		"an empty signature":          {h.site.ID, body, append(slices.Clone(topic), "X-WC-Webhook-Signature", "")},
		"two signatures":              {h.site.ID, body, append(slices.Clone(signed), "X-WC-Webhook-Signature", good)},
		"hexadecimal":                 {h.site.ID, body, append(slices.Clone(topic), "X-WC-Webhook-Signature", fmt.Sprintf("%x", good))},
		"an unsigned form":            {h.site.ID, "webhook_id=1&x=2", []string{"Content-Type", "application/x-www-form-urlencoded"}},
		"a long unsigned form":        {h.site.ID, "webhook_id=" + strings.Repeat("1", 100), []string{"Content-Type", "application/x-www-form-urlencoded"}},
		"a form without an id":        {h.site.ID, "webhook_id=", []string{"Content-Type", "application/x-www-form-urlencoded"}},
		"nothing":                     {h.site.ID, "", nil},
		"an unknown site":             {tenant.SiteID(tenant.SitePrefix + porttest.NewID()), body, signed},
		"no id":                       {"x", body, signed},
		"a disabled site":             {disabled.ID, body, signed},
		"a site of a disabled tenant": {ofTenant.ID, body, signed},
		"a site that isn't connected": {unconnected.ID, body, signed},
		"a site without a secret":     {secretless.ID, body, signed},
	} {
		got := refused(t, h.send(c.site, strings.NewReader(c.body), c.headers...))
		if want == "" {
			want = got
		}
		if got != want || !strings.HasPrefix(got, "401 ") {
			t.Errorf("%s: %s\nothers: %s", name, got, want)
		}
	}
	if got := h.became(); got != "nothing" {
		t.Errorf("refused deliveries left %s", got)
	}
	if status := h.deliver("product.updated", body); status != http.StatusOK || h.became() != "product:10" {
		t.Errorf("a good one: %d", status)
	}
}

func TestPing(t *testing.T) {
	h := newHooked(t, true, hookSecret)
	for _, site := range []tenant.SiteID{h.site.ID, tenant.SiteID(tenant.SitePrefix + porttest.NewID())} {
		for _, kind := range []string{"application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=UTF-8"} {
			if r := h.send(site, strings.NewReader("webhook_id=12"), "Content-Type", kind); r.StatusCode != http.StatusOK {
				t.Errorf("%s: %d", site, r.StatusCode)
			}
		}
	}
	if got := h.became(); got != "nothing" {
		t.Errorf("a ping left %s", got)
	}
}

func TestTwoSecretsAreGoodAtOnce(t *testing.T) {
	h := newHooked(t, true, "new", "old")
	for secret, want := range map[string]int{"new": 200, "old": 200, "older": 401} {
		body := `{"id":5}`
		r := h.send(h.site.ID, strings.NewReader(body), "X-WC-Webhook-Topic", "product.updated", "X-WC-Webhook-Signature", signature(secret, []byte(body)))
		if r.StatusCode != want {
			t.Errorf("%s: %d, want %d", secret, r.StatusCode, want)
		}
	}
	h.connect(h.site.Scope(), true, "newest", "new")
	body := `{"id":5}`
	if r := h.send(h.site.ID, strings.NewReader(body), "X-WC-Webhook-Signature", signature("old", []byte(body))); r.StatusCode != 401 {
		t.Errorf("a secret that was rotated away: %d", r.StatusCode)
	}
}

func TestWhatIsSignedIsTaken(t *testing.T) {
	h := newHooked(t, true, hookSecret)
	for _, c := range []struct{ topic, body, want string }{
		{"product.updated", `{"id":7,"type":"simple"}`, "product:7"},
		{"product.updated", `{"id":8,"type":"variation","parent_id":7}`, "product:7"},
		{"product.deleted", `{"id":7}`, "product:7"},
		{"product.restored", `{"id":7,"type":"simple"}`, "product:7"},
		{"product.published", `{"id":7,"type":"simple"}`, "product:7"},
		{"product.updated", `{"code":"woocommerce_rest_cannot_view","message":"x","data":{"status":401}}`, "cannot_view product.updated"},
		{"product.updated", `{"code":"a shopper's text","message":"x"}`, "rejected product.updated"},
		{"product.updated", `garbage`, "rejected product.updated"},
		{"product.updated", ``, "rejected product.updated"},
		{"product.updated", `{"id":"1; drop table"}`, "rejected product.updated"},
		{"product.x'; --", `{"code":"x"}`, "cannot_view product"},
		{"order.created", `{"id":7}`, "nothing"},
		{"customer.updated", `{"id":7}`, "nothing"},
		{"coupon.deleted", `{"id":7}`, "nothing"},
		{"action.woocommerce_add_to_cart", `{"action":"x","arg":1}`, "nothing"},
		{"", `{"id":7}`, "nothing"},
	} {
		if status := h.deliver(c.topic, c.body); status != http.StatusOK {
			t.Errorf("%s %s: %d", c.topic, c.body, status)
		}
		if got := h.became(); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.topic, c.body, got, c.want)
		}
	}
	shown, err := h.connections.Shown(t.Context(), h.site.Scope())
	if err != nil || shown.LastHook.IsZero() {
		t.Errorf("last heard: %+v, %v", shown, err)
	}
}

// The license decides when changes are worked at, and not whether they are
// taken.
func TestInactiveLicenseIsNotAsked(t *testing.T) {
	h := newHooked(t, true, hookSecret)
	h.must(h.stores.Licenses.PutLicense(t.Context(), h.site.Scope(), usage.License{Plan: "test", Status: usage.Suspended, Limits: usage.NoLimits()}))
	if status := h.deliver("product.updated", `{"id":7}`); status != 200 || h.became() != "product:7" {
		t.Errorf("got %d", status)
	}
}

func TestStoreAway(t *testing.T) {
	h := newHooked(t, true, hookSecret)
	for _, away := range []error{ports.ErrUnavailable, context.DeadlineExceeded} {
		h.queue.away = fmt.Errorf("queue: %w", away)
		body := `{"id":7}`
		r := h.send(h.site.ID, strings.NewReader(body), "X-WC-Webhook-Topic", "product.updated", "X-WC-Webhook-Signature", signature(hookSecret, []byte(body)))
		if r.StatusCode != 503 || r.Header.Get("Retry-After") == "" {
			t.Errorf("%v: %d", away, r.StatusCode)
		}
	}
	h.queue.away = nil
	if status := h.deliver("product.updated", `{"id":7}`); status != 200 {
		t.Errorf("afterwards: %d", status)
	}
}

// TestSlowSender: who stops in the middle of a body does not hold anything.
func TestSlowSender(t *testing.T) {
	h := newHooked(t, true, hookSecret)
	h.deliveryTimeout = 50 * time.Millisecond
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", h.server.Listener.Addr().String())
	h.must(err)
	defer func() { _ = conn.Close() }()
	fmt.Fprintf(conn, "POST /api/ingestion/webhook/%s HTTP/1.1\r\nHost: x\r\nX-WC-Webhook-Signature: x\r\nContent-Length: 1000\r\n\r\n{", h.site.ID)
	answer, err := io.ReadAll(conn) // to the end: the connection is closed
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 422 ") {
		t.Errorf("%v: %s", err, answer)
	}
}

// deadlines is a writer whose read deadline is looked at.
type deadlines struct {
	http.ResponseWriter
	last time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error {
	d.last = at
	return nil
}

// TestTricklersAreCutOff: who has sent more than a small body must go on sending.
func TestTricklersAreCutOff(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	begun := now
	w := &deadlines{ResponseWriter: httptest.NewRecorder()}
	p := &paced{Reader: &manyBytes{64 << 20}, control: http.NewResponseController(w), whole: begun.Add(30 * time.Second), now: func() time.Time { return now }}
	read := func(n int64) {
		t.Helper()
		if _, err := io.CopyN(io.Discard, p, n); err != nil {
			t.Fatal(err)
		}
	}
	now = begun.Add(10 * time.Second)
	read(pacedAfter)
	if !w.last.IsZero() {
		t.Errorf("a small body must be there at %v", w.last)
	}
	read(1)
	read(1)
	if want := now.Add(pacedGrace); !w.last.Before(want.Add(time.Second)) || w.last.Before(want) {
		t.Errorf("the next byte of a large one must be there at %v, want %v", w.last, want)
	}
	read(4 * pacedRate)
	if want := now.Add(pacedGrace + 4*time.Second); w.last.Sub(want).Abs() > time.Second {
		t.Errorf("after 2 MiB more: %v, want %v", w.last, want)
	}
	read(32 << 20)
	if w.last != p.whole {
		t.Errorf("all of it must be there at %v, want %v", w.last, p.whole)
	}
}

// manyBytes is a body of n bytes that nobody holds.
type manyBytes struct{ n int }

func (e *manyBytes) Read(p []byte) (int, error) {
	if e.n == 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.n)
	for i := range p[:n] {
		p[i] = 'x'
	}
	e.n -= n
	return n, nil
}

// largeBody is a product with a description of n bytes, and its signature.
func largeBody(n int) (body func() io.Reader, sig string) {
	body = func() io.Reader {
		return io.MultiReader(strings.NewReader(`{"id":7,"type":"simple","status":"publish","catalog_visibility":"visible","description":"`), &manyBytes{n}, strings.NewReader(`"}`))
	}
	m := hmac.New(sha256.New, []byte(hookSecret))
	_, _ = io.Copy(m, body())
	return body, base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// TestLargeDeliveries: the largest delivery that is read, and one that is not.
func TestLargeDeliveries(t *testing.T) {
	if raceDetector {
		t.Skip("takes longer with the race detector than a shop may: .ci/run has a stage without it")
	}
	for _, key := range []bool{true, false} {
		h := newHooked(t, key, hookSecret)
		dropped := "delivery_too_big product:7"
		if !key { // nobody can ask what it costs now
			dropped = "product:7 not read now, " + dropped
		}
		for n, want := range map[int]string{20 << 20: "product:7", ingesting.MaxDelivery: dropped} {
			body, sig := largeBody(n)
			r := h.send(h.site.ID, body(), "X-WC-Webhook-Topic", "product.updated", "X-WC-Webhook-Signature", sig)
			if got := h.became(); r.StatusCode != 200 || !strings.HasPrefix(got, want) {
				t.Errorf("%d MiB (key: %v): %d, %s", n>>20, key, r.StatusCode, got)
			}
			if r := h.send(h.site.ID, body(), "X-WC-Webhook-Topic", "product.updated", "X-WC-Webhook-Signature", sig[1:]); r.StatusCode != 401 {
				t.Errorf("%d MiB, not signed: %d", n>>20, r.StatusCode)
			}
			if got := h.became(); got != "nothing" {
				t.Errorf("%d MiB, not signed: %s", n>>20, got)
			}
		}
	}
}

func TestWebhookRouteWithoutAReceiver(t *testing.T) {
	w := newWorld(t, nil)
	w.wantError(w.do("POST", "/api/ingestion/webhook/"+string(w.site.ID), "", "{}"), 404, "NOT_FOUND")
	h := newHooked(t, true, hookSecret)
	h.wantError(h.do("GET", "/api/ingestion/webhook/"+string(h.site.ID), "", ""), 405, "METHOD_NOT_ALLOWED")
}
