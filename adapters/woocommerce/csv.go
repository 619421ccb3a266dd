package woocommerce

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// CSVConfig says what a product export does not: it carries prices without a
// currency, times without a zone, and no addresses of products.
type CSVConfig struct {
	Currency string // ISO 4217, of the shop's prices
	Exponent uint8  // decimals that the shop shows, 2 for 19.90
	SiteURL  string // the shop's address, such as https://shop.example.com

	// Location is the shop's time zone, for the first and last second of a
	// sale; nil is UTC.
	Location *time.Location
	// Permalink returns the address of a product; nil is SiteURL with
	// /product/ and the name as WordPress makes a slug of it, which is right
	// for the shops that changed neither the permalinks nor a product's slug.
	// A column headed Permalink, "Product URL" or "Meta: permalink" goes
	// before both. A change of this function alone is not seen by a cursor.
	Permalink func(name, id string) string
	// Columns names headers beyond those that an English WordPress writes,
	// with the English header that they stand for: {"Artikelnummer": "SKU"}.
	Columns map[string]string
	// MaxBytes is the largest file that is read; 0 is 64 MiB. A file is held
	// in memory about twice while it is read.
	MaxBytes int64
}

func (c CSVConfig) withDefaults() (CSVConfig, error) {
	var faults []string
	if len(c.Currency) != 3 || strings.Trim(c.Currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		faults = append(faults, fmt.Sprintf("currency %q is not a code like EUR", c.Currency))
	}
	if c.Exponent > 6 {
		faults = append(faults, fmt.Sprintf("prices have %d decimals, at most 6 are read", c.Exponent))
	}
	if u, err := url.Parse(c.SiteURL); webURL(c.SiteURL) == "" || err != nil || u.RawQuery != "" || u.Fragment != "" {
		faults = append(faults, fmt.Sprintf("site URL %q is not an address like https://shop.example.com", c.SiteURL))
	}
	if len(faults) > 0 {
		return c, fmt.Errorf("%w: %s", ports.ErrInvalid, strings.Join(faults, "; "))
	}
	if c.Location == nil {
		c.Location = time.UTC
	}
	if c.MaxBytes <= 0 {
		c.MaxBytes = 64 << 20
	}
	c.SiteURL = strings.TrimRight(c.SiteURL, "/")
	if c.Permalink == nil {
		c.Permalink = func(name, _ string) string { return c.SiteURL + "/product/" + slug(name) + "/" }
	}
	return c, nil
}

// readsVersion is raised when more is read of a file than before, so that one that
// has not changed is read again.
const readsVersion = 2

// fingerprint is what beside the file changes what is read.
func (c CSVConfig) fingerprint() string {
	return fmt.Sprintf("%d %s %d %s %s %q %q", readsVersion, c.Currency, c.Exponent, c.SiteURL, c.Location,
		slices.Sorted(maps.Keys(c.Columns)), slices.Sorted(maps.Values(c.Columns)))
}

// CSVSource reads the CSV that WooCommerce exports under Products > Export. It
// implements ports.DocumentSource; safe for concurrent use.
//
// A variable product comes with all its variations, wherever in the file they
// stand, at the place of its own row. Products are known by their ID, or by
// their SKU in a file without one; two rows with one ID are one too many, but
// an SKU may be there twice, as translation plugins do it. Types of plugins are
// read as simple products without a price, for what the price of a
// subscription or a bundle means is not in the file.
//
// An export has no word about passwords: a product behind one looks like any
// other, unless the file has a column headed "Post password". Prices are as
// entered; a shop that shows them with tax added shows others.
type CSVSource struct {
	open func() (io.ReadCloser, error)
	cfg  CSVConfig

	mu     sync.Mutex
	digest string // of the file that changes was read from
	parsed []catalog.Change
}

var _ ports.DocumentSource = (*CSVSource)(nil)

// NewCSVSource returns a source that reads the file that open opens, each time
// Changes is called. A wrong cfg is reported by Changes.
func NewCSVSource(open func() (io.ReadCloser, error), cfg CSVConfig) *CSVSource {
	return &CSVSource{open: open, cfg: cfg}
}

