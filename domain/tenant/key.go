package tenant

import (
	"errors"
	"time"
)

// KeyKind tells public site keys from secret API keys.
type KeyKind uint8

// Kinds of keys. The zero KeyKind is invalid.
const (
	SiteKey KeyKind = iota + 1 // pk_..., public, names a site
	APIKey                     // sk_..., secret, stored hashed, shown once
)

// Prefixes of key texts.
const (
	SiteKeyPrefix = "pk_"
	APIKeyPrefix  = "sk_"
)

// Key is a credential of a site.
type Key struct {
	ID    string // key_ and a UUID
	Kind  KeyKind
	Scope Scope
	Name  string // what its owner calls it
	// Text is the whole key if Kind is SiteKey, and empty for an APIKey.
	Text string
	// Hash is the SHA-256 of the key's text, in hex. Look-ups compare hashes.
	Hash string
	// Hint is the end of the key's text, to tell keys apart in a list.
	Hint     string
	Role     string // for an APIKey: the role that it acts with; see package roles
	Created  time.Time
	Disabled bool
}

// ErrBadKey is returned by Key.Valid.
var ErrBadKey = errors.New("invalid key")

// Valid checks that k can be stored.
func (k Key) Valid() error {
	if err := k.Scope.Valid(); err != nil {
		return err
	}
	switch {
	case CheckID("key_", k.ID) != nil, len(k.Hash) != 64,
		k.Kind != SiteKey && k.Kind != APIKey,
		k.Kind == SiteKey && k.Text == "",
		k.Kind == APIKey && (k.Text != "" || k.Role == ""):
		return ErrBadKey
	}
	return nil
}
