package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Names of the sources. A full import takes out what came from the same source
// and is no longer in it, so products, pages and questions have one each.
const (
	productsSource = "products-csv"
	pagesSource    = "pages"
	faqSource      = "faq"
	filesSource    = "files"
	crawlSource    = "crawl"
)

type ingestCommand struct {
	CSV         ingestCSV         `cmd:"" name:"csv" help:"Import products from WooCommerce's own export (Products > Export)."`
	WooCommerce ingestWooCommerce `cmd:"" name:"woocommerce" help:"Import from the shop itself, through its REST API."`
	Pages       ingestPages       `cmd:"" help:"Import pages: a folder of HTML and Markdown files."`
	FAQ         ingestFAQ         `cmd:"" name:"faq" help:"Import questions with answers from a CSV file."`
	Files       ingestFiles       `cmd:"" help:"Import files: Markdown, HTML, PDF, Word, and CSV of questions."`
	Crawl       ingestCrawl       `cmd:"" help:"Import the pages that a site's sitemaps name."`
	Status      ingestStatus      `cmd:"" help:"Show what is stored, how far behind the shop it is, and what is wrong."`
}

type ingestCSV struct {
	File     string `arg:"" help:"The export."`
	Site     string `help:"Id, name or address of the site; may be left out if there is only one."`
	Full     bool   `negatable:"" default:"true" help:"The file holds the whole catalogue: what it has no longer is taken out. --no-full adds and changes only."`
	Decimals *uint8 `placeholder:"N" help:"Decimals of the shop's prices; 2 if left out."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (ingestCSV) Help() string {
	return `Rows that cannot be read are listed with their number and the reason; the good ones are kept. An import that was stopped goes on from where it was when it is run again. On a terminal it draws a bar; otherwise, and with --json, it prints a line of JSON for each step.

Exits with 0 also if rows were rejected, and with 1 if nothing could be read.

Examples:

    woochat ingest csv wc-product-export.csv
    woochat ingest csv new.csv --site shop.example.com --no-full
`
}

// Run imports the file.
func (c ingestCSV) Run(ctx context.Context, p *program) error {
	info, err := csvFile(c.File)
	if err != nil {
		return err
	}
	return p.with(ctx, func(app *wiring.App) error {
		site, err := siteNamed(ctx, app, c.Site)
		if err != nil {
			return err
		}
		source := wiring.WooCommerceCSV(wiring.CSV{
			Open: func() (io.ReadCloser, error) { return os.Open(c.File) }, Site: site, Decimals: c.Decimals,
		})
		// The prices are those of the day of the export, not of the import.
		return p.ingest(ctx, app, feed{
			site: site, name: productsSource, what: filepath.Base(c.File), source: source,
			options: ingesting.Options{Full: c.Full, AsOf: info.ModTime()}, json: c.JSON,
		})
	})
}

// feed is one source that is to be imported into one site.
type feed struct {
	site    tenant.Site
	name    string
	what    string // in words
	source  ports.DocumentSource
	options ingesting.Options
	json    bool
	endless bool // to know how much there is would be to read it all
}

// ingest imports a feed and brings the index after it.
func (p *program) ingest(ctx context.Context, app *wiring.App, f feed) error {
	total := 0
	if !f.endless {
		var err error
		if total, err = count(ctx, f); err != nil {
			return fmt.Errorf("%s: %w", f.what, err)
		}
	}
	if err := app.Auditing.Allow(ctx, app.Operator, roles.WriteDocuments, f.site.Scope(), "import "+f.name+" from "+f.what); err != nil {
		return err
	}
	show := p.newShow(f.json)
	step := show.begin("read", total)
	f.options.Progress = func(now ingesting.Progress) { step.at(now.Seen, now.Rejected) }
	report, err := app.Ingesting.Import(ctx, f.site.Scope(), f.name, f.source, f.options)
	step.end(err == nil)
	var indexed ingesting.DrainReport
	if err == nil {
		indexed, err = index(ctx, app, f.site, show)
	}
	show.wait()
	p.tell(f, report, show, err)
	p.tellIndex(indexed, show)
	switch {
	case errors.Is(err, context.Canceled):
		return withHint(err, "what was read is kept: the same command goes on from there")
	case err != nil:
		return err
	case report.Seen > 0 && report.Rejected == report.Seen, report.Seen == 0 && !report.Resumed:
		return withHint(fmt.Errorf("%s: nothing could be read", f.what), "what is stored stays as it is")
	}
	return nil
}

// count reads a feed to its end without storing anything: how long an import
// takes can be told only if its end is known, and a file that cannot be read is
// found before anything is written.
func count(ctx context.Context, f feed) (int, error) {
	n := 0
	_, err := f.source.Changes(ctx, f.site.Scope(), "", func(catalog.Change) error {
		n++
		return nil
	})
	return n, err
}

// pollEvery is how often the index is asked how far it is.
const pollEvery = 2 * time.Second

// index brings the index after the store. How far it is can be read from the
// store meanwhile.
func index(ctx context.Context, app *wiring.App, site tenant.Site, show *show) (ingesting.DrainReport, error) {
	return indexAfter(ctx, app, site, show, func() ingesting.DrainReport { return ingesting.DrainReport{} })
}

// indexAfter does the same after what has been indexed beside an import, which
// it waits for.
func indexAfter(ctx context.Context, app *wiring.App, site tenant.Site, show *show, beside func() ingesting.DrainReport) (ingesting.DrainReport, error) {
	total, err := pending(ctx, app, site)
	if err != nil {
		return ingesting.DrainReport{}, err
	}
	step := show.begin("index", total)
	watch, stop := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(pollEvery)
		defer tick.Stop()
		for {
			select {
			case <-watch.Done():
				return
			case <-tick.C:
			}
			if left, err := pending(watch, app, site); err == nil {
				step.at(max(0, total-left), 0)
			}
		}
	})
	before := beside()
	report, err := app.Ingesting.Drain(ctx, site.Scope())
	stop()
	watching.Wait()
	report = before.Plus(report)
	whole := err == nil && report.Paused == nil
	if whole && report.Waiting == 0 && !report.Busy {
		step.done = step.total // some of it may have been done beside, or by a server
	}
	step.end(whole)
	return report, err
}

// pending returns how many documents the index does not hold as they are.
func pending(ctx context.Context, app *wiring.App, site tenant.Site) (int, error) {
	rows, err := statusOf(ctx, app, site)
	n := 0
	for _, row := range rows {
		n += row.Pending
	}
	return n, err
}

// indexLine says as JSON what came of the index.
type indexLine struct {
	Event    string `json:"event"`
	Indexed  int    `json:"indexed"`
	TakenOut int    `json:"taken_out"`
	Texts    int    `json:"embedded_texts"`
	Tokens   int64  `json:"embedding_tokens"`
	Waiting  int    `json:"waiting"`
	Busy     bool   `json:"busy,omitempty"` // another process embeds
	Paused   string `json:"paused,omitempty"`
	ResumeAt string `json:"resume_at,omitempty"`
	Refused  int    `json:"refused"`
}

// tellIndex says what came of the index, if there is more to say than that all
// is well.
func (p *program) tellIndex(r ingesting.DrainReport, show *show) {
	line := indexLine{Event: "indexed", Indexed: r.Indexed, TakenOut: r.TakenOut, Texts: r.Texts, Tokens: r.Tokens, Waiting: r.Waiting, Busy: r.Busy, Refused: len(r.Refused)}
	if r.Paused != nil {
		line.Paused = r.Paused.Error()
	}
	if !r.ResumeAt.IsZero() {
		line.ResumeAt = stamp(r.ResumeAt)
	}
	show.line(line)
	if show.lines != nil {
		return
	}
	if r.Paused != nil {
		when := `when "woochat serve" runs or this command is run again`
		if line.ResumeAt != "" {
			when = "from " + line.ResumeAt + " on"
		}
		fmt.Fprintf(p.stdout, "%s documents are found by words only, until they can be embedded: %s. It goes on %s.\n", grouped(int64(r.Waiting)), line.Paused, when)
	}
	if r.Paused == nil && r.Waiting > 0 {
		fmt.Fprintf(p.stdout, "%s documents are found by words only, until the server has embedded them.\n", grouped(int64(r.Waiting)))
	}
	for _, refused := range r.Refused {
		fmt.Fprintf(p.stdout, "%s is found by words only: %v\n", refused.Document, refused.Err)
	}
}

// doneLine is the last line of an import as JSON.
type doneLine struct {
	Event     string `json:"event"`
	Source    string `json:"source"`
	Site      string `json:"site_id"`
	Seen      int    `json:"seen"`
	Changed   int    `json:"changed"`
	Unchanged int    `json:"unchanged"`
	Hidden    int    `json:"hidden"`
	Removed   int    `json:"removed"`
	Rejected  int    `json:"rejected"`
	Resumed   bool   `json:"resumed"`
	Kept      string `json:"kept,omitempty"`
	Complete  bool   `json:"complete"`
}

type rejectLine struct {
	Event  string `json:"event"`
	Where  string `json:"where"`
	ID     string `json:"id,omitempty"`
	Reason string `json:"reason"`
}

// tell prints what an import did.
func (p *program) tell(f feed, r ingesting.Report, show *show, err error) {
	if show.lines != nil {
		for _, reject := range r.Rejects {
			show.line(rejectLine{"rejected", reject.Where, reject.ID, reject.Reason})
		}
		show.line(doneLine{
			"done", f.name, string(f.site.ID), r.Seen, r.Changed, r.Unchanged, r.Hidden, r.Removed, r.Rejected, r.Resumed, r.Kept, err == nil,
		})
		return
	}
	switch {
	case r.Resumed && f.options.Full:
		fmt.Fprintln(p.stdout, "An import that had been stopped was gone on with.")
	case r.Resumed && r.Seen == 0: // one that is not full begins where the last one ended
		fmt.Fprintln(p.stdout, "Nothing has changed since it was last imported.")
	}
	fmt.Fprintf(p.stdout, "%s into %s: %s read, %s new or changed, %s unchanged, %s rejected.\n", f.what, printable(f.site.Name),
		grouped(int64(r.Seen)), grouped(int64(r.Changed)), grouped(int64(r.Unchanged)), grouped(int64(r.Rejected)))
	if r.Hidden > 0 {
		fmt.Fprintf(p.stdout, "%s of them are hidden by the shop, so the assistant does not see them.\n", grouped(int64(r.Hidden)))
	}
	if r.Removed > 0 {
		fmt.Fprintf(p.stdout, "%s that are no longer there were taken out.\n", grouped(int64(r.Removed)))
	}
	if r.Kept != "" {
		fmt.Fprintf(p.stdout, "Nothing was taken out: %s.\n", r.Kept)
	}
	if len(r.Rejects) > 0 {
		fmt.Fprintln(p.stdout, "Rejected:")
	}
	for _, reject := range r.Rejects {
		fmt.Fprintf(p.stdout, "  %s: %s\n", printable(reject.Where), printable(reject.Reason))
	}
	if more := r.Rejected - len(r.Rejects); more > 0 {
		fmt.Fprintf(p.stdout, "  and %s more\n", grouped(int64(more)))
	}
}

// sourceStatus is what is stored of one source of a site.
type sourceStatus struct {
	Site    tenant.SiteID `json:"site_id"`
	Source  string        `json:"source"`
	Kind    string        `json:"kind"`
	Shown   int           `json:"shown"`
	Hidden  int           `json:"hidden"` // hidden by the shop, or taken out
	Chunks  int           `json:"chunks"`
	Pending int           `json:"pending"` // not in the index as they are now
	Updated string        `json:"updated_at,omitempty"`
	newest  time.Time
}

func statusOf(ctx context.Context, app *wiring.App, s tenant.Site) ([]sourceStatus, error) {
	if err := app.Auditing.Allow(ctx, app.Operator, roles.ReadDocuments, s.Scope(), "what is imported"); err != nil {
		return nil, err
	}
	found := map[string]*sourceStatus{}
	var after retrieval.DocumentID
	for {
		states, err := app.Inventory.States(ctx, s.Scope(), after, page)
		if err != nil {
			return nil, err
		}
		for _, st := range states {
			after = st.ID
			key := st.Source + " " + st.Kind.String()
			row := found[key]
			if row == nil {
				row = &sourceStatus{Site: s.ID, Source: st.Source, Kind: st.Kind.String()}
				found[key] = row
			}
			row.add(st)
		}
		if len(states) < page {
			break
		}
	}
	rows := make([]sourceStatus, 0, len(found))
	for _, row := range found {
		if !row.newest.IsZero() {
			row.Updated = stamp(row.newest)
		}
		rows = append(rows, *row)
	}
	slices.SortFunc(rows, func(a, b sourceStatus) int { return strings.Compare(a.Source+a.Kind, b.Source+b.Kind) })
	return rows, nil
}

func (r *sourceStatus) add(st retrieval.DocumentState) {
	if st.Shown {
		r.Shown++
		r.Chunks += st.Chunks
	} else {
		r.Hidden++
	}
	// What is hidden waits only as long as the index still holds it.
	if st.Indexed != st.Revision && (st.Shown || st.Indexed != "") {
		r.Pending++
	}
	if st.Updated.After(r.newest) {
		r.newest = st.Updated
	}
}
