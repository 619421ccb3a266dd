package ginhttp

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/test/porttest"
)

func key(id string, b byte) TokenKey { return TokenKey{ID: id, Secret: bytes.Repeat([]byte{b}, 32)} }

func someone() visitor {
	return visitor{
		ID:     chat.VisitorID(chat.VisitorPrefix + porttest.NewID()),
		Scope:  tenant.Scope{Tenant: tenant.ID(tenant.Prefix + porttest.NewID()), Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())},
		Origin: origin, Generation: 3,
	}
}

func TestTokens(t *testing.T) {
	clock := porttest.NewClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	old := tokens{keys: []TokenKey{key("k1", 1)}, now: clock.Now}
	v := someone()
	text, expires, err := old.sign(v)
	if err != nil || !expires.Equal(clock.Now().Add(15*time.Minute)) {
		t.Fatalf("expires %v, %v", expires, err)
	}
	open := func(ts tokens, late time.Duration) error {
		got, err := ts.open(text, late)
		if err == nil && got != v {
			t.Errorf("got %+v, want %+v", got, v)
		}
		if err != nil && (got != visitor{} || !errors.Is(err, errUnauthenticated)) {
			t.Errorf("got %+v and %v", got, err)
		}
		return err
	}
	rotated := tokens{keys: []TokenKey{key("k2", 2), key("k1", 1)}, now: clock.Now}
	for name, c := range map[string]struct {
		ts   tokens
		good bool
	}{
		"the same key":            {old, true},
		"rotated":                 {rotated, true},
		"taken out":               {tokens{keys: []TokenKey{key("k2", 2)}, now: clock.Now}, false},
		"another secret, same id": {tokens{keys: []TokenKey{key("k1", 9)}, now: clock.Now}, false},
		"another id, same secret": {tokens{keys: []TokenKey{key("k9", 1)}, now: clock.Now}, false},
	} {
		if err := open(c.ts, 0); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
	if renewed, _, err := rotated.sign(v); err != nil || !strings.HasPrefix(renewed, "ey") || open(rotated, 0) != nil {
		t.Error(err)
	} else if _, err := old.open(renewed, 0); err == nil {
		t.Error("the new key's token is good for who has only the old key")
	}

	clock.Advance(15*time.Minute - time.Second)
	if err := open(old, 0); err != nil {
		t.Errorf("in its last second: %v", err)
	}
	clock.Advance(time.Second)
	if open(old, 0) == nil {
		t.Error("it is good after its end")
	}
	clock.Advance(24*time.Hour - time.Second)
	if err := open(old, renewable); err != nil {
		t.Errorf("it cannot be renewed in the last second: %v", err)
	}
	clock.Advance(time.Second)
	if open(old, renewable) == nil {
		t.Error("it can be renewed after a day")
	}
}

func TestForgedTokens(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	ts := tokens{keys: []TokenKey{key("k1", 1)}, now: func() time.Time { return now }}
	secret := ts.keys[0].Secret
	v := someone()
	good := func() claims {
		return claims{
			RegisteredClaims: jwt.RegisteredClaims{Issuer: issuer, Subject: string(v.ID), ExpiresAt: jwt.NewNumericDate(now.Add(time.Minute))},
			Tenant:           v.Scope.Tenant, Site: v.Scope.Site,
		}
	}
	sign := func(m jwt.SigningMethod, kid any, secret any, c claims) string {
		tok := jwt.NewWithClaims(m, c)
		tok.Header["kid"] = kid
		text, err := tok.SignedString(secret)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	change := func(f func(*claims)) claims {
		c := good()
		f(&c)
		return c
	}
	if _, err := ts.open(sign(jwt.SigningMethodHS256, "k1", secret, good()), 0); err != nil {
		t.Fatalf("what the cases are made from is no good itself: %v", err)
	}
	whole := sign(jwt.SigningMethodHS256, "k1", secret, good())
	for name, text := range map[string]string{
		"empty":         "",
		"no token":      "abc",
		"cut":           whole[:len(whole)-1],
		"alg none":      sign(jwt.SigningMethodNone, "k1", jwt.UnsafeAllowNoneSignatureType, good()),
		"alg HS512":     sign(jwt.SigningMethodHS512, "k1", secret, good()),
		"kid missing":   sign(jwt.SigningMethodHS256, nil, secret, good()),
		"kid a list":    sign(jwt.SigningMethodHS256, []string{"k1"}, secret, good()),
		"wrong secret":  sign(jwt.SigningMethodHS256, "k1", []byte("guess"), good()),
		"wrong issuer":  sign(jwt.SigningMethodHS256, "k1", secret, change(func(c *claims) { c.Issuer = "else" })),
		"no issuer":     sign(jwt.SigningMethodHS256, "k1", secret, change(func(c *claims) { c.Issuer = "" })),
		"no expiry":     sign(jwt.SigningMethodHS256, "k1", secret, change(func(c *claims) { c.ExpiresAt = nil })),
		"no visitor":    sign(jwt.SigningMethodHS256, "k1", secret, change(func(c *claims) { c.Subject = "" })),
		"no visitor id": sign(jwt.SigningMethodHS256, "k1", secret, change(func(c *claims) { c.Subject = "vis_' or 1=1" })),
		"no site":       sign(jwt.SigningMethodHS256, "k1", secret, change(func(c *claims) { c.Site = "" })),
		"not yet":       sign(jwt.SigningMethodHS256, "k1", secret, change(func(c *claims) { c.NotBefore = jwt.NewNumericDate(now.Add(time.Second)) })),
	} {
		if got, err := ts.open(text, 0); !errors.Is(err, errUnauthenticated) || got != (visitor{}) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	// The claims of one token with the signature of another.
	other := strings.Split(sign(jwt.SigningMethodHS256, "k1", secret, change(func(c *claims) { c.Site = "site_other" })), ".")
	mine := strings.Split(whole, ".")
	if _, err := ts.open(mine[0]+"."+other[1]+"."+mine[2], 0); !errors.Is(err, errUnauthenticated) {
		t.Errorf("swapped claims: %v", err)
	}
}
