package openai

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/ports"
)

// DefaultBaseURL is where OpenAI itself answers.
const DefaultBaseURL = "https://api.openai.com/v1"

// openAIHost is the host of OpenAI itself, which knows only the newer names of
// some fields.
const openAIHost = "api.openai.com"

// Defaults of [Config].
const (
	DefaultFirstToken     = 30 * time.Second
	DefaultBetweenTokens  = 15 * time.Second
	DefaultEmbedTimeout   = 60 * time.Second
	DefaultDialTimeout    = 5 * time.Second
	DefaultTLSTimeout     = 5 * time.Second
	DefaultMaxEvent       = 1 << 20
	DefaultMaxBatchTexts  = 2048
	DefaultMaxBatchTokens = 300_000
	DefaultMaxConnections = 256
)

// OutputField says by which name the cap on the output is sent.
type OutputField uint8

// Output fields. OutputAuto, the zero value, is OutputMaxCompletionTokens for
// api.openai.com, whose newer models refuse the older name, and OutputBoth for
// every other server, since some ignore the one and some the other.
const (
	OutputAuto OutputField = iota
	OutputMaxTokens
	OutputMaxCompletionTokens
	OutputBoth
)

// VectorEncoding says how vectors are asked for.
type VectorEncoding uint8

// Vector encodings. VectorsAuto, the zero value, is VectorsBase64 for
// api.openai.com and VectorsPlain for every other server. Either form is
// understood in the answer, whatever was asked for.
const (
	VectorsAuto   VectorEncoding = iota
	VectorsPlain                 // the field is not sent: lists of numbers
	VectorsBase64                // a fifth of the time to decode
)

// Config says how to reach a provider. The zero value of every field is its
// default; the zero Config is OpenAI without a key.
type Config struct {
	// BaseURL is the address up to and without /chat/completions.
	BaseURL string
	// APIKey is sent as a bearer token; without one no Authorization header is
	// sent, as local servers like it.
	APIKey Secret
	// Organization and Project are sent as OpenAI's headers if set.
	Organization, Project string

	// Tokenizer counts what the provider does not report. Without one, or for
	// a model that it does not know, bytes are counted: an upper bound.
	Tokenizer ports.Tokenizer

	// Temperature is sent only if it is not nil: some models accept only their
	// own.
	Temperature *float64
	Output      OutputField
	// FinishReasons adds the finish reasons of servers that have words of
	// their own. The key "" stands for a stream that ends by [DONE] without any.
	FinishReasons map[string]chat.Finish

	// FirstToken is how long to wait for the first piece of output, from the
	// sending of the request; BetweenTokens how long for the next one.
	FirstToken, BetweenTokens time.Duration
	// MaxEvent is the most bytes that one event of a stream may have.
	MaxEvent int

	// EmbeddingModel is the model of an Embedder; it must be set for one.
	EmbeddingModel string
	// Dimensions asks for vectors of this length and checks it; 0 takes the
	// model's own length, which must then stay the same.
	Dimensions int
	Vectors    VectorEncoding
	// MaxBatchTexts and MaxBatchTokens are the most that one embedding request
	// holds; a single text goes out alone however long it is.
	MaxBatchTexts  int
	MaxBatchTokens int64
	// EmbedTimeout is how long one embedding request may take.
	EmbedTimeout time.Duration

	DialTimeout, TLSTimeout time.Duration
	// MaxConnections is the most connections that are open at once; more calls
	// than that wait.
	MaxConnections int
	// Proxy is the URL of the HTTP proxy to go through, which may hold a
	// password. Without one calls go direct, whatever the environment says.
	Proxy Secret
	// Transport replaces the whole HTTP transport, with the timeouts of this
	// block, as for tracing or tests. It must honour the request's context.
	Transport http.RoundTripper

	// Clock is for a date in a Retry-After that comes without a Date, which
	// HTTP does not allow; nil ignores it.
	Clock ports.Clock
}

// settings is a Config that was checked and filled in.
type settings struct {
	Config
	base  string // without a slash at the end
	host  string
	proxy *url.URL // nil for none
}

