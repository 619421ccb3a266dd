package wiring

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.uber.org/fx"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/adapters/qdrant"
	"github.com/aiwoochat/woochat/adapters/sqlite"
	"github.com/aiwoochat/woochat/ports"
)

// qdrantIndex is the index on a Qdrant server, beside any store. A server looks
// whether it is there and follows it; a command asks it only if it needs it, so
// that a Qdrant that is down stops no command that does not.
func qdrantIndex(cfg Config, o Options) fx.Option {
	open := func(now ports.Clock, events ports.EventSink, c *closers) (*qdrant.Index, error) {
		x, err := qdrant.Open(qdrant.Config{
			URL: cfg.QdrantURL, APIKey: qdrant.Secret(cfg.QdrantAPIKey.Reveal()), Quantize: cfg.QdrantQuantize, Now: now, Events: events,
		})
		if err != nil {
			return nil, explainQdrant(err)
		}
		c.add(x.Close)
		return x, nil
	}
	var provide any
	switch cfg.kind() {
	case "postgres":
		provide = func(x *qdrant.Index, db *postgres.DB) (followedIndex, error) {
			return followedIndex{x}, serveQdrant(cfg, o, x, db.Documents(), func(ctx context.Context) error { return db.Index(postgres.IndexConfig{}).Left(ctx) })
		}
	case "memory":
		provide = func(x *qdrant.Index, _ *memory.Documents) (followedIndex, error) { return followedIndex{x}, nil }
	default:
		provide = func(x *qdrant.Index, db *sqlite.DB) (followedIndex, error) {
			return followedIndex{x}, serveQdrant(cfg, o, x, db.Documents(), func(ctx context.Context) error { return leaveEmbedded(ctx, cfg.DataDir) })
		}
	}
	return fx.Module("qdrant-index", fx.Provide(
		open, provide,
		func(f followedIndex) (ports.Searcher, ports.Indexer) { return f.Index, f.Index },
	))
}

// followedIndex is an index that the store knows of.
type followedIndex struct{ *qdrant.Index }

// serveQdrant looks whether a server of woochat can use the Qdrant, and makes the
// documents follow it. leave notes in the index that was used before that it is
// not any more.
func serveQdrant(cfg Config, o Options, x *qdrant.Index, d requeued, leave func(context.Context) error) error {
	if !o.Listen {
		return nil
	}
	ctx := context.Background()
	if _, err := qdrant.Check(ctx, cfg.QdrantURL, cfg.QdrantAPIKey.Reveal()); err != nil {
		return explainQdrant(err)
	}
	if err := leave(ctx); err != nil {
		return err
	}
	return follow(ctx, x, d, wantedIndex(cfg, o))
}

// leaveEmbedded notes in the embedded index, if there is one, that it is left.
func leaveEmbedded(ctx context.Context, dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "index.db")); err != nil {
		return nil //nolint:nilerr // there is none
	}
	x, err := sqlite.OpenIndex(ctx, sqlite.IndexConfig{Dir: dir})
	if err != nil {
		return err
	}
	return errors.Join(x.Left(ctx), x.Close())
}

// explainQdrant makes the configuration's errors of what only it can mend.
func explainQdrant(err error) error {
	if !errors.Is(err, ports.ErrInvalid) {
		return err
	}
	name := "WOOCHAT_QDRANT_URL"
	if e, ok := errors.AsType[*qdrant.CheckError](err); ok && e.Problem == qdrant.BadKey {
		name = "WOOCHAT_QDRANT_API_KEY"
	}
	return fmt.Errorf("%w: %w", ErrConfig, &SettingError{Name: name, Origin: "tried", Reason: err.Error()})
}
