package wiring

import (
	"crypto/rand"

	"go.uber.org/fx"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/adapters/sealing"
	"github.com/aiwoochat/woochat/adapters/sqlite"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/app/connecting"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/ports"
)

// sealPurpose names the sub-key that seals shops' keys and webhook secrets.
const sealPurpose = "woochat sealed credentials v1"

// connectionModule connects shops: their keys and secrets, deliveries, and what
// is wrong with them, in the store that cfg asks for.
func connectionModule(cfg Config) fx.Option {
	opts := []fx.Option{
		connectionStore(cfg),
		fx.Provide(
			newConnecting(cfg), newStatuses, newUploads, newReceiver(cfg),
			fx.Annotate(func(s *connecting.Service) map[string]ingesting.TaskFunc {
				return map[string]ingesting.TaskFunc{ingestion.Hooks: s.CheckHooks}
			}, fx.ResultTags(`group:"tasks"`)),
		),
	}
	// Without a key nothing can be sealed or opened, and most commands need not.
	if sealer, err := newSealer(cfg); err == nil {
		opts = append(opts, fx.Supply(fx.Annotate(sealer, fx.As(new(ports.Sealer)))))
	}
	return fx.Module("connections", opts...)
}

func connectionStore(cfg Config) fx.Option {
	open := map[string][3]any{
		"memory":   {memory.NewConnections, memory.NewSiteHealth, memory.NewSynonyms},
		"sqlite":   {(*sqlite.DB).Connections, (*sqlite.DB).SiteHealth, (*sqlite.DB).Synonyms},
		"postgres": {(*postgres.DB).Connections, (*postgres.DB).SiteHealth, (*postgres.DB).Synonyms},
	}[cfg.kind()]
	if open[0] == nil {
		return fx.Options() // storeModule says so
	}
	return fx.Provide(
		fx.Annotate(open[0], fx.As(new(ports.Connections)), fx.As(new(ports.ConnectedSites)), fx.As(new(ports.ConnectStates)), fx.As(new(ports.Deliveries))),
		fx.Annotate(open[1], fx.As(new(ports.SiteHealth))),
		fx.Annotate(open[2], fx.As(new(ports.Synonyms))),
	)
}

// newSealer seals under the first key of WOOCHAT_SECRET_KEY, and opens with all.
func newSealer(cfg Config) (*sealing.Sealer, error) {
	keys, err := system.ParseSecretKey(cfg.SecretKey.Reveal())
	if err != nil {
		return nil, err
	}
	list := make([]sealing.Key, 0, len(keys))
	for _, k := range keys {
		list = append(list, sealing.Key{ID: k.ID(), Secret: k.Derive(sealPurpose)})
	}
	return sealing.New(list)
}

type connectingParams struct {
	fx.In

	Connections ports.Connections
	Deliveries  ports.Deliveries
	States      ports.ConnectStates
	Health      ports.SiteHealth
	Sealer      ports.Sealer `optional:"true"`
	Shops       *woocommerce.Shops
	Queue       ports.Queue
	Sites       ports.Sites
	Tenants     ports.Tenants
	Audit       ports.AuditLog
	Now         ports.Clock
	NewID       ports.NewID
}

func newConnecting(cfg Config) func(connectingParams) (*connecting.Service, error) {
	return func(p connectingParams) (*connecting.Service, error) {
		if p.Sealer == nil {
			p.Sealer = noSealer{}
		}
		return connecting.New(connecting.Deps{
			Connections: p.Connections, Deliveries: p.Deliveries, States: p.States, Health: p.Health, Sealer: p.Sealer, Shops: p.Shops, Probe: p.Shops,
			Queue: p.Queue, Sites: p.Sites, Tenants: p.Tenants, Audit: p.Audit, Now: p.Now, NewID: p.NewID, Random: rand.Reader,
		}, connecting.Config{PublicURL: cfg.PublicURL})
	}
}

type statusParams struct {
	fx.In

	Totals     ports.DocumentTotals
	Service    *ingesting.Service
	Jobs       ports.Jobs
	Health     ports.SiteHealth
	Deliveries ports.Deliveries
	Usage      ports.UsageReports
	Sites      ports.Sites
	Audit      ports.AuditLog
	Now        ports.Clock
	NewID      ports.NewID
}

func newStatuses(p statusParams) (*ingesting.Statuses, error) {
	return ingesting.NewStatuses(ingesting.StatusDeps{
		Totals: p.Totals, Service: p.Service, Jobs: p.Jobs, Health: p.Health, Deliveries: p.Deliveries, Usage: p.Usage, Sites: p.Sites, Audit: p.Audit, Now: p.Now, NewID: p.NewID,
	})
}

type receiverParams struct {
	fx.In

	Sites       ports.ConnectedSites
	Connections ports.Connections
	Deliveries  ports.Deliveries
	Sealer      ports.Sealer `optional:"true"`
	Queue       ports.Queue
	Health      ports.SiteHealth
	Now         ports.Clock
	Bell        *ingesting.Bell
}

// newReceiver is for servers only, which do not start without a key.
func newReceiver(cfg Config) func(receiverParams) (*ingesting.Receiver, error) {
	return func(p receiverParams) (*ingesting.Receiver, error) {
		if _, err := newSealer(cfg); err != nil {
			return nil, badSecretKey(err)
		}
		return ingesting.NewReceiver(ingesting.ReceiverDeps{
			Sites: p.Sites, Connections: p.Connections, Deliveries: p.Deliveries, Sealer: p.Sealer, Queue: p.Queue, Health: p.Health,
			Parse: func(body []byte, c ingestion.Connection) (catalog.Product, error) {
				return woocommerce.ParseProduct(body, woocommerce.RESTConfig{
					Currency: c.Currency, Exponent: c.Exponent, WeightUnit: c.WeightUnit, DimensionUnit: c.DimensionUnit,
				})
			},
			Now: p.Now, Bell: p.Bell, Limiter: memory.NewLimiter(p.Now),
		})
	}
}
