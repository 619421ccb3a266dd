package tenant

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Site is one shop of a tenant.
type Site struct {
	ID     SiteID
	Tenant ID
	Name   string
	URL    string // the shop's front page
	// Origins are the pages' origins (scheme://host[:port]) on which the
	// widget may run. Deny by default: none means nowhere.
	Origins  []string
	Locale   string // BCP 47, such as en or de-AT
	Currency string // ISO 4217, such as EUR

	// TimeZone is the IANA zone of the site's calendar day. The three fields
	// after it keep a change of zone from moving a day back; only
	// usage.Calendar reads them.
	TimeZone     string
	ZoneBefore   string    // the zone in force until ZoneSince; "" if it never changed
	ZoneSince    time.Time // when TimeZone came into force
	ZoneFloor    string    // no day before this one is ever used again
	LimitText    string    // what a shopper reads when the day's limit is spent
	Greeting     string
	Suggestions  []string // example questions that the widget offers
	ContactURL   string   // where a shopper finds a person
	Generation   int64    // visitor tokens of an older generation are refused
	Created      time.Time
	Disabled     bool
	AccentColour string // CSS colour of the widget, such as #0a5; "" for its default
}

// Scope returns the scope that owns the site's data.
func (s Site) Scope() Scope { return Scope{Tenant: s.Tenant, Site: s.ID} }

// ErrBadSite is matched by every error of Site.Valid and OriginsOf.
var ErrBadSite = errors.New("invalid site")

// Valid reports all that is wrong with s, joined, or nil.
func (s Site) Valid() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%w: "+format, append([]any{ErrBadSite}, args...)...))
	}
	if err := s.Scope().Valid(); err != nil {
		errs = append(errs, err)
	}
	if strings.TrimSpace(s.Name) == "" {
		bad("name is empty")
	}
	if _, err := OriginsOf(s.URL); err != nil {
		errs = append(errs, err)
	}
	for _, o := range s.Origins {
		if got, err := origin(o); err != nil || got != o {
			bad("origin %q is not scheme://host[:port]", o)
		}
	}
	if _, err := time.LoadLocation(s.TimeZone); err != nil || s.TimeZone == "" || s.TimeZone == "Local" {
		bad("time zone %q is not an IANA zone such as Europe/Berlin", s.TimeZone)
	}
	return errors.Join(errs...)
}

// Allows reports whether the widget may run on a page of the given origin, as
// the browser's Origin header spells it.
func (s Site) Allows(pageOrigin string) bool {
	got, err := origin(pageOrigin)
	return err == nil && slices.Contains(s.Origins, got)
}

// OriginsOf returns the origin of a shop's URL with and without www, the given
// one first. A host without a dot, an IP address or a port has one origin only.
func OriginsOf(shopURL string) ([]string, error) {
	o, err := origin(shopURL)
	if err != nil {
		return nil, err
	}
	scheme, host, _ := strings.Cut(o, "://")
	switch {
	case strings.HasPrefix(host, "www."):
		return []string{o, scheme + "://" + strings.TrimPrefix(host, "www.")}, nil
	case !strings.Contains(host, ".") || strings.Contains(host, ":") || strings.Trim(host, "0123456789.") == "":
		return []string{o}, nil
	}
	return []string{o, scheme + "://www." + host}, nil
}

func origin(raw string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Hostname() == "" || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil {
		return "", fmt.Errorf("%w: URL %q is not http(s)://host", ErrBadSite, raw)
	}
	host := strings.ToLower(u.Host)
	if p := u.Port(); (u.Scheme == "https" && p == "443") || (u.Scheme == "http" && p == "80") {
		host = strings.TrimSuffix(host, ":"+p)
	}
	return u.Scheme + "://" + host, nil
}
