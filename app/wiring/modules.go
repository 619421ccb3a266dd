package wiring

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.uber.org/fx"

	"github.com/aiwoochat/woochat/adapters/decorated"
	"github.com/aiwoochat/woochat/adapters/extractive"
	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/adapters/openai"
	"github.com/aiwoochat/woochat/adapters/pricelist"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/adapters/tiktoken"
	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/app/answering"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/ports"
)

// ErrConfig is matched by the errors of Start for configurations that this
// build cannot serve.
var ErrConfig = errors.New("configuration")

// extractiveModel is the name under which the quoting model is metered.
const extractiveModel = "extractive"

// modules picks one module for each port.
func modules(cfg Config, o Options, c *closers) (fx.Option, error) {
	var opts []fx.Option
	var errs []error
	pick := func(name string, m fx.Option, err error) {
		opts = append(opts, m)
		if err != nil {
			errs = append(errs, &SettingError{Name: name, Origin: "in this version", Reason: err.Error()})
		}
	}
	store, err := storeModule(cfg, o)
	pick("WOOCHAT_DATABASE_URL", store, err)
	index, err := indexModule(cfg)
	pick("WOOCHAT_QDRANT_URL", index, err)
	opts = append(opts, systemModule(o, c), modelModule(cfg), useCases(cfg))
	if len(errs) > 0 {
		return nil, fmt.Errorf("%w: %w", ErrConfig, errors.Join(errs...))
	}
	return fx.Options(opts...), nil
}

func systemModule(o Options, c *closers) fx.Option {
	clock := o.Clock
	if clock == nil {
		clock = system.Now
	}
	return fx.Module("system",
		fx.Supply(clock, ports.NewID(system.NewID), o.Log, c),
		fx.Provide(
			fx.Annotate(func(log *slog.Logger) (*system.Sink, error) { return system.NewSink(log, read) }, fx.As(fx.Self()), fx.As(new(ports.EventSink))),
			fx.Annotate(tiktoken.New, fx.As(new(ports.Tokenizer))),
			fx.Annotate(html.New, fx.As(new(ports.HTMLText))),
		),
	)
}

// kind returns which store a configuration asks for.
func (c Config) kind() string {
	scheme, _, ok := strings.Cut(c.DatabaseURL.Reveal(), "://")
	switch {
	case c.DatabaseURL == "":
		return "sqlite"
	case ok && scheme == "memory":
		return "memory"
	case ok && (scheme == "postgres" || scheme == "postgresql"):
		return "postgres"
	}
	return "unknown"
}

func storeModule(cfg Config, o Options) (fx.Option, error) {
	switch cfg.kind() {
	case "sqlite":
		return sqliteStore(cfg, o), nil
	case "memory":
		return memoryStore(), nil
	case "postgres":
		return fx.Options(), errors.New("a Postgres store is not served: leave it empty for the embedded store")
	}
	return fx.Options(), errors.New("no such store")
}

func memoryStore() fx.Option {
	return fx.Module("memory",
		fx.Provide(
			fx.Annotate(memory.NewLedger, fx.As(new(ports.Ledger)), fx.As(new(ports.Checkpointer)), fx.As(new(ports.Sweeper)), fx.As(new(ports.UsageReader))),
			fx.Annotate(memory.NewLicenses, fx.As(new(ports.Licenses)), fx.As(new(ports.LicenseBook))),
			fx.Annotate(memory.NewLimiter, fx.As(new(ports.Limiter))),
			fx.Annotate(memory.NewAccounts, fx.As(new(ports.Tenants)), fx.As(new(ports.Sites)), fx.As(new(ports.Keys)), fx.As(new(ports.SiteKeys)),
				fx.As(new(ports.Members)), fx.As(new(ports.PlatformUsers)), fx.As(new(ports.Grants))),
			fx.Annotate(memory.NewConversations, fx.As(new(ports.Conversations)), fx.As(new(ports.Turns)), fx.As(new(ports.Drafts)), fx.As(new(ports.Feedback))),
			fx.Annotate(memory.NewDocuments, fx.As(new(ports.Documents)), fx.As(new(ports.Inventory)), fx.As(new(ports.Passages)), fx.As(new(ports.Cursors))),
			func() backup {
				return func(context.Context, string) error {
					return fmt.Errorf("backup of a store in memory: %w", ports.ErrInvalid)
				}
			},
			func() ready { return func() error { return nil } },
		),
	)
}

