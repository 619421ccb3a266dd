package connecting_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/connecting"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// keyedSealer seals nothing, but knows keys, purposes and which key seals.
type keyedSealer struct{ keys []string }

func (s *keyedSealer) Seal(purpose string, plain []byte) (string, error) {
	return s.keys[0] + "|" + purpose + "|" + string(plain), nil
}

func (s *keyedSealer) Open(purpose, sealed string) ([]byte, error) {
	parts := strings.SplitN(sealed, "|", 3)
	switch {
	case len(parts) != 3 || parts[1] != purpose:
		return nil, ports.ErrInvalid
	case !slices.Contains(s.keys, parts[0]):
		return nil, fmt.Errorf("%w: the key %s", ports.ErrNotFound, parts[0])
	}
	return []byte(parts[2]), nil
}

func (s *keyedSealer) Current(sealed string) bool { return strings.HasPrefix(sealed, s.keys[0]+"|") }

// shop is a shop as the ports show it: its webhooks, and what it says of itself.
type shop struct {
	is    ingestion.Connection
	hooks []ingestion.Hook
	next  int
	away  error
	asked int
}

func (s *shop) Shop(context.Context, tenant.Scope) (ports.Shop, error) { return nil, ports.ErrNotFound }

func (s *shop) Hooks(context.Context, tenant.Scope) (ports.ShopHooks, error) {
	return shopHooks{s}, s.away
}

func (s *shop) Probe(_ context.Context, address string, key ingestion.Credentials) (ingestion.Connection, error) {
	s.asked++
	c := s.is
	c.URL = strings.TrimRight(address, "/")
	return c, errors.Join(s.away, key.Valid())
}

type shopHooks struct{ *shop }

func (s shopHooks) Hooks(_ context.Context, delivery string) ([]ingestion.Hook, error) {
	var list []ingestion.Hook
	for _, h := range s.hooks {
		if h.Delivery == delivery {
			h.Secret = ingestion.Secret{} // never read back
			list = append(list, h)
		}
	}
	return list, s.away
}

func (s shopHooks) Save(_ context.Context, h ingestion.Hook) (ingestion.Hook, error) {
	if !s.is.Write {
		return h, &ports.ShopError{Status: 401, Err: ports.ErrInvalid, Reason: "the key may not write"}
	}
	for i, old := range s.hooks {
		if old.ID == h.ID {
			h.Active = true
			s.shop.hooks[i] = h
			return h, s.away
		}
	}
	s.shop.next++
	h.ID, h.Active = fmt.Sprint(s.shop.next), true
	s.shop.hooks = append(s.shop.hooks, h)
	return h, s.away
}

func (s shopHooks) Remove(_ context.Context, id string) error {
	s.shop.hooks = slices.DeleteFunc(s.shop.hooks, func(h ingestion.Hook) bool { return h.ID == id })
	return s.away
}

// office is a Service on the memory adapters.
type office struct {
	*testing.T
	*connecting.Service
	stores      *memory.Stores
	connections *memory.Connections
	health      *memory.SiteHealth
	queue       *memory.Queue
	audit       *memory.AuditLog
	sealer      *keyedSealer
	shop        *shop
	site        tenant.Site
	now         time.Time
	admin       roles.Grants
}

const publicURL = "https://chat.example.com"

func newOffice(t *testing.T, write bool, public string) *office {
	t.Helper()
	o := &office{
		T: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), sealer: &keyedSealer{keys: []string{"k1"}}, health: memory.NewSiteHealth(), audit: memory.NewAuditLog(),
		shop: &shop{is: ingestion.Connection{Auth: ingestion.Basic, Write: write, Currency: "EUR", Exponent: 2, WeightUnit: "kg", DimensionUnit: "cm"}},
	}
	clock := func() time.Time { return o.now }
	o.stores = memory.NewStores(clock, porttest.NewID)
	o.connections, o.queue = memory.NewConnections(o.stores.Accounts, clock), memory.NewQueue(clock)
	var err error
	if o.site, err = o.stores.AddSite(t.Context(), "Shop", "https://shop.example.com", usage.NoLimits()); err != nil {
		t.Fatal(err)
	}
	o.admin = roles.Grants{Subject: "admin@example.com", Tenants: map[tenant.ID]roles.Role{o.site.Tenant: roles.Admin}}
	o.Service, err = connecting.New(connecting.Deps{
		Connections: o.connections, Deliveries: o.connections, States: o.connections, Health: o.health, Sealer: o.sealer, Shops: o.shop, Probe: o.shop, Queue: o.queue,
		Sites: o.stores.Accounts, Tenants: o.stores.Accounts, Audit: o.audit, Now: clock, NewID: porttest.NewID, Random: &counter{},
	}, connecting.Config{PublicURL: public})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// counter gives other bytes each time.
