package wiring

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/adapters/egress"
	"github.com/aiwoochat/woochat/adapters/glove"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/usage"
)

// Sources are where settings come from; each overrides those before it:
// defaults, File, Env, Flags.
type Sources struct {
	Defaults map[string]string // by Env; overrides the table's, as demo does
	File     string            // lines of NAME=value; "" for none
	Env      func(name string) (string, bool)
	Flags    map[string]string // by flag name
	ReadFile func(name string) ([]byte, error)
}

// Value is a setting as it is, and where that came from.
type Value struct {
	Setting
	Text   string // [redacted] for a secret
	Origin string // default, file NAME:3, env NAME, flag --name
}

// SettingError says which setting is wrong, where it came from, and what to do.
type SettingError struct {
	Name   string
	Origin string
	Reason string
}

func (e *SettingError) Error() string { return fmt.Sprintf("%s (%s): %s", e.Name, e.Origin, e.Reason) }

// Load reads all settings and returns the configuration with each value's
// origin. The error holds a *SettingError for everything that is wrong at once;
// the values are returned all the same.
func Load(src Sources) (Config, []Value, error) {
	l := loader{src: src, raw: map[string]string{}, origin: map[string]string{}}
	l.collect()
	cfg := l.config()
	values := make([]Value, 0, len(Settings()))
	for _, s := range Settings() {
		v := Value{Setting: s, Text: l.raw[s.Env], Origin: l.origin[s.Env]}
		if s.Secret && v.Text != "" {
			v.Text = redacted
		}
		values = append(values, v)
	}
	return cfg, values, errors.Join(l.errs...)
}

type loader struct {
	src    Sources
	raw    map[string]string // by Env
	origin map[string]string
	errs   []error
}

func (l *loader) bad(name, format string, args ...any) {
	origin := l.origin[name]
	if origin == "" {
		origin = "not set"
	}
	l.errs = append(l.errs, &SettingError{Name: name, Origin: origin, Reason: fmt.Sprintf(format, args...)})
}

func (l *loader) set(s Setting, text, origin string) {
	l.raw[s.Env], l.origin[s.Env] = strings.TrimSpace(text), origin
}

func (l *loader) collect() {
	for _, s := range Settings() {
		text := s.Default
		if d, ok := l.src.Defaults[s.Env]; ok {
			text = d
		}
		l.set(s, text, "default")
	}
	l.file()
	for _, s := range Settings() {
		if l.src.Env != nil {
			if text, ok := l.src.Env(s.Env); ok {
				l.set(s, text, "env "+s.Env)
			}
			if name, ok := l.src.Env(s.Env + "_FILE"); ok && s.Secret {
				l.secretFile(s, name)
			}
		}
		if text, ok := l.src.Flags[s.Flag]; ok {
			l.set(s, text, "flag --"+s.Flag)
		}
	}
}

func (l *loader) secretFile(s Setting, name string) {
	origin := "env " + s.Env + "_FILE"
	if l.origin[s.Env] == "env "+s.Env {
		l.errs = append(l.errs, &SettingError{s.Env, origin, "is set beside " + s.Env + ": unset one of the two"})
		return
	}
	b, err := l.src.ReadFile(name)
	if err != nil {
		l.errs = append(l.errs, &SettingError{s.Env, origin, err.Error()})
		return
	}
	l.set(s, string(b), origin)
}

// file reads lines of NAME=value, as an environment file has them.
func (l *loader) file() {
	if l.src.File == "" {
		return
	}
	b, err := l.src.ReadFile(l.src.File)
	if err != nil {
		l.errs = append(l.errs, &SettingError{"--config", "flag --config", err.Error()})
		return
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		origin := fmt.Sprintf("file %s:%d", l.src.File, n)
		name, text, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		i := slices.IndexFunc(Settings(), func(s Setting) bool { return s.Env == strings.TrimSpace(name) })
		switch {
		case !ok:
			l.errs = append(l.errs, &SettingError{clip(line), origin, "is not a line of NAME=value"})
		case i < 0:
			l.errs = append(l.errs, &SettingError{clip(name), origin, "is not a setting: see woochat config show"})
		default:
			l.set(Settings()[i], strings.Trim(strings.TrimSpace(text), `"'`), origin)
		}
	}
	if err := lines.Err(); err != nil {
		l.errs = append(l.errs, &SettingError{"--config", "file " + l.src.File, err.Error()})
	}
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}

