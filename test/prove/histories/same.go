package histories

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/fakes/wooshop"
)

// Index is what a shopper's question reads.
type Index struct {
	ports.Inventory
	ports.Passages
	ports.Searcher
}

// unique are the words that the fake's random texts are marked with: no two
// texts have one in common, so that a text that is old, or of another thing, is
// told by them.
var unique = regexp.MustCompile(`w[0-9]+x`)

// Differences says in what the index of a site is not what a shopper may see of
// the shop: none if the index = f(shop). currency is the shop's.
func (x Index) Differences(ctx context.Context, s tenant.Scope, truth []wooshop.Seen, currency string, exponent uint8, now time.Time) ([]string, error) {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	states, err := x.states(ctx, s)
	if err != nil {
		return nil, err
	}
	found, err := x.found(ctx, s, now)
	if err != nil {
		return nil, err
	}
	want := map[retrieval.DocumentID]wooshop.Seen{}
	for _, t := range truth {
		kind := catalog.KindPage
		if t.Kind == "product" {
			kind = catalog.KindProduct
		}
		want[retrieval.NewDocumentID(kind, t.ID)] = t
	}
	for id, st := range states {
		_, shown := want[id]
		switch {
		case st.Shown != shown:
			say("%s: stored as shown %v, and the shop shows it: %v", id, st.Shown, shown)
		case shown && st.Indexed != st.Revision:
			say("%s: the index has not followed", id)
		}
	}
	for id, revision := range found {
		st, stored := states[id]
		switch _, shown := want[id]; {
		case !shown:
			say("%s: found, and the shop does not show it", id)
		case !stored || st.Revision != revision:
			say("%s: found in revision %s, stored is %q", id, revision, st.Revision)
		}
	}
	var shown []retrieval.DocumentState
	for _, id := range slices.Sorted(maps.Keys(want)) {
		if _, ok := found[id]; !ok {
			say("%s: shown by the shop, and not found", id)
			continue
		}
		shown = append(shown, states[id])
	}
	passages, err := x.passages(ctx, s, shown)
	if err != nil {
		return nil, err
	}
	for _, st := range shown {
		out = append(out, compare(st.ID, passages[st.ID], want[st.ID], currency, exponent)...)
	}
	return out, nil
}

func (x Index) states(ctx context.Context, s tenant.Scope) (map[retrieval.DocumentID]retrieval.DocumentState, error) {
	out := map[retrieval.DocumentID]retrieval.DocumentState{}
	for after := retrieval.DocumentID(""); ; {
		page, err := x.States(ctx, s, after, 500)
		if err != nil {
			return nil, err
		}
		for _, st := range page {
			out[st.ID] = st
			after = st.ID
		}
		if len(page) < 500 {
			return out, nil
		}
	}
}

// Generations returns those of the site's index.
func (x Index) Generations(ctx context.Context, s tenant.Scope) (retrieval.Generations, error) {
	if g, ok := x.Inventory.(ports.Generations); ok { // every store of ours keeps them beside its documents
		return g.GenerationsOf(ctx, s)
	}
	return retrieval.Generations{}, nil
}

// found returns all documents that the index holds, with their revisions.
func (x Index) found(ctx context.Context, s tenant.Scope, now time.Time) (map[retrieval.DocumentID]string, error) {
	g, err := x.Generations(ctx, s)
	if err != nil {
		return nil, err
	}
	ps, err := x.Search(ctx, s, retrieval.Query{Generation: g.Served.No, Limit: 10_000, At: now})
	if err != nil {
		return nil, err
	}
	out := map[retrieval.DocumentID]string{}
	for _, p := range ps {
		if was, twice := out[p.Ref.Document]; twice && was != p.Ref.Revision {
			return nil, fmt.Errorf("%s is found in two revisions", p.Ref.Document)
		}
		out[p.Ref.Document] = p.Ref.Revision
	}
	return out, nil
}

func (x Index) passages(ctx context.Context, s tenant.Scope, of []retrieval.DocumentState) (map[retrieval.DocumentID][]retrieval.Passage, error) {
	var refs []retrieval.PassageRef
	for _, st := range of {
		for seq := range st.Chunks {
			refs = append(refs, retrieval.PassageRef{Document: st.ID, Revision: st.Revision, Seq: seq})
		}
	}
	g, err := x.Generations(ctx, s)
	if err != nil {
		return nil, err
	}
	ps, err := x.Load(ctx, s, g.Served.Chunking, refs)
	if err == nil && len(ps) < len(refs) {
		err = fmt.Errorf("of %d chunks that are stored only %d are passages", len(refs), len(ps))
	}
	out := map[retrieval.DocumentID][]retrieval.Passage{}
	for _, p := range ps {
		out[p.Ref.Document] = append(out[p.Ref.Document], p)
	}
	return out, err
}

