package woocommerce

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Config of Shops. Connections, Sealer, Client and Now are required.
type Config struct {
	Connections ports.Connections
	Sealer      ports.Sealer
	// Client reaches shops: one that reaches no address of our own network,
	// whoever names it. Its redirects are followed only where no key is sent.
	Client *http.Client
	Now    ports.Clock
	// FAQs returns the questions that a page answers; nil: pages are pages only.
	FAQs FAQs

	// Page is how many products are asked for at once; 0 is 100, the most that
	// WooCommerce gives.
	Page int
	// Concurrency is how many variable products have their variations read at a
	// time; 0 is 4.
	Concurrency int
	// MaxProduct, MaxBody and MaxVariations bound what is read: bytes of one
	// product, page or variation, bytes of one answer, and variations of one
	// product. 0 is 4 MiB, 128 MiB and 2,000. What is beyond MaxProduct or
	// MaxVariations is rejected, and the others come.
	MaxProduct    int
	MaxBody       int64
	MaxVariations int
}

// FAQs returns the questions with answers that the HTML of a page holds. The ID
// of each begins with the page's and "#", so that those that are gone can be
// told.
type FAQs func(catalog.Page) []catalog.FAQ

// Shops opens shops through their REST API. It implements ports.Shops and
// ports.ShopProbe; make one with NewShops. It is safe for concurrent use, and so
// are the shops it opens.
type Shops struct {
	cfg    Config
	direct *http.Client // follows no redirect: for requests with a key
}

var (
	_ ports.Shops     = (*Shops)(nil)
	_ ports.ShopProbe = (*Shops)(nil)
)

// NewShops returns Shops. It reports every missing dependency at once.
func NewShops(cfg Config) (*Shops, error) {
	var errs []error
	for _, dep := range []struct {
		name string
		ok   bool
	}{
		{"Connections", cfg.Connections != nil},
		{"Sealer", cfg.Sealer != nil},
		{"Client", cfg.Client != nil},
		{"Now", cfg.Now != nil},
	} {
		if !dep.ok {
			errs = append(errs, fmt.Errorf("woocommerce: Config.%s is missing", dep.name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if cfg.Page <= 0 || cfg.Page > 100 {
		cfg.Page = 100
	}
	if cfg.Concurrency <= 0 {
		cfg.Concurrency = 4
	}
	if cfg.MaxProduct <= 0 {
		cfg.MaxProduct = 4 << 20
	}
	if cfg.MaxBody <= 0 {
		cfg.MaxBody = 128 << 20
	}
	if cfg.MaxVariations <= 0 {
		cfg.MaxVariations = 2000
	}
	direct := *cfg.Client
	direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Shops{cfg: cfg, direct: &direct}, nil
}

// Shop implements ports.Shops.
func (s *Shops) Shop(ctx context.Context, scope tenant.Scope) (ports.Shop, error) {
	c, err := s.open(ctx, scope)
	if err != nil {
		return nil, err
	}
	return &shop{c}, nil
}

// Hooks implements ports.Shops.
func (s *Shops) Hooks(ctx context.Context, scope tenant.Scope) (ports.ShopHooks, error) {
	c, err := s.open(ctx, scope)
	if err != nil {
		return nil, err
	}
	return &hooks{c}, nil
}

// Connected returns the shop of a connection that is not stored, asked with a
// key that is not sealed: for an import that leaves no key behind.
func (s *Shops) Connected(conn ingestion.Connection, key ingestion.Credentials) ports.Shop {
	return &shop{s.client(conn, key)}
}

func (s *Shops) open(ctx context.Context, scope tenant.Scope) (*client, error) {
	conn, err := s.cfg.Connections.Connection(ctx, scope)
	if err != nil {
		return nil, err
	}
	if conn.Key == "" {
		return nil, fmt.Errorf("%w: the site's shop is connected without a REST key", ports.ErrNotFound)
	}
	if conn.Auth == 0 {
		return nil, fmt.Errorf("%w: it is not known yet how the shop takes its REST key; that is found out when its webhooks are looked at", ports.ErrConflict)
	}
	plain, err := s.cfg.Sealer.Open(ingestion.KeyPurpose(scope.Site), conn.Key)
	if err != nil {
		return nil, &ports.ShopError{Err: ports.ErrInvalid, Reason: "the shop's REST key was sealed by a key that WOOCHAT_SECRET_KEY does not hold: add that key, or connect the shop again"}
	}
	key, err := ingestion.ParseCredentials(plain)
	if err != nil {
		return nil, &ports.ShopError{Err: ports.ErrInvalid, Reason: "what is stored is no REST key: connect the shop again"}
	}
	return s.client(conn, key), nil
}

// Refresh reads what the shop says of itself, currency, units and whether its
// permalinks are plain by now, and stores it where it has changed. changed tells
// that all products have to be read again, since their prices are written in
// another way. Errors as in Shop.
func (s *Shops) Refresh(ctx context.Context, scope tenant.Scope) (changed bool, err error) {
	c, err := s.open(ctx, scope)
	if err != nil {
		return false, err
	}
	is, err := c.settings(ctx)
	if err != nil {
		return false, err
	}
	conn := c.conn // that which was asked; of another one by now it says nothing
	was := RESTConfig{conn.Currency, conn.Exponent, conn.WeightUnit, conn.DimensionUnit}
	moved := c.moved.Load() && !conn.PlainPermalinks
	if is == was && !moved {
		return false, nil
	}
	conn.PlainPermalinks = conn.PlainPermalinks || moved
	conn.Currency, conn.Exponent, conn.WeightUnit, conn.DimensionUnit = is.Currency, is.Exponent, is.WeightUnit, is.DimensionUnit
	if _, err := s.cfg.Connections.SaveConnection(ctx, scope, conn); err != nil {
		return false, err // of a conflict the next refresh takes care
	}
	return is != was, nil // a sweep finds addresses that have changed
}