func (l *loader) config() Config {
	c := Config{
		DataDir: l.raw["WOOCHAT_DATA_DIR"], DatabaseURL: Secret(l.raw["WOOCHAT_DATABASE_URL"]),
		LedgerDatabaseURL: Secret(l.raw["WOOCHAT_LEDGER_DATABASE_URL"]), ServiceDatabaseURL: Secret(l.raw["WOOCHAT_SERVICE_DATABASE_URL"]),
		OwnerDatabaseURL: Secret(l.raw["WOOCHAT_OWNER_DATABASE_URL"]),
		QdrantURL:        l.url("WOOCHAT_QDRANT_URL"), QdrantAPIKey: Secret(l.raw["WOOCHAT_QDRANT_API_KEY"]),
		QdrantQuantize: l.oneOf("WOOCHAT_QDRANT_QUANTIZATION", "none", "scalar") == "scalar",
		OpenAIKey:      Secret(l.raw["OPENAI_API_KEY"]), OpenAIBaseURL: l.url("OPENAI_BASE_URL"),
		ChatModel: l.raw["WOOCHAT_CHAT_MODEL"], EmbeddingModel: l.raw["WOOCHAT_EMBEDDING_MODEL"],
		EmbedTexts: int(l.count("WOOCHAT_EMBED_TEXTS", 1, 2048)), EmbedTokens: l.count("WOOCHAT_EMBED_TOKENS", 1, 300_000),
		EmbedLongest:  l.count("WOOCHAT_EMBED_LONGEST", 1, 1_000_000),
		EmbedParallel: int(l.count("WOOCHAT_EMBED_PARALLEL", 1, 64)), EmbedTotal: int(l.count("WOOCHAT_EMBED_TOTAL", 1, 256)),
		EmbedTimeout: l.duration("WOOCHAT_EMBED_TIMEOUT", 50*time.Millisecond, 30*time.Second),
		RerankModel:  l.raw["WOOCHAT_RERANK_MODEL"], RerankBaseURL: l.url("WOOCHAT_RERANK_BASE_URL"), RerankKey: Secret(l.raw["WOOCHAT_RERANK_API_KEY"]),
		RerankStyle: l.oneOf("WOOCHAT_RERANK_STYLE", "documents", "texts"), RerankPassages: int(l.count("WOOCHAT_RERANK_PASSAGES", 2, retrieval.MaxReranked)),
		RerankTimeout: l.duration("WOOCHAT_RERANK_TIMEOUT", 50*time.Millisecond, 30*time.Second),
		OutputField:   l.oneOf("WOOCHAT_OUTPUT_FIELD", "auto", "max_tokens", "max_completion_tokens", "both"),
		MaxTokens:     l.count("WOOCHAT_MAX_TOKENS", 16, 100_000), PromptBudget: l.count("WOOCHAT_PROMPT_BUDGET", 500, 1_000_000),
		Chunking:      l.chunking("WOOCHAT_CHUNK_TOKENS"),
		LeastEvidence: l.share("WOOCHAT_LEAST_EVIDENCE"),
		PricesFile:    l.raw["WOOCHAT_PRICES_FILE"], PriceCeiling: l.ceiling(),
		Addr: l.addr("WOOCHAT_ADDR"), AdminAddr: l.addr("WOOCHAT_ADMIN_ADDR"), PublicURL: l.url("WOOCHAT_PUBLIC_URL"),
		TrustedProxies: l.networks("WOOCHAT_TRUSTED_PROXIES"), AllowHosts: l.hosts("WOOCHAT_ALLOW_HOSTS"), SecretKey: Secret(l.raw["WOOCHAT_SECRET_KEY"]),
		AnswerTimeout: l.duration("WOOCHAT_ANSWER_TIMEOUT", time.Second, 10*time.Minute),
		ResumeGrace:   l.duration("WOOCHAT_RESUME_GRACE", 0, 10*time.Minute),
		ShutdownGrace: l.duration("WOOCHAT_SHUTDOWN_GRACE", 0, 10*time.Minute),
		IngestSites:   l.count("WOOCHAT_INGEST_SITES", 1, 64),
		Intervals: ingestion.Intervals{
			Poll:  l.duration("WOOCHAT_POLL_EVERY", 10*time.Second, 24*time.Hour),
			Sweep: l.duration("WOOCHAT_SWEEP_EVERY", time.Minute, 7*24*time.Hour),
			Pages: l.duration("WOOCHAT_PAGES_EVERY", 10*time.Second, 7*24*time.Hour),
			Hooks: l.duration("WOOCHAT_HOOKS_EVERY", time.Minute, 7*24*time.Hour),
		},
		SpoolMaxBytes: l.size("WOOCHAT_SPOOL_MAX_BYTES", 1<<20, 16<<30),
		LogFormat:     l.oneOf("WOOCHAT_LOG_FORMAT", "auto", "text", "json", "tint"), LogLevel: l.level(),
	}
	if c.ResumeGrace == 0 {
		c.ResumeGrace = -1
	}
	l.models(&c)
	l.reranker(c)
	l.chunks(c)
	l.check(c)
	return c
}

