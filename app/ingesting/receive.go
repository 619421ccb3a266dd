package ingesting

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Errors of Receive, beside those of the stores.
var (
	// ErrRefused means that the delivery is not signed by the site's shop, or
	// that there is no such site, it is disabled or not connected: nobody learns
	// which.
	ErrRefused = errors.New("this delivery is not signed by a shop that is connected")
	// ErrBroken means that the body could not be read to its end.
	ErrBroken = errors.New("the delivery broke off")
)

// Delivery is one request of a shop's webhook.
type Delivery struct {
	Site        tenant.SiteID // as the address names it, not checked
	Topic       string        // of the header X-WC-Webhook-Topic, such as product.updated
	Signature   string        // of X-WC-Webhook-Signature; "" if there is none, or more than one
	ContentType string
	// From is the network that it comes from, as far as its sender cannot choose
	// it; "" if it is not known: then no sender is told from another.
	From string
	Body io.Reader // a caller bounds its time
}

// Reception is what became of a delivery that was not refused.
type Reception uint8

// Receptions.
const (
	Pinged   Reception = iota + 1 // WooCommerce's question whether anybody is there
	Hinted                        // the product will be looked at again
	Ignored                       // of a topic that is none of ours; nothing of it was kept
	Reported                      // a finding was raised, and nothing else came of it
)

// ReceiverDeps are what a Receiver needs. All are required but Bell
// and Limiter.
type ReceiverDeps struct {
	Sites       ports.ConnectedSites
	Connections ports.Connections // of shops without a REST key
	Deliveries  ports.Deliveries
	Sealer      ports.Sealer
	Queue       ports.Queue
	Health      ports.SiteHealth
	// Parse reads a product as WooCommerce sends it, with what c says of the
	// shop. It keeps neither passwords nor meta data. With an error it returns the
	// product without what cannot be read, or none.
	Parse func(body []byte, c ingestion.Connection) (catalog.Product, error)
	Now   ports.Clock
	Bell  *Bell // nil: workers find hints when they look
	// Limiter counts bad signatures: one of this process, since a refusal must
	// not cost a write. nil: nobody counts them.
	Limiter ports.Limiter
}

// Receiver takes the deliveries of shops' webhooks. An event is a hint: what it
// says is read from the shop once more, where we have a key. Make one with
// NewReceiver; it is safe for concurrent use.
type Receiver struct {
	deps  ReceiverDeps
	decoy [ingestion.MaxSecrets]string // sealed, opened where there is no site
	large *places                      // for large bodies that are held
	senders

	mu    sync.Mutex            // guards noted
	noted map[noteKey]time.Time // when something that is noted rarely was noted last
	bufs  sync.Pool             // of *[]byte, chunk bytes long
}

type noteKey struct {
	site tenant.SiteID
	what string
}

const (
	chunk = 32 << 10
	// MaxDelivery is how large a body may be. A larger one is dropped.
	MaxDelivery = 32 << 20
	// maxHashed is how much of a larger body is read to see whether it is signed.
	maxHashed = 4 * MaxDelivery
	// noteEvery is how often it is noted when a shop was last heard.
	noteEvery = 10 * time.Second
	// storeTimeout bounds the wait for a store: WooCommerce waits 60 seconds.
	storeTimeout = 10 * time.Second
)

// decoySite is whose secrets the decoys are; there is no such site.
const decoySite = tenant.SiteID("")

