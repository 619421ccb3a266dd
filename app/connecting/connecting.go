// Package connecting connects shops to sites: it keeps their REST keys and
// webhook secrets sealed, makes the webhooks where a key may, looks after them,
// and seals everything anew under a new key of the operator. Each action asks
// the caller's grants; what a super admin does is recorded before.
package connecting

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/app/auditing"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Deps are what a Service needs. All are required.
type Deps struct {
	Connections ports.Connections
	Deliveries  ports.Deliveries
	States      ports.ConnectStates
	Health      ports.SiteHealth
	Sealer      ports.Sealer
	Shops       ports.Shops
	Probe       ports.ShopProbe
	Queue       ports.Queue
	Sites       ports.Sites
	Tenants     ports.Tenants
	Audit       ports.AuditLog // of what is done as a super admin
	Now         ports.Clock
	NewID       ports.NewID
	Random      io.Reader // of cryptographic quality, for secrets and states
}

// Config says where this server is reached.
type Config struct {
	// PublicURL is the address that shops deliver to, such as
	// https://chat.example.com; "": webhooks cannot be made, and shops cannot be
	// connected by their owners' consent.
	PublicURL string
}

// Service connects shops. Make one with New; it is safe for concurrent use.
type Service struct {
	deps  Deps
	cfg   Config
	audit *auditing.Service
}

