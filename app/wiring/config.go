package wiring

import (
	"encoding/json"
	"log/slog"
	"net/netip"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/usage"
)

// Secret is a setting that is never printed.
type Secret string

const redacted = "[redacted]"

// String returns [redacted], or "" for no secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString returns what String does.
func (s Secret) GoString() string { return s.String() }

// MarshalJSON writes what String returns.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// LogValue logs what String returns.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// Config is the configuration of a process, checked. Make one with Load.
type Config struct {
	DataDir     string
	DatabaseURL Secret // "" or the sqlite folder: the embedded store; postgres://...
	// LedgerDatabaseURL, ServiceDatabaseURL and OwnerDatabaseURL are the same
	// Postgres database with other logins; see adapters/postgres.Config.
	LedgerDatabaseURL  Secret
	ServiceDatabaseURL Secret
	OwnerDatabaseURL   Secret
	QdrantURL          string
	QdrantAPIKey       Secret
	QdrantQuantize     bool
	OpenAIKey          Secret
	OpenAIBaseURL      string
	ChatModel          string
	// EmbeddingModel is that of the provider, or glove.Model: the word vectors in
	// the program. "" for none.
	EmbeddingModel string
	// EmbeddingByDefault is set if no setting names EmbeddingModel.
	EmbeddingByDefault bool
	// Chunking is how documents are cut for the index.
	Chunking retrieval.Chunking
	// LeastEvidence is searching.Config.LeastEvidence: 0 by default, negative for
	// any.
	LeastEvidence float64
	// EmbedTexts and EmbedTokens bound one call of the embedding model,
	// EmbedLongest one text, and the others how many calls run at once.
	EmbedTexts    int
	EmbedTokens   int64
	EmbedLongest  int64
	EmbedParallel int // of one tenant
	EmbedTotal    int // of all
	// EmbedTimeout is how long a question waits for its vector, at most half of
	// AnswerTimeout.
	EmbedTimeout time.Duration
	// RerankModel judges what was found, "" for none: behind RerankBaseURL, or
	// where that is "" as a chat model of the provider.
	RerankModel    string
	RerankBaseURL  string
	RerankKey      Secret
	RerankStyle    string // documents, texts
	RerankPassages int
	RerankTimeout  time.Duration
	OutputField    string // auto, max_tokens, max_completion_tokens, both
	MaxTokens      int64
	PromptBudget   int64
	PricesFile     string
	PriceCeiling   *usage.Price // nil: none
	// UnpricedFree counts a model of unknown price as costing nothing: demo,
	// with a server of one's own.
	UnpricedFree bool

	Addr           string
	AdminAddr      string
	PublicURL      string
	TrustedProxies []netip.Prefix
	// IngestSites is how many sites are brought up to date at a time, and
	// Intervals how often connected shops are asked without a webhook.
	IngestSites   int64
	Intervals     ingestion.Intervals
	AllowHosts    []string // of our own network, that users may name; see egress.Config.Allow
	SecretKey     Secret
	AnswerTimeout time.Duration
	ResumeGrace   time.Duration // negative for 0
	ShutdownGrace time.Duration
	SpoolMaxBytes int64  // of settlements that wait for the store
	LogFormat     string // text, json, tint
	LogLevel      slog.Level
	Version       string
}

// Setting is one thing that can be configured.
type Setting struct {
	Env     string // the name of its environment variable, and of its line in the file
	Flag    string // the name of its flag, without dashes
	Default string
	Secret  bool // its value is not shown, and Env_FILE may name a file that holds it
	Help    string
}

