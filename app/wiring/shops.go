package wiring

import (
	"errors"
	"fmt"
	"time"

	"go.uber.org/fx"

	"github.com/aiwoochat/woochat/adapters/egress"
	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/ports"
)

// shopLimits bound one answer of a shop. Its adapter bounds what is read of it
// more closely.
var shopLimits = egress.Limits{Body: 256 << 20, Time: 2 * time.Minute} //nolint:gochecknoglobals // a constant that Go cannot spell

// shopModule reaches shops, and keeps what is stored equal to them.
func shopModule() fx.Option {
	return fx.Module("shops", fx.Provide(
		fx.Annotate(newShops, fx.As(fx.Self()), fx.As(new(ports.Shops)), fx.As(new(ports.ShopProbe))),
		newSync,
	))
}

type shopParams struct {
	fx.In

	Connections ports.Connections
	Sealer      ports.Sealer `optional:"true"`
	Guard       *egress.Guard
	Now         ports.Clock
}

func newShops(p shopParams) (*woocommerce.Shops, error) {
	if p.Sealer == nil {
		p.Sealer = noSealer{}
	}
	return woocommerce.NewShops(woocommerce.Config{
		Connections: p.Connections, Sealer: p.Sealer, Client: p.Guard.Client(shopLimits), Now: p.Now, FAQs: html.New().FAQs,
	})
}

type syncParams struct {
	fx.In

	Service *ingesting.Service
	Shops   *woocommerce.Shops
	Stored  ports.StoredDocuments
	Queue   ports.Queue
	Jobs    ports.Jobs
	Health  ports.SiteHealth
	Heard   ports.Deliveries
	Now     ports.Clock
}

func newSync(p syncParams) (*ingesting.Sync, error) {
	return ingesting.NewSync(ingesting.SyncDeps{
		Service: p.Service, Shops: p.Shops, Stored: p.Stored, Queue: p.Queue, Jobs: p.Jobs, Health: p.Health, Deliveries: p.Heard, Refresh: p.Shops.Refresh, Now: p.Now,
	})
}

var errNoSecretKey = errors.New("WOOCHAT_SECRET_KEY is not set: the shop's key cannot be opened without it")

// noSealer is the Sealer of a process without a secret key.
type noSealer struct{}

func (noSealer) Seal(string, []byte) (string, error) {
	return "", fmt.Errorf("%w: %w", ports.ErrInvalid, errNoSecretKey)
}

func (noSealer) Open(string, string) ([]byte, error) {
	return nil, fmt.Errorf("%w: %w", ports.ErrNotFound, errNoSecretKey)
}

func (noSealer) Current(string) bool { return false }