// New returns a Service. It reports everything that is missing at once.
func New(d Deps, cfg Config) (*Service, error) {
	var errs []error
	for _, dep := range []struct {
		name string
		ok   bool
	}{
		{"Connections", d.Connections != nil},
		{"Deliveries", d.Deliveries != nil},
		{"States", d.States != nil},
		{"Health", d.Health != nil},
		{"Sealer", d.Sealer != nil},
		{"Shops", d.Shops != nil},
		{"Probe", d.Probe != nil},
		{"Queue", d.Queue != nil},
		{"Sites", d.Sites != nil},
		{"Tenants", d.Tenants != nil},
		{"Audit", d.Audit != nil},
		{"Now", d.Now != nil},
		{"NewID", d.NewID != nil},
		{"Random", d.Random != nil},
	} {
		if !dep.ok {
			errs = append(errs, fmt.Errorf("connecting: Deps.%s is missing", dep.name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	audit, err := auditing.New(auditing.Deps{Log: d.Audit, Now: d.Now, NewID: d.NewID})
	if err != nil {
		return nil, err
	}
	cfg.PublicURL = strings.TrimRight(cfg.PublicURL, "/")
	return &Service{deps: d, cfg: cfg, audit: audit}, nil
}

// ErrNoPublicURL means that shops cannot reach this server, as far as it knows.
var ErrNoPublicURL = errors.New("WOOCHAT_PUBLIC_URL is not set: without the address at which shops reach this server there are no webhooks")

// FieldError says which field of an order is wrong, and why.
type FieldError struct {
	Field  string
	Reason string // reads on after the field's name
}

func (e *FieldError) Error() string { return e.Field + " " + e.Reason }

// Unwrap returns ports.ErrInvalid.
func (e *FieldError) Unwrap() error { return ports.ErrInvalid }

// DeliveryURL returns where the webhooks of a site deliver to; "" without a
// public address.
func (s *Service) DeliveryURL(site tenant.SiteID) string {
	if s.cfg.PublicURL == "" {
		return ""
	}
	return s.cfg.PublicURL + "/api/ingestion/webhook/" + string(site)
}

// Order is a shop to be connected.
type Order struct {
	URL string
	// Key is the shop's REST key. The zero Credentials are none: then what the
	// shop's webhooks say is taken for the truth, and variations are not read.
	Key ingestion.Credentials
	// Decimals of the shop's prices, for a shop without a key; 2 for nil.
	Decimals *uint8
}

// Result is how a shop is connected.
type Result struct {
	Shown ingestion.Shown
	Hooks Hooks
	// Secret is that of the webhooks, where somebody must paste it; otherwise
	// none. It is told once, when it is made.
	Secret ingestion.Secret
}

// Hooks says what there is of a shop's webhooks.
type Hooks struct {
	Delivery string   // the URL to which they deliver
	Active   []string // topics that have an active webhook
	Made     []string // of these: made, or made anew, now
	Missing  []string // topics without one, which somebody must make by hand
}

// Connect connects the site's shop, or connects it anew: with a key the shop is
// asked first, and what it says is kept; webhooks are made if the key may, and
// an import is begun. Secrets that webhooks have already stay good.
//
// Errors: a *ports.ShopError says what the shop answered; a *FieldError which
// field is wrong; ports.ErrConflict if somebody else connects it just now.
func (s *Service) Connect(ctx context.Context, who roles.Grants, sc tenant.Scope, o Order) (Result, error) {
	if err := s.audit.Allow(ctx, who, roles.WriteSites, sc, "connect "+o.URL); err != nil {
		return Result{}, err
	}
	site, err := s.deps.Sites.Site(ctx, sc)
	if err != nil {
		return Result{}, err
	}
	next, err := s.found(ctx, site, o)
	if err != nil {
		return Result{}, err
	}
	saved, fresh, err := s.store(ctx, sc, next)
	if err != nil {
		return Result{}, err
	}
	out := Result{Shown: saved.Shown(sc, time.Time{}), Hooks: Hooks{Delivery: s.DeliveryURL(sc.Site), Missing: ingestion.Topics()}}
	for _, kind := range []ingestion.FindingKind{ingestion.KeyRefused, ingestion.ShopUnreachable, ingestion.SealedByOldKey, ingestion.VariationUnread} {
		if err := s.deps.Health.Clear(ctx, sc, kind, ""); err != nil {
			return out, err
		}
	}
	if saved.Key != "" {
		if out.Hooks, err = s.hooks(ctx, sc, saved); err != nil {
			return out, err
		}
	}
	// Webhooks that a connection before this one has left sign with a secret that
	// nobody has any more.
	switch {
	case fresh == ingestion.Secret{} || len(out.Hooks.Active) == 0:
	case s.gives(saved):
		if err := s.give(ctx, sc, saved); err != nil {
			return out, err
		}
	default:
		out.Hooks.Missing, out.Hooks.Active = ingestion.Topics(), nil
	}
	if len(out.Hooks.Missing) > 0 {
		out.Secret = fresh
	}
	return out, s.enqueue(ctx, sc, ingestion.Import, saved.Key != "")
}

// found returns the connection that o asks for, as the shop describes itself.
func (s *Service) found(ctx context.Context, site tenant.Site, o Order) (ingestion.Connection, error) {
	if o.Key != (ingestion.Credentials{}) {
		next, err := s.deps.Probe.Probe(ctx, o.URL, o.Key)
		if err != nil {
			return ingestion.Connection{}, err
		}
		next.Key, err = s.deps.Sealer.Seal(ingestion.KeyPurpose(site.ID), o.Key.Plain())
		return next, err
	}
	address, err := shopURL(o.URL)
	if err != nil {
		return ingestion.Connection{}, err
	}
	next := ingestion.Connection{URL: address, Currency: site.Currency, Exponent: 2}
	if o.Decimals != nil {
		next.Exponent = *o.Decimals
	}
	return next, nil
}

// shopURL returns the address of a shop without a slash at its end.
func shopURL(text string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return "", &FieldError{"url", "is not the address of a shop, such as https://shop.example.com"}
	}
	u.RawQuery, u.Fragment = "", ""
	return strings.TrimRight(u.String(), "/"), nil
}

// store saves next in place of what there is, with the secrets that there are,
// or a new one, which it returns.
func (s *Service) store(ctx context.Context, sc tenant.Scope, next ingestion.Connection) (saved ingestion.Connection, fresh ingestion.Secret, err error) {
	now := s.deps.Now()
	old, err := s.deps.Connections.Connection(ctx, sc)
	switch {
	case err == nil:
		next.Version, next.Created = old.Version, old.Created
		for _, sealed := range old.Secrets {
			if _, err := s.deps.Sealer.Open(ingestion.SecretPurpose(sc.Site), sealed); err == nil {
				next.Secrets = append(next.Secrets, sealed)
			}
		}
	case errors.Is(err, ports.ErrNotFound):
		next.Created = now
	default:
		return ingestion.Connection{}, ingestion.Secret{}, err
	}
	next.Updated = now
	if len(next.Secrets) == 0 {
		sealed, secret, err := s.newSecret(sc.Site)
		if err != nil {
			return ingestion.Connection{}, ingestion.Secret{}, err
		}
		next.Secrets, fresh = []string{sealed}, secret
	}
	saved, err = s.deps.Connections.SaveConnection(ctx, sc, next)
	return saved, fresh, err
}

// secretBytes is the entropy of a webhook's secret, and of a state.
const secretBytes = 32

// newSecret returns a new secret, of letters that no shop escapes.
func (s *Service) newSecret(site tenant.SiteID) (sealed string, secret ingestion.Secret, err error) {
	text, err := s.random()
	if err != nil {
		return "", ingestion.Secret{}, err
	}
	sealed, err = s.deps.Sealer.Seal(ingestion.SecretPurpose(site), []byte(text))
	return sealed, ingestion.NewSecret(text), err
}

func (s *Service) random() (string, error) {
	raw := make([]byte, secretBytes)
	if _, err := io.ReadFull(s.deps.Random, raw); err != nil {
		return "", fmt.Errorf("connecting: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// enqueue asks for a task of the site, if it is wanted.
func (s *Service) enqueue(ctx context.Context, sc tenant.Scope, task string, wanted bool) error {
	if !wanted {
		return nil
	}
	return s.deps.Queue.Enqueue(ctx, sc, []ingestion.Hint{{Object: ingestion.Object{Kind: ingestion.Task, ID: task}}})
}

// Show returns how the site's shop is connected, without any secret.
// ports.ErrNotFound if it is not.
func (s *Service) Show(ctx context.Context, who roles.Grants, sc tenant.Scope) (ingestion.Shown, error) {
	if err := s.audit.Allow(ctx, who, roles.ReadSites, sc, "show the shop's connection"); err != nil {
		return ingestion.Shown{}, err
	}
	return s.deps.Deliveries.Shown(ctx, sc)
}

// Sync begins an import of all that the site's shop shows. ports.ErrNotFound if
// it is not connected, a *FieldError if it has no key.
func (s *Service) Sync(ctx context.Context, who roles.Grants, sc tenant.Scope) error {
	if err := s.audit.Allow(ctx, who, roles.WriteDocuments, sc, "import the shop"); err != nil {
		return err
	}
	shown, err := s.deps.Deliveries.Shown(ctx, sc)
	switch {
	case err != nil:
		return err
	case !shown.HasKey:
		return &FieldError{"connection", "has no REST key, so the shop cannot be asked: connect it with one"}
	}
	return s.enqueue(ctx, sc, ingestion.Import, true)
}

// Disconnected is what was left of a connection.
type Disconnected struct {
	// Hooks says why the shop's webhooks could not be taken away, so that
	// somebody should; nil if they were.
	Hooks error
}

// Disconnect takes the shop's webhooks away where the key may, and forgets key
// and secrets whatever the shop answers. Documents stay as they are.
// ports.ErrNotFound if the site is not connected.
func (s *Service) Disconnect(ctx context.Context, who roles.Grants, sc tenant.Scope) (Disconnected, error) {
	if err := s.audit.Allow(ctx, who, roles.WriteSites, sc, "disconnect the shop"); err != nil {
		return Disconnected{}, err
	}
	c, err := s.deps.Connections.Connection(ctx, sc)
	if err != nil {
		return Disconnected{}, err
	}
	var out Disconnected
	if out.Hooks = s.removeHooks(ctx, sc, c); ctx.Err() != nil {
		return out, ctx.Err()
	}
	if err := s.deps.Connections.RemoveConnection(ctx, sc); err != nil {
		return out, err
	}
	for _, kind := range []ingestion.FindingKind{
		ingestion.LostWebhook, ingestion.CannotView, ingestion.HookMissing, ingestion.HookDisabled, ingestion.DeliveryTooBig, ingestion.ShopUnreachable,
		ingestion.KeyRefused, ingestion.VariationUnread, ingestion.SealedByOldKey,
	} {
		if err := s.deps.Health.Clear(ctx, sc, kind, ""); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (s *Service) removeHooks(ctx context.Context, sc tenant.Scope, c ingestion.Connection) error {
	if !c.Write || c.Key == "" || s.cfg.PublicURL == "" {
		return errors.New("the key may not take webhooks away: delete those that deliver to this server by hand, in WooCommerce > Settings > Advanced > Webhooks")
	}
	shop, err := s.deps.Shops.Hooks(ctx, sc)
	if err != nil {
		return err
	}
	list, err := shop.Hooks(ctx, s.DeliveryURL(sc.Site))
	if err != nil {
		return err
	}
	for _, h := range list {
		if err := shop.Remove(ctx, h.ID); err != nil {
			return err
		}
	}
	return nil
}