type counter struct{ n byte }

func (c *counter) Read(p []byte) (int, error) {
	for i := range p {
		c.n++
		p[i] = c.n
	}
	return len(p), nil
}

func credentials() ingestion.Credentials {
	return ingestion.Credentials{Key: ingestion.NewSecret("ck_1"), Secret: ingestion.NewSecret("cs_1")}
}

func (o *office) connect(order connecting.Order) connecting.Result {
	o.Helper()
	got, err := o.Connect(o.Context(), o.admin, o.site.Scope(), order)
	if err != nil {
		o.Fatal(err)
	}
	return got
}

func (o *office) connection() ingestion.Connection {
	o.Helper()
	c, err := o.connections.Connection(o.Context(), o.site.Scope())
	if err != nil {
		o.Fatal(err)
	}
	return c
}

// waiting returns what waits in the queue, and takes it out.
func (o *office) waiting() []string {
	o.Helper()
	jobs, err := o.queue.Jobs(o.Context(), o.site.Scope(), "", 10)
	if err != nil {
		o.Fatal(err)
	}
	var all []string
	var objects []ingestion.Object
	for _, j := range jobs {
		all, objects = append(all, j.Object.String()), append(objects, j.Object)
	}
	if len(objects) > 0 {
		if _, err := o.queue.Change(o.Context(), o.site.Scope(), ingestion.Drop, objects); err != nil {
			o.Fatal(err)
		}
	}
	return all
}

func (o *office) findings() []string {
	o.Helper()
	list, err := o.health.Findings(o.Context(), o.site.Scope(), 20)
	if err != nil {
		o.Fatal(err)
	}
	var all []string
	for _, f := range list {
		all = append(all, string(f.Kind)+" "+f.Subject)
	}
	slices.Sort(all)
	return all
}