// Defaults at OpenAI itself. With a server of one's own nobody can know what
// it serves.
const (
	defaultChatModel      = "gpt-4o-mini"
	defaultEmbeddingModel = "text-embedding-3-small"
)

// ownEmbedding is what users call the word vectors that the program carries,
// whatever their version.
const ownEmbedding = "glove"

func (l *loader) models(c *Config) {
	provider := c.OpenAIKey != "" || c.OpenAIBaseURL != ""
	c.EmbeddingByDefault = c.EmbeddingModel == ""
	switch {
	case c.EmbeddingModel == "none":
	case c.EmbeddingModel == ownEmbedding, c.EmbeddingModel == "" && (!provider || c.OpenAIBaseURL != ""):
		c.EmbeddingModel = glove.Model
	}
	switch {
	case !provider:
		if c.ChatModel != "" || c.EmbeddingModel != "none" && c.EmbeddingModel != glove.Model {
			l.bad("WOOCHAT_CHAT_MODEL", "names a model, but neither OPENAI_API_KEY nor OPENAI_BASE_URL is set")
			c.EmbeddingModel = ""
		}
	case c.OpenAIBaseURL == "":
		if c.ChatModel == "" {
			c.ChatModel = defaultChatModel
		}
		if c.EmbeddingModel == "" {
			c.EmbeddingModel = defaultEmbeddingModel
		}
	case c.ChatModel == "":
		l.bad("WOOCHAT_CHAT_MODEL", "is needed with OPENAI_BASE_URL: name a model that this server has")
	}
	if c.EmbeddingModel == "none" {
		c.EmbeddingModel = ""
	}
}

func (l *loader) reranker(c Config) {
	switch {
	case c.RerankModel == "" && c.RerankBaseURL != "":
		l.bad("WOOCHAT_RERANK_MODEL", "is needed with WOOCHAT_RERANK_BASE_URL: name a model that this server has")
	case c.RerankModel != "" && c.RerankBaseURL == "" && c.OpenAIKey == "" && c.OpenAIBaseURL == "":
		l.bad("WOOCHAT_RERANK_MODEL", "names a model, but neither WOOCHAT_RERANK_BASE_URL nor a model provider is set")
	}
}

// chunks checks that a size of chunks that somebody has chosen goes with the bounds
// of what chunks are put into.
func (l *loader) chunks(c Config) {
	if c.Chunking == (retrieval.Chunking{}) {
		return
	}
	_, most := c.Chunking.Sizes()
	if c.EmbeddingModel != "" && most > c.EmbedLongest {
		l.bad("WOOCHAT_CHUNK_TOKENS", "makes chunks of up to %d tokens, and WOOCHAT_EMBED_LONGEST says that the model takes %d: at most %d fit", most, c.EmbedLongest, retrieval.TargetFor(c.EmbedLongest))
	}
	if 2*most > c.PromptBudget {
		l.bad("WOOCHAT_CHUNK_TOKENS", "makes chunks of up to %d tokens, of which not two fit into WOOCHAT_PROMPT_BUDGET (%d): at most %d do", most, c.PromptBudget, retrieval.TargetFor(c.PromptBudget/2))
	}
}

func (l *loader) check(c Config) {
	if c.DataDir == "" {
		l.bad("WOOCHAT_DATA_DIR", "is empty: name a folder")
	}
	if u, err := url.Parse(c.DatabaseURL.Reveal()); c.DatabaseURL != "" && (err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" && u.Scheme != "memory") {
		l.bad("WOOCHAT_DATABASE_URL", "is not postgres://user@host/name: leave it empty for the embedded store")
	}
	l.databases(c)
	if u, err := url.Parse(c.PublicURL); c.PublicURL != "" && err == nil && u.Scheme != "https" && !loopback(u.Hostname()) {
		l.bad("WOOCHAT_PUBLIC_URL", "must be https: shoppers' pages refuse to load the widget otherwise")
	}
	if c.SecretKey != "" {
		if _, err := system.ParseSecretKey(c.SecretKey.Reveal()); err != nil {
			l.bad("WOOCHAT_SECRET_KEY", "%v", err)
		}
	}
}

