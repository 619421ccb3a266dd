package ingestion

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aiwoochat/woochat/domain/tenant"
)

// KeyPurpose is the purpose for which the REST key of a site's shop is sealed.
// It names the site, so that a sealed key opens for no other.
func KeyPurpose(site tenant.SiteID) string { return "woocommerce key of " + string(site) }

// SecretPurpose is the purpose for which the webhook secrets of a site's shop
// are sealed.
func SecretPurpose(site tenant.SiteID) string { return "webhook secret of " + string(site) }

// ErrBadCredentials is matched by the errors of ParseCredentials and
// Credentials.Valid, which say nothing of what they were given.
var ErrBadCredentials = errors.New("not a REST key of WooCommerce, which is ck_... and cs_... together")

// maxCredential bounds each half of a REST key; WooCommerce's have 43 characters.
const maxCredential = 256

// Valid checks that c looks like a REST key.
func (c Credentials) Valid() error {
	for _, half := range []struct {
		what, prefix string
		text         string
	}{{"key", "ck_", c.Key.Reveal()}, {"secret", "cs_", c.Secret.Reveal()}} {
		rest, ok := strings.CutPrefix(half.text, half.prefix)
		if !ok || rest == "" || len(rest) > maxCredential || strings.Trim(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" {
			return fmt.Errorf("%w (the %s is not one)", ErrBadCredentials, half.what)
		}
	}
	return nil
}

// Plain returns c as one text, to be sealed.
func (c Credentials) Plain() []byte { return []byte(c.Key.Reveal() + "\n" + c.Secret.Reveal()) }

// ParseCredentials reads what Plain wrote.
func ParseCredentials(plain []byte) (Credentials, error) {
	key, secret, _ := strings.Cut(string(plain), "\n")
	c := Credentials{Key: NewSecret(key), Secret: NewSecret(secret)}
	if err := c.Valid(); err != nil {
		return Credentials{}, err
	}
	return c, nil
}