func (o *office) want(what string, got, want any) {
	o.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		o.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestNewNamesAllThatIsMissing(t *testing.T) {
	_, err := connecting.New(connecting.Deps{}, connecting.Config{})
	for field := range reflect.TypeFor[connecting.Deps]().Fields() {
		if err == nil || !strings.Contains(err.Error(), "Deps."+field.Name+" ") {
			t.Errorf("the error does not name %s: %v", field.Name, err)
		}
	}
}

func TestConnectWithAKeyThatMayWrite(t *testing.T) {
	o := newOffice(t, true, publicURL)
	got := o.connect(connecting.Order{URL: "https://shop.example.com/", Key: credentials()})
	o.want("topics made", got.Hooks.Made, ingestion.Topics())
	o.want("missing", got.Hooks.Missing, []string{})
	o.want("the secret to paste", got.Secret == ingestion.Secret{}, true)
	o.want("waiting", o.waiting(), []string{"task:import"})
	c := o.connection()
	if c.URL != "https://shop.example.com" || c.Currency != "EUR" || !c.Write || c.Auth != ingestion.Basic || c.Created != o.now {
		t.Errorf("stored: %+v", c)
	}
	if strings.Contains(fmt.Sprintf("%+v %+v", got, got.Shown), "ck_1") {
		t.Error("the key is shown")
	}
	secret, err := o.sealer.Open(ingestion.SecretPurpose(o.site.ID), c.Secrets[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range o.shop.hooks {
		if h.Delivery != publicURL+"/api/ingestion/webhook/"+string(o.site.ID) || h.Secret.Reveal() != string(secret) || strings.ContainsAny(string(secret), "&<>'\"") {
			t.Errorf("hook %+v", h)
		}
	}
	// Again: nothing is made twice, and the secret stays.
	again := o.connect(connecting.Order{URL: "https://shop.example.com", Key: credentials()})
	o.want("made again", again.Hooks.Made, []string{})
	o.want("hooks", len(o.shop.hooks), 4)
	o.want("secrets", o.connection().Secrets, c.Secrets)
}

func TestConnectWithAKeyThatMayRead(t *testing.T) {
	o := newOffice(t, false, publicURL)
	got := o.connect(connecting.Order{URL: "https://shop.example.com", Key: credentials()})
	o.want("missing", got.Hooks.Missing, ingestion.Topics())
	if got.Secret.Reveal() == "" || got.Hooks.Delivery == "" {
		t.Errorf("nothing to paste: %+v", got)
	}
	o.want("findings", o.findings(), []string{"hook_missing product.created", "hook_missing product.deleted", "hook_missing product.restored", "hook_missing product.updated"})
	// The secret is told once.
	o.want("again", o.connect(connecting.Order{URL: "https://shop.example.com", Key: credentials()}).Secret == ingestion.Secret{}, true)
	// Somebody makes two of them by hand.
	o.shop.hooks = []ingestion.Hook{{ID: "1", Topic: "product.created", Delivery: got.Hooks.Delivery, Active: true}, {ID: "2", Topic: "product.updated", Delivery: got.Hooks.Delivery}, {ID: "3", Topic: "product.deleted", Delivery: "https://else.example.com", Active: true}}
	if _, err := o.CheckHooks(t.Context(), o.site.Scope()); err != nil {
		t.Fatal(err)
	}
	o.want("findings", o.findings(), []string{"hook_disabled product.updated", "hook_missing product.deleted", "hook_missing product.restored", "hook_missing product.updated"})
}

func TestConnectWithoutAKey(t *testing.T) {
	o := newOffice(t, false, publicURL)
	three := uint8(3)
	got := o.connect(connecting.Order{URL: "https://shop.example.com/sub/?x=1", Decimals: &three})
	c := o.connection()
	if c.URL != "https://shop.example.com/sub" || c.Key != "" || c.Currency != "EUR" || c.Exponent != 3 || got.Secret.Reveal() == "" || o.shop.asked != 0 {
		t.Errorf("stored: %+v", c)
	}
	o.want("waiting", o.waiting(), []string{})
	if _, err := o.CheckHooks(t.Context(), o.site.Scope()); err != nil {
		t.Fatal(err)
	}
	o.want("findings", len(o.findings()), 4)
	if err := o.connections.Heard(t.Context(), o.site.Scope(), o.now); err != nil {
		t.Fatal(err)
	}
	if _, err := o.CheckHooks(t.Context(), o.site.Scope()); err != nil {
		t.Fatal(err)
	}
	o.want("findings once it is heard", o.findings(), []string{})
	for _, bad := range []string{"", "shop", "ftp://shop.example.com", "https://", "https://u:p@shop.example.com"} {
		if _, err := o.Connect(t.Context(), o.admin, o.site.Scope(), connecting.Order{URL: bad}); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := o.Sync(t.Context(), o.admin, o.site.Scope()); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("Sync: %v", err)
	}
}

func TestConnectWhenTheShopRefuses(t *testing.T) {
	o := newOffice(t, true, publicURL)
	o.shop.away = &ports.ShopError{Status: 401, Err: ports.ErrInvalid, Reason: "the key is unknown"}
	if _, err := o.Connect(t.Context(), o.admin, o.site.Scope(), connecting.Order{URL: "https://shop.example.com", Key: credentials()}); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	if _, err := o.connections.Connection(t.Context(), o.site.Scope()); !errors.Is(err, ports.ErrNotFound) {
		t.Errorf("stored all the same: %v", err)
	}
}

// A webhook that the shop has switched off is made anew, since its count of
// failures would stay; what was lost meanwhile is read.
func TestCheckHooksMakesAnewWhatIsOff(t *testing.T) {
	o := newOffice(t, true, publicURL)
	o.connect(connecting.Order{URL: "https://shop.example.com", Key: credentials()})
	o.waiting()
	o.shop.hooks[1].Active = false
	o.shop.hooks = append(o.shop.hooks[:2], o.shop.hooks[3])
	for range 2 { // the second time there is nothing to do
		if again, err := o.CheckHooks(t.Context(), o.site.Scope()); err != nil || !again.IsZero() {
			t.Fatal(again, err)
		}
		o.want("hooks", len(o.shop.hooks), 4)
		for _, h := range o.shop.hooks {
			if h.ID == "2" || h.ID == "3" || !h.Active || h.Secret.Reveal() == "" {
				t.Errorf("hook %+v", h)
			}
		}
	}
	o.want("waiting", o.waiting(), []string{"task:poll"})
}

func TestCheckHooksErrors(t *testing.T) {
	o := newOffice(t, true, publicURL)
	if _, err := o.CheckHooks(t.Context(), o.site.Scope()); !errors.Is(err, ports.ErrNotFound) {
		t.Errorf("not connected: %v", err)
	}
	o.connect(connecting.Order{URL: "https://shop.example.com", Key: credentials()})
	away := &ports.ShopError{Status: 503, Err: ports.ErrUnavailable, Reason: "maintenance"}
	o.shop.away = away
	if _, err := o.CheckHooks(t.Context(), o.site.Scope()); !errors.Is(err, away) {
		t.Errorf("away: %v", err)
	}
}

func TestWithoutAPublicURL(t *testing.T) {
	o := newOffice(t, true, "")
	got := o.connect(connecting.Order{URL: "https://shop.example.com", Key: credentials()})
	o.want("missing", got.Hooks.Missing, ingestion.Topics())
	o.want("findings", o.findings(), []string{"hook_missing "})
	o.want("hooks", len(o.shop.hooks), 0)
	if _, err := o.Invite(t.Context(), o.admin, o.site.Scope(), "https://shop.example.com", ""); !errors.Is(err, connecting.ErrNeedsTLS) {
		t.Errorf("Invite: %v", err)
	}
	if _, err := newOffice(t, true, "http://chat.example.com").Invite(t.Context(), o.admin, o.site.Scope(), "https://shop.example.com", ""); err == nil {
		t.Error("an invitation over HTTP")
	}
}

func TestRotateByTheKey(t *testing.T) {
	o := newOffice(t, true, publicURL)
	o.connect(connecting.Order{URL: "https://shop.example.com", Key: credentials()})
	before := o.connection().Secrets[0]
	got, err := o.Rotate(t.Context(), o.admin, o.site.Scope())
	if err != nil || got.Secret != (ingestion.Secret{}) {
		t.Fatal(got, err)
	}
	c := o.connection()
	if len(c.Secrets) != 2 || c.Secrets[1] != before || c.Secrets[0] == before {
		t.Fatalf("secrets %q", c.Secrets)
	}
	secret, _ := o.sealer.Open(ingestion.SecretPurpose(o.site.ID), c.Secrets[0])
	for _, h := range o.shop.hooks {
		o.want("secret of "+h.Topic, h.Secret.Reveal(), string(secret))
	}
	check := func(n int) {
		t.Helper()
		if _, err := o.CheckHooks(t.Context(), o.site.Scope()); err != nil {
			t.Fatal(err)
		}
		o.want("secrets", len(o.connection().Secrets), n)
	}
	o.now = o.now.Add(59 * time.Minute)
	check(2)
	o.now = o.now.Add(time.Minute)
	check(1)
	o.want("the secret that stays", o.connection().Secrets[0], c.Secrets[0])
}

// sign fails unless all webhooks of the shop sign with a secret that is good.
func (o *office) sign() {
	o.Helper()
	var good []string
	for _, sealed := range o.connection().Secrets {
		secret, err := o.sealer.Open(ingestion.SecretPurpose(o.site.ID), sealed)
		if err != nil {
			o.Fatal(err)
		}
		good = append(good, string(secret))
	}
	for _, h := range o.shop.hooks {
		if !slices.Contains(good, h.Secret.Reveal()) {
			o.Errorf("the webhook of %s signs with a secret that is refused", h.Topic)
		}
	}
}

// The shop may be away when the secret is rotated: its webhooks have the old one
// for as long as it takes.
func TestRotateWhileTheShopIsAway(t *testing.T) {
	o := newOffice(t, true, publicURL)
	o.connect(connecting.Order{URL: "https://shop.example.com", Key: credentials()})
	o.shop.away = &ports.ShopError{Reason: "away", Err: ports.ErrUnavailable}
	for range 2 {
		if _, err := o.Rotate(t.Context(), o.admin, o.site.Scope()); !errors.Is(err, ports.ErrUnavailable) {
			t.Fatal(err)
		}
		o.sign()
	}
	o.now = o.now.Add(2 * time.Hour)
	if _, err := o.CheckHooks(t.Context(), o.site.Scope()); !errors.Is(err, ports.ErrUnavailable) {
		t.Fatal(err)
	}
	o.sign()
	o.shop.away = nil
	if _, err := o.CheckHooks(t.Context(), o.site.Scope()); err != nil {
		t.Fatal(err)
	}
	o.want("secrets", len(o.connection().Secrets), 1)
	o.sign()
}

// A shop that was away when it was disconnected keeps its webhooks, and with them
// a secret that nobody has any more.
func TestConnectAgainWhereWebhooksWereLeft(t *testing.T) {
	for _, write := range []bool{true, false} {
		o := newOffice(t, true, publicURL)
		o.connect(connecting.Order{URL: "https://shop.example.com", Key: credentials()})
		o.shop.away = &ports.ShopError{Reason: "away", Err: ports.ErrUnavailable}
		if _, err := o.Disconnect(t.Context(), o.admin, o.site.Scope()); err != nil {
			t.Fatal(err)
		}
		o.shop.away, o.shop.is.Write = nil, write
		got := o.connect(connecting.Order{URL: "https://shop.example.com", Key: credentials()})
		if write {
			o.sign()
			continue
		}
		if got.Secret == (ingestion.Secret{}) || len(got.Hooks.Missing) != 4 || len(got.Hooks.Active) != 0 {
			t.Errorf("nobody is told that the webhooks need the new secret: %+v", got.Hooks)
		}
	}
}

func TestRotateByHand(t *testing.T) {
	o := newOffice(t, false, publicURL)
	first := o.connect(connecting.Order{URL: "https://shop.example.com", Key: credentials()}).Secret
	got, err := o.Rotate(t.Context(), o.admin, o.site.Scope())
	if err != nil || got.Secret.Reveal() == "" || got.Secret == first || len(got.Hooks.Missing) != 4 {
		t.Fatal(got, err)
	}
	if _, err := o.Rotate(t.Context(), o.admin, o.site.Scope()); !errors.Is(err, connecting.ErrRotating) || !errors.Is(err, ports.ErrConflict) {
		t.Errorf("while two are good: %v", err)
	}
	o.now = o.now.Add(24 * time.Hour)
	if _, err := o.CheckHooks(t.Context(), o.site.Scope()); err != nil || len(o.connection().Secrets) != 2 {
		t.Errorf("a secret that somebody may still use was forgotten: %v", err)
	}
	for range 2 {
		if err := o.Finish(t.Context(), o.admin, o.site.Scope()); err != nil {
			t.Fatal(err)
		}
		secret, _ := o.sealer.Open(ingestion.SecretPurpose(o.site.ID), o.connection().Secrets[0])
		o.want("secrets", len(o.connection().Secrets), 1)
		o.want("the secret that stays", string(secret), got.Secret.Reveal())
	}
}

func TestDisconnect(t *testing.T) {
	o := newOffice(t, true, publicURL)
	if _, err := o.Disconnect(t.Context(), o.admin, o.site.Scope()); !errors.Is(err, ports.ErrNotFound) {
		t.Errorf("not connected: %v", err)
	}
	o.connect(connecting.Order{URL: "https://shop.example.com", Key: credentials()})
	o.shop.hooks = append(o.shop.hooks, ingestion.Hook{ID: "99", Topic: "order.created", Delivery: "https://else.example.com"})
	got, err := o.Disconnect(t.Context(), o.admin, o.site.Scope())
	if err != nil || got.Hooks != nil || len(o.shop.hooks) != 1 || o.shop.hooks[0].ID != "99" {
		t.Errorf("got %+v, %v, left %+v", got, err, o.shop.hooks)
	}
	if _, err := o.connections.Connection(t.Context(), o.site.Scope()); !errors.Is(err, ports.ErrNotFound) {
		t.Errorf("still there: %v", err)
	}
	// A shop that does not answer is disconnected all the same.
	o.connect(connecting.Order{URL: "https://shop.example.com", Key: credentials()})
	o.shop.away = &ports.ShopError{Err: ports.ErrUnavailable, Reason: "away"}
	if got, err := o.Disconnect(t.Context(), o.admin, o.site.Scope()); err != nil || got.Hooks == nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestConsent(t *testing.T) {
	o := newOffice(t, true, publicURL)
	invite := func() string {
		t.Helper()
		address, err := o.Invite(t.Context(), o.admin, o.site.Scope(), "https://shop.example.com/sub/", "")
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(address)
		if err != nil || !strings.HasPrefix(address, "https://shop.example.com/sub/wc-auth/v1/authorize?") {
			t.Fatal(address, err)
		}
		q := u.Query()
		state, ok := strings.CutPrefix(q.Get("callback_url"), publicURL+"/api/connect/woocommerce/")
		if !ok || len(state) < 40 || q.Get("scope") != "read_write" || q.Get("app_name") == "" || q.Get("user_id") == "" || q.Get("return_url") != "https://shop.example.com/sub/wp-admin/" {
			t.Fatalf("the address asks for %v", q)
		}
		return state
	}
	state := invite()
	for _, bad := range []connecting.Consent{{}, {Key: ingestion.Credentials{Key: ingestion.NewSecret("x")}}} {
		if err := o.Accept(t.Context(), state, bad); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("no key: %v", err)
		}
	}
	if err := o.Accept(t.Context(), state, connecting.Consent{Key: credentials(), Write: true}); err != nil {
		t.Fatal(err)
	}
	o.want("asked while the shop waits", o.shop.asked, 0)
	o.want("waiting", o.waiting(), []string{"task:hooks"})
	expired := invite()
	o.now = o.now.Add(30 * time.Minute)
	for name, s := range map[string]string{"used": state, "unknown": "x", "none": "", "expired": expired} {
		if err := o.Accept(t.Context(), s, connecting.Consent{Key: credentials()}); !errors.Is(err, ports.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The task finds out the rest.
	if _, err := o.CheckHooks(t.Context(), o.site.Scope()); err != nil {
		t.Fatal(err)
	}
	o.want("waiting", o.waiting(), []string{"task:import"})
	o.want("hooks", len(o.shop.hooks), 4)
	if c := o.connection(); c.Auth != ingestion.Basic || c.WeightUnit != "kg" || c.URL != "https://shop.example.com/sub" {
		t.Errorf("stored: %+v", c)
	}
	last := invite()
	o.site.Disabled = true
	if err := o.stores.Accounts.PutSite(t.Context(), o.site); err != nil {
		t.Fatal(err)
	}
	if err := o.Accept(t.Context(), last, connecting.Consent{Key: credentials()}); !errors.Is(err, ports.ErrNotFound) {
		t.Errorf("a disabled site: %v", err)
	}
}

// Every action asks the caller's grants, and a super admin's is recorded.
func TestGrants(t *testing.T) {
	o := newOffice(t, true, publicURL)
	sc := o.site.Scope()
	support := roles.Grants{Subject: "support@example.com", Tenants: map[tenant.ID]roles.Role{o.site.Tenant: roles.Support}}
	stranger := roles.Grants{Subject: "other@example.com", Tenants: map[tenant.ID]roles.Role{"ten_other": roles.Owner}}
	root := roles.Grants{Subject: "root@example.com", SuperAdmin: true, Reason: "ticket 4711"}
	actions := map[string]func(who roles.Grants) error{
		"connect": func(who roles.Grants) error {
			_, err := o.Connect(t.Context(), who, sc, connecting.Order{URL: "https://shop.example.com", Key: credentials()})
			return err
		},
		"rotate": func(who roles.Grants) error { _, err := o.Rotate(t.Context(), who, sc); return err },
		"finish": func(who roles.Grants) error { return o.Finish(t.Context(), who, sc) },
		"sync":   func(who roles.Grants) error { return o.Sync(t.Context(), who, sc) },
		"invite": func(who roles.Grants) error {
			_, err := o.Invite(t.Context(), who, sc, "https://shop.example.com", "")
			return err
		},
		"disconnect": func(who roles.Grants) error { _, err := o.Disconnect(t.Context(), who, sc); return err },
	}
	for _, name := range []string{"connect", "rotate", "finish", "sync", "invite", "disconnect"} {
		for _, who := range []roles.Grants{support, stranger, {}} {
			if err := actions[name](who); !errors.Is(err, roles.ErrForbidden) {
				t.Errorf("%s by %q: %v", name, who.Subject, err)
			}
		}
		before := recorded(t, o)
		if err := actions[name](root); err != nil || recorded(t, o) != before+1 {
			t.Errorf("%s by a super admin: %v, recorded %d", name, err, recorded(t, o)-before)
		}
	}
	o.connect(connecting.Order{URL: "https://shop.example.com", Key: credentials()})
	for _, who := range []roles.Grants{stranger, {}} {
		if _, err := o.Show(t.Context(), who, sc); !errors.Is(err, roles.ErrForbidden) {
			t.Errorf("Show: %v", err)
		}
	}
	if shown, err := o.Show(t.Context(), support, sc); err != nil || !shown.HasKey || shown.Secrets != 1 {
		t.Errorf("Show by support: %+v, %v", shown, err)
	}
	for _, who := range []roles.Grants{o.admin, stranger} {
		if _, err := o.Reseal(t.Context(), who); !errors.Is(err, roles.ErrForbidden) {
			t.Errorf("Reseal: %v", err)
		}
	}
}

func recorded(t *testing.T, o *office) int {
	t.Helper()
	list, err := o.audit.List(t.Context(), roles.Grants{Subject: "root@example.com", SuperAdmin: true}, o.site.Scope(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// interrupted fails saves as it is told.
type interrupted struct {
	*memory.Connections
	fail func() error
}

func (i *interrupted) SaveConnection(ctx context.Context, s tenant.Scope, c ingestion.Connection) (ingestion.Connection, error) {
	if err := i.fail(); err != nil {
		return ingestion.Connection{}, err
	}
	return i.Connections.SaveConnection(ctx, s, c)
}

func TestReseal(t *testing.T) {
	o := newOffice(t, true, publicURL)
	root := roles.Grants{Subject: "root@example.com", SuperAdmin: true, Reason: "new key"}
	var scopes []tenant.Scope
	for i := range 5 {
		site, err := o.stores.AddSite(t.Context(), "Shop", fmt.Sprintf("https://s%d.example.com", i), usage.NoLimits())
		if err != nil {
			t.Fatal(err)
		}
		if i == 3 {
			site.Disabled = true
			if err := o.stores.Accounts.PutSite(t.Context(), site); err != nil {
				t.Fatal(err)
			}
		}
		scopes = append(scopes, site.Scope())
		if _, err := o.Connect(t.Context(), root, site.Scope(), connecting.Order{URL: site.URL, Key: credentials()}); err != nil {
			t.Fatal(err)
		}
	}
	reseal := func(keys ...string) (connecting.Resealed, error) {
		o.sealer.keys = keys
		return o.Reseal(t.Context(), root)
	}
	got, err := reseal("k1")
	o.want("nothing to do", fmt.Sprint(got, err), "{5 0 10 []} <nil>")
	got, err = reseal("k2", "k1")
	o.want("sealed anew", fmt.Sprint(got, err), "{5 10 0 []} <nil>")
	got, err = reseal("k2")
	o.want("without the old key", fmt.Sprint(got, err), "{5 0 10 []} <nil>")
	for _, sc := range scopes {
		c, err := o.connections.Connection(t.Context(), sc)
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := o.sealer.Open(ingestion.KeyPurpose(sc.Site), c.Key); err != nil || string(plain) != string(credentials().Plain()) {
			t.Errorf("the key of %s: %q, %v", sc.Site, plain, err)
		}
	}
	// What the old key has sealed, and it is gone.
	got, err = reseal("k3")
	if err != nil || got.Sealed != 0 || len(got.Lost) != 10 || got.Lost[0].Scope != scopes[0] && !slices.Contains(scopes, got.Lost[0].Scope) {
		t.Errorf("lost: %+v, %v", got, err)
	}
	got, err = reseal("k3", "k2")
	o.want("once it is back", fmt.Sprint(got.Sealed, len(got.Lost), err), "10 0 <nil>")
}

// A run that is cut off leaves what is sealed anew, and the next one goes on;
// somebody who changes a connection meanwhile does not lose his change.
func TestResealIsResumed(t *testing.T) {
	o := newOffice(t, true, publicURL)
	root := roles.Grants{Subject: "root@example.com", SuperAdmin: true, Reason: "new key"}
	for i := range 4 {
		site, err := o.stores.AddSite(t.Context(), "Shop", fmt.Sprintf("https://s%d.example.com", i), usage.NoLimits())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.Connect(t.Context(), root, site.Scope(), connecting.Order{URL: site.URL}); err != nil {
			t.Fatal(err)
		}
	}
	calls := 0
	store := &interrupted{Connections: o.connections}
	service, err := connecting.New(connecting.Deps{
		Connections: store, Deliveries: o.connections, States: o.connections, Health: o.health, Sealer: o.sealer, Shops: o.shop, Probe: o.shop, Queue: o.queue,
		Sites: o.stores.Accounts, Tenants: o.stores.Accounts, Audit: o.audit, Now: func() time.Time { return o.now }, NewID: porttest.NewID, Random: &counter{},
	}, connecting.Config{})
	if err != nil {
		t.Fatal(err)
	}
	o.sealer.keys = []string{"k2", "k1"}
	store.fail = func() error {
		if calls++; calls == 3 {
			return ports.ErrUnavailable
		}
		return nil
	}
	got, err := service.Reseal(t.Context(), root)
	if !errors.Is(err, ports.ErrUnavailable) || got.Sealed != 2 {
		t.Fatalf("cut off: %+v, %v", got, err)
	}
	conflicts := 0
	store.fail = func() error {
		if conflicts++; conflicts == 1 {
			return ports.ErrConflict // somebody was faster: it is read again
		}
		return nil
	}
	got, err = service.Reseal(t.Context(), root)
	o.want("resumed", fmt.Sprint(got, err), "{4 2 2 []} <nil>")
	store.fail = func() error { return ports.ErrConflict }
	o.sealer.keys = []string{"k3", "k2"}
	if _, err := service.Reseal(t.Context(), root); !errors.Is(err, ports.ErrConflict) {
		t.Errorf("somebody who is always faster: %v", err)
	}
}

func ExampleService_Connect() {
	ctx := context.Background()
	stores := memory.NewStores(time.Now, porttest.NewID)
	site, _ := stores.AddSite(ctx, "Shop", "https://shop.example.com", usage.NoLimits())
	connections := memory.NewConnections(stores.Accounts, time.Now)
	wc := &shop{is: ingestion.Connection{Auth: ingestion.Basic, Write: true, Currency: "EUR", Exponent: 2}} // adapters/woocommerce in earnest
	service, err := connecting.New(connecting.Deps{
		Connections: connections, Deliveries: connections, States: connections, Health: memory.NewSiteHealth(), Sealer: &keyedSealer{keys: []string{"k"}},
		Shops: wc, Probe: wc, Queue: memory.NewQueue(time.Now), Sites: stores.Accounts, Tenants: stores.Accounts, Audit: memory.NewAuditLog(),
		Now: time.Now, NewID: porttest.NewID, Random: &counter{},
	}, connecting.Config{PublicURL: "https://chat.example.com"})
	if err != nil {
		fmt.Println(err)
		return
	}
	owner := roles.Grants{Subject: "owner@example.com", Tenants: map[tenant.ID]roles.Role{site.Tenant: roles.Owner}}
	got, err := service.Connect(ctx, owner, site.Scope(), connecting.Order{
		URL: "https://shop.example.com", Key: ingestion.Credentials{Key: ingestion.NewSecret("ck_1"), Secret: ingestion.NewSecret("cs_1")},
	})
	fmt.Println(got.Hooks.Made, got.Hooks.Missing, err)
	// Output: [product.created product.updated product.deleted product.restored] [] <nil>
}
