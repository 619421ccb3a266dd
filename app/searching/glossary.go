package searching

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aiwoochat/woochat/app/auditing"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// GlossaryDeps are what a Glossary needs. All are required.
type GlossaryDeps struct {
	Synonyms ports.Synonyms
	Sites    ports.Sites
	Audit    ports.AuditLog // of what is done as a super admin
	Now      ports.Clock
	NewID    ports.NewID
}

// Glossary shows and changes which words a shop takes for the same. A change
// holds from the next question on; no index is built anew. Make it with
// NewGlossary; it is safe for concurrent use.
type Glossary struct {
	deps  GlossaryDeps
	audit *auditing.Service
}

// NewGlossary returns a Glossary. It reports everything that is missing at once.
func NewGlossary(d GlossaryDeps) (*Glossary, error) {
	var errs []error
	for _, dep := range []struct {
		name string
		ok   bool
	}{
		{"Synonyms", d.Synonyms != nil},
		{"Sites", d.Sites != nil},
		{"Audit", d.Audit != nil},
		{"Now", d.Now != nil},
		{"NewID", d.NewID != nil},
	} {
		if !dep.ok {
			errs = append(errs, fmt.Errorf("searching: GlossaryDeps.%s is missing", dep.name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	audit, err := auditing.New(auditing.Deps{Log: d.Audit, Now: d.Now, NewID: d.NewID})
	if err != nil {
		return nil, err
	}
	return &Glossary{deps: d, audit: audit}, nil
}

// Synonyms returns the site's synonyms. Errors: roles.ErrForbidden if who may not
// read its settings, ports.ErrNotFound if there is no such site.
func (g *Glossary) Synonyms(ctx context.Context, who roles.Grants, sc tenant.Scope) ([]retrieval.Synonym, error) {
	if err := g.audit.Allow(ctx, who, roles.ReadSites, sc, "synonyms"); err != nil {
		return nil, err
	}
	if _, err := g.deps.Sites.Site(ctx, sc); err != nil {
		return nil, err
	}
	return g.deps.Synonyms.SynonymsOf(ctx, sc)
}

// SetSynonyms puts list in place of all synonyms of the site and returns them as
// they are stored. It may be called again. Errors: those of Synonyms, for who may
// not write the site's settings, and a *chat.InputError that says which of them
// cannot be taken.
func (g *Glossary) SetSynonyms(ctx context.Context, who roles.Grants, sc tenant.Scope, list []retrieval.Synonym) ([]retrieval.Synonym, error) {
	if err := who.Can(roles.WriteSites, sc); err != nil {
		return nil, err
	}
	list, err := retrieval.ValidSynonyms(list)
	if err != nil {
		return nil, &chat.InputError{Field: "synonyms", Reason: "cannot be taken: " + strings.TrimPrefix(err.Error(), retrieval.ErrBadSynonyms.Error()+": ")}
	}
	if err := g.audit.Allow(ctx, who, roles.WriteSites, sc, fmt.Sprintf("set %d synonyms", len(list))); err != nil {
		return nil, err
	}
	if _, err := g.deps.Sites.Site(ctx, sc); err != nil {
		return nil, err
	}
	if err := g.deps.Synonyms.PutSynonyms(ctx, sc, list); err != nil {
		return nil, fmt.Errorf("set synonyms: %w", err)
	}
	return list, nil
}
