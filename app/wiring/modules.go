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
	"github.com/aiwoochat/woochat/adapters/egress"
	"github.com/aiwoochat/woochat/adapters/extractive"
	"github.com/aiwoochat/woochat/adapters/glove"
	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/adapters/openai"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/adapters/tiktoken"
	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/app/answering"
	"github.com/aiwoochat/woochat/app/auditing"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/app/searching"
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
	index, err := indexModule(cfg, o)
	pick("WOOCHAT_QDRANT_URL", index, err)
	opts = append(opts, systemModule(cfg, o, c), connectionModule(cfg), queueModule(cfg), cacheModule(o), modelModule(cfg), rerankModule(cfg), spoolModule(cfg, o), shopModule(), useCases(cfg))
	if len(errs) > 0 {
		return nil, fmt.Errorf("%w: %w", ErrConfig, errors.Join(errs...))
	}
	return fx.Options(opts...), nil
}

func systemModule(cfg Config, o Options, c *closers) fx.Option {
	clock := o.Clock
	if clock == nil {
		clock = system.Now
	}
	return fx.Module("system",
		fx.Supply(clock, ports.NewID(system.NewID), o.Log, c),
		fx.Provide(
			fx.Annotate(func(log *slog.Logger) (*system.Sink, error) { return system.NewSink(log, read, readSpool) }, fx.As(fx.Self()), fx.As(new(ports.EventSink))),
			fx.Annotate(tiktoken.New, fx.As(new(ports.Tokenizer))),
			fx.Annotate(html.New, fx.As(new(ports.HTMLText))),
			// The way to every address that users name.
			func(c *closers) (*egress.Guard, error) {
				g, err := egress.New(egress.Config{Allow: cfg.AllowHosts})
				if err == nil {
					c.add(func() error { g.CloseIdle(); return nil })
				}
				return g, err
			},
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
		return postgresStore(cfg, o), needLogins(cfg)
	}
	return fx.Options(), errors.New("no such store")
}

// needLogins returns an error that names the logins that a Postgres store lacks.
func needLogins(cfg Config) error {
	var missing []string
	if cfg.LedgerDatabaseURL == "" {
		missing = append(missing, "WOOCHAT_LEDGER_DATABASE_URL (the login app_ledger)")
	}
	if cfg.ServiceDatabaseURL == "" {
		missing = append(missing, "WOOCHAT_SERVICE_DATABASE_URL (the login app_service)")
	}
	if missing == nil {
		return nil
	}
	return fmt.Errorf("a Postgres store needs %s, too: woochat migrate up makes these logins and prints their addresses", strings.Join(missing, " and "))
}

func memoryStore() fx.Option {
	return fx.Module("memory",
		fx.Provide(
			fx.Annotate(memory.NewLedger, fx.As(fx.Self()), fx.As(new(ports.Ledger)), fx.As(new(ports.Checkpointer)), fx.As(new(ports.Sweeper)), fx.As(new(ports.UsageReader)), fx.As(new(ports.UsageReports))),
			fx.Annotate(memory.NewAuditLog, fx.As(new(ports.AuditLog))),
			fx.Annotate(memory.NewLicenses, fx.As(fx.Self()), fx.As(new(ports.Licenses)), fx.As(new(ports.LicenseBook))),
			fx.Annotate(memory.NewChanges, fx.As(new(ports.Changes))),
			fx.Annotate(memory.NewRepricings, fx.As(new(ports.Repricings))),
			fx.Annotate(memory.NewLimiter, fx.As(new(ports.Limiter))),
			fx.Annotate(memory.NewAccounts, fx.As(fx.Self()), fx.As(new(ports.Tenants)), fx.As(new(ports.Sites)), fx.As(new(ports.Keys)), fx.As(new(ports.SiteKeys)),
				fx.As(new(ports.Members)), fx.As(new(ports.PlatformUsers)), fx.As(new(ports.Grants))),
			fx.Annotate(memory.NewConversations, fx.As(fx.Self()), fx.As(new(ports.Conversations)), fx.As(new(ports.Turns)), fx.As(new(ports.Unanswered)), fx.As(new(ports.Drafts)), fx.As(new(ports.Feedback))),
			fx.Annotate(memory.NewErasure, fx.As(new(ports.Erasure))),
			fx.Annotate(memory.NewDocuments, fx.As(fx.Self()), fx.As(new(ports.Documents)), fx.As(new(ports.DocumentBatches)), fx.As(new(ports.Inventory)), fx.As(new(ports.DocumentTotals)), fx.As(new(ports.StoredDocuments)), fx.As(new(ports.Passages)), fx.As(new(ports.Cursors)),
				fx.As(new(ports.Generations)), fx.As(new(ports.RetiredGenerations)), fx.As(new(ports.IndexModel)), fx.As(new(ports.DocumentChunks))),
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

func indexModule(cfg Config, o Options) (fx.Option, error) {
	switch {
	case cfg.QdrantURL != "":
		return qdrantIndex(cfg, o), nil
	case cfg.kind() == "memory":
		return fx.Module("memory-index", fx.Provide(fx.Annotate(memory.NewIndex, fx.As(new(ports.Searcher)), fx.As(new(ports.Indexer)), fx.As(new(ports.IndexBatches))))), nil
	}
	if cfg.kind() == "postgres" {
		return postgresIndex(cfg, o), nil
	}
	return sqliteIndex(cfg, o), nil
}

// models is what answers and embeds.
type models struct {
	fx.Out

	Chat      ports.ChatModel
	Embedders embedders
	Names     modelNames
}

type modelNames struct {
	chat, embedding, words string
}

func modelModule(cfg Config) fx.Option {
	if cfg.OpenAIKey == "" && cfg.OpenAIBaseURL == "" {
		return fx.Module("extractive", fx.Provide(func(now ports.Clock, sink *system.Sink) models {
			out := models{Chat: extractive.New(), Embedders: noEmbedders(), Names: modelNames{chat: extractiveModel, words: "extractive (quotes the shop's pages, no model)"}}
			if cfg.EmbeddingModel != "" {
				out.Embedders, out.Names.embedding = ownEmbedders(now, sink), cfg.EmbeddingModel
			}
			return out
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
			Chat:      decorated.ChatModel(chat, decorated.Observed(now, sink.Called), decorated.Breaker(decorated.BreakerConfig{Now: now})),
			Embedders: noEmbedders(),
			Names:     modelNames{chat: cfg.ChatModel, words: cfg.ChatModel + " at " + hostOf(cfg.OpenAIBaseURL)},
		}
		if cfg.EmbeddingModel != "" {
			if out.Embedders, err = newEmbedders(oc, min(cfg.EmbedTimeout, cfg.AnswerTimeout/2), now, sink, c); err != nil {
				return models{}, fmt.Errorf("%w: model provider: %w", ErrConfig, err)
			}
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
		func(now ports.Clock, log *slog.Logger) (ports.Prices, error) { return livePrices(cfg, now, log) },
		func(p repriceParams) (*metering.Repricer, error) { return newRepricer(cfg, p) },
		func(p meterParams) (*metering.Service, error) {
			return metering.New(metering.Deps{
				Ledger: p.Ledger, Checkpointer: decorated.RetryCheckpointer(p.Checkpointer, admitRetry()), Sweeper: p.Sweeper, Usage: p.Usage, Licenses: p.Licenses, Prices: p.Prices,
				Sites: p.Sites, Tokenizer: p.Tokenizer, Now: p.Now, NewID: p.NewID, Events: p.Events, CallTimeout: cfg.AnswerTimeout,
			})
		},
		func(p searchParams) (*searching.Service, error) {
			search, err := searching.New(searching.Deps{
				Meter: p.Meter, Searcher: decorated.Searcher(p.Searcher, decorated.Observed(p.Now, p.Sink.Called)), Passages: p.Passages, Inventory: p.Inventory,
				Tokenizer: p.Tokenizer, Now: p.Now, Embedder: p.Embedders.ask, KnowsLanguage: KnowsLanguage, Generations: p.Generations, Events: p.Events, Reranker: p.Judge.of, IsWord: p.Embedders.isWord,
				Synonyms: p.Synonyms,
			}, searching.Config{
				Model: p.Names.chat, EmbeddingModel: p.Names.embedding, RerankModel: p.Judge.model, RerankPassages: p.Judge.passages,
				EvidenceModel: glove.Model, LeastEvidence: cfg.LeastEvidence,
			})
			if err != nil {
				return nil, err
			}
			p.Closers.add(func() error { search.Close(); return nil }) // before the store that it reads
			return search, nil
		},
		func(s *searching.Service, sites ports.Sites, log ports.AuditLog, now ports.Clock, id ports.NewID) (*searching.Explainer, error) {
			return searching.NewExplainer(searching.ExplainerDeps{Search: s, Sites: sites, Audit: log, Now: now, NewID: id}, cfg.PromptBudget)
		},
		func(y ports.Synonyms, sites ports.Sites, log ports.AuditLog, now ports.Clock, id ports.NewID) (*searching.Glossary, error) {
			return searching.NewGlossary(searching.GlossaryDeps{Synonyms: y, Sites: sites, Audit: log, Now: now, NewID: id})
		},
		func(p answerParams) (*answering.Service, error) {
			return answering.New(answering.Deps{
				Meter: p.Meter, Sites: p.Sites, Conversations: p.Conversations, Turns: p.Turns, Drafts: p.Drafts,
				Search: p.Search, Tokenizer: p.Tokenizer, Model: p.Model, Now: p.Now, NewID: p.NewID, Fallback: extractive.New(), Limiter: p.Limiter, Events: p.Events,
			}, answering.Config{
				Model: p.Names.chat, FallbackModel: extractiveModel, MaxTokens: cfg.MaxTokens,
				PromptBudget: cfg.PromptBudget, Timeout: cfg.AnswerTimeout, ResumeGrace: cfg.ResumeGrace,
			})
		},
		func(p adminParams) (*administering.Service, error) {
			return administering.New(administering.Deps{
				Tenants: p.Tenants, Sites: p.Sites, Keys: p.Keys, Licenses: p.Licenses, LicenseBook: p.LicenseBook,
				Members: p.Members, PlatformUsers: p.PlatformUsers, Erasure: p.Erasure, Unanswered: p.Unanswered, Audit: p.Audit, Now: p.Now, NewID: p.NewID, Random: rand.Reader,
			})
		},
		func(u ports.UsageReports, log ports.AuditLog, now ports.Clock, id ports.NewID) (*metering.Reports, error) {
			return metering.NewReports(metering.ReportDeps{Usage: u, Audit: log, Now: now, NewID: id})
		},
		func(log ports.AuditLog, now ports.Clock, id ports.NewID) (*auditing.Service, error) {
			return auditing.New(auditing.Deps{Log: log, Now: now, NewID: id})
		},
		newIngesting(cfg),
		newEvaluating,
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

	Ledger       meteredLedger
	Checkpointer ports.Checkpointer
	Sweeper      ports.Sweeper
	Usage        ports.UsageReader
	Licenses     ports.Licenses `name:"cached"`
	Prices       ports.Prices
	Sites        ports.Sites `name:"cached"`
	Tokenizer    ports.Tokenizer
	Now          ports.Clock
	NewID        ports.NewID
	Events       ports.EventSink
}

type answerParams struct {
	fx.In

	Meter         *metering.Service
	Sites         ports.Sites `name:"cached"`
	Conversations ports.Conversations
	Turns         ports.Turns
	Drafts        ports.Drafts
	Search        *searching.Service
	Tokenizer     ports.Tokenizer
	Model         ports.ChatModel
	Names         modelNames
	Limiter       ports.Limiter
	Now           ports.Clock
	NewID         ports.NewID
	Events        ports.EventSink
}

type searchParams struct {
	fx.In

	Meter       *metering.Service
	Searcher    ports.Searcher
	Passages    ports.Passages
	Inventory   ports.Inventory
	Tokenizer   ports.Tokenizer
	Names       modelNames
	Embedders   embedders
	Judge       judge
	Synonyms    ports.Synonyms
	Generations ports.Generations `name:"cached"`
	Now         ports.Clock
	Events      ports.EventSink
	Sink        *system.Sink
	Closers     *closers
}

type adminParams struct {
	fx.In

	Tenants       ports.Tenants `name:"written"`
	Sites         ports.Sites   `name:"written"`
	Keys          ports.Keys    `name:"written"`
	Licenses      ports.Licenses
	LicenseBook   ports.LicenseBook `name:"written"`
	Members       ports.Members
	PlatformUsers ports.PlatformUsers
	Erasure       ports.Erasure
	Unanswered    ports.Unanswered
	Audit         ports.AuditLog
	Now           ports.Clock
	NewID         ports.NewID
}
