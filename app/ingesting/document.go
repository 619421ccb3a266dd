package ingesting

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Apply stores what one change says and reports whether that changed anything.
// The index follows with the next Drain. A product or page that the shop does
// not show is stored as a tombstone: its id and title, and nothing of what it
// says. A Rejected takes out of sight what the shop hides, and prices that may be
// others by now; what else is stored of the thing stays.
//
// The error matches ports.ErrInvalid if this one thing cannot be stored (its
// text is larger or deeper than HTMLText takes), which is done as with a Rejected;
// any other error is the store's, and trying again may help.
func (s *Service) Apply(ctx context.Context, scope tenant.Scope, source string, c catalog.Change, o Options) (changed bool, err error) {
	if c.Rejected != nil {
		return s.reject(ctx, scope, source, *c.Rejected, readAt(c, o))
	}
	doc, err := s.document(source, c, o)
	if err != nil {
		if _, err := s.reject(ctx, scope, source, *rejectedBecause(c, err), readAt(c, o)); err != nil {
			return false, err
		}
		return false, err
	}
	return s.put(ctx, scope, doc)
}

func (s *Service) put(ctx context.Context, scope tenant.Scope, doc retrieval.Document) (changed bool, err error) {
	c, err := s.chunkingOf(ctx, scope)
	if err != nil {
		return false, err
	}
	return s.putChunks(ctx, scope, doc, s.chunks(doc, c))
}

func (s *Service) putChunks(ctx context.Context, scope tenant.Scope, doc retrieval.Document, chunks []retrieval.Chunk) (changed bool, err error) {
	changed, err = s.deps.Documents.Put(ctx, scope, doc, chunks)
	if err != nil {
		return false, &storeError{fmt.Errorf("store %s: %w", doc.ID, err)}
	}
	return changed, nil
}

// storeError keeps an ErrInvalid of the store apart from one of a text: the
// first is a fault of ours that the next document will meet, too.
type storeError struct{ err error }

func (e *storeError) Error() string { return e.err.Error() }

func (e *storeError) Unwrap() error { return e.err }

// unreadable reports whether err is about the one thing that was read.
func unreadable(err error) bool {
	var store *storeError
	return errors.Is(err, ports.ErrInvalid) && !errors.As(err, &store)
}

// document returns the document that c makes, with its revision.
func (s *Service) document(source string, c catalog.Change, o Options) (retrieval.Document, error) {
	read := c.Read
	if read.IsZero() {
		read = o.Read
	}
	if read.IsZero() {
		read = s.deps.Now()
	}
	asOf := o.AsOf
	if asOf.IsZero() {
		asOf = read
	}
	var textErr error
	text := func(base string) func(string) string {
		return func(html string) string {
			t, err := s.deps.Text.Text(html, base)
			textErr = errors.Join(textErr, err)
			return t
		}
	}
	d := retrieval.Document{Source: source, Locale: o.Locale}
	switch {
	case c.Product != nil:
		p := c.Product
		d.ID, d.Kind, d.Title, d.Updated = retrieval.NewDocumentID(catalog.KindProduct, p.ID), catalog.KindProduct, p.Name, p.Updated
		d.Locale = cmp.Or(p.Locale, o.Locale)
		if d.Shown = p.Shown(); d.Shown {
			d.URL, d.Body, d.Facts = p.URL, p.Text(text(p.URL)), p.Facts(asOf)
		}
	case c.Page != nil:
		p := c.Page
		d.ID, d.Kind, d.Title, d.Updated = retrieval.NewDocumentID(catalog.KindPage, p.ID), catalog.KindPage, p.Title, p.Updated
		d.Locale = cmp.Or(p.Locale, o.Locale)
		if d.Shown = p.Shown(); d.Shown {
			d.URL, d.Body = p.URL, p.Text(text(p.URL))
		}
	case c.FAQ != nil:
		f := c.FAQ
		d.ID, d.Kind, d.Title, d.Updated = retrieval.NewDocumentID(catalog.KindFAQ, f.ID), catalog.KindFAQ, f.Question, f.Updated
		d.Locale = cmp.Or(f.Locale, o.Locale)
		if d.Shown = f.Shown(); d.Shown {
			d.URL, d.Body = f.URL, f.Text(text(f.URL))
		}
	case c.Deleted != nil:
		d = tombstone(retrieval.NewDocumentID(c.Deleted.Kind, c.Deleted.ID), c.Deleted.Kind, source, "", read)
	default:
		return d, fmt.Errorf("%w: a change that says nothing", ports.ErrInvalid)
	}
	if textErr != nil {
		return d, fmt.Errorf("%s: %w", d.ID, textErr)
	}
	if err := tidy(&d); err != nil {
		return d, err
	}
	d.Revision, d.Read = Revision(d), read
	return d, nil
}

