package memory

import (
	"context"
	"fmt"
	"sync"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Licenses keeps licenses in process memory. It is a [ports.Licenses] and a
// [ports.LicenseBook]. Make one with NewLicenses.
type Licenses struct {
	sites ports.Sites

	mu      sync.Mutex // guards all below
	all     map[tenant.Scope]usage.License
	changes int64
}

var (
	_ ports.Licenses    = (*Licenses)(nil)
	_ ports.LicenseBook = (*Licenses)(nil)
)

// NewLicenses returns an empty book of licenses for the given sites. If sites
// is nil every complete scope is taken for a site that is there.
func NewLicenses(sites ports.Sites) *Licenses {
	return &Licenses{sites: sites, all: map[tenant.Scope]usage.License{}}
}

// LicenseOf implements [ports.Licenses].
func (l *Licenses) LicenseOf(ctx context.Context, s tenant.Scope) (usage.License, error) {
	if err := begin(ctx, s); err != nil {
		return usage.License{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	lic, ok := l.all[s]
	if !ok {
		return usage.License{}, fmt.Errorf("memory: license of %s: %w", s.Site, ports.ErrNotFound)
	}
	return lic, nil
}

// PutLicense implements [ports.LicenseBook].
func (l *Licenses) PutLicense(ctx context.Context, s tenant.Scope, lic usage.License) error {
	if err := begin(ctx, s); err != nil {
		return err
	}
	if err := lic.Valid(); err != nil {
		return fmt.Errorf("memory: license of %s: %w: %w", s.Site, ports.ErrInvalid, err)
	}
	if l.sites != nil {
		if _, err := l.sites.Site(ctx, s); err != nil {
			return fmt.Errorf("memory: license of %s: %w", s.Site, err)
		}
	}
	if !lic.ValidFrom.IsZero() {
		lic.ValidFrom = lic.ValidFrom.UTC()
	}
	if !lic.ValidUntil.IsZero() {
		lic.ValidUntil = lic.ValidUntil.UTC()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all[s] = lic
	l.changes++
	return nil
}
