package ginhttp

import (
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// TokenKey signs visitor tokens.
type TokenKey struct {
	ID     string // goes into each token, so that keys can be rotated
	Secret []byte // 32 bytes
}

// tokenLife is how long a visitor token is good for; a widget renews it.
const tokenLife = 15 * time.Minute

// renewable is how long after its end a token can still be exchanged for a new
// one of the same visitor.
const renewable = 24 * time.Hour

// visitor is who a visitor token says that a browser is.
type visitor struct {
	ID         chat.VisitorID
	Scope      tenant.Scope
	Origin     string
	Generation int64
	Locale     string // of the page that the session was opened on, "" if nobody knows
}

type claims struct {
	jwt.RegisteredClaims
	Tenant     tenant.ID     `json:"tid"`
	Site       tenant.SiteID `json:"sid"`
	Origin     string        `json:"org"`
	Generation int64         `json:"gen"`
	Locale     string        `json:"loc,omitempty"`
}

// tokens signs and checks visitor tokens: HS256, the first key signs, all
// check.
type tokens struct {
	keys []TokenKey
	now  func() time.Time
}

const issuer = "woochat"

func (t tokens) sign(v visitor) (text string, expires time.Time, err error) {
	now := t.now()
	expires = now.Add(tokenLife)
	tok := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Subject: string(v.ID), IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(expires),
		},
		Tenant: v.Scope.Tenant, Site: v.Scope.Site, Origin: v.Origin, Generation: v.Generation, Locale: v.Locale,
	})
	tok.Header["kid"] = t.keys[0].ID
	text, err = tok.SignedString(t.keys[0].Secret)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("sign visitor token: %w", err)
	}
	return text, expires, nil
}

// open returns who text is for. With late > 0, a token that ended at most that
// long ago is good, too.
func (t tokens) open(text string, late time.Duration) (visitor, error) {
	var c claims
	_, err := jwt.ParseWithClaims(text, &c, func(tok *jwt.Token) (any, error) {
		for _, k := range t.keys {
			if tok.Header["kid"] == k.ID {
				return k.Secret, nil
			}
		}
		return nil, errors.New("unknown key")
	}, jwt.WithValidMethods([]string{"HS256"}), jwt.WithIssuer(issuer), jwt.WithExpirationRequired(), jwt.WithLeeway(late), jwt.WithTimeFunc(t.now))
	if err != nil {
		return visitor{}, fmt.Errorf("%w: %w", errUnauthenticated, err)
	}
	v := visitor{ID: chat.VisitorID(c.Subject), Scope: tenant.Scope{Tenant: c.Tenant, Site: c.Site}, Origin: c.Origin, Generation: c.Generation, Locale: c.Locale}
	if err := errors.Join(v.ID.Valid(), v.Scope.Valid()); err != nil {
		return visitor{}, fmt.Errorf("%w: %w", errUnauthenticated, err)
	}
	return v, nil
}
