package connecting

import (
	"context"
	"errors"
	"fmt"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Resealed is what came of Reseal.
type Resealed struct {
	Sites   int // connected ones that were looked at
	Sealed  int // keys and secrets that were sealed anew
	Current int // those that were sealed under the first key already
	// Lost are what no present key opens: it needs the key that sealed it, or to
	// be made anew.
	Lost []Lost
}

// Lost is something that no present key opens.
type Lost struct {
	Scope tenant.Scope
	What  string // "REST key" or "webhook secret"
	Err   error
}

// resealPage is how many tenants, and sites of one, are read at a time.
const resealPage = 100

// resealTries is how often a connection is tried that somebody else changes at
// the same time.
const resealTries = 5

// Reseal seals the keys and secrets of all sites under the first key of
// WOOCHAT_SECRET_KEY, site by site, disabled ones too. It may be cut off
// anywhere and run again, and servers may run beside it. Once Lost is empty, the
// older keys open nothing any more that is kept.
func (s *Service) Reseal(ctx context.Context, who roles.Grants) (Resealed, error) {
	var out Resealed
	if err := s.audit.Allow(ctx, who, roles.WritePlatform, tenant.Scope{}, "seal all secrets under the first key"); err != nil {
		return out, err
	}
	for after := tenant.ID(""); ; {
		tenants, err := s.deps.Tenants.ListTenants(ctx, after, resealPage)
		if err != nil {
			return out, err
		}
		for _, t := range tenants {
			after = t.ID
			if err := s.resealTenant(ctx, t.ID, &out); err != nil {
				return out, err
			}
		}
		if len(tenants) < resealPage {
			return out, nil
		}
	}
}

func (s *Service) resealTenant(ctx context.Context, id tenant.ID, out *Resealed) error {
	for after := tenant.SiteID(""); ; {
		sites, err := s.deps.Sites.ListSites(ctx, id, after, resealPage)
		if err != nil {
			return err
		}
		for _, site := range sites {
			after = site.ID
			if err := s.resealSite(ctx, site.Scope(), out); err != nil {
				return fmt.Errorf("site %s: %w", site.ID, err)
			}
		}
		if len(sites) < resealPage {
			return nil
		}
	}
}

func (s *Service) resealSite(ctx context.Context, sc tenant.Scope, out *Resealed) error {
	var err error
	for range resealTries {
		var c ingestion.Connection
		if c, err = s.deps.Connections.Connection(ctx, sc); errors.Is(err, ports.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		one := Resealed{Sites: 1}
		if c.Key != "" {
			if c.Key, err = s.resealOne(sc, "REST key", ingestion.KeyPurpose(sc.Site), c.Key, &one); err != nil {
				return err
			}
		}
		for i := range c.Secrets {
			if c.Secrets[i], err = s.resealOne(sc, "webhook secret", ingestion.SecretPurpose(sc.Site), c.Secrets[i], &one); err != nil {
				return err
			}
		}
		if one.Sealed > 0 {
			_, err = s.deps.Connections.SaveConnection(ctx, sc, c)
		}
		if errors.Is(err, ports.ErrConflict) {
			continue // changed meanwhile
		}
		if err != nil {
			return err
		}
		out.Sites, out.Sealed, out.Current, out.Lost = out.Sites+1, out.Sealed+one.Sealed, out.Current+one.Current, append(out.Lost, one.Lost...)
		for _, l := range one.Lost {
			if err := s.raise(ctx, sc, ingestion.SealedByOldKey, l.What, "no key of WOOCHAT_SECRET_KEY opens it: add the key that sealed it, or connect the shop again"); err != nil {
				return err
			}
		}
		return nil
	}
	return err
}

// resealOne returns sealed under the first key; as it is if that is so already,
// or if nothing opens it.
func (s *Service) resealOne(sc tenant.Scope, what, purpose, sealed string, out *Resealed) (string, error) {
	if s.deps.Sealer.Current(sealed) {
		out.Current++
		return sealed, nil
	}
	plain, err := s.deps.Sealer.Open(purpose, sealed)
	if err != nil {
		out.Lost = append(out.Lost, Lost{sc, what, err})
		return sealed, nil //nolint:nilerr // it is reported, and the others go on
	}
	next, err := s.deps.Sealer.Seal(purpose, plain)
	if err != nil {
		return sealed, err
	}
	out.Sealed++
	return next, nil
}
