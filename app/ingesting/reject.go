package ingesting

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// reject brings what is stored of a product after what is known of one that
// could not be read as a whole. What the shop hides is taken out of sight. What is
// stored stays if the shop says the same of it as far as that could be read;
// otherwise the product is stored anew, without its texts, and with offers only if
// all of them could be read: no price is told that may be another one by now. Of
// anything but a product nothing changes. An error is the store's.
func (s *Service) reject(ctx context.Context, scope tenant.Scope, source string, r catalog.Rejected, o Options) (changed bool, err error) {
	if r.ID == "" || r.Known == nil && r.Kind != catalog.KindProduct {
		return false, nil
	}
	id := r.ID
	if r.Known != nil {
		id = r.Known.ID // of a variation its parent's
	}
	list, err := s.deps.Stored.Stored(ctx, scope, []retrieval.DocumentID{retrieval.NewDocumentID(catalog.KindProduct, id)})
	if err != nil {
		return false, &storeError{fmt.Errorf("look up product %s: %w", id, err)}
	}
	var stored retrieval.Document
	if len(list) > 0 {
		stored = list[0]
	}
	var docs []retrieval.Document // the best first: a store may refuse one that it cannot keep
	if r.Known != nil && r.Known.Description+r.Known.Short != "" {
		var doc retrieval.Document
		if guarded(func() (err error) {
			doc, err = s.document(source, catalog.Change{Product: r.Known}, o)
			return err
		}) == nil {
			docs = append(docs, doc) // its texts could be read, too
		}
	}
	// A rating that has changed is no reason to forget what a product's text says.
	alike := stored
	if r.Known != nil {
		alike = withUntold(stored, *r.Known)
	}
	if doc, same, ok := s.withoutTexts(source, r.Known, alike, o); ok && (!same || len(docs) > 0) {
		docs = append(docs, doc)
	} else if same {
		return false, nil
	}
	if doc, same, ok := s.withoutOffers(stored, o); ok && !same && r.Known != nil {
		docs = append(docs, doc)
	}
	for _, doc := range docs {
		if o.told != nil {
			doc.Told, doc.Updated = true, o.told.modified
		}
		if changed, err = s.put(ctx, scope, doc); err == nil || !errors.Is(err, ports.ErrInvalid) {
			return changed, err
		}
	}
	return false, err
}

// withoutTexts returns the document that what is known of a product makes, in
// the place of stored, which is the zero Document if there is none. same is set if
// stored says the same but for texts and images, and ok is not if there is nothing
// that can be stored.
func (s *Service) withoutTexts(source string, known *catalog.Product, stored retrieval.Document, o Options) (doc retrieval.Document, same, ok bool) {
	if known == nil {
		return s.withoutOffers(stored, o)
	}
	p := *known
	p.Locale = cmp.Or(p.Locale, stored.Locale)
	p.Short, p.Description, p.Dimensions, p.Images = "", "", "", nil
	if stored.Shown {
		p.Name, p.URL = cmp.Or(p.Name, stored.Title), cmp.Or(p.URL, stored.URL)
		if stored.Facts.ImageURL != "" {
			p.Images = []string{stored.Facts.ImageURL}
		}
	}
	doc, err := s.document(source, catalog.Change{Product: &p}, o)
	if err != nil { // its terms are too many, or its name is too long
		p = catalog.Product{
			ID: p.ID, Type: p.Type, Locale: p.Locale, Name: beginning(p.Name), URL: p.URL, Status: p.Status, Visibility: p.Visibility, Protected: p.Protected,
			Published: p.Published, Rating: p.Rating, Updated: p.Updated, Images: p.Images,
		}
		if doc, err = s.document(source, catalog.Change{Product: &p}, o); err != nil {
			return s.withoutOffers(stored, o)
		}
	}
	switch {
	case !doc.Shown:
		return doc, false, p.ID != ""
	case doc.Title == "":
		return doc, false, false // it was never stored, and nobody could call it by a name
	}
	same = stored.Shown && stored.Title == doc.Title && stored.URL == doc.URL && lightRevision(stored.Facts) == lightRevision(doc.Facts)
	return doc, same, true
}

// withoutOffers returns stored without what it costs and whether it can be had,
// and without its text, which nobody has at hand.
func (s *Service) withoutOffers(stored retrieval.Document, o Options) (doc retrieval.Document, same, ok bool) {
	if !stored.Shown {
		return stored, false, false
	}
	if len(stored.Facts.Offers) == 0 {
		return stored, true, true
	}
	doc = stored
	doc.Body, doc.Facts, doc.Told = "", doc.Facts.Clone(), false
	doc.Facts.Offers = nil
	if doc.Read = o.Read; doc.Read.IsZero() {
		doc.Read = s.deps.Now()
	}
	doc.Facts.AsOf = doc.Read
	doc.Revision = Revision(doc)
	return doc, false, true
}

// lightRevision is the hash of those facts that a light read knows.
func lightRevision(f catalog.Facts) string {
	f.ImageURL = ""
	return Revision(retrieval.Document{Kind: catalog.KindProduct, Shown: true, Facts: f})
}

// beginning returns as much of a name as a title takes.
func beginning(name string) string {
	return strings.ToValidUTF8(name[:min(len(name), maxTitle)], "")
}

// readAt returns o with the time at which c was read, if c says it.
func readAt(c catalog.Change, o Options) Options {
	if !c.Read.IsZero() {
		o.Read = c.Read
	}
	return o
}
