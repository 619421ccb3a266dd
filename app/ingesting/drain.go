package ingesting

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// DrainReport says what a Drain did.
type DrainReport struct {
	Indexed  int   // documents that the index holds now as they are stored
	TakenOut int   // of these: not shown any more, so no longer in the index
	Texts    int   // texts that were embedded
	Tokens   int64 // what that took, as the embedder counts

	// Paused says why embedding stopped before all was done: a
	// *usage.LimitError until the day's tokens come back, or the embedder's
	// error while it is down or refuses our credentials. nil if all is done.
	Paused error
	// ResumeAt is when to drain again; the zero time is soon.
	ResumeAt time.Time
	// Waiting is the number of documents that the pause left to be embedded.
	// They are found by words meanwhile.
	Waiting int
	// Refused are documents whose texts the embedder will never take. They
	// are found by words only, and not tried again until they change.
	Refused []Refused
}

// Refused is a document that cannot be embedded.
type Refused struct {
	Document retrieval.DocumentID
	Err      error
	certain  bool // it is the document, whatever the embedder does with others
}

// pendingPage is how many documents are read at a time.
const pendingPage = 100

// maxWaiting is how many documents are indexed by words while embedding is
// paused. Documents.Pending always begins with the oldest, so all of them are
// read at once.
const maxWaiting = 10_000

// Drain brings the index after the store: it embeds documents that have
// changed, puts them to the index and notes that it did. It may be killed
// anywhere and called again; what was embedded and not yet noted is embedded
// again.
//
// When the site's embedding tokens are spent, or the embedder is away, nothing
// waits for it: what has changed goes to the index by words at once, what is no
// longer shown leaves it at once, and the report says Paused. That is no error.
// Errors are those of the store and the index, and that of ctx.
func (s *Service) Drain(ctx context.Context, scope tenant.Scope) (DrainReport, error) {
	if err := scope.Valid(); err != nil {
		return DrainReport{}, err
	}
	d := draining{Service: s, scope: scope}
	if s.deps.Embedder != nil {
		d.embedder = s.deps.Embedder(scope)
	}
	err := d.run(ctx)
	if err == nil && d.report.Paused != nil {
		err = d.indexByWords(ctx)
	}
	if err != nil {
		return d.report, fmt.Errorf("drain: %w", err)
	}
	if d.report.Paused != nil && s.deps.Events != nil {
		s.deps.Events.Publish(ctx, scope, Paused{Err: d.report.Paused, ResumeAt: d.report.ResumeAt})
	}
	return d.report, nil
}

// draining is one run of Drain.
type draining struct {
	*Service
	scope    tenant.Scope
	embedder ports.Embedder // nil: none
	report   DrainReport
}

func (d *draining) run(ctx context.Context) error {
	for {
		waiting, err := d.deps.Documents.Pending(ctx, d.scope, pendingPage)
		if err != nil {
			return fmt.Errorf("list what has changed: %w", err)
		}
		before := d.report.Indexed
		var group []ports.PendingDocument
		var refused []Refused
		texts, tokens := 0, int64(0)
		flush := func() error {
			if len(group) == 0 || d.paused() {
				return nil
			}
			more, err := d.embed(ctx, group)
			refused = append(refused, more...)
			group, texts, tokens = nil, 0, 0
			return err
		}
		byID := map[retrieval.DocumentID]ports.PendingDocument{}
		for _, doc := range waiting {
			if d.embedder == nil || len(doc.Chunks) == 0 {
				if err := d.index(ctx, doc, nil); err != nil {
					return err
				}
				continue
			}
			byID[doc.Document.ID] = doc
			n := d.size(doc)
			if texts+len(doc.Chunks) > d.deps.EmbedTexts || tokens+n > d.deps.EmbedTokens {
				if err := flush(); err != nil {
					return err
				}
			}
			group, texts, tokens = append(group, doc), texts+len(doc.Chunks), tokens+n
		}
		if err := flush(); err != nil {
			return err
		}
		// That one text is refused says something about the text only if
		// others were taken; else it is the configuration.
		for _, r := range refused {
			if d.report.Texts == 0 && !r.certain {
				d.pause(r.Err)
				break
			}
			if err := d.index(ctx, byID[r.Document], nil); err != nil {
				return err
			}
			d.report.Refused = append(d.report.Refused, r)
		}
		// Documents that change faster than they are indexed do not keep us.
		if len(waiting) == 0 || d.report.Indexed == before || d.paused() {
			return nil
		}
	}
}

func (d *draining) size(doc ports.PendingDocument) int64 {
	var n int64
	for _, c := range doc.Chunks {
		n += d.bound(retrieval.EmbeddingText(doc.Document.Title, c))
	}
	return n
}

// embed embeds docs in one call and indexes them; if their texts are more than
// one call takes, or one of them is refused, in several. It returns those that
// were refused alone. A pause is noted in the report.
func (d *draining) embed(ctx context.Context, docs []ports.PendingDocument) ([]Refused, error) {
	var texts []string
	for _, doc := range docs {
		for _, c := range doc.Chunks {
			texts = append(texts, retrieval.EmbeddingText(doc.Document.Title, c))
		}
	}
	vectors, err := d.vectors(ctx, texts)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	switch {
	case err == nil:
		for _, doc := range docs {
			n := len(doc.Chunks)
			if err := d.index(ctx, doc, vectors[:n]); err != nil {
				return nil, err
			}
			vectors = vectors[n:]
		}
		return nil, nil
	case len(docs) > 1 && (aboutText(err) || errors.Is(err, usage.ErrLimitExceeded)):
		// One of the texts is bad, or what is left of the day's tokens is
		// enough for some of them.
		half := len(docs) / 2
		first, err := d.embed(ctx, docs[:half])
		if err != nil || d.paused() {
			return first, err
		}
		second, err := d.embed(ctx, docs[half:])
		return append(first, second...), err
	case aboutText(err):
		return []Refused{{Document: docs[0].Document.ID, Err: err}}, nil
	case d.neverFits(docs[0], err):
		err = fmt.Errorf("its text takes more tokens than the license allows a day: %w", err)
		return []Refused{{Document: docs[0].Document.ID, Err: err, certain: true}}, nil
	}
	d.pause(err)
	return nil, nil
}

