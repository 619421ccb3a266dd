package ingesting

import (
	"context"
	"errors"
	"fmt"

	"github.com/aiwoochat/woochat/app/auditing"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// BacklogDeps are what a Backlog needs. All are required.
type BacklogDeps struct {
	Jobs  ports.Jobs
	Audit ports.AuditLog // of what is done as a super admin
	Now   ports.Clock
	NewID ports.NewID
}

// Backlog shows an operator what waits to be read from a shop, and lets him mend
// it. Make one with NewBacklog; it is safe for concurrent use.
type Backlog struct {
	jobs  ports.Jobs
	audit *auditing.Service
}

// NewBacklog returns a Backlog. It reports everything that is missing at once.
func NewBacklog(d BacklogDeps) (*Backlog, error) {
	audit, err := auditing.New(auditing.Deps{Log: d.Audit, Now: d.Now, NewID: d.NewID})
	if d.Jobs == nil {
		err = errors.Join(errors.New("ingesting: BacklogDeps.Jobs is missing"), err)
	}
	if err != nil {
		return nil, err
	}
	return &Backlog{jobs: d.Jobs, audit: audit}, nil
}

// backlogPage is how many jobs are read at a time.
const backlogPage = 500

// List returns at most limit jobs of the site in the order of their objects'
// names, beginning after the given one ("" for the first); with deadOnly those
// that no attempt is left of. The error matches roles.ErrForbidden if who may not
// read the site's documents.
func (b *Backlog) List(ctx context.Context, who roles.Grants, sc tenant.Scope, deadOnly bool, after string, limit int) ([]ingestion.Job, error) {
	if err := b.audit.Allow(ctx, who, roles.ReadDocuments, sc, "jobs"); err != nil {
		return nil, err
	}
	var list []ingestion.Job
	for len(list) < limit {
		size := limit - len(list)
		if deadOnly {
			size = backlogPage
		}
		page, err := b.jobs.Jobs(ctx, sc, after, size)
		if err != nil {
			return nil, err
		}
		for _, j := range page {
			after = j.Object.String()
			if (j.Dead || !deadOnly) && len(list) < limit {
				list = append(list, j)
			}
		}
		if len(page) < size {
			break
		}
	}
	return list, nil
}

// Change does a to the jobs named, to all dead ones of the site if none is, and
// returns how many that were: ingestion.Retry also ends the rest of a site whose
// shop was away. The error matches roles.ErrForbidden if who may not write the
// site's documents, and ports.ErrNotFound if one that is named is not there;
// nothing is changed then.
func (b *Backlog) Change(ctx context.Context, who roles.Grants, sc tenant.Scope, a ingestion.Action, objects []ingestion.Object) (int, error) {
	what := "all dead jobs"
	if len(objects) > 0 {
		what = fmt.Sprintf("%d jobs", len(objects))
	}
	verb := map[ingestion.Action]string{ingestion.Retry: "retry ", ingestion.Drop: "drop "}[a]
	if err := b.audit.Allow(ctx, who, roles.WriteDocuments, sc, verb+what); err != nil {
		return 0, err
	}
	return b.jobs.Change(ctx, sc, a, objects)
}
