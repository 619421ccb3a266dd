package ingestion

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aiwoochat/woochat/domain/tenant"
)

// Connection is how a site's shop is reached.
type Connection struct {
	URL  string // of the shop, with the path of a subdirectory install, without a slash at its end
	Auth Auth
	// PlainPermalinks is set if the shop answers under ?rest_route= only.
	PlainPermalinks bool
	// Key is the sealed REST key (consumer key and secret), "" for a shop that
	// we cannot ask and whose payloads are taken for the truth.
	Key   string
	Write bool // the key may write, so that webhooks can be made
	// Secrets are the sealed secrets of webhooks, the newest first: at most two,
	// the second one for as long as a rotation takes.
	Secrets []string

	// What the shop says of itself and its API does not repeat with each product.
	Currency      string // ISO 4217
	Exponent      uint8  // decimals of prices
	WeightUnit    string
	DimensionUnit string

	Created time.Time
	Updated time.Time
	// Version grows with each change, from anywhere above 0; a save of another
	// one than the stored one is a conflict.
	Version int64
}

// MaxSecrets is how many secrets of webhooks are good at once.
const MaxSecrets = 2

// ErrBadConnection is matched by the errors of Connection.Valid.
var ErrBadConnection = errors.New("this connection cannot be stored")

// Valid checks that c can be stored.
func (c Connection) Valid() error {
	switch {
	case c.URL == "":
		return fmt.Errorf("%w: it has no URL", ErrBadConnection)
	case c.Auth > OAuth1:
		return fmt.Errorf("%w: there is no way %d to send a key", ErrBadConnection, c.Auth)
	case len(c.Secrets) > MaxSecrets:
		return fmt.Errorf("%w: it has more than %d secrets", ErrBadConnection, MaxSecrets)
	case slices.Contains(c.Secrets, ""):
		return fmt.Errorf("%w: a secret is empty", ErrBadConnection)
	}
	return nil
}

// Shown returns c as an operator sees it.
func (c Connection) Shown(s tenant.Scope, lastHook time.Time) Shown {
	return Shown{Scope: s, URL: c.URL, HasKey: c.Key != "", Write: c.Write, Secrets: len(c.Secrets), LastHook: lastHook}
}

// Auth is how a shop takes its REST key.
type Auth uint8

// Ways to send a key. The zero Auth is to be found out.
const (
	Basic  Auth = iota + 1 // Authorization header, over TLS
	Query                  // in the query string, over TLS only: for hosts that strip the header
	OAuth1                 // signed, over plain HTTP
)

// String returns the word that is stored, "" for the zero Auth.
func (a Auth) String() string {
	switch a {
	case Basic:
		return "basic"
	case Query:
		return "query"
	case OAuth1:
		return "oauth1"
	}
	return ""
}

// ParseAuth reads what String wrote.
func ParseAuth(s string) (Auth, error) {
	for a := range OAuth1 + 1 {
		if a.String() == s {
			return a, nil
		}
	}
	return 0, fmt.Errorf("%q is not a way to send a key: want basic, query or oauth1", s)
}

// Shown is a Connection as an operator sees it: no secret, sealed or not, is in it.
type Shown struct {
	Scope    tenant.Scope
	URL      string
	HasKey   bool
	Write    bool
	Secrets  int
	LastHook time.Time // when the last good delivery came; zero if none did
}

// Hook is a webhook of a shop.
type Hook struct {
	ID       string // "" until the shop has made it
	Topic    string // such as product.updated
	Delivery string // URL
	Active   bool   // false: paused or disabled, as the shop does after six failures
	Secret   Secret // to be set; never read back
}

// Topics are the topics of which a shop needs a webhook: products only, since
// the others carry customers' data.
func Topics() []string {
	return []string{"product.created", "product.updated", "product.deleted", "product.restored"}
}

// Secret is a text that is never printed: the zero Secret is none.
type Secret struct{ text string }

// NewSecret returns the Secret of text.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal returns the text, for whoever sends or checks it.
func (s Secret) Reveal() string { return s.text }

// Format prints [redacted], whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[redacted]")) }

// String returns [redacted].
func (s Secret) String() string { return "[redacted]" }

// MarshalText returns [redacted], for JSON and logs too.
func (s Secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// Credentials is a REST key of a shop.
type Credentials struct {
	Key    Secret // ck_...
	Secret Secret // cs_...
}

// Receiver is what is needed to check a webhook's delivery to a site.
type Receiver struct {
	Scope   tenant.Scope
	Secrets []string // sealed, as in Connection
	HasKey  bool     // the shop can be asked, so that of a delivery only the id matters
}

// ConnectNote is what is remembered while a shop's owner decides whether to
// connect.
type ConnectNote struct {
	URL    string // of the shop
	Return string // where the owner's browser goes afterwards
	By     string // the subject who asked, for the audit log
}
