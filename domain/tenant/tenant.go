// Package tenant names who owns data. A Tenant is a paying account, a Site is
// one shop of that account, and every stored thing belongs to one Scope.
package tenant

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ID identifies a tenant, as ten_ and a UUID. It is never reused.
type ID string

// SiteID identifies one shop, as site_ and a UUID. It is unique across tenants
// and never reused.
type SiteID string

// Prefixes of the identifiers in Go and on the wire. SQL stores the UUID alone.
const (
	Prefix     = "ten_"
	SitePrefix = "site_"
)

// Scope is the owner of a piece of data. The zero Scope owns nothing.
type Scope struct {
	Tenant ID
	Site   SiteID
}

// ErrNoScope is returned by every operation that is given an incomplete Scope.
var ErrNoScope = errors.New("tenant: scope names no tenant or no site")

// Valid returns ErrNoScope unless both parts are set.
func (s Scope) Valid() error {
	if s.Tenant == "" || s.Site == "" {
		return ErrNoScope
	}
	return nil
}

// ErrBadID is matched by the error for a malformed identifier.
var ErrBadID = errors.New("malformed identifier")

// CheckID returns an error that matches ErrBadID unless id is prefix followed
// by a UUID in its canonical lower-case form.
func CheckID(prefix, id string) error {
	rest, ok := strings.CutPrefix(id, prefix)
	if !ok || !isUUID(rest) {
		return fmt.Errorf("%w: want %s and a UUID", ErrBadID, prefix)
	}
	return nil
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case (c < '0' || c > '9') && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}

// Tenant is a paying account.
type Tenant struct {
	ID       ID
	Name     string
	Created  time.Time
	Disabled bool // all of its sites are refused
}