func tombstone(id retrieval.DocumentID, kind catalog.Kind, source, title string, read time.Time) retrieval.Document {
	d := retrieval.Document{ID: id, Kind: kind, Source: source, Title: title, Read: read}
	d.Revision = Revision(d)
	return d
}

// revisionVersion is raised when the same content must be stored and embedded
// anew, because documents are made of it in another way.
const revisionVersion = 1

// Revision returns the hash of all of d that is searched and shown. Left out
// are the times at which d was changed and read, so that what only was saved
// again is not embedded again, and the source that it came from. All documents
// that are not shown have the same revision.
func Revision(d retrieval.Document) string {
	h := hasher{sha256.New()}
	h.number(revisionVersion)
	h.flag(d.Shown)
	if !d.Shown {
		return h.sum()
	}
	h.number(int64(d.Kind))
	for _, s := range []string{string(d.ID), d.Title, d.URL, d.Body, d.Locale, d.Facts.ImageURL} {
		h.text(s)
	}
	for _, list := range [][]string{d.Facts.SKUs, d.Facts.GTINs, d.Facts.Brands, d.Facts.Categories, d.Facts.Tags} {
		h.texts(list)
	}
	h.attributes(d.Facts.Attributes)
	h.flag(d.Facts.External)
	h.number(int64(len(d.Facts.Offers)))
	for _, o := range d.Facts.Offers {
		h.text(o.SKU)
		h.text(o.GTIN)
		h.attributes(o.Attributes)
		h.money(o.Regular)
		h.money(o.Sale)
		h.time(o.SaleFrom)
		h.time(o.SaleTo)
		h.number(int64(o.Stock))
		h.number(o.Quantity)
		h.flag(o.Counted)
	}
	// What nobody said is left out, so that what was stored before there were
	// these fields, and has none of them, is what it was.
	if at := d.Facts.Published; !at.IsZero() {
		h.text("published")
		h.time(at)
	}
	if r := d.Facts.Rating; r.IsSet() {
		h.text("rating")
		h.number(r.Hundredths)
		h.number(r.Count)
	}
	if w := d.Facts.Weight; w.IsSet() {
		h.text("weight")
		h.number(w.Milligrams)
		h.text(w.Unit)
	}
	return h.sum()
}

// hasher writes fields so that no two lists of fields look the same.
type hasher struct{ hash.Hash }

func (h hasher) number(n int64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	h.Write(b[:])
}

func (h hasher) flag(b bool) {
	n := int64(0)
	if b {
		n = 1
	}
	h.number(n)
}

func (h hasher) text(s string) {
	h.number(int64(len(s)))
	h.Write([]byte(s))
}

func (h hasher) texts(list []string) {
	h.number(int64(len(list)))
	for _, s := range list {
		h.text(s)
	}
}

func (h hasher) attributes(as []catalog.Attribute) {
	h.number(int64(len(as)))
	for _, a := range as {
		h.text(a.Name)
		h.texts(a.Values)
	}
}

func (h hasher) money(m catalog.Money) {
	h.number(m.Minor)
	h.text(m.Currency)
	h.number(int64(m.Exponent))
}

func (h hasher) time(t time.Time) {
	h.flag(t.IsZero())
	if !t.IsZero() {
		h.number(t.UnixMicro())
	}
}

func (h hasher) sum() string { return hex.EncodeToString(h.Sum(nil)[:16]) }