// compare says in what the passages of a document are not what a shopper sees.
func compare(id retrieval.DocumentID, ps []retrieval.Passage, t wooshop.Seen, currency string, exponent uint8) []string {
	var out []string
	check := func(what string, got, want any) {
		if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
			out = append(out, fmt.Sprintf("%s: %s is %s, want %s", id, what, g, w))
		}
	}
	if len(ps) == 0 {
		return []string{fmt.Sprintf("%s: no passages", id)}
	}
	var text strings.Builder
	for _, p := range ps {
		text.WriteString(p.Heading + "\n" + p.Text + "\n")
	}
	p := ps[0]
	check("title", p.Title, t.Title)
	check("URL", p.URL, t.URL)
	said := text.String()
	got, want := tokens(said), tokens(strings.Join(t.Words, " "))
	for w := range want {
		if !got[w] {
			out = append(out, fmt.Sprintf("%s: %s is not in its text", id, w))
		}
	}
	may := tokens(fmt.Sprint(t))
	for w := range got {
		if !may[w] {
			out = append(out, fmt.Sprintf("%s: %s is in its text, and not in the shop", id, w))
		}
	}
	for _, secret := range []string{"never shown", "never-shown", "geheim", "vc_row", "<p>", "<h2>"} {
		if strings.Contains(said, secret) {
			out = append(out, fmt.Sprintf("%s: %q is in its text", id, secret))
		}
	}
	if t.Kind != "product" {
		return out
	}
	f := p.Facts
	check("brands", sorted(f.Brands), sorted(t.Brands))
	check("categories", sorted(f.Categories), sorted(t.Categories))
	check("tags", sorted(f.Tags), sorted(t.Tags))
	check("SKUs", sorted(f.SKUs), sorted(t.SKUs))
	check("GTINs", sorted(f.GTINs), sorted(t.GTINs))
	check("image", f.ImageURL, t.Image)
	check("external", f.External, t.Type == "external")
	check("attributes", pairs(f.Attributes), attributePairs(t.Attributes))
	if t.Weight != "" && !strings.Contains(said, t.Weight) {
		out = append(out, fmt.Sprintf("%s: the weight %s is not in its text", id, t.Weight))
	}
	check("weight", f.Weight, catalog.ParseWeight(t.Weight))
	check("published", f.Published.UTC(), t.Published.UTC().Truncate(time.Second))
	check("stars", f.Rating.Hundredths, t.Stars)
	check("ratings", f.Rating.Count, t.Ratings)
	check("offers", offers(f.Offers), wanted(t.Offers, currency, exponent))
	return out
}

func tokens(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range unique.FindAllString(s, -1) {
		out[w] = true
	}
	return out
}

func sorted(in []string) []string { return slices.Sorted(slices.Values(in)) }

func pairs(as []catalog.Attribute) []string {
	var out []string
	for _, a := range as {
		for _, v := range a.Values {
			out = append(out, a.Name+"="+v)
		}
	}
	return sorted(out)
}

func attributePairs(as [][2]string) []string {
	var out []string
	for _, a := range as {
		out = append(out, a[0]+"="+a[1])
	}
	return sorted(out)
}

// offers spells offers so that they can be compared; their order is nobody's.
func offers(os []catalog.Offer) []string {
	var out []string
	for _, o := range os {
		n := ""
		if o.Counted {
			n = fmt.Sprint(o.Quantity)
		}
		out = append(out, spelled(o.SKU, o.GTIN, o.Regular.String(), o.Sale.String(), o.SaleFrom, o.SaleTo, o.Stock.String(), n, pairs(o.Attributes)))
	}
	return sorted(out)
}

func wanted(os []wooshop.SeenOffer, currency string, exponent uint8) []string {
	var out []string
	price := func(s string) string {
		m, err := catalog.ParseMoney(s, currency, exponent)
		if err != nil {
			return err.Error()
		}
		return m.String()
	}
	for _, o := range os {
		n := ""
		if o.Counted {
			n = fmt.Sprint(o.Quantity)
		}
		to := o.SaleTo
		if !to.IsZero() {
			to = to.Add(time.Second) // the shop's last second, our first without it
		}
		out = append(out, spelled(o.SKU, o.GTIN, price(o.Regular), price(o.Sale), o.SaleFrom, to, o.Stock, n, attributePairs(o.Chosen)))
	}
	return sorted(out)
}

func spelled(sku, gtin, regular, sale string, from, to time.Time, stock, quantity string, attributes []string) string {
	moment := func(t time.Time) string {
		if t.IsZero() {
			return "-"
		}
		return t.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("[%s %s %s sale %q %s..%s %s %s %v]", sku, gtin, regular, sale, moment(from), moment(to), stock, quantity, attributes)
}

// Holds returns those of words that a search still finds.
func (x Index) Holds(ctx context.Context, s tenant.Scope, words []string) ([]string, error) {
	var out []string
	for _, w := range words {
		ps, err := x.Search(ctx, s, retrieval.Query{Text: w, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(ps) > 0 {
			out = append(out, w)
		}
	}
	return out, nil
}
