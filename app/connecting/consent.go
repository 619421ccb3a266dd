package connecting

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// stateLife is how long a shop's owner may take to decide.
const stateLife = 30 * time.Minute

// ErrNeedsTLS means that WooCommerce would refuse to hand out a key.
var ErrNeedsTLS = errors.New("WOOCHAT_PUBLIC_URL must begin with https://, since WooCommerce hands out a key to no other address: set it, or connect the shop with a key that was made by hand")

// Invite returns the address of the shop's page on which its owner agrees to
// connect it: WooCommerce makes a key then and sends it to Accept. The address
// is good for half an hour, once. back is where the owner's browser goes
// afterwards, the shop's own pages if it is "".
//
// Errors: ErrNeedsTLS, which matches ports.ErrInvalid; a *FieldError.
func (s *Service) Invite(ctx context.Context, who roles.Grants, sc tenant.Scope, shop, back string) (string, error) {
	if err := s.audit.Allow(ctx, who, roles.WriteSites, sc, "invite "+shop+" to connect"); err != nil {
		return "", err
	}
	if !strings.HasPrefix(s.cfg.PublicURL, "https://") {
		return "", fmt.Errorf("%w: %w", ports.ErrInvalid, ErrNeedsTLS)
	}
	address, err := shopURL(shop)
	if err != nil {
		return "", err
	}
	if back == "" {
		back = address + "/wp-admin/"
	} else if _, err := shopURL(back); err != nil {
		return "", &FieldError{"return_url", "is not an address of the web"}
	}
	if _, err := s.deps.Sites.Site(ctx, sc); err != nil {
		return "", err
	}
	state, err := s.random()
	if err != nil {
		return "", err
	}
	note := ingestion.ConnectNote{URL: address, Return: back, By: string(who.Subject)}
	if err := s.deps.States.SaveState(ctx, sc, hashed(state), note, s.deps.Now().Add(stateLife)); err != nil {
		return "", err
	}
	q := url.Values{
		"app_name": {"woochat"}, "scope": {"read_write"}, "user_id": {string(sc.Site)}, "return_url": {back},
		"callback_url": {s.cfg.PublicURL + "/api/connect/woocommerce/" + state},
	}
	return address + "/wc-auth/v1/authorize?" + q.Encode(), nil
}

func hashed(state string) string {
	sum := sha256.Sum256([]byte(state))
	return hex.EncodeToString(sum[:])
}

// Consent is what WooCommerce sends when a shop's owner has agreed.
type Consent struct {
	Key   ingestion.Credentials
	Write bool // the key's permissions are read_write
}

// Accept takes the key that an invited shop has made. The shop is not asked yet,
// since it waits for the answer itself: the task ingestion.Hooks does, makes the
// webhooks, and begins the import.
//
// Errors: ports.ErrNotFound for a state that is unknown, used or expired, or
// whose site is gone or disabled; a *FieldError for what is no key, and then the
// state is still good.
func (s *Service) Accept(ctx context.Context, state string, given Consent) error {
	if err := given.Key.Valid(); err != nil {
		return &FieldError{"consumer_key", "is no key: " + err.Error()}
	}
	sc, note, err := s.deps.States.TakeState(ctx, hashed(state))
	if err != nil {
		return err
	}
	site, err := s.deps.Sites.Site(ctx, sc)
	if err != nil {
		return err
	}
	if site.Disabled {
		return fmt.Errorf("site %s is disabled: %w", sc.Site, ports.ErrNotFound)
	}
	sealed, err := s.deps.Sealer.Seal(ingestion.KeyPurpose(sc.Site), given.Key.Plain())
	if err != nil {
		return err
	}
	next := ingestion.Connection{URL: note.URL, Key: sealed, Write: given.Write, Currency: site.Currency, Exponent: 2}
	if _, _, err := s.store(ctx, sc, next); err != nil {
		return err
	}
	return s.enqueue(ctx, sc, ingestion.Hooks, true)
}