// databases checks the addresses of a Postgres store's other logins. What the
// store needs of them is asked by Supported, since migrate needs none.
func (l *loader) databases(c Config) {
	for _, other := range []struct {
		name string
		dsn  Secret
	}{
		{"WOOCHAT_LEDGER_DATABASE_URL", c.LedgerDatabaseURL},
		{"WOOCHAT_SERVICE_DATABASE_URL", c.ServiceDatabaseURL},
		{"WOOCHAT_OWNER_DATABASE_URL", c.OwnerDatabaseURL},
	} {
		if other.dsn == "" {
			continue
		}
		if u, err := url.Parse(other.dsn.Reveal()); err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
			l.bad(other.name, "is not postgres://user:password@host/name")
		}
	}
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (l *loader) url(name string) string {
	text := strings.TrimRight(l.raw[name], "/")
	if text == "" {
		return ""
	}
	if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		l.bad(name, "is not an address such as https://chat.example.com")
	}
	return text
}

func (l *loader) addr(name string) string {
	text := l.raw[name]
	_, port, err := net.SplitHostPort(text)
	if n, perr := strconv.ParseUint(port, 10, 16); err != nil || perr != nil || n > 65535 {
		l.bad(name, "%q is not host:port, such as 127.0.0.1:8081 or :8080", clip(text))
	}
	return text
}

func (l *loader) oneOf(name string, words ...string) string {
	if !slices.Contains(words, l.raw[name]) {
		l.bad(name, "%q is not one of %s", clip(l.raw[name]), strings.Join(words, ", "))
	}
	return l.raw[name]
}

func (l *loader) count(name string, least, most int64) int64 {
	n, err := strconv.ParseInt(l.raw[name], 10, 64)
	if err != nil || n < least || n > most {
		l.bad(name, "%q is not a whole number from %d to %d", clip(l.raw[name]), least, most)
	}
	return n
}

// chunking returns how documents are cut, for a size that NewChunking takes.
func (l *loader) chunking(name string) retrieval.Chunking {
	c, err := retrieval.NewChunking(l.count(name, retrieval.LeastTarget, retrieval.MostTarget))
	if err != nil {
		return retrieval.Chunking{} // it was told
	}
	return c
}

// share returns a share from 0 to 1: 0 for auto, and -1 for 0.
func (l *loader) share(name string) float64 {
	text := l.raw[name]
	if text == "auto" {
		return 0
	}
	n, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || !(n >= 0 && n <= 1):
		l.bad(name, "%q: want auto or a number from 0 to 1", clip(text))
		return 0
	case n == 0:
		return -1
	}
	return n
}

func (l *loader) duration(name string, least, most time.Duration) time.Duration {
	d, err := time.ParseDuration(l.raw[name])
	if l.raw[name] == "0" {
		d, err = 0, nil
	}
	if err != nil || d < least || d > most {
		l.bad(name, "%q is not a duration from %v to %v, such as 30s", clip(l.raw[name]), least, most)
	}
	return d
}

func (l *loader) level() slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.raw["WOOCHAT_LOG_LEVEL"])); err != nil {
		l.bad("WOOCHAT_LOG_LEVEL", "%q is not debug, info, warn or error", clip(l.raw["WOOCHAT_LOG_LEVEL"]))
	}
	return level
}

func (l *loader) networks(name string) []netip.Prefix {
	var out []netip.Prefix
	for part := range strings.SplitSeq(l.raw[name], ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		p, err := netip.ParsePrefix(part)
		if a, aerr := netip.ParseAddr(part); err != nil && aerr == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			l.bad(name, "%q is neither an address nor a network such as 10.0.0.0/8", clip(part))
			continue
		}
		out = append(out, p)
	}
	return out
}

func (l *loader) hosts(name string) []string {
	var out []string
	for part := range strings.SplitSeq(l.raw[name], ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	if err := egress.Check(out); err != nil {
		l.bad(name, "%v", err)
	}
	return out
}

func (l *loader) ceiling() *usage.Price {
	const name = "WOOCHAT_PRICE_CEILING"
	if l.raw[name] == "" {
		return nil
	}
	in, out, ok := strings.Cut(l.raw[name], ",")
	input, ierr := usage.ParseUSD(strings.TrimSpace(in))
	output, oerr := usage.ParseUSD(strings.TrimSpace(out))
	if !ok || ierr != nil || oerr != nil {
		l.bad(name, "%q is not input,output in USD a million tokens, such as 0.15,0.60", clip(l.raw[name]))
		return nil
	}
	return &usage.Price{Version: "ceiling", Input: input, CachedInput: input, Output: output}
}