// backup copies the store to a new file.
type backup func(ctx context.Context, path string) error

// ready reports whether the store can be used.
type ready func() error

func indexModule(cfg Config) (fx.Option, error) {
	switch {
	case cfg.QdrantURL != "":
		return fx.Options(), errors.New("a Qdrant index is not served: leave it empty for the embedded index")
	case cfg.kind() == "memory":
		return fx.Module("memory-index", fx.Provide(fx.Annotate(memory.NewIndex, fx.As(new(ports.Searcher)), fx.As(new(ports.Indexer))))), nil
	}
	return sqliteIndex(cfg), nil
}

// models is what answers and embeds.
type models struct {
	fx.Out

	Chat     ports.ChatModel
	Embedder embedder
	Names    modelNames
}

// embedder wraps what may be nil, which fx does not provide.
type embedder struct{ ports.Embedder }

type modelNames struct {
	chat, embedding, words string
}

func modelModule(cfg Config) fx.Option {
	if cfg.OpenAIKey == "" && cfg.OpenAIBaseURL == "" {
		return fx.Module("extractive", fx.Provide(func() models {
			return models{Chat: extractive.New(), Names: modelNames{chat: extractiveModel, words: "extractive (quotes the shop's pages, no model)"}}
		}))
	}
	return fx.Module("openai", fx.Provide(func(tok ports.Tokenizer, now ports.Clock, sink *system.Sink, c *closers) (models, error) {
		oc := openai.Config{
			BaseURL: cfg.OpenAIBaseURL, APIKey: openai.NewSecret(cfg.OpenAIKey.Reveal()), Tokenizer: tok,
			Output: outputFields()[cfg.OutputField], EmbeddingModel: cfg.EmbeddingModel, Clock: now,
		}
		chat, err := openai.NewChatModel(oc)
		if err != nil {
			return models{}, fmt.Errorf("%w: model provider: %w", ErrConfig, err)
		}
		c.add(chat.Close)
		out := models{
			Chat:  decorated.ChatModel(chat, decorated.Observed(now, sink.Called), decorated.Breaker(decorated.BreakerConfig{Now: now})),
			Names: modelNames{chat: cfg.ChatModel, words: cfg.ChatModel + " at " + hostOf(cfg.OpenAIBaseURL)},
		}
		if cfg.EmbeddingModel != "" {
			e, err := openai.NewEmbedder(oc)
			if err != nil {
				return models{}, fmt.Errorf("%w: model provider: %w", ErrConfig, err)
			}
			c.add(e.Close)
			out.Embedder = embedder{decorated.Embedder(e, decorated.Observed(now, sink.Called), decorated.Breaker(decorated.BreakerConfig{Now: now}))}
			out.Names.embedding = cfg.EmbeddingModel
		}
		return out, nil
	}))
}

func outputFields() map[string]openai.OutputField {
	return map[string]openai.OutputField{
		"": openai.OutputAuto, "auto": openai.OutputAuto, "max_tokens": openai.OutputMaxTokens,
		"max_completion_tokens": openai.OutputMaxCompletionTokens, "both": openai.OutputBoth,
	}
}

func hostOf(base string) string {
	if base == "" {
		base = openai.DefaultBaseURL
	}
	if u, err := url.Parse(base); err == nil {
		return u.Host
	}
	return "its server"
}