// Changes implements ports.DocumentSource. A cursor holds for one content of
// the file: of another content all is delivered again. Errors match
// ports.ErrInvalid for a file that is no export, or one that lacks columns,
// which are all named; an error of open is returned as it is.
func (s *CSVSource) Changes(ctx context.Context, scope tenant.Scope, since catalog.Cursor, visit func(catalog.Change) error) (catalog.Cursor, error) {
	if err := scope.Valid(); err != nil {
		return since, err
	}
	wantDigest, done, err := parseCursor(since)
	if err != nil {
		return since, err
	}
	digest, changes, err := s.read(ctx)
	if err != nil {
		return since, err
	}
	if wantDigest != digest || done > len(changes) {
		done = 0
	}
	for ; done < len(changes); done++ {
		if err := ctx.Err(); err != nil {
			return cursor(digest, done), err
		}
		if err := visit(copied(changes[done])); err != nil {
			return cursor(digest, done), err
		}
	}
	return cursor(digest, done), nil
}

// copied returns a copy for the visitor, who may change it.
func copied(c catalog.Change) catalog.Change {
	if c.Rejected != nil {
		r := *c.Rejected
		return catalog.Change{Rejected: &r}
	}
	p := *c.Product
	for _, list := range []*[]string{&p.Brands, &p.Categories, &p.Tags, &p.Images, &p.Members} {
		*list = slices.Clone(*list)
	}
	p.Attributes = copiedAttributes(p.Attributes)
	p.Variations = slices.Clone(p.Variations)
	for i, v := range p.Variations {
		p.Variations[i].Offer.Attributes = copiedAttributes(v.Offer.Attributes)
	}
	return catalog.Change{Product: &p}
}

func copiedAttributes(as []catalog.Attribute) []catalog.Attribute {
	as = slices.Clone(as)
	for i, a := range as {
		as[i].Values = slices.Clone(a.Values)
	}
	return as
}

const cursorPrefix = "csv1:"

func cursor(digest string, done int) catalog.Cursor {
	return catalog.Cursor(cursorPrefix + digest + ":" + strconv.Itoa(done))
}

func parseCursor(c catalog.Cursor) (digest string, done int, err error) {
	if c == "" {
		return "", 0, nil
	}
	rest, ok := strings.CutPrefix(string(c), cursorPrefix)
	digest, n, found := strings.Cut(rest, ":")
	done, err = strconv.Atoi(n)
	if !ok || !found || err != nil || done < 0 || len(digest) != 32 {
		return "", 0, fmt.Errorf("%w: cursor %.60q is not one of a CSV export: begin without a cursor", ports.ErrInvalid, c)
	}
	return digest, done, nil
}

// read returns what the file holds and a digest of it. What was read last is
// kept, so that reading in batches does not parse the file for each.
func (s *CSVSource) read(ctx context.Context) (string, []catalog.Change, error) {
	cfg, err := s.cfg.withDefaults()
	if err != nil {
		return "", nil, err
	}
	data, err := readAll(ctx, s.open, cfg.MaxBytes)
	if err != nil {
		return "", nil, err
	}
	h := sha256.New()
	fmt.Fprintln(h, cfg.fingerprint())
	h.Write(data)
	digest := hex.EncodeToString(h.Sum(nil)[:16])

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.digest != digest {
		header, rows, err := readTable(data)
		if err != nil {
			return "", nil, err
		}
		cols, err := readColumns(header, cfg.Columns)
		if err != nil {
			return "", nil, err
		}
		s.digest, s.parsed = digest, newReading(cfg, cols).changes(rows)
	}
	return digest, s.parsed, nil
}

func readAll(ctx context.Context, open func() (io.ReadCloser, error), limit int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := open()
	if err != nil {
		return nil, fmt.Errorf("open the CSV file: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(untilDone(ctx, f), limit+1))
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the CSV file: %w", err)
	case int64(len(data)) > limit:
		return nil, fmt.Errorf("%w: the file has more than %d MiB: export the products in parts, by category", ports.ErrInvalid, limit>>20)
	}
	return data, nil
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// untilDone returns a reader of r that ends when ctx is done.
func untilDone(ctx context.Context, r io.Reader) io.Reader {
	return readFunc(func(p []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return r.Read(p)
	})
}