// check returns the settings, or an error that lists everything that is wrong
// with c.
func (c Config) check() (settings, error) {
	s := settings{Config: c.withDefaults()}
	var wrong []error
	bad := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }

	s.base = strings.TrimRight(s.BaseURL, "/")
	u, err := url.Parse(s.base)
	switch {
	case err != nil:
		// The parser's error repeats the address, which may hold a password.
		bad("BaseURL is not a URL: give one like %s", DefaultBaseURL)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		bad("BaseURL must begin with http:// or https:// and name a host, like %s", DefaultBaseURL)
	case u.User != nil:
		bad("BaseURL must not hold a user or password: give the key as APIKey")
	case u.RawQuery != "" || u.Fragment != "":
		bad("BaseURL must end with the path, without ? or #")
	case strings.HasSuffix(u.Path, "/chat/completions") || strings.HasSuffix(u.Path, "/embeddings"):
		bad("BaseURL must end before /chat/completions or /embeddings, like %s", DefaultBaseURL)
	default:
		s.host = u.Hostname()
	}
	if !s.Proxy.Empty() {
		if s.proxy, err = url.Parse(s.Proxy.Reveal()); err != nil || s.proxy.Scheme != "http" && s.proxy.Scheme != "https" || s.proxy.Host == "" {
			bad("Proxy is not the URL of an HTTP proxy, like http://proxy.example.com:3128")
		}
	}
	for _, h := range []struct{ name, value string }{
		{"APIKey", s.APIKey.Reveal()}, {"Organization", s.Organization}, {"Project", s.Project},
	} {
		if !headerSafe(h.value) {
			bad("%s has spaces, line breaks or other characters that no key has: was it copied whole?", h.name)
		}
	}
	if t := s.Temperature; t != nil && !(*t >= 0 && *t <= 2) {
		bad("Temperature is %v: it must be from 0 to 2", *t)
	}
	if s.Output > OutputBoth {
		bad("Output is %d: use one of the Output constants", s.Output)
	}
	if s.Vectors > VectorsBase64 {
		bad("Vectors is %d: use one of the Vectors constants", s.Vectors)
	}
	for reason, f := range s.FinishReasons {
		if f < chat.Complete || f > chat.Filtered {
			bad("FinishReasons[%q] is %d: it must be chat.Complete, chat.Length or chat.Filtered", reason, f)
		}
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"FirstToken", s.FirstToken},
		{"BetweenTokens", s.BetweenTokens},
		{"EmbedTimeout", s.EmbedTimeout},
		{"DialTimeout", s.DialTimeout},
		{"TLSTimeout", s.TLSTimeout},
	} {
		if d.value < 0 {
			bad("%s is %v: it must be positive, or 0 for the default", d.name, d.value)
		}
	}
	for _, n := range []struct {
		name  string
		value int64
	}{
		{"Dimensions", int64(s.Dimensions)},
		{"MaxEvent", int64(s.MaxEvent)},
		{"MaxBatchTexts", int64(s.MaxBatchTexts)},
		{"MaxBatchTokens", s.MaxBatchTokens},
		{"MaxConnections", int64(s.MaxConnections)},
	} {
		if n.value < 0 {
			bad("%s is %d: it must be positive, or 0 for the default", n.name, n.value)
		}
	}
	if len(wrong) > 0 {
		return settings{}, fmt.Errorf("openai: wrong configuration: %w", errors.Join(wrong...))
	}
	return s, nil
}

func (c Config) withDefaults() Config {
	orDuration := func(d *time.Duration, def time.Duration) {
		if *d == 0 {
			*d = def
		}
	}
	orInt := func(n *int, def int) {
		if *n == 0 {
			*n = def
		}
	}
	if c.BaseURL == "" {
		c.BaseURL = DefaultBaseURL
	}
	orDuration(&c.FirstToken, DefaultFirstToken)
	orDuration(&c.BetweenTokens, DefaultBetweenTokens)
	orDuration(&c.EmbedTimeout, DefaultEmbedTimeout)
	orDuration(&c.DialTimeout, DefaultDialTimeout)
	orDuration(&c.TLSTimeout, DefaultTLSTimeout)
	orInt(&c.MaxEvent, DefaultMaxEvent)
	orInt(&c.MaxBatchTexts, DefaultMaxBatchTexts)
	orInt(&c.MaxConnections, DefaultMaxConnections)
	if c.MaxBatchTokens == 0 {
		c.MaxBatchTokens = DefaultMaxBatchTokens
	}
	return c
}

// count returns a counter of text in the model's vocabulary; its second result
// is false where bytes are counted for want of the vocabulary.
func (s settings) count(model string) func(string) (int64, bool) {
	return func(text string) (int64, bool) {
		if s.Tokenizer == nil {
			return int64(len(text)), false
		}
		return s.Tokenizer.Count(model, text)
	}
}

// outputField resolves OutputAuto.
func (s settings) outputField() OutputField {
	if s.Output != OutputAuto {
		return s.Output
	}
	if s.host == openAIHost {
		return OutputMaxCompletionTokens
	}
	return OutputBoth
}

// base64Vectors resolves VectorsAuto.
func (s settings) base64Vectors() bool {
	return s.Vectors == VectorsBase64 || s.Vectors == VectorsAuto && s.host == openAIHost
}

// transport returns the configured transport, or makes one: no timeout that
// would cut a stream, no proxy from the environment, no compression (it delays
// small events).
func (s settings) transport() http.RoundTripper {
	if s.Transport != nil {
		return s.Transport
	}
	t := &http.Transport{
		DialContext:            (&net.Dialer{Timeout: s.DialTimeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    s.TLSTimeout,
		ResponseHeaderTimeout:  max(s.FirstToken, s.EmbedTimeout) + time.Second, // behind the guard's own clocks
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second},
		DisableCompression:     true,
		MaxConnsPerHost:        s.MaxConnections,
		MaxIdleConns:           s.MaxConnections,
		MaxIdleConnsPerHost:    s.MaxConnections,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
	if s.proxy != nil {
		t.Proxy = http.ProxyURL(s.proxy)
	}
	return t
}

// headerSafe reports whether v may stand in a header as one word.
func headerSafe(v string) bool {
	for i := range len(v) {
		if v[i] <= ' ' || v[i] >= 0x7f {
			return false
		}
	}
	return true
}
