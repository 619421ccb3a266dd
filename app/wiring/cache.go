package wiring

import (
	"context"
	"log/slog"
	"sync"

	"go.uber.org/fx"

	"github.com/aiwoochat/woochat/adapters/decorated"
	"github.com/aiwoochat/woochat/ports"
)

// looked are the ports by which requests look up who asks and what he bought.
// They are for reading: who reads to change takes the ports without a name.
type looked struct {
	fx.Out

	Licenses ports.Licenses `name:"cached"`
	Sites    ports.Sites    `name:"cached"`
	SiteKeys ports.SiteKeys `name:"cached"`

	Generations ports.Generations `name:"cached"`
}

// written are the ports by which these are changed, past the cache, which is
// told.
type written struct {
	fx.Out

	Tenants     ports.Tenants     `name:"written"`
	Sites       ports.Sites       `name:"written"`
	Keys        ports.Keys        `name:"written"`
	LicenseBook ports.LicenseBook `name:"written"`
}

type storedParams struct {
	fx.In

	Tenants     ports.Tenants
	Sites       ports.Sites
	Keys        ports.Keys
	SiteKeys    ports.SiteKeys
	Licenses    ports.Licenses
	LicenseBook ports.LicenseBook
	Generations ports.Generations
}

// cacheModule puts a cache before the look-ups of a process that serves. A
// command looks each thing up once and gets it as it is.
func cacheModule(o Options) fx.Option {
	if !o.Listen {
		return fx.Module("no-cache", fx.Provide(func(p storedParams) (looked, written) {
			return looked{Licenses: p.Licenses, Sites: p.Sites, SiteKeys: p.SiteKeys, Generations: p.Generations},
				written{Tenants: p.Tenants, Sites: p.Sites, Keys: p.Keys, LicenseBook: p.LicenseBook}
		}))
	}
	return fx.Module("cache", fx.Provide(
		newCache,
		func(c *decorated.Cache, p storedParams) (looked, written) {
			return looked{Licenses: c.Licenses(p.Licenses), Sites: c.Sites(p.Sites), SiteKeys: c.SiteKeys(p.SiteKeys), Generations: c.Generations(p.Generations)},
				written{Tenants: c.Tenants(p.Tenants), Sites: c.SitesPast(p.Sites), Keys: c.Keys(p.Keys), LicenseBook: c.LicenseBook(p.LicenseBook)}
		},
	))
}

// newCache returns a cache that follows the store while the process runs.
func newCache(changes ports.Changes, now ports.Clock, log *slog.Logger, lc fx.Lifecycle) *decorated.Cache {
	c := decorated.NewCache(decorated.CacheConfig{Changes: changes, Now: now, Failed: func(ctx context.Context, err error) {
		if err == nil {
			log.InfoContext(ctx, "changes of the store are followed again")
			return
		}
		log.ErrorContext(ctx, "changes of the store cannot be read", "seen_within", decorated.CacheFor, "error", err)
	}})
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	lc.Append(fx.Hook{
		OnStart: func(context.Context) error {
			done.Go(func() { c.Run(ctx) })
			return nil
		},
		OnStop: func(context.Context) error {
			cancel()
			done.Wait()
			return nil
		},
	})
	return c
}