// Settings returns everything that can be configured, in the order in which it
// is explained.
func Settings() []Setting {
	return []Setting{
		{Env: "WOOCHAT_DATA_DIR", Flag: "data-dir", Default: "data", Help: "folder of the embedded store"},
		{Env: "WOOCHAT_DATABASE_URL", Flag: "database-url", Secret: true, Help: "empty: the embedded store in the data folder; postgres://app_runtime:...@host/name: a Postgres database"},
		{Env: "WOOCHAT_LEDGER_DATABASE_URL", Flag: "ledger-database-url", Secret: true, Help: "the same Postgres database as app_ledger, who may call the ledger's functions and read no table"},
		{Env: "WOOCHAT_SERVICE_DATABASE_URL", Flag: "service-database-url", Secret: true, Help: "the same Postgres database as app_service, who may become service_role: for the platform's own work and the commands"},
		{Env: "WOOCHAT_OWNER_DATABASE_URL", Flag: "owner-database-url", Secret: true, Help: "the same Postgres database with a login that may create roles: for woochat migrate only"},
		{Env: "WOOCHAT_QDRANT_URL", Flag: "qdrant-url", Help: "empty: the index of the store; https://host:6334: a Qdrant server, beside any store"},
		{Env: "WOOCHAT_QDRANT_API_KEY", Flag: "qdrant-api-key", Secret: true, Help: "key of the Qdrant server"},
		{Env: "WOOCHAT_QDRANT_QUANTIZATION", Flag: "qdrant-quantization", Default: "none", Help: "how a new collection of the Qdrant server keeps vectors in memory: none, or scalar for a quarter of the room"},
		{Env: "OPENAI_API_KEY", Flag: "openai-api-key", Secret: true, Help: "key of the model provider; empty with no base URL: answers are quoted without a model"},
		{Env: "OPENAI_BASE_URL", Flag: "openai-base-url", Help: "address of an OpenAI-compatible server, such as http://127.0.0.1:11434/v1"},
		{Env: "WOOCHAT_CHAT_MODEL", Flag: "chat-model", Help: "model that answers; default gpt-4o-mini at OpenAI, required with a base URL"},
		{Env: "WOOCHAT_EMBEDDING_MODEL", Flag: "embedding-model", Help: "model that turns texts into vectors; default text-embedding-3-small at OpenAI, else \"glove\", the word vectors of the program, which cost nothing and know English only; \"none\" switches it off"},
		{Env: "WOOCHAT_EMBED_TEXTS", Flag: "embed-texts", Default: "256", Help: "texts of one call of the embedding model at most; OpenAI takes 2048"},
		{Env: "WOOCHAT_EMBED_TOKENS", Flag: "embed-tokens", Default: "100000", Help: "tokens of one call of the embedding model at most; OpenAI takes 300000"},
		{Env: "WOOCHAT_EMBED_LONGEST", Flag: "embed-longest", Default: "8191", Help: "tokens that the embedding model takes of one text; a longer one is found by words only"},
		{Env: "WOOCHAT_EMBED_PARALLEL", Flag: "embed-parallel", Default: "3", Help: "calls of the embedding model that one tenant's imports may have under way at once"},
		{Env: "WOOCHAT_EMBED_TOTAL", Flag: "embed-total", Default: "8", Help: "the same for all tenants of this process"},
		{Env: "WOOCHAT_EMBED_TIMEOUT", Flag: "embed-timeout", Default: "5s", Help: "longest time that a question waits for its vector, and no longer than half of WOOCHAT_ANSWER_TIMEOUT; after it the question's words alone are searched"},
		{Env: "WOOCHAT_CHUNK_TOKENS", Flag: "chunk-tokens", Default: "256", Help: "tokens of a piece into which texts are cut for the index, more or less; another size is built behind the index that is searched. A piece must fit into WOOCHAT_EMBED_LONGEST, and twice into WOOCHAT_PROMPT_BUDGET"},
		{Env: "WOOCHAT_RERANK_MODEL", Flag: "rerank-model", Help: "model that judges what was found before an answer is written; empty: none. With WOOCHAT_RERANK_BASE_URL a reranker, without it a chat model of the provider"},
		{Env: "WOOCHAT_RERANK_BASE_URL", Flag: "rerank-base-url", Help: "address of a reranker up to and without /rerank, such as https://api.jina.ai/v1"},
		{Env: "WOOCHAT_RERANK_API_KEY", Flag: "rerank-api-key", Secret: true, Help: "key of the reranker"},
		{Env: "WOOCHAT_RERANK_STYLE", Flag: "rerank-style", Default: "documents", Help: "how passages are sent: documents (Jina, Cohere, vLLM, LocalAI), or texts (text-embeddings-inference)"},
		{Env: "WOOCHAT_RERANK_PASSAGES", Flag: "rerank-passages", Default: "24", Help: "passages that are judged for one question at most"},
		{Env: "WOOCHAT_RERANK_TIMEOUT", Flag: "rerank-timeout", Default: "2s", Help: "longest time that an answer waits for the reranker; after it the order stays as it was found"},
		{Env: "WOOCHAT_OUTPUT_FIELD", Flag: "output-field", Default: "auto", Help: "how the output cap is sent: auto, max_tokens, max_completion_tokens or both"},
		{Env: "WOOCHAT_MAX_TOKENS", Flag: "max-tokens", Default: "600", Help: "output cap of an answer, in tokens"},
		{Env: "WOOCHAT_PROMPT_BUDGET", Flag: "prompt-budget", Default: "4000", Help: "input cap of an answer, in tokens"},
		{Env: "WOOCHAT_LEAST_EVIDENCE", Flag: "least-evidence", Default: "auto", Help: "how likely it must be, from 0 to 1, that what was found answers a question: for less the assistant says that nothing fits; 0: never; auto: 0.1, and with a provider's vectors only where nothing was found"},
		{Env: "WOOCHAT_PRICES_FILE", Flag: "prices-file", Help: "price file to use beside the shipped table; empty: prices.csv in the data folder, if it is there"},
		{Env: "WOOCHAT_PRICE_CEILING", Flag: "price-ceiling", Help: "input,output in USD a million tokens for models that the table does not know; 0,0 for a server of one's own"},
		{Env: "WOOCHAT_ADDR", Flag: "addr", Default: ":8080", Help: "public listener: the widget's API"},
		{Env: "WOOCHAT_ADMIN_ADDR", Flag: "admin-addr", Default: "127.0.0.1:8081", Help: "admin listener: health, metrics, admin API; not for the internet"},
		{Env: "WOOCHAT_PUBLIC_URL", Flag: "public-url", Help: "address under which browsers reach the public listener; https but for loopback"},
		{Env: "WOOCHAT_TRUSTED_PROXIES", Flag: "trusted-proxies", Help: "addresses or networks, by comma, whose X-Forwarded-For is believed; default none"},
		{Env: "WOOCHAT_ALLOW_HOSTS", Flag: "allow-hosts", Help: "names, addresses or networks of your own network, by comma, that users may name as shops and pages; for development, default none"},
		{Env: "WOOCHAT_SECRET_KEY", Flag: "secret-key", Secret: true, Help: "32 bytes in base64 or hex; several by comma, the first signs"},
		{Env: "WOOCHAT_ANSWER_TIMEOUT", Flag: "answer-timeout", Default: "60s", Help: "longest time of a whole answer"},
		{Env: "WOOCHAT_RESUME_GRACE", Flag: "resume-grace", Default: "10s", Help: "how long an answer goes on after its shopper's line broke; 0 stops it at once"},
		{Env: "WOOCHAT_SHUTDOWN_GRACE", Flag: "shutdown-grace", Default: "20s", Help: "how long running answers may go on after a signal to stop"},
		{Env: "WOOCHAT_INGEST_SITES", Flag: "ingest-sites", Default: "4", Help: "how many sites this process brings up to date at a time, beside those whose shops take long to answer"},
		{Env: "WOOCHAT_POLL_EVERY", Flag: "poll-every", Default: "5m", Help: "how often a connected shop is asked for products that were modified"},
		{Env: "WOOCHAT_SWEEP_EVERY", Flag: "sweep-every", Default: "30m", Help: "how often price, stock and status of all products of a connected shop are compared"},
		{Env: "WOOCHAT_PAGES_EVERY", Flag: "pages-every", Default: "15m", Help: "how often a connected shop is asked for pages and posts that were modified"},
		{Env: "WOOCHAT_HOOKS_EVERY", Flag: "hooks-every", Default: "1h", Help: "how often it is looked whether the webhooks of a connected shop are active"},
		{Env: "WOOCHAT_SPOOL_MAX_BYTES", Flag: "spool-max-bytes", Default: "64MiB", Help: "how much of settlements may wait on disk while the store is away"},
		{Env: "WOOCHAT_LOG_FORMAT", Flag: "log-format", Default: "auto", Help: "text, json, tint (coloured), or auto: tint on a terminal and json otherwise"},
		{Env: "WOOCHAT_LOG_LEVEL", Flag: "log-level", Default: "info", Help: "debug, info, warn or error"},
	}
}
