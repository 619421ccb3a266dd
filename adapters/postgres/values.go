package postgres

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// keyPrefix begins the id of every key, userPrefix that of a person whom the
// identity provider names by a UUID.
const (
	keyPrefix  = "key_"
	userPrefix = "user_"
)

// bare returns the UUID of an id, as it is stored. The error, for a wrong
// prefix too, matches tenant.ErrBadID, which mapped makes ports.ErrInvalid.
func bare[T ~string](prefix string, id T) (string, error) {
	if err := tenant.CheckID(prefix, string(id)); err != nil {
		return "", err
	}
	return strings.TrimPrefix(string(id), prefix), nil
}

// bareOrNull is bare of an id that may be "", which is stored as null.
func bareOrNull[T ~string](prefix string, id T) (*string, error) {
	if id == "" {
		return nil, nil //nolint:nilnil // null is what an absent id is stored as
	}
	s, err := bare(prefix, id)
	return &s, err
}

// full returns the id of a stored UUID, "" of null.
func full[T ~string](prefix string, stored sql.NullString) T {
	if !stored.Valid {
		return ""
	}
	return T(prefix + stored.String)
}

// owner is a scope as it is stored.
type owner struct{ tenant, site string }

// ownerOf returns s as it is stored. The error is tenant.ErrNoScope or matches
// tenant.ErrBadID.
func ownerOf(s tenant.Scope) (owner, error) {
	if err := s.Valid(); err != nil {
		return owner{}, err
	}
	t, err := bare(tenant.Prefix, s.Tenant)
	if err != nil {
		return owner{}, err
	}
	site, err := bare(tenant.SitePrefix, s.Site)
	return owner{t, site}, err
}

// scope returns the scope that o stands for.
func (o owner) scope() tenant.Scope {
	return tenant.Scope{Tenant: tenant.ID(tenant.Prefix + o.tenant), Site: tenant.SiteID(tenant.SitePrefix + o.site)}
}

// subjects begins what the ids are made of of people whom the identity provider
// names otherwise than by a UUID, such as by an e-mail address. It never changes.
const subjects = "woochat subject: "

// userID returns the id under which a person is known to the policies: the UUID
// of user_<uuid>, and one made of any other name by its SHA-256 (RFC 9562,
// version 8).
func userID(who roles.Subject) string {
	if id, ok := strings.CutPrefix(string(who), userPrefix); ok && tenant.CheckID(userPrefix, string(who)) == nil {
		return id
	}
	sum := sha256.Sum256([]byte(subjects + string(who)))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// subjectOf is the way back: the stored name, or user_ and the id if there is
// none.
func subjectOf(id, name string) roles.Subject {
	if name == "" {
		return roles.Subject(userPrefix + id)
	}
	return roles.Subject(name)
}

// subjectName returns what is stored beside userID.
func subjectName(who roles.Subject) string {
	if userPrefix+userID(who) == string(who) {
		return ""
	}
	return string(who)
}

// micros cuts t to what is stored: microseconds, in UTC.
func micros(t time.Time) time.Time { return time.UnixMicro(t.UnixMicro()).UTC() }

// timeOrNull is micros of a time that may be zero, which is stored as null.
func timeOrNull(t time.Time) sql.NullTime { return sql.NullTime{Time: micros(t), Valid: !t.IsZero()} }

// timeOrZero returns the stored time in UTC, zero of null.
func timeOrZero(t sql.NullTime) time.Time {
	if !t.Valid {
		return time.Time{}
	}
	return t.Time.UTC()
}

// errNotOne means that a statement that must change one row did not.
var errNotOne = errors.New("the row to change is not there")

// one returns an error unless one row was changed.
func one(res sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n != 1 {
		err = fmt.Errorf("%w: %d rows were changed", errNotOne, n)
	}
	return err
}

// parse returns the value of an enum whose String is word.
func parse[E interface {
	~uint8
	String() string
}](word string, first, last E) (E, error) {
	for e := first; e <= last; e++ {
		if e.String() == word {
			return e, nil
		}
	}
	return 0, fmt.Errorf("%q is stored where another word is expected", word)
}
