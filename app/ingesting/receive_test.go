package ingesting_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
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

// plainSealer seals nothing, but for one site and purpose only.
type plainSealer struct{ lost bool }

func (plainSealer) Seal(purpose string, plain []byte) (string, error) {
	return purpose + "|" + string(plain), nil
}

func (s plainSealer) Open(purpose, sealed string) ([]byte, error) {
	text, ok := strings.CutPrefix(sealed, purpose+"|")
	switch {
	case !ok:
		return nil, ports.ErrInvalid
	case s.lost && strings.Contains(purpose, "site_"):
		return nil, ports.ErrNotFound
	}
	return []byte(text), nil
}

func (plainSealer) Current(string) bool { return true }

// shop is a connected shop that delivers.
type shop struct {
	*testing.T
	connections *memory.Connections
	health      *memory.SiteHealth
	queue       *memory.Queue
	now         time.Time
	receiver    *ingesting.Receiver
}

func newShop(t *testing.T, key string, sealer ports.Sealer) *shop {
	t.Helper()
	s := &shop{T: t, health: memory.NewSiteHealth(), now: now}
	clock := func() time.Time { return s.now }
	s.connections, s.queue = memory.NewConnections(nil, clock), memory.NewQueue(clock)
	sealed, _ := sealer.Seal(ingestion.SecretPurpose(site.Site), []byte("secret"))
	if _, err := s.connections.SaveConnection(t.Context(), site, ingestion.Connection{URL: "https://shop.example.com", Key: key, Secrets: []string{sealed}}); err != nil {
		t.Fatal(err)
	}
	var err error
	s.receiver, err = ingesting.NewReceiver(ingesting.ReceiverDeps{
		Sites: s.connections, Connections: s.connections, Deliveries: s.connections, Sealer: sealer, Queue: s.queue, Health: s.health, Now: clock,
		Parse: func(body []byte, _ ingestion.Connection) (catalog.Product, error) {
			if strings.Contains(string(body), "bad price") {
				return catalog.Product{}, fmt.Errorf("%w: regular_price: not a price", ports.ErrInvalid)
			}
			return catalog.Product{ID: "7", Status: catalog.Published, Updated: now.Add(-time.Hour)}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// deliver gives a signed delivery of a product to the receiver.
func (s *shop) deliver(body func() io.Reader) (ingesting.Reception, error) {
	return s.receiver.Receive(s.Context(), ingesting.Delivery{Site: site.Site, Topic: "product.updated", Signature: signature(body()), Body: body()})
}

func signature(body io.Reader) string {
	m := hmac.New(sha256.New, []byte("secret"))
	_, _ = io.Copy(m, body)
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

func (s *shop) update(body string) (ingesting.Reception, error) {
	return s.deliver(func() io.Reader { return strings.NewReader(body) })
}

func (s *shop) findings() string {
	s.Helper()
	list, err := s.health.Findings(s.Context(), site, 10)
	if err != nil {
		s.Fatal(err)
	}
	var all []string
	for _, f := range list {
		all = append(all, fmt.Sprintf("%s %s %d", f.Kind, f.Subject, f.Count))
	}
	return strings.Join(all, ", ")
}

func TestReceiverNamesAllThatIsMissing(t *testing.T) {
	_, err := ingesting.NewReceiver(ingesting.ReceiverDeps{})
	for _, name := range []string{"Sites", "Connections", "Deliveries", "Sealer", "Queue", "Health", "Parse", "Now"} {
		if err == nil || !strings.Contains(err.Error(), "ReceiverDeps."+name+" ") {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}

// letters are n bytes that nobody holds.
type letters struct{ n int }

func (l *letters) Read(p []byte) (int, error) {
	if l.n == 0 {
		return 0, io.EOF
	}
	n := min(len(p), l.n)
	for i := range p[:n] {
		p[i] = 'x'
	}
	l.n -= n
	return n, nil
}

func described(n int) func() io.Reader {
	return func() io.Reader {
		return io.MultiReader(strings.NewReader(`{"id":7,"type":"simple","description":"`), &letters{n}, strings.NewReader(`"}`))
	}
}

// Of a shop that can be asked nothing is kept but an id, however large the body.
func TestReceiveKeepsNothingOfALargeBody(t *testing.T) {
	s := newShop(t, "key", plainSealer{})
	if _, err := s.deliver(described(1)); err != nil { // what is made once
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, err := s.deliver(described(30 << 20))
	runtime.ReadMemStats(&after)
	if err != nil || got != ingesting.Hinted {
		t.Fatalf("got %d, %v", got, err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
		t.Errorf("%d KiB were allocated for a body of 30 MiB", took>>10)
	}
}

// stuck is a body that waits in its middle until it is let go.
type stuck struct {
	io.Reader
	arrived chan<- struct{}
	let     <-chan struct{}
	waited  bool
}

func (s *stuck) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if errors.Is(err, io.EOF) && !s.waited {
		s.waited = true
		s.arrived <- struct{}{}
		<-s.let
	}
	return n, err
}

// Of a shop that cannot be asked two large bodies are held at a time. Who comes
// then waits a little, is told of, and his body is dropped; small ones come through.
func TestReceiveHoldsFewLargeBodies(t *testing.T) { synctest.Test(t, testFewLargeBodies) }

func testFewLargeBodies(t *testing.T) {
	s := newShop(t, "", plainSealer{})
	arrived, let := make(chan struct{}), make(chan struct{})
	done := make(chan error, 2)
	for range 2 {
		go func() {
			var calls int
			_, err := s.deliver(func() io.Reader {
				calls++
				if calls == 1 { // to be signed
					return described(3 << 20)()
				}
				return &stuck{Reader: described(3 << 20)(), arrived: arrived, let: let}
			})
			done <- err
		}()
	}
	<-arrived
	<-arrived
	if got, err := s.deliver(described(3 << 20)); got != ingesting.Reported || err != nil || s.findings() != "delivery_too_big product:7 1" {
		t.Errorf("a third: %d, %v, %s", got, err, s.findings())
	}
	if got, err := s.update(`{"id":7,"type":"simple"}`); got != ingesting.Hinted || err != nil {
		t.Errorf("a small one: %d, %v", got, err)
	}
	close(let)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got, err := s.deliver(described(3 << 20)); got != ingesting.Hinted || err != nil {
		t.Errorf("afterwards: %d, %v", got, err)
	}
}

// brokenBody ends in an error.
type brokenBody struct{ io.Reader }

func (b brokenBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func TestReceiveBrokenBody(t *testing.T) {
	for _, key := range []string{"key", ""} {
		s := newShop(t, key, plainSealer{})
		for range 3 { // a large one leaves its place
			if _, err := s.deliver(func() io.Reader { return brokenBody{described(3 << 20)()} }); !errors.Is(err, ingesting.ErrBroken) {
				t.Errorf("got %v", err)
			}
		}
		if _, err := s.receiver.Receive(t.Context(), ingesting.Delivery{Site: site.Site, ContentType: "application/x-www-form-urlencoded", Body: brokenBody{strings.NewReader("webhook")}}); !errors.Is(err, ingesting.ErrBroken) && !errors.Is(err, ingesting.ErrRefused) {
			t.Errorf("a form: %v", err)
		}
		if got, err := s.deliver(described(3 << 20)); got != ingesting.Hinted || err != nil {
			t.Errorf("afterwards: %d, %v", got, err)
		}
	}
}

// A body without an end is not read for ever.
func TestReceiveEndlessBody(t *testing.T) {
	s := newShop(t, "key", plainSealer{})
	body := &letters{1 << 40}
	if _, err := s.receiver.Receive(t.Context(), ingesting.Delivery{Site: site.Site, Topic: "product.updated", Signature: "x", Body: body}); !errors.Is(err, ingesting.ErrRefused) {
		t.Errorf("got %v", err)
	}
	if read := 1<<40 - body.n; read > 5*ingesting.MaxDelivery {
		t.Errorf("%d MiB were read", read>>20)
	}
}

func TestReceiveSecretThatNoKeyOpens(t *testing.T) {
	s := newShop(t, "key", plainSealer{lost: true})
	for range 5 {
		if _, err := s.update(`{"id":7}`); !errors.Is(err, ingesting.ErrRefused) {
			t.Errorf("got %v", err)
		}
	}
	if got := s.findings(); got != "sealed_by_unknown_key webhook secret 1" {
		t.Errorf("found %s", got)
	}
	s.now = s.now.Add(time.Minute)
	_, _ = s.update(`{"id":7}`)
	if got := s.findings(); got != "sealed_by_unknown_key webhook secret 2" {
		t.Errorf("found %s", got)
	}
}

// slowHeard counts how often it is noted when the shop was heard.
type countedDeliveries struct {
	ports.Deliveries
	n   int
	err error
}

func (c *countedDeliveries) Heard(ctx context.Context, s tenant.Scope, at time.Time) error {
	c.n++
	if c.err != nil {
		return c.err
	}
	return c.Deliveries.Heard(ctx, s, at)
}

func TestReceiveNotesRarelyWhenAShopWasHeard(t *testing.T) {
	s := newShop(t, "key", plainSealer{})
	counted := &countedDeliveries{Deliveries: s.connections, err: ports.ErrUnavailable}
	sealer := plainSealer{}
	var err error
	s.receiver, err = ingesting.NewReceiver(ingesting.ReceiverDeps{
		Sites: s.connections, Connections: s.connections, Deliveries: counted, Sealer: sealer, Queue: s.queue, Health: s.health,
		Now: func() time.Time { return s.now }, Parse: func([]byte, ingestion.Connection) (catalog.Product, error) { return catalog.Product{}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	send := func() {
		t.Helper()
		if got, err := s.update(`{"id":7}`); got != ingesting.Hinted || err != nil {
			t.Fatalf("got %d, %v", got, err)
		}
	}
	send() // the note fails, the delivery does not
	counted.err = nil
	for range 100 {
		send()
	}
	if counted.n != 2 {
		t.Errorf("noted %d times", counted.n)
	}
	s.now = s.now.Add(time.Minute)
	send()
	if shown, err := s.connections.Shown(t.Context(), site); err != nil || shown.LastHook != s.now || counted.n != 3 {
		t.Errorf("noted %d times, %+v, %v", counted.n, shown, err)
	}
}

// A user who lost his rights is told of until products come again.
func TestReceiveErrorsInThePlaceOfProducts(t *testing.T) {
	s := newShop(t, "key", plainSealer{})
	for range 2 {
		if got, err := s.update(`{"code":"woocommerce_rest_cannot_view","message":"Sorry","data":{"status":401}}`); got != ingesting.Reported || err != nil {
			t.Fatalf("got %d, %v", got, err)
		}
	}
	if got := s.findings(); got != "cannot_view product.updated 2" {
		t.Errorf("found %s", got)
	}
	if got, err := s.update(`{"id":7,"type":"simple"}`); got != ingesting.Hinted || err != nil {
		t.Fatalf("got %d, %v", got, err)
	}
	if got := s.findings(); got != "" {
		t.Errorf("found %s", got)
	}
}

func TestReceiveProductThatCannotBeRead(t *testing.T) {
	s := newShop(t, "", plainSealer{})
	// It has changed, and the price that is stored may be wrong by now: a worker
	// hears of that, also before what was told of an earlier change.
	for _, body := range []string{`{"id":7,"type":"simple","x":"bad price"}`, `{"id":7,"type":"simple"}`} {
		if got, err := s.update(body); got != ingesting.Hinted || err != nil {
			t.Errorf("got %d, %v", got, err)
		}
	}
	batch, err := s.queue.Take(t.Context(), "w", 10, time.Minute)
	if err != nil || len(batch.Jobs) != 1 {
		t.Fatalf("waiting: %+v, %v", batch, err)
	}
	c, err := ingesting.DecodePayload(batch.Jobs[0].Payload)
	if err != nil || c.Rejected == nil || c.Rejected.ID != "7" || c.Rejected.Kind != catalog.KindProduct || !strings.Contains(c.Rejected.Reason, "not a price") {
		t.Errorf("it waits as %+v, %v", c, err)
	}
}

// What is too large to be read of a shop that cannot be asked has changed all the
// same: the price that is stored may be wrong by now, and is not told any more.
func TestReceiveOfAProductThatIsDropped(t *testing.T) {
	for _, key := range []string{"", "key"} {
		s := newShop(t, key, plainSealer{})
		if got, err := s.deliver(described(ingesting.MaxDelivery)); got != ingesting.Reported || err != nil || s.findings() != "delivery_too_big product:7 1" {
			t.Errorf("got %d, %v, %s", got, err, s.findings())
		}
		batch, err := s.queue.Take(t.Context(), "w", 10, time.Minute)
		if key != "" {
			if !errors.Is(err, ports.ErrNotFound) { // a poll reads it
				t.Errorf("with a key: %+v, %v", batch, err)
			}
			continue
		}
		if err != nil || len(batch.Jobs) != 1 {
			t.Fatalf("waiting: %+v, %v", batch, err)
		}
		c, err := ingesting.DecodePayload(batch.Jobs[0].Payload)
		if err != nil || c.Rejected == nil || c.Rejected.ID != "7" || c.Rejected.Kind != catalog.KindProduct || c.Rejected.Known != nil {
			t.Errorf("it waits as %+v, %v", c, err)
		}
	}
}

// Another site's secret is no secret of this one.
func TestReceiveSecretOfAnotherSite(t *testing.T) {
	s := newShop(t, "key", plainSealer{})
	sealed, _ := plainSealer{}.Seal(ingestion.SecretPurpose(site.Site), []byte("secret")) // moved to another row
	if _, err := s.connections.SaveConnection(t.Context(), other, ingestion.Connection{URL: "https://b.example.com", Secrets: []string{sealed}}); err != nil {
		t.Fatal(err)
	}
	m := hmac.New(sha256.New, []byte("secret"))
	m.Write([]byte(`{"id":7}`))
	_, err := s.receiver.Receive(t.Context(), ingesting.Delivery{
		Site: other.Site, Topic: "product.updated", Signature: base64.StdEncoding.EncodeToString(m.Sum(nil)), Body: strings.NewReader(`{"id":7}`),
	})
	if !errors.Is(err, ingesting.ErrRefused) {
		t.Errorf("got %v", err)
	}
}

func ExampleReceiver_Receive() {
	ctx := context.Background()
	s := tenant.Scope{Tenant: "ten_1", Site: "site_1"}
	connections, queue := memory.NewConnections(nil, time.Now), memory.NewQueue(time.Now)
	sealer := plainSealer{} // adapters/sealing in earnest
	secret, _ := sealer.Seal(ingestion.SecretPurpose(s.Site), []byte("wh-secret"))
	_, _ = connections.SaveConnection(ctx, s, ingestion.Connection{URL: "https://shop.example.com", Key: "sealed", Secrets: []string{secret}})
	receiver, err := ingesting.NewReceiver(ingesting.ReceiverDeps{
		Sites: connections, Connections: connections, Deliveries: connections, Sealer: sealer, Queue: queue, Health: memory.NewSiteHealth(), Now: time.Now,
		Parse: func([]byte, ingestion.Connection) (catalog.Product, error) { return catalog.Product{}, nil },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	const body = `{"id":44,"type":"variation","parent_id":40}`
	m := hmac.New(sha256.New, []byte("wh-secret"))
	m.Write([]byte(body))
	_, err = receiver.Receive(ctx, ingesting.Delivery{
		Site: s.Site, Topic: "product.updated", Signature: base64.StdEncoding.EncodeToString(m.Sum(nil)), Body: strings.NewReader(body),
	})
	jobs, _ := queue.Jobs(ctx, s, "", 10)
	fmt.Println(err, jobs[0].Object)
	// Output: <nil> product:40
}
