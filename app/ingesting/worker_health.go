package ingesting

import (
	"context"
	"errors"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/ports"
)

// taken are products by their objects' names, each with why it could not
// be taken, "" if it was.
type taken map[string]string

const (
	// manyFindings is how many findings are looked at for such as are mended.
	manyFindings = 500
	// silentFailures is how often a shop may not answer until somebody is told.
	silentFailures = 3
)

// tell raises what was found, and clears what is mended. What is told is no part
// of the work: if it cannot be told, the work is done all the same.
func (r *working) tell(ctx context.Context, told taken) {
	if r.deps.Health == nil {
		return
	}
	var errs []error
	for subject, why := range told {
		if why != "" {
			errs = append(errs, r.raise(ctx, ingestion.Rejected, subject, why))
		}
	}
	open, err := r.deps.Health.Findings(ctx, r.scope, manyFindings)
	errs = append(errs, err)
	for _, f := range open {
		why, read := told[f.Subject]
		switch {
		case f.Kind == ingestion.Rejected && read && why == "",
			r.reached && (f.Kind == ingestion.ShopUnreachable || f.Kind == ingestion.KeyRefused):
			errs = append(errs, r.deps.Health.Clear(ctx, r.scope, f.Kind, f.Subject))
		}
	}
	if err := errors.Join(errs...); err != nil && ctx.Err() == nil {
		r.publish(ctx, r.scope, WorkFailed{Err: err})
	}
}

// raiseShop tells that a site's shop cannot be used.
func (r *working) raiseShop(ctx context.Context, e *ports.ShopError, failures int) {
	kind := ingestion.ShopUnreachable
	switch {
	case e.Status == 401 || e.Status == 403:
		kind = ingestion.KeyRefused
	case errors.Is(e, ports.ErrUnavailable) && failures < silentFailures:
		return // it happens, and passes
	}
	if r.deps.Health == nil {
		return
	}
	if err := r.raise(ctx, kind, "", e.Reason); err != nil && ctx.Err() == nil {
		r.publish(ctx, r.scope, WorkFailed{Err: err})
	}
}

func (r *working) raise(ctx context.Context, kind ingestion.FindingKind, subject, detail string) error {
	return r.deps.Health.Raise(ctx, r.scope, ingestion.Finding{Kind: kind, Subject: subject, Detail: detail, Last: r.deps.Now()})
}
