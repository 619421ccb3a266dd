package memory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// SiteHealth keeps findings in process memory. It is a [ports.SiteHealth].
type SiteHealth struct {
	mu  sync.Mutex // guards all
	all map[tenant.Scope]map[findingKey]ingestion.Finding
}

type findingKey struct {
	kind    ingestion.FindingKind
	subject string
}

var _ ports.SiteHealth = (*SiteHealth)(nil)

// NewSiteHealth returns an empty store.
func NewSiteHealth() *SiteHealth {
	return &SiteHealth{all: map[tenant.Scope]map[findingKey]ingestion.Finding{}}
}

// Raise implements [ports.SiteHealth].
func (h *SiteHealth) Raise(ctx context.Context, s tenant.Scope, f ingestion.Finding) error {
	if err := begin(ctx, s); err != nil {
		return err
	}
	if f.Kind == "" || f.Last.IsZero() {
		return fmt.Errorf("memory: finding of %s: %w: it has no kind or no time", s.Site, ports.ErrInvalid)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all[s] == nil {
		h.all[s] = map[findingKey]ingestion.Finding{}
	}
	key := findingKey{f.Kind, f.After(ingestion.Finding{}).Subject}
	h.all[s][key] = f.After(h.all[s][key])
	return nil
}

// Clear implements [ports.SiteHealth].
func (h *SiteHealth) Clear(ctx context.Context, s tenant.Scope, kind ingestion.FindingKind, subject string) error {
	if err := begin(ctx, s); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	maps.DeleteFunc(h.all[s], func(key findingKey, _ ingestion.Finding) bool {
		return key.kind == kind && (subject == "" || key.subject == subject)
	})
	return nil
}

// Findings implements [ports.SiteHealth].
func (h *SiteHealth) Findings(ctx context.Context, s tenant.Scope, limit int) ([]ingestion.Finding, error) {
	if err := begin(ctx, s); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	list := slices.SortedFunc(maps.Values(h.all[s]), func(a, b ingestion.Finding) int {
		return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Subject, b.Subject))
	})
	return slices.Clip(list[:min(max(limit, 0), len(list))]), nil
}
