// Package sealing encrypts what is kept at rest, such as the keys of shops:
// XChaCha20-Poly1305 by Tink, with a random nonce in each sealed text.
//
// A sealed text is v1.<key id>.<base64>. What it is for (the purpose, in which
// callers name the site) and which key sealed it are authenticated with it, so
// that a text that is moved to another place, or another site, does not open
// there.
package sealing

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"

	"github.com/aiwoochat/woochat/ports"
)

// Key is a key to seal with. However it is printed it shows as [redacted].
type Key struct {
	ID     string // tells keys apart in what they have sealed; letters, digits and - only
	Secret [32]byte
}

// Format prints [redacted], whatever the verb.
func (Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[redacted]")) }

// Sealer is a [ports.Sealer]. Make one with New; it is safe for concurrent use.
type Sealer struct {
	keys    map[string]*subtle.XChaCha20Poly1305
	current string // the id of the key that seals
}

var _ ports.Sealer = (*Sealer)(nil)

const version = "v1"

// encoding is strict: there is one text for each sealed value.
func encoding() *base64.Encoding { return base64.RawURLEncoding.Strict() }

// New returns a Sealer that seals with the first of keys and opens with all of
// them. The error, for no key, a bad id, or two keys of one id, matches
// ports.ErrInvalid.
func New(keys []Key) (*Sealer, error) {
	if len(keys) == 0 {
		return nil, fmt.Errorf("sealing: %w: there is no key", ports.ErrInvalid)
	}
	s := &Sealer{keys: make(map[string]*subtle.XChaCha20Poly1305, len(keys)), current: keys[0].ID}
	for i, k := range keys {
		if k.ID == "" || strings.Trim(k.ID, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" || s.keys[k.ID] != nil {
			return nil, fmt.Errorf("sealing: %w: key %d needs an id of its own", ports.ErrInvalid, i+1)
		}
		a, err := subtle.NewXChaCha20Poly1305(k.Secret[:])
		if err != nil {
			return nil, fmt.Errorf("sealing: key %d: %w", i+1, err)
		}
		s.keys[k.ID] = a
	}
	return s, nil
}

// Seal implements [ports.Sealer].
func (s *Sealer) Seal(purpose string, plain []byte) (string, error) {
	raw, err := s.keys[s.current].Encrypt(plain, bound(s.current, purpose))
	if err != nil {
		return "", fmt.Errorf("sealing: %w", err)
	}
	return version + "." + s.current + "." + encoding().EncodeToString(raw), nil
}

// errChanged says nothing of what was sealed.
var errChanged = errors.New("it was changed, or sealed for something else")

// Open implements [ports.Sealer].
func (s *Sealer) Open(purpose, sealed string) ([]byte, error) {
	id, body, ok := parts(sealed)
	if !ok {
		return nil, fmt.Errorf("sealing: %w: this is no sealed text", ports.ErrInvalid)
	}
	key := s.keys[id]
	if key == nil {
		return nil, fmt.Errorf("sealing: %w: the key %.16s is not among those of WOOCHAT_SECRET_KEY", ports.ErrNotFound, id)
	}
	raw, err := encoding().DecodeString(body)
	if err != nil || strings.ContainsAny(body, "\r\n") { // which the decoder passes over
		return nil, fmt.Errorf("sealing: %w: %w", ports.ErrInvalid, errChanged)
	}
	plain, err := key.Decrypt(raw, bound(id, purpose))
	if err != nil {
		return nil, fmt.Errorf("sealing: %w: %w", ports.ErrInvalid, errChanged)
	}
	return plain, nil
}

// Current implements [ports.Sealer].
func (s *Sealer) Current(sealed string) bool {
	id, _, ok := parts(sealed)
	return ok && id == s.current
}

// parts takes a sealed text apart.
func parts(sealed string) (id, body string, ok bool) {
	v, rest, _ := strings.Cut(sealed, ".")
	id, body, ok = strings.Cut(rest, ".")
	return id, body, ok && v == version
}

// bound is what is authenticated with a sealed text. An id has no dot, so that
// no two pairs give the same.
func bound(id, purpose string) []byte { return []byte("woochat " + version + "." + id + "." + purpose) }
