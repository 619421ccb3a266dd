// Package wiring builds a process from its configuration: it is the only
// package that knows every adapter, and the only one that imports fx.
package wiring

import (
	"context"
	"io"
	"log/slog"
	"net/http"

	"github.com/aiwoochat/woochat/adapters/egress"
	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/app/answering"
	"github.com/aiwoochat/woochat/app/auditing"
	"github.com/aiwoochat/woochat/app/connecting"
	"github.com/aiwoochat/woochat/app/evaluating"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Options say what Start builds beside what Config says.
type Options struct {
	// Listen serves HTTP on Config.Addr and AdminAddr, runs the periodic work
	// (checkpoints, sweeps, index), and takes the data folder exclusively.
	// Without it only the use cases are built, for a command.
	Listen bool
	// AnyPort takes a free port where a configured one is in use.
	AnyPort bool
	// Fallback serves what is not the API on the public listener.
	Fallback http.Handler
	// Operator are the grants with which commands act, and their subject and
	// reason what the audit log says; administering.Operator if it has none.
	Operator roles.Grants
	Log      *slog.Logger // required
	Clock    ports.Clock  // nil: the system's
}

// App is a running process. Make one with Start and end it with Stop.
type App struct {
	Administering *administering.Service
	Answering     *answering.Service
	Ingesting     *ingesting.Service
	Metering      *metering.Service
	Reports       *metering.Reports
	Auditing      *auditing.Service
	Repricer      *metering.Repricer // nil if the store keeps no repricings
	Inventory     ports.Inventory
	Sites         ports.Sites
	Shops         Shops
	Connecting    *connecting.Service
	Statuses      *ingesting.Statuses
	Explainer     *searching.Explainer
	Glossary      *searching.Glossary
	Backlog       *ingesting.Backlog
	Evaluating    *evaluating.Service
	Config        Config
	Operator      roles.Grants // as Options has it

	PublicURL string // http://host:port of the public listener, "" unless Options.Listen
	AdminURL  string
	Model     string // what answers, in words: "gpt-4o-mini at api.openai.com", "extractive (quotes the shop's pages)"

	stop   func(context.Context) error
	failed <-chan error
	backup func(ctx context.Context, path string) error
	guard  *egress.Guard // the way to every address that users name
	now    ports.Clock
}

// Shops opens shops through their REST API.
type Shops interface {
	ports.Shops
	ports.ShopProbe
	// Connected returns the shop of a connection that is not stored anywhere.
	Connected(conn ingestion.Connection, key ingestion.Credentials) ports.Shop
}

// Failed returns a channel that holds an error if a listener breaks while the
// process runs.
func (a *App) Failed() <-chan error { return a.failed }

// Stop drains: it takes no new questions, lets running answers end for
// Config.ShutdownGrace, and closes everything. It may be called twice.
func (a *App) Stop(ctx context.Context) error { return a.stop(ctx) }

// Backup writes a copy of the embedded store to a new file while it is in use.
// ports.ErrInvalid for another store.
func (a *App) Backup(ctx context.Context, path string) error { return a.backup(ctx, path) }

// CSV says how to read a WooCommerce product export of a site.
type CSV struct {
	Open func() (io.ReadCloser, error) // may be called more than once
	Site tenant.Site                   // whose currency and addresses are taken
	// Decimals is the shop's number of decimals; 2 for nil.
	Decimals *uint8
}

// ShopPage is a page of a shop, to be indexed.
type ShopPage struct {
	Slug  string
	Title string
	HTML  string
}
