package ports

import (
	"context"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// Connections keeps how sites' shops are reached. What is secret in a
// Connection is sealed before it gets here.
type Connections interface {
	// Connection returns the site's connection; ErrNotFound if there is none.
	Connection(ctx context.Context, s tenant.Scope) (ingestion.Connection, error)
	// SaveConnection stores c in place of what there is and returns it with
	// its new Version, which grows with each save, and after a removal begins
	// where no connection of the site was before: who still works with a
	// removed one can save nothing over the one that came after it. ErrConflict
	// if c.Version is not the stored one (0 for none); ErrInvalid for what
	// c.Valid refuses; ErrNotFound if the store knows its sites and has none
	// such.
	SaveConnection(ctx context.Context, s tenant.Scope, c ingestion.Connection) (ingestion.Connection, error)
	// RemoveConnection forgets the connection and all its secrets. Removing
	// what is not there is no error.
	RemoveConnection(ctx context.Context, s tenant.Scope) error
}

// ConnectedSites finds connections without knowing their scope.
type ConnectedSites interface {
	// Receiver returns what is needed to check a delivery to the site: its
	// scope, its sealed secrets, and whether it has a REST key. ErrNotFound if
	// there is no such site, it or its tenant is disabled, or it is not
	// connected: a caller cannot tell which.
	Receiver(ctx context.Context, site tenant.SiteID) (ingestion.Receiver, error)
	// Connected returns at most limit scopes of connected sites, in the order
	// of their site ids, beginning after the given one ("" for the first).
	// Those that Receiver would not find are left out. It is the platform's own
	// question.
	Connected(ctx context.Context, after tenant.SiteID, limit int) ([]tenant.Scope, error)
}

// ConnectStates keeps the one-time states of shops that are being connected.
type ConnectStates interface {
	// SaveState keeps state, of which only a hash is stored, for the scope
	// until expires. ErrInvalid without a hash, ErrConflict for one that is
	// there already.
	SaveState(ctx context.Context, s tenant.Scope, hash string, note ingestion.ConnectNote, expires time.Time) error
	// TakeState returns what was saved under hash, to one caller, once.
	// ErrNotFound if it was never saved, has been taken, or has expired by the
	// adapter's clock; a caller cannot tell which.
	TakeState(ctx context.Context, hash string) (tenant.Scope, ingestion.ConnectNote, error)
}

// Deliveries shows how sites are connected, without any secret, and notes when
// their shops were last heard.
type Deliveries interface {
	// Shown returns the site's connection as an operator sees it. ErrNotFound
	// if there is none.
	Shown(ctx context.Context, s tenant.Scope) (ingestion.Shown, error)
	// Heard notes that a good delivery came at that time; of several the latest
	// stays. What was heard is forgotten with the connection. ErrNotFound if
	// there is none.
	Heard(ctx context.Context, s tenant.Scope, at time.Time) error
}

// SiteHealth keeps findings about sites, until they are mended.
type SiteHealth interface {
	// Raise counts f, as ingestion.Finding.After decides: one of a Kind and
	// Subject that is there is counted up, another is stored. ErrInvalid for a
	// finding without a Kind or Last.
	Raise(ctx context.Context, s tenant.Scope, f ingestion.Finding) error
	// Clear forgets the finding; one that is not there is no error. With an
	// empty subject all of the kind.
	Clear(ctx context.Context, s tenant.Scope, kind ingestion.FindingKind, subject string) error
	// Findings returns at most limit findings of the site, the one with the
	// latest Last first, those of one time in the order of kinds and subjects.
	Findings(ctx context.Context, s tenant.Scope, limit int) ([]ingestion.Finding, error)
}

// Sealer encrypts what is kept at rest.
type Sealer interface {
	// Seal returns plain, sealed for one purpose, as printable text. Sealing
	// twice gives different texts.
	Seal(purpose string, plain []byte) (string, error)
	// Open returns what was sealed for the purpose. ErrNotFound if no present
	// key has sealed it; ErrInvalid if it was changed, or sealed for another
	// purpose.
	Open(purpose, sealed string) ([]byte, error)
	// Current reports whether sealed was sealed with the key that seals now:
	// one that was not must be sealed again before its key can be dropped.
	Current(sealed string) bool
}

// ShopError is what a shop's API answered instead of what was asked.
type ShopError struct {
	Status     int           // HTTP status, 0 if there was no answer
	Code       string        // WooCommerce's own code, "" if none
	RetryAfter time.Duration // how long the shop wants to be left alone, 0 if it does not say
	Reason     string        // what is wrong and what to do, without secrets
	Err        error         // ErrUnavailable or ErrInvalid, or an error of the network
}

func (e *ShopError) Error() string { return e.Reason }

// Unwrap returns e.Err.
func (e *ShopError) Unwrap() error { return e.Err }