func useCases(cfg Config) fx.Option {
	return fx.Module("use-cases", fx.Provide(
		func() (ports.Prices, error) {
			p, err := pricelist.New(pricelist.Config{
				File: cfg.PricesFile, Ceiling: cfg.PriceCeiling, UnpricedAs0: cfg.UnpricedFree, Free: []string{extractiveModel},
			})
			if err != nil {
				return nil, fmt.Errorf("%w: prices: %w", ErrConfig, err)
			}
			return p, nil
		},
		func(p meterParams) (*metering.Service, error) {
			return metering.New(metering.Deps{
				Ledger: decorated.RetryLedger(decorated.Ledger(p.Ledger, decorated.Observed(p.Now, p.Sink.Called)), admitRetry(), settleRetry()), Checkpointer: p.Checkpointer, Sweeper: p.Sweeper, Usage: p.Usage, Licenses: p.Licenses, Prices: p.Prices,
				Sites: p.Sites, Tokenizer: p.Tokenizer, Now: p.Now, NewID: p.NewID, Events: p.Events, CallTimeout: cfg.AnswerTimeout,
			})
		},
		func(p answerParams) (*answering.Service, error) {
			return answering.New(answering.Deps{
				Meter: p.Meter, Sites: p.Sites, Conversations: p.Conversations, Turns: p.Turns, Drafts: p.Drafts, Searcher: decorated.Searcher(p.Searcher, decorated.Observed(p.Now, p.Sink.Called)),
				Passages: p.Passages, Inventory: p.Inventory, Tokenizer: p.Tokenizer, Model: p.Model, Now: p.Now, NewID: p.NewID,
				Embedder: p.Embedder.Embedder, Fallback: extractive.New(), Limiter: p.Limiter, Events: p.Events,
			}, answering.Config{
				Model: p.Names.chat, EmbeddingModel: p.Names.embedding, FallbackModel: extractiveModel, MaxTokens: cfg.MaxTokens,
				PromptBudget: cfg.PromptBudget, Timeout: cfg.AnswerTimeout, ResumeGrace: cfg.ResumeGrace,
			})
		},
		func(p adminParams) (*administering.Service, error) {
			return administering.New(administering.Deps{
				Tenants: p.Tenants, Sites: p.Sites, Keys: p.Keys, Licenses: p.Licenses, LicenseBook: p.LicenseBook,
				Members: p.Members, PlatformUsers: p.PlatformUsers, Now: p.Now, NewID: p.NewID, Random: rand.Reader,
			})
		},
		newIngesting(),
		func(s *system.Sink) http.Handler { return s.Metrics() },
	))
}

// admitRetry is short, since a shopper waits.
func admitRetry() decorated.RetryConfig {
	return decorated.RetryConfig{Tries: 3, Base: 20 * time.Millisecond, Max: 100 * time.Millisecond}
}

// settleRetry is patient, since nobody waits and the sweep knows less.
func settleRetry() decorated.RetryConfig {
	return decorated.RetryConfig{Tries: 6, Base: 100 * time.Millisecond, Max: 2 * time.Second}
}

type meterParams struct {
	fx.In

	Ledger       ports.Ledger
	Checkpointer ports.Checkpointer
	Sweeper      ports.Sweeper
	Usage        ports.UsageReader
	Licenses     ports.Licenses
	Prices       ports.Prices
	Sites        ports.Sites
	Tokenizer    ports.Tokenizer
	Now          ports.Clock
	NewID        ports.NewID
	Events       ports.EventSink
	Sink         *system.Sink
}

type answerParams struct {
	fx.In

	Meter         *metering.Service
	Sites         ports.Sites
	Conversations ports.Conversations
	Turns         ports.Turns
	Drafts        ports.Drafts
	Searcher      ports.Searcher
	Passages      ports.Passages
	Inventory     ports.Inventory
	Tokenizer     ports.Tokenizer
	Model         ports.ChatModel
	Names         modelNames
	Embedder      embedder
	Limiter       ports.Limiter
	Now           ports.Clock
	NewID         ports.NewID
	Events        ports.EventSink
	Sink          *system.Sink
}

type adminParams struct {
	fx.In

	Tenants       ports.Tenants
	Sites         ports.Sites
	Keys          ports.Keys
	Licenses      ports.Licenses
	LicenseBook   ports.LicenseBook
	Members       ports.Members
	PlatformUsers ports.PlatformUsers
	Now           ports.Clock
	NewID         ports.NewID
}
