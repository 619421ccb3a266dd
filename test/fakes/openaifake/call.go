package openaifake

import (
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// CallIDHeader names the header in which the adapter says which call this is,
// so that a request seen here can be matched with its usage event.
const CallIDHeader = "X-Woochat-Call-Id"

// Call is one request that reached the fake. Its exported fields do not
// change once the call is visible.
type Call struct {
	Method   string
	Path     string
	Header   http.Header
	ID       string // the value of CallIDHeader
	Scenario string // the scenario played, "" for the script
	Raw      []byte // the body as sent

	// Body is Raw decoded as a JSON object; nil if it is not one. Look here
	// for whether a field was sent at all.
	Body  map[string]json.RawMessage
	Chat  ChatRequest  // set on /v1/chat/completions
	Embed EmbedRequest // set on /v1/embeddings

	sent   atomic.Int64
	prompt atomic.Int64
	bytes  atomic.Int64
	gone   chan struct{}
	done   chan struct{}

	mu     sync.Mutex
	goneAt time.Time
}

// Sent returns how many tokens of output the fake has written so far, by its
// own count: what a provider would bill.
func (c *Call) Sent() int { return int(c.sent.Load()) }

// Prompt returns how many tokens of input the request had, by the fake's own
// count.
func (c *Call) Prompt() int { return int(c.prompt.Load()) }

// SentBytes returns how many bytes of body the fake has written so far,
// before compression.
func (c *Call) SentBytes() int64 { return c.bytes.Load() }

// Gone is closed when the client closes the connection before the answer was
// complete.
func (c *Call) Gone() <-chan struct{} { return c.gone }

// GoneAt returns when Gone was closed, by the monotonic clock; zero if it is
// not.
func (c *Call) GoneAt() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.goneAt
}

// Done is closed when the fake is through with the request, however it ended.
func (c *Call) Done() <-chan struct{} { return c.done }

func (c *Call) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.goneAt.IsZero() {
		c.goneAt = time.Now()
		close(c.gone)
	}
}
