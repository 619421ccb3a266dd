package wiring

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"go.uber.org/fx"

	"github.com/aiwoochat/woochat/adapters/sqlite"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// closers are what was opened while the graph was built, to be closed in
// reverse. They are no stop hooks, since a graph that failed to build runs
// none.
type closers struct{ all []func() error }

func (c *closers) add(f func() error) { c.all = append(c.all, f) }

func (c *closers) close() error {
	var errs []error
	for _, f := range slices.Backward(c.all) {
		errs = append(errs, f())
	}
	c.all = nil
	return errors.Join(errs...)
}

func sqliteStore(cfg Config, o Options) fx.Option {
	return fx.Module("sqlite", fx.Provide(
		func(now ports.Clock, id ports.NewID, c *closers) (*sqlite.DB, error) {
			db, err := sqlite.Open(context.Background(), sqlite.Config{Dir: cfg.DataDir, Exclusive: o.Listen, Now: now, NewID: id})
			if err != nil {
				return nil, err
			}
			c.add(db.Close)
			return db, nil
		},
		fx.Annotate((*sqlite.DB).Ledger, fx.As(new(ports.Ledger)), fx.As(new(ports.Checkpointer)), fx.As(new(ports.Sweeper)), fx.As(new(ports.UsageReader))),
		fx.Annotate((*sqlite.DB).Licenses, fx.As(new(ports.Licenses)), fx.As(new(ports.LicenseBook))),
		fx.Annotate((*sqlite.DB).Limiter, fx.As(new(ports.Limiter))),
		fx.Annotate((*sqlite.DB).Accounts, fx.As(new(ports.Tenants)), fx.As(new(ports.Sites)), fx.As(new(ports.Keys)), fx.As(new(ports.SiteKeys)),
			fx.As(new(ports.Members)), fx.As(new(ports.PlatformUsers)), fx.As(new(ports.Grants))),
		fx.Annotate((*sqlite.DB).Conversations, fx.As(new(ports.Conversations)), fx.As(new(ports.Turns)), fx.As(new(ports.Drafts)), fx.As(new(ports.Feedback))),
		fx.Annotate((*sqlite.DB).Documents, fx.As(new(ports.Documents)), fx.As(new(ports.Inventory)), fx.As(new(ports.Passages)), fx.As(new(ports.Cursors))),
		func(db *sqlite.DB) backup { return db.Backup },
		func(db *sqlite.DB) ready {
			return func() error {
				if _, err := os.Stat(db.Dir()); err != nil {
					return fmt.Errorf("data folder: %w", err)
				}
				return nil
			}
		},
	))
}

func sqliteIndex(cfg Config) fx.Option {
	return fx.Module("sqlite-index", fx.Provide(
		fx.Annotate(func(db *sqlite.DB, c *closers) (*sqlite.Index, error) {
			ctx := context.Background()
			x, err := sqlite.OpenIndex(ctx, sqlite.IndexConfig{Dir: cfg.DataDir})
			if err != nil {
				return nil, err
			}
			c.add(x.Close)
			return x, follow(ctx, x, db.Documents(), cfg.EmbeddingModel)
		}, fx.As(new(ports.Searcher)), fx.As(new(ports.Indexer))),
	))
}

// follow queues all documents for an index that has lost them: one that was
// deleted (as after restoring a backup), is of another version, or holds the
// vectors of another model. A process that dies between the two steps does
// both again.
func follow(ctx context.Context, x *sqlite.Index, d *sqlite.Documents, model string) error {
	if err := x.UseModel(ctx, model); err != nil {
		return err
	}
	lost, err := x.NeedsRebuild(ctx)
	if err != nil || !lost {
		return err
	}
	if err := d.RequeueAll(ctx); err != nil {
		return err
	}
	return x.Rebuilt(ctx)
}

type ingestParams struct {
	fx.In

	Documents ports.Documents
	Inventory ports.Inventory
	Cursors   ports.Cursors
	Indexer   ports.Indexer
	Text      ports.HTMLText
	Tokenizer ports.Tokenizer
	Embedder  embedder
	Names     modelNames
	Meter     *metering.Service
	Now       ports.Clock
	Events    ports.EventSink
}

func newIngesting() func(ingestParams) (*ingesting.Service, error) {
	return func(p ingestParams) (*ingesting.Service, error) {
		d := ingesting.Deps{
			Documents: p.Documents, Inventory: p.Inventory, Cursors: p.Cursors, Indexer: p.Indexer, Text: p.Text,
			Tokenizer: p.Tokenizer, Now: p.Now, Events: p.Events,
		}
		if e := p.Embedder.Embedder; e != nil {
			d.EmbeddingModel = p.Names.embedding
			d.Embedder = func(s tenant.Scope) ports.Embedder { return metering.MeteredEmbedder(p.Meter, s, p.Names.embedding, e) }
		}
		return ingesting.New(d)
	}
}
