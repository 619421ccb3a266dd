package system

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// ErrBadSecretKey is matched by the errors of ParseSecretKey.
var ErrBadSecretKey = errors.New("not a secret key: make one with: head -c 32 /dev/urandom | base64")

const keySize = 32

// SecretKey is one of the operator's secret keys, from which the keys for each
// purpose are derived. However it is printed, logged or encoded, it shows as
// [redacted].
type SecretKey struct{ key [keySize]byte }

// ParseSecretKey reads the keys of WOOCHAT_SECRET_KEY: each 32 bytes, in base64
// (either alphabet, padded or not) or as 64 hex digits, separated by commas.
// The first one seals and signs; the others still open what they once sealed.
// The error matches ErrBadSecretKey, says of every bad key which one it is and
// why, and holds nothing of any key.
func ParseSecretKey(text string) ([]SecretKey, error) {
	if strings.TrimSpace(text) == "" {
		return nil, fmt.Errorf("%w (it is empty)", ErrBadSecretKey)
	}
	var keys []SecretKey
	var errs []error
	seen := map[[keySize]byte]int{}
	for i, part := range strings.Split(text, ",") {
		raw, err := decodeKey(strings.TrimSpace(part))
		if err != nil {
			errs = append(errs, fmt.Errorf("%w (key %d %w)", ErrBadSecretKey, i+1, err))
			continue
		}
		if first, ok := seen[raw]; ok {
			errs = append(errs, fmt.Errorf("%w (key %d is key %d again: take it out)", ErrBadSecretKey, i+1, first))
			continue
		}
		seen[raw] = i + 1
		keys = append(keys, SecretKey{raw})
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return keys, nil
}

// decodeKey returns the bytes of one key. Its errors read on after the key's
// number.
func decodeKey(text string) (key [keySize]byte, err error) {
	if text == "" {
		return key, errors.New("is empty: is there a comma too many?")
	}
	var raw []byte
	if len(text) == hex.EncodedLen(keySize) {
		raw, err = hex.DecodeString(text)
	} else {
		plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
		raw, err = base64.RawStdEncoding.DecodeString(plain)
	}
	switch {
	case err != nil:
		return key, errors.New("is neither base64 nor 64 hex digits")
	case len(raw) != keySize:
		return key, fmt.Errorf("has %d bytes: want %d", len(raw), keySize)
	}
	copy(key[:], raw)
	if strings.Count(string(raw), string(raw[:1])) == keySize {
		return key, errors.New("is one byte again and again, which anybody can guess")
	}
	return key, nil
}

// NewSecretKey returns a fresh random key as ParseSecretKey reads it.
func NewSecretKey() string {
	var key [keySize]byte
	_, _ = rand.Read(key[:]) // never returns an error, as its documentation says
	return base64.StdEncoding.EncodeToString(key[:])
}

// ID returns what tells k apart in what it has sealed or signed: the first 8
// hex digits of its SHA-256, which say nothing about the key.
func (k SecretKey) ID() string {
	sum := sha256.Sum256(k.key[:])
	return hex.EncodeToString(sum[:4])
}

// Derive returns the key for one purpose, such as "visitor-token", by HKDF with
// SHA-256 (RFC 5869). The same purpose gives the same key; keys of different
// purposes say nothing about each other or about k. The zero SecretKey derives
// keys that anybody can derive: keys come from ParseSecretKey.
func (k SecretKey) Derive(purpose string) [32]byte {
	out, err := hkdf.Key(sha256.New, k.key[:], nil, purpose, keySize)
	if err != nil {
		panic(err) // only for a length that HKDF cannot give, or a short key in FIPS mode
	}
	return [32]byte(out)
}

const redacted = "[redacted]"

// Format prints [redacted], whatever the verb.
func (SecretKey) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// String returns [redacted].
func (SecretKey) String() string { return redacted }

// LogValue returns [redacted].
func (SecretKey) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns [redacted], for JSON too.
func (SecretKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }
