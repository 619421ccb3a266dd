package wiring

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"

	"go.uber.org/fx"

	"github.com/aiwoochat/woochat/adapters/glove"
	"github.com/aiwoochat/woochat/adapters/sqlite"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/retrieval"
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
		fx.Annotate((*sqlite.DB).Ledger, fx.As(new(ports.Ledger)), fx.As(new(ports.Checkpointer)), fx.As(new(ports.Sweeper)), fx.As(new(ports.UsageReader)), fx.As(new(ports.UsageReports))),
		fx.Annotate((*sqlite.DB).AuditLog, fx.As(new(ports.AuditLog))),
		fx.Annotate((*sqlite.DB).Repricings, fx.As(new(ports.Repricings))),
		fx.Annotate((*sqlite.DB).Licenses, fx.As(new(ports.Licenses)), fx.As(new(ports.LicenseBook))),
		fx.Annotate((*sqlite.DB).Changes, fx.As(new(ports.Changes))),
		fx.Annotate((*sqlite.DB).Limiter, fx.As(new(ports.Limiter))),
		fx.Annotate((*sqlite.DB).Accounts, fx.As(new(ports.Tenants)), fx.As(new(ports.Sites)), fx.As(new(ports.Keys)), fx.As(new(ports.SiteKeys)),
			fx.As(new(ports.Members)), fx.As(new(ports.PlatformUsers)), fx.As(new(ports.Grants))),
		fx.Annotate((*sqlite.DB).Conversations, fx.As(new(ports.Conversations)), fx.As(new(ports.Turns)), fx.As(new(ports.Unanswered)), fx.As(new(ports.Drafts)), fx.As(new(ports.Feedback))),
		fx.Annotate((*sqlite.DB).Erasure, fx.As(new(ports.Erasure))),
		fx.Annotate((*sqlite.DB).Documents, fx.As(new(ports.Documents)), fx.As(new(ports.DocumentBatches)), fx.As(new(ports.Inventory)), fx.As(new(ports.DocumentTotals)), fx.As(new(ports.StoredDocuments)), fx.As(new(ports.Passages)), fx.As(new(ports.Cursors)),
			fx.As(new(ports.Generations)), fx.As(new(ports.RetiredGenerations)), fx.As(new(ports.IndexModel)), fx.As(new(ports.DocumentChunks))),
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

func sqliteIndex(cfg Config, o Options) fx.Option {
	return fx.Module("sqlite-index", fx.Provide(
		fx.Annotate(func(db *sqlite.DB, c *closers) (*sqlite.Index, error) {
			ctx := context.Background()
			x, err := sqlite.OpenIndex(ctx, sqlite.IndexConfig{Dir: cfg.DataDir})
			if err != nil {
				return nil, err
			}
			c.add(x.Close)
			return x, follow(ctx, x, db.Documents(), wantedIndex(cfg, o))
		}, fx.As(new(ports.Searcher)), fx.As(new(ports.Indexer)), fx.As(new(ports.IndexBatches))),
	))
}

// rebuilt is an index that knows whether it has lost what it held.
type rebuilt interface {
	NeedsRebuild(ctx context.Context) (bool, error)
	Rebuilt(ctx context.Context) error
}

// requeued are documents that an index can be made to follow anew.
type requeued interface {
	ports.IndexModel
	RequeueAll(ctx context.Context) error
}

// wanted is what the indexes are to hold.
type wanted struct {
	chunking  *retrieval.Chunking // nil to leave it as it is
	model     string              // "" to leave it as it is
	byDefault bool
}

// wantedIndex returns what cfg wants: a server says so, and the one that started
// last is right. A command, which may have other settings, leaves it as it is,
// and so does a server without an embedder with the model: it would throw away
// what was paid for.
func wantedIndex(cfg Config, o Options) wanted {
	if o.Listen {
		return wanted{&cfg.Chunking, cfg.EmbeddingModel, cfg.EmbeddingByDefault}
	}
	return wanted{}
}

// note notes what is wanted. The program's own word vectors, where nobody has
// asked for them, take no place of a provider's: a server that lacks a key for
// once would throw away what was paid for.
func (w wanted) note(ctx context.Context, m ports.IndexModel) error {
	if w.chunking != nil {
		if err := m.WantChunking(ctx, *w.chunking); err != nil {
			return err
		}
	}
	if w.model == "" {
		return nil
	}
	if w.byDefault && w.model == glove.Model {
		have, err := m.Wanted(ctx)
		if err != nil || have.Model != nil && *have.Model != "" && !strings.HasPrefix(*have.Model, ownEmbedding) {
			return err
		}
	}
	return m.WantModel(ctx, w.model)
}

// follow queues all documents for an index that has lost them: one that was
// deleted (as after restoring a backup) or is of another version. A process that
// dies between the two steps does both again. The drain of each site goes by what
// is noted here.
func follow(ctx context.Context, x rebuilt, d requeued, w wanted) error {
	if err := w.note(ctx, d); err != nil {
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
	Batches   ports.DocumentBatches
	Inventory ports.Inventory
	Stored    ports.StoredDocuments
	Cursors   ports.Cursors
	Indexer   ports.Indexer
	Entries   ports.IndexBatches `optional:"true"` // an index on a server has none
	Text      ports.HTMLText
	Tokenizer ports.Tokenizer
	Embedders embedders
	Names     modelNames

	Generations        ports.Generations
	RetiredGenerations ports.RetiredGenerations
	IndexModel         ports.IndexModel
	Chunks             ports.DocumentChunks

	Meter  *metering.Service
	Now    ports.Clock
	NewID  ports.NewID
	Events ports.EventSink
	Health ports.SiteHealth
	Leases ports.Leases
	Sites  ports.Sites `name:"cached"`
	Log    *slog.Logger
}

func newIngesting(cfg Config) func(ingestParams) (*ingesting.Service, error) {
	return func(p ingestParams) (*ingesting.Service, error) {
		d := ingesting.Deps{
			Documents: p.Documents, Batches: p.Batches, Inventory: p.Inventory, Stored: p.Stored, Cursors: p.Cursors, Indexer: p.Indexer, Entries: p.Entries, Text: p.Text,
			Tokenizer: p.Tokenizer, Now: p.Now, Events: p.Events,
			Generations: p.Generations, RetiredGenerations: p.RetiredGenerations, IndexModel: p.IndexModel, Chunks: p.Chunks, Chunking: cfg.Chunking,
			Health: p.Health, Leases: p.Leases, Name: p.NewID(),
			EmbedTexts: cfg.EmbedTexts, EmbedTokens: cfg.EmbedTokens, EmbedLongest: cfg.EmbedLongest, EmbedParallel: cfg.EmbedParallel, EmbedTotal: cfg.EmbedTotal,
		}
		if p.Embedders.of != nil {
			d.EmbeddingModel, d.ModelOf = p.Names.embedding, languages(p.Sites, p.Log)
			d.Embedder = func(s tenant.Scope, model string) ports.Embedder {
				if e := p.Embedders.of(model); e != nil {
					return metering.MeteredEmbedder(p.Meter, s, model, e)
				}
				return nil
			}
		}
		return ingesting.New(d)
	}
}
