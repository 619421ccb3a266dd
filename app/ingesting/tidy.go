package ingesting

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// Bounds of a document, for what a source lets through. Each is far above what
// shops have: a store and an index are to take a document in one piece.
const (
	maxID     = 500      // bytes
	maxTitle  = 2000     // bytes
	maxOffers = 20_000   // of one product
	maxValues = 50_000   // values of facts, all together
	maxFacts  = 16 << 20 // bytes of facts, all together
)

// tidy takes from d what no reader sees and a store may refuse, such as NUL and
// bytes that are not UTF-8, whatever source it came from. The error matches
// ErrInvalid and says what is too much.
func tidy(d *retrieval.Document) error {
	if id := string(d.ID); !utf8.ValidString(id) || strings.ContainsFunc(id, unicode.IsControl) || len(id) > maxID {
		return fmt.Errorf("%w: an id of %d bytes that begins %.40q cannot be stored", ports.ErrInvalid, len(id), id)
	}
	d.Title, d.URL, d.Body = oneLine(d.Title), oneLine(d.URL), readable(d.Body)
	if len(d.Title) > maxTitle {
		return fmt.Errorf("%w: %s has a title of %d bytes, at most %d are taken: shorten it", ports.ErrInvalid, d.ID, len(d.Title), maxTitle)
	}
	f := &d.Facts
	if len(f.Offers) > maxOffers {
		return fmt.Errorf("%w: %s has %d variations, at most %d are taken: split the product", ports.ErrInvalid, d.ID, len(f.Offers), maxOffers)
	}
	f.ImageURL = oneLine(f.ImageURL)
	var sum factSum
	for _, list := range [][]string{f.SKUs, f.GTINs, f.Brands, f.Categories, f.Tags} {
		sum.texts(list)
	}
	sum.attributes(f.Attributes)
	for i := range f.Offers {
		o := &f.Offers[i]
		o.SKU, o.GTIN = oneLine(o.SKU), oneLine(o.GTIN)
		sum.bytes += len(o.SKU) + len(o.GTIN)
		sum.attributes(o.Attributes)
	}
	if sum.values > maxValues+len(f.Offers)*10 || sum.bytes > maxFacts {
		return fmt.Errorf("%w: %s has %d attributes, tags and codes of %d bytes, which is more than a product can have: take out what was imported by mistake", ports.ErrInvalid, d.ID, sum.values, sum.bytes)
	}
	return nil
}

// factSum tidies facts and counts them.
type factSum struct{ values, bytes int }

func (s *factSum) texts(list []string) {
	for i, v := range list {
		list[i] = oneLine(v)
		s.bytes += len(list[i])
	}
	s.values += len(list)
}

func (s *factSum) attributes(as []catalog.Attribute) {
	for i := range as {
		as[i].Name = oneLine(as[i].Name)
		s.bytes += len(as[i].Name)
		s.texts(as[i].Values)
	}
}

// readable keeps line ends and tabs of what unicode calls controls.
func readable(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, isControl) {
		return s
	}
	return strings.Map(func(c rune) rune {
		if isControl(c) {
			return -1
		}
		return c
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

func isControl(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' }

func oneLine(s string) string {
	return strings.Join(strings.Fields(readable(s)), " ")
}
