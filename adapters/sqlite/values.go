package sqlite

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/tenant"
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
func bareOrNull[T ~string](prefix string, id T) (sql.NullString, error) {
	if id == "" {
		return sql.NullString{}, nil
	}
	s, err := bare(prefix, id)
	return sql.NullString{String: s, Valid: true}, err
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

// micros returns t as it is stored. The zero time has no place there; see
// microsOrNull.
func micros(t time.Time) int64 { return t.UnixMicro() }

// timeOf returns the stored time us in UTC.
func timeOf(us int64) time.Time { return time.UnixMicro(us).UTC() }

// microsOrNull is micros of a time that may be zero, which is stored as null.
func microsOrNull(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: !t.IsZero()}
}

// timeOrZero returns the stored time, zero of null.
func timeOrZero(us sql.NullInt64) time.Time {
	if !us.Valid {
		return time.Time{}
	}
	return timeOf(us.Int64)
}

// begin is what every call about a scope begins with.
func begin(ctx context.Context, s tenant.Scope) (owner, error) {
	if err := ctx.Err(); err != nil {
		return owner{}, err
	}
	return ownerOf(s)
}
