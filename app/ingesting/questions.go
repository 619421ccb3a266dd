package ingesting

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// questions are those that a page answers. A feed delivers them right after the
// page, with ids that begin with the page's and "#"; of one that was there before
// and is not any more it says nothing.
type questions struct {
	page string // id of the page that was delivered last, "" for none
	now  map[retrieval.DocumentID]struct{}
}

// has reports whether c is a question of the page that was delivered last.
func (q questions) has(c catalog.Change) bool {
	return c.FAQ != nil && q.page != "" && strings.HasPrefix(c.FAQ.ID, q.page+"#")
}

// question notes what belongs to which page, and takes out what the page before
// does not answer any more.
func (r *importing) question(ctx context.Context, c catalog.Change) error {
	if r.questions.has(c) {
		r.questions.now[retrieval.NewDocumentID(catalog.KindFAQ, c.FAQ.ID)] = struct{}{}
		return nil
	}
	if err := r.takeOutQuestions(ctx); err != nil {
		return err
	}
	switch {
	case c.Page != nil:
		r.questions = questions{page: c.Page.ID, now: map[retrieval.DocumentID]struct{}{}}
	case c.Deleted != nil && c.Deleted.Kind == catalog.KindPage:
		r.questions = questions{page: c.Deleted.ID, now: map[retrieval.DocumentID]struct{}{}}
	}
	return nil
}

// takeOutQuestions takes out of sight what the page that was delivered last
// answered once.
func (r *importing) takeOutQuestions(ctx context.Context) error {
	q := r.questions
	r.questions = questions{}
	if q.page == "" {
		return nil
	}
	if r.takes(q) {
		if err := r.flush(ctx); err != nil {
			return err
		}
	}
	prefix := string(retrieval.NewDocumentID(catalog.KindFAQ, q.page+"#"))
	const page = 100
	for after := retrieval.DocumentID(prefix); ; {
		states, err := r.deps.Inventory.States(ctx, r.scope, after, page)
		if err != nil {
			return fmt.Errorf("list the questions of page %s: %w", q.page, err)
		}
		for _, st := range states {
			after = st.ID
			if !strings.HasPrefix(string(st.ID), prefix) {
				return nil
			}
			if _, there := q.now[st.ID]; there || !st.Shown || st.Source != r.name {
				continue
			}
			if err := r.takeOut(ctx, st); err != nil {
				return err
			}
		}
		if len(states) < page {
			return nil
		}
	}
}

// takes reports whether the group that is not stored yet has a question of the
// page that the page does not have any more: a page can come twice in a group.
func (r *importing) takes(q questions) bool {
	return slices.ContainsFunc(r.group, func(in incoming) bool {
		if in.change.FAQ == nil {
			return false
		}
		_, there := q.now[retrieval.NewDocumentID(catalog.KindFAQ, in.change.FAQ.ID)]
		return !there && q.has(in.change)
	})
}

// takeOut puts a tombstone in the place of a document.
func (r *importing) takeOut(ctx context.Context, st retrieval.DocumentState) error {
	changed, err := r.deps.Documents.Put(ctx, r.scope, tombstone(st.ID, st.Kind, r.name, st.Title, r.opts.Read), nil)
	if err != nil {
		return fmt.Errorf("take out %s: %w", st.ID, err)
	}
	if changed {
		r.report.Removed++
		r.progress()
	}
	return nil
}