// vectors embeds texts, in as many calls as their number takes.
func (d *draining) vectors(ctx context.Context, texts []string) ([][]float32, error) {
	var vectors [][]float32
	for len(texts) > 0 {
		part := texts[:min(len(texts), d.deps.EmbedTexts)]
		texts = texts[len(part):]
		e, err := d.embedder.Embed(ctx, part)
		d.report.Tokens += e.Tokens
		if err != nil {
			return nil, err
		}
		if len(e.Vectors) != len(part) {
			return nil, fmt.Errorf("%w: the embedder gave %d vectors for %d texts", ports.ErrUnavailable, len(e.Vectors), len(part))
		}
		d.report.Texts += len(part)
		vectors = append(vectors, e.Vectors...)
	}
	return vectors, nil
}

// aboutText reports whether the embedder refused the texts themselves, not us.
func aboutText(err error) bool {
	if !errors.Is(err, ports.ErrInvalid) {
		return false
	}
	var model *ports.ModelError
	if !errors.As(err, &model) {
		return true
	}
	switch model.Status {
	case 401, 402, 403, 404: // credentials, quota, a model that is not there
		return false
	}
	return true
}

// neverFits reports whether doc alone needs more than a whole day's tokens. To
// try it again each day would spend them all and embed nothing. A license
// without any embedding tokens says nothing about a document.
func (d *draining) neverFits(doc ports.PendingDocument, err error) bool {
	var limit *usage.LimitError
	return errors.As(err, &limit) && slices.Contains(limit.Exceeded, usage.EmbeddingTokens) &&
		limit.Limits.EmbeddingTokens > 0 && d.size(doc) > int64(limit.Limits.EmbeddingTokens)
}

func (d *draining) paused() bool { return d.report.Paused != nil }

func (d *draining) pause(err error) {
	d.report.Paused = err
	var limit *usage.LimitError
	var model *ports.ModelError
	switch {
	case errors.As(err, &limit):
		d.report.ResumeAt = limit.ResetAt
	case errors.As(err, &model) && model.RetryAfter > 0:
		d.report.ResumeAt = d.deps.Now().Add(model.RetryAfter)
	}
}

// index puts doc to the index, with vectors if there are any, and notes it.
func (d *draining) index(ctx context.Context, doc ports.PendingDocument, vectors [][]float32) error {
	if err := d.put(ctx, doc, vectors); err != nil {
		return err
	}
	err := d.deps.Documents.Indexed(ctx, d.scope, doc.Document.ID, doc.Document.Revision)
	if err != nil && !errors.Is(err, ports.ErrNotFound) { // gone meanwhile
		return fmt.Errorf("note that %s is indexed: %w", doc.Document.ID, err)
	}
	d.report.Indexed++
	if len(doc.Chunks) == 0 {
		d.report.TakenOut++
	}
	d.mu.Lock()
	delete(d.lexical, d.key(doc))
	d.mu.Unlock()
	return nil
}

func (d *draining) put(ctx context.Context, doc ports.PendingDocument, vectors [][]float32) error {
	e := retrieval.Entry{Document: doc.Document.ID, Revision: doc.Document.Revision, Kind: doc.Document.Kind}
	if len(doc.Chunks) > 0 {
		e.Title, e.Facts = doc.Document.Title, doc.Document.Facts
		for i, c := range doc.Chunks {
			c.Vector = nil
			if vectors != nil {
				c.Vector = vectors[i]
			}
			e.Chunks = append(e.Chunks, c)
		}
	}
	err := d.deps.Indexer.Put(ctx, d.scope, e)
	if errors.Is(err, ports.ErrInvalid) && vectors != nil {
		return fmt.Errorf("index %s: the embedder's vectors do not go with those in the index; after a change of the embedding model the index must be built anew: %w", e.Document, err)
	}
	if err != nil {
		return fmt.Errorf("index %s: %w", e.Document, err)
	}
	return nil
}

func (d *draining) key(doc ports.PendingDocument) revisionKey {
	return revisionKey{d.scope, doc.Document.ID, doc.Document.Revision}
}

// indexByWords puts all that waits to the index without vectors, and leaves it
// pending. What is no longer shown leaves the index for good.
func (d *draining) indexByWords(ctx context.Context) error {
	for limit := pendingPage; ; limit *= 4 {
		limit = min(limit, maxWaiting)
		waiting, err := d.deps.Documents.Pending(ctx, d.scope, limit)
		if err != nil {
			return fmt.Errorf("list what has changed: %w", err)
		}
		d.report.Waiting = 0
		for _, doc := range waiting {
			if len(doc.Chunks) == 0 {
				if err := d.index(ctx, doc, nil); err != nil {
					return err
				}
				continue
			}
			d.report.Waiting++
			d.mu.Lock()
			_, done := d.lexical[d.key(doc)]
			d.mu.Unlock()
			if done {
				continue
			}
			if err := d.put(ctx, doc, nil); err != nil {
				return err
			}
			d.mu.Lock()
			if len(d.lexical) >= maxWaiting {
				clear(d.lexical)
			}
			d.lexical[d.key(doc)] = struct{}{}
			d.mu.Unlock()
		}
		if len(waiting) < limit || limit == maxWaiting {
			return nil
		}
	}
}
