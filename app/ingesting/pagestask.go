package ingesting

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// wholeEvery is how often all pages are read: that one was deleted is told by
// nothing else.
const wholeEvery = 20 * time.Hour

// Pages is the TaskFunc that reads pages and posts that were modified, and once a
// day all of them.
func (y *Sync) Pages(ctx context.Context, s tenant.Scope) (time.Time, error) {
	shop, err := y.deps.Shops.Shop(ctx, s)
	if err != nil {
		return time.Time{}, err
	}
	for _, feed := range []string{ports.FeedPages, ports.FeedPosts} {
		done, err := y.pages(ctx, s, shop, feed)
		if of, ok := errors.AsType[*ports.ShopError](err); ok && errors.Is(err, ports.ErrInvalid) {
			// Many shops close WordPress's own API and leave WooCommerce's open:
			// products must not wait for it.
			if err := y.note(ctx, s, feed, of.Reason); err != nil {
				return time.Time{}, err
			}
			continue
		}
		if err != nil || !done {
			return y.deps.Now(), err
		}
		if y.deps.Health != nil {
			if err := y.deps.Health.Clear(ctx, s, ingestion.Rejected, feed); err != nil {
				return time.Time{}, err
			}
		}
	}
	return time.Time{}, nil
}

func (y *Sync) pages(ctx context.Context, s tenant.Scope, shop ports.Shop, feed string) (done bool, err error) {
	name, source, err := pagesOf(shop, feed)
	if err != nil {
		return false, err
	}
	cursors := y.deps.Service.deps.Cursors
	last, err := cursors.Cursor(ctx, s, name+"-whole")
	if err != nil {
		return false, err
	}
	was, err := time.Parse(time.RFC3339, string(last))
	whole := err != nil || y.deps.Now().Sub(was) >= wholeEvery
	run := y.deps.Service.importing(s, name, source, y.deps.Service.defaults(Options{Full: whole, Batch: readBatch}))
	run.enough, run.believes = y.enough(), true
	found := y.rejections()
	run.applied = func(c catalog.Change, _ bool, rejected *catalog.Rejected) { found.note(c, rejected) }
	done, err = run.run(ctx)
	if err := errors.Join(err, found.tell(ctx, s)); err != nil || !done || !whole {
		return done, err
	}
	return true, cursors.SaveCursor(ctx, s, name+"-whole", catalog.Cursor(y.deps.Now().UTC().Format(time.RFC3339)))
}

func (y *Sync) note(ctx context.Context, s tenant.Scope, subject, reason string) error {
	if y.deps.Health == nil {
		return nil
	}
	return y.deps.Health.Raise(ctx, s, ingestion.Finding{Kind: ingestion.Rejected, Subject: subject, Detail: reason, Last: y.deps.Now()})
}

// rejections are what could not be read in one slice.
type rejections struct {
	sync     *Sync
	rejected []ingestion.Finding
}

func (y *Sync) rejections() *rejections { return &rejections{sync: y} }

// maxRejected is how many rejected things of a slice are told.
const maxRejected = 50

func (f *rejections) note(_ catalog.Change, rejected *catalog.Rejected) {
	if rejected != nil && len(f.rejected) < maxRejected {
		f.rejected = append(f.rejected, ingestion.Finding{Kind: ingestion.Rejected, Subject: strings.Replace(rejected.Where, " ", ":", 1), Detail: rejected.Reason, Last: f.sync.deps.Now()})
	}
}

func (f *rejections) tell(ctx context.Context, s tenant.Scope) error {
	if f.sync.deps.Health == nil {
		return nil
	}
	var errs []error
	for _, r := range f.rejected {
		errs = append(errs, f.sync.deps.Health.Raise(ctx, s, r))
	}
	return errors.Join(errs...)
}
