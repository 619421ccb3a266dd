package ingesting

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/app/auditing"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// StatusDeps are what Statuses need. All but Service are required.
type StatusDeps struct {
	Totals     ports.DocumentTotals
	Jobs       ports.Jobs
	Health     ports.SiteHealth
	Deliveries ports.Deliveries
	Usage      ports.UsageReports
	Sites      ports.Sites
	Service    *Service       // whose index it is; nil: nothing is told of the index
	Audit      ports.AuditLog // of what is looked at as a super admin
	Now        ports.Clock
	NewID      ports.NewID
}

// Statuses tells how far the ingestion of a site is. Make it with NewStatuses;
// it is safe for concurrent use.
type Statuses struct {
	deps  StatusDeps
	audit *auditing.Service
}

// NewStatuses returns Statuses. It reports everything that is missing at once.
func NewStatuses(d StatusDeps) (*Statuses, error) {
	var errs []error
	for _, dep := range []struct {
		name string
		ok   bool
	}{
		{"Totals", d.Totals != nil},
		{"Jobs", d.Jobs != nil},
		{"Health", d.Health != nil},
		{"Deliveries", d.Deliveries != nil},
		{"Usage", d.Usage != nil},
		{"Sites", d.Sites != nil},
		{"Audit", d.Audit != nil},
		{"Now", d.Now != nil},
		{"NewID", d.NewID != nil},
	} {
		if !dep.ok {
			errs = append(errs, fmt.Errorf("ingesting: StatusDeps.%s is missing", dep.name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	audit, err := auditing.New(auditing.Deps{Log: d.Audit, Now: d.Now, NewID: d.NewID})
	if err != nil {
		return nil, err
	}
	return &Statuses{deps: d, audit: audit}, nil
}

// Status is how far the ingestion of a site is.
type Status struct {
	Documents retrieval.Totals
	// Index is which generation of it is searched, which one is built, and what
	// they lack.
	Index IndexStatus
	// Connection is how the shop is reached; nil if it is not connected.
	Connection *ingestion.Shown
	Jobs       JobCounts
	// Lag is how long the oldest change that we know of waits to be searchable;
	// 0 if none does. Newest is when the newest of them was made, or told; zero
	// if none waits.
	Lag    time.Duration
	Newest time.Time
	// Failures are jobs whose last attempt failed, dead ones first, at most
	// MaxFailures; Findings what an operator should know, the latest first.
	Failures []ingestion.Job
	Findings []ingestion.Finding
	// Embedding is what was spent on it in the last EmbeddingDays of the site,
	// today included.
	Embedding []Embedded
}

// JobCounts is what waits in a site's queue. Tasks for later are left out.
type JobCounts struct {
	Pending int
	Dead    int
	More    bool // there are more than were counted
}

// Embedded is what was spent on one embedding model.
type Embedded struct {
	Model    string
	Requests int64
	Tokens   int64
	Cost     usage.NanoUSD
}

// Bounds of a Status.
const (
	MaxFailures   = 20
	MaxFindings   = 100
	EmbeddingDays = 30

	jobPage  = 1000
	jobPages = 20
)

// Status tells how far the site's ingestion is. The error matches
// roles.ErrForbidden if who may not read the site's documents and usage, and
// ports.ErrNotFound if there is no such site.
func (s *Statuses) Status(ctx context.Context, who roles.Grants, sc tenant.Scope) (Status, error) {
	if err := s.audit.Allow(ctx, who, roles.ReadDocuments, sc, "status of ingestion"); err != nil {
		return Status{}, err
	}
	if err := who.Can(roles.ReadUsage, sc); err != nil {
		return Status{}, err
	}
	site, err := s.deps.Sites.Site(ctx, sc)
	if err != nil {
		return Status{}, err
	}
	var st Status
	if st.Documents, err = s.deps.Totals.Totals(ctx, sc); err != nil {
		return Status{}, err
	}
	if s.deps.Service != nil {
		if st.Index, err = s.deps.Service.IndexStatus(ctx, sc); err != nil {
			return Status{}, err
		}
	}
	shown, err := s.deps.Deliveries.Shown(ctx, sc)
	switch {
	case err == nil:
		st.Connection = &shown
	case !errors.Is(err, ports.ErrNotFound):
		return Status{}, err
	}
	oldest, err := s.jobs(ctx, sc, &st)
	if err != nil {
		return Status{}, err
	}
	for _, t := range []time.Time{oldest, st.Documents.Oldest} {
		if !t.IsZero() {
			st.Lag = max(st.Lag, s.deps.Now().Sub(t))
		}
	}
	if st.Documents.Newest.After(st.Newest) {
		st.Newest = st.Documents.Newest
	}
	if st.Findings, err = s.deps.Health.Findings(ctx, sc, MaxFindings); err != nil {
		return Status{}, err
	}
	st.Embedding, err = s.embedding(ctx, who, site)
	return st, err
}

// jobs counts what waits in the queue, and returns when the oldest hint came
// that waits for a product.
func (s *Statuses) jobs(ctx context.Context, sc tenant.Scope, st *Status) (oldest time.Time, err error) {
	var failed []ingestion.Job
	now, after := s.deps.Now(), ""
	for range jobPages {
		page, err := s.deps.Jobs.Jobs(ctx, sc, after, jobPage)
		if err != nil {
			return oldest, err
		}
		for _, j := range page {
			after = j.Object.String()
			switch {
			case j.Dead:
				st.Jobs.Dead++
				if len(st.Failures) < MaxFailures {
					st.Failures = append(st.Failures, j)
				}
				continue
			case j.Object.Kind == ingestion.Task && j.Due.After(now):
				continue // it is not time yet
			}
			st.Jobs.Pending++
			if j.Error != "" && len(failed) < MaxFailures {
				failed = append(failed, j)
			}
			if j.Object.Kind == ingestion.Task {
				continue
			}
			if oldest.IsZero() || j.Hinted.Before(oldest) {
				oldest = j.Hinted
			}
			if j.Hinted.After(st.Newest) {
				st.Newest = j.Hinted
			}
		}
		if len(page) < jobPage {
			st.Failures = append(st.Failures, failed[:min(len(failed), MaxFailures-len(st.Failures))]...)
			return oldest, nil
		}
	}
	st.Jobs.More = true
	st.Failures = append(st.Failures, failed[:min(len(failed), MaxFailures-len(st.Failures))]...)
	return oldest, nil
}

func (s *Statuses) embedding(ctx context.Context, who roles.Grants, site tenant.Site) ([]Embedded, error) {
	days, err := metering.Calendar(site)
	if err != nil {
		return nil, err
	}
	now := s.deps.Now()
	sums, err := s.deps.Usage.Summary(ctx, who, usage.Query{
		Tenant: site.Tenant, Site: site.ID, First: days.Day(now.AddDate(0, 0, 1-EmbeddingDays)), Last: days.Day(now), Kind: usage.Embedding,
	}, usage.ByModel)
	if err != nil {
		return nil, err
	}
	var all []Embedded
	for _, x := range sums {
		all = append(all, Embedded{Model: x.Model, Requests: x.Used.EmbeddingRequests, Tokens: x.Used.EmbeddingTokens, Cost: x.Used.Cost})
	}
	return all, nil
}