// NewReceiver returns a Receiver. It reports everything that is missing at once.
func NewReceiver(d ReceiverDeps) (*Receiver, error) {
	var errs []error
	for _, dep := range []struct {
		name string
		ok   bool
	}{
		{"Sites", d.Sites != nil},
		{"Connections", d.Connections != nil},
		{"Deliveries", d.Deliveries != nil},
		{"Sealer", d.Sealer != nil},
		{"Queue", d.Queue != nil},
		{"Health", d.Health != nil},
		{"Parse", d.Parse != nil},
		{"Now", d.Now != nil},
	} {
		if !dep.ok {
			errs = append(errs, fmt.Errorf("ingesting: ReceiverDeps.%s is missing", dep.name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	r := &Receiver{deps: d, large: newPlaces(), senders: senders{good: map[sender]time.Time{}, bad: map[sender]time.Time{}}, noted: map[noteKey]time.Time{}}
	r.bufs.New = func() any { b := make([]byte, chunk); return &b }
	for i := range r.decoy {
		var secret [sha256.Size]byte
		_, _ = rand.Read(secret[:]) // never returns an error, as its documentation says
		var err error
		if r.decoy[i], err = d.Sealer.Seal(ingestion.SecretPurpose(decoySite), secret[:]); err != nil {
			return nil, fmt.Errorf("ingesting: %w", err)
		}
	}
	return r, nil
}

// Receive takes one delivery. It returns after what must be kept of it is
// durable. The body's signature is computed while it streams by: for a shop
// that we can ask, nothing but an id is kept.
//
// Errors match ErrRefused; ErrBroken; or are the store's, and then the delivery
// should be sent again, which WooCommerce does not: a sweep finds what it told.
func (r *Receiver) Receive(ctx context.Context, d Delivery) (Reception, error) {
	if d.Signature == "" {
		ping, rest, err := pinged(d)
		if ping || err != nil {
			return Pinged, err
		}
		d.Body = rest
	}
	to, err := r.receiver(ctx, d.Site)
	if err != nil {
		return 0, err
	}
	in := intake{Receiver: r, Delivery: d, to: to, by: sender{d.Site, d.From}}
	counted := to.Scope
	if !to.known {
		in.by.site, counted = decoySite, nobody()
	}
	in.product = strings.HasPrefix(d.Topic, "product.")
	if err := in.read(ctx); err != nil {
		if errors.Is(err, ErrRefused) {
			r.forged(ctx, in.by, counted)
		}
		return 0, err
	}
	defer in.free()
	if !in.signed() {
		r.forged(ctx, in.by, counted)
		return 0, ErrRefused
	}
	r.signs(in.by)
	got, err := in.take(ctx)
	if errors.Is(err, ports.ErrNotFound) { // taken away meanwhile
		return 0, ErrRefused
	}
	if err != nil {
		return 0, fmt.Errorf("receive: %w", err)
	}
	r.heard(ctx, to.Scope, got == Hinted && !in.deleted())
	return got, nil
}

// maxPing is more than a ping has: webhook_id= and a number.
const maxPing = 64

// pinged reports whether d is the ping that WooCommerce sends when a webhook is
// made, unsigned and without a topic; rest is the body once more. It is
// answered for any address alike, and means nothing.
func pinged(d Delivery) (ping bool, rest io.Reader, err error) {
	// Of a type that cannot be read the kind is empty, or no form.
	if kind, _, _ := mime.ParseMediaType(d.ContentType); kind != "application/x-www-form-urlencoded" {
		return false, d.Body, nil
	}
	head := make([]byte, maxPing)
	n, err := io.ReadFull(d.Body, head)
	switch {
	case err == nil: // there is more of it
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		id, ok := strings.CutPrefix(string(head[:n]), "webhook_id=")
		if ok && id != "" && strings.Trim(id, "0123456789") == "" {
			return true, nil, nil
		}
	default:
		return false, nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return false, io.MultiReader(strings.NewReader(string(head[:n])), d.Body), nil
}

// receiving is what a delivery is checked against.
type receiving struct {
	ingestion.Receiver
	known   bool
	secrets [ingestion.MaxSecrets][]byte
}

// receiver returns what is known of a site. Where there is none, it costs the
// same and gives secrets that nobody knows.
func (r *Receiver) receiver(ctx context.Context, site tenant.SiteID) (receiving, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	found, err := r.deps.Sites.Receiver(ctx, site)
	if err != nil && !errors.Is(err, ports.ErrNotFound) {
		return receiving{}, fmt.Errorf("receive: %w", err)
	}
	to := receiving{Receiver: found, known: err == nil}
	for i := range to.secrets {
		sealed, purpose := r.decoy[i], ingestion.SecretPurpose(decoySite)
		if to.known && i < len(found.Secrets) {
			sealed, purpose = found.Secrets[i], ingestion.SecretPurpose(site)
		}
		secret, err := r.deps.Sealer.Open(purpose, sealed)
		if err != nil {
			if err := r.unopened(ctx, found.Scope); err != nil {
				return receiving{}, err
			}
			if secret, err = r.deps.Sealer.Open(ingestion.SecretPurpose(decoySite), r.decoy[i]); err != nil {
				return receiving{}, fmt.Errorf("receive: %w", err)
			}
		}
		to.secrets[i] = secret
	}
	return to, nil
}

// unopened tells the operator that a secret of the site cannot be opened. This
// may be anybody's request, so it is told rarely.
func (r *Receiver) unopened(ctx context.Context, s tenant.Scope) error {
	if !r.due(s.Site, "unopened") {
		return nil
	}
	return r.raise(ctx, s, ingestion.SealedByOldKey, "webhook secret",
		"no key of WOOCHAT_SECRET_KEY opens the secret of this site's webhooks, so their deliveries are refused: add the key that sealed it, or rotate the secret")
}

func (r *Receiver) raise(ctx context.Context, s tenant.Scope, kind ingestion.FindingKind, subject, detail string) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return r.deps.Health.Raise(ctx, s, ingestion.Finding{Kind: kind, Subject: subject, Detail: detail, Last: r.deps.Now()})
}

// heard notes when the shop was last heard, rarely: it is for people to look at.
// An error is not the delivery's, which is kept by now: the next one notes it.
func (r *Receiver) heard(ctx context.Context, s tenant.Scope, readable bool) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if r.due(s.Site, "heard") && r.deps.Deliveries.Heard(ctx, s, r.deps.Now()) != nil {
		r.again(s.Site, "heard")
	}
	if readable && r.due(s.Site, "readable") && r.deps.Health.Clear(ctx, s, ingestion.CannotView, "") != nil {
		r.again(s.Site, "readable")
	}
}

// due reports whether something that is noted rarely is to be noted now.
func (r *Receiver) due(site tenant.SiteID, what string) bool {
	now, key := r.deps.Now(), noteKey{site, what}
	r.mu.Lock()
	defer r.mu.Unlock()
	if last, ok := r.noted[key]; ok && now.Sub(last) < noteEvery && !now.Before(last) {
		return false
	}
	r.noted[key] = now
	return true
}

// again makes what could not be noted due.
func (r *Receiver) again(site tenant.SiteID, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.noted, noteKey{site, what})
}
