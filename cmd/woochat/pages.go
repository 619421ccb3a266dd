package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/app/wiring"
)

type ingestPages struct {
	Folder string `arg:"" help:"Folder of HTML and Markdown files (.html, .htm, .md, .markdown), with the folders in it."`
	Site   string `help:"Id, name or address of the site; may be left out if there is only one."`
	Full   bool   `negatable:"" default:"true" help:"The folder holds all pages: what it has no longer is taken out. --no-full adds and changes only."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (ingestPages) Help() string {
	return `A page's address is the shop's with the file's path in the folder: help/returns.md is /help/returns/, help/index.html is /help/. Its title is that of the front matter or <title>, else its first heading (in HTML: the first <h1>), else the file's name. Every file is for shoppers to see, but for names that begin with a dot. Files that cannot be read as pages are listed with the reason; the good ones are kept.

Exits with 0 also if files were rejected, and with 1 if nothing could be read.

Examples:

    woochat ingest pages pages/
    woochat ingest pages new-pages/ --site shop.example.com --no-full
`
}

// Run imports the pages.
func (c ingestPages) Run(ctx context.Context, p *program) error {
	info, err := os.Stat(c.Folder)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return withHint(fmt.Errorf("%s is a file", c.Folder), "name its folder: woochat ingest pages %s", filepath.Dir(c.Folder))
	}
	return p.with(ctx, func(app *wiring.App) error {
		site, err := siteNamed(ctx, app, c.Site)
		if err != nil {
			return err
		}
		return p.ingest(ctx, app, feed{
			site: site, name: pagesSource, what: "pages of " + c.Folder, source: wiring.PageFolder(site, os.DirFS(c.Folder)),
			options: ingesting.Options{Full: c.Full}, json: c.JSON,
		})
	})
}

type ingestFAQ struct {
	File string `arg:"" help:"The questions and answers, as CSV in UTF-8."`
	Site string `help:"Id, name or address of the site; may be left out if there is only one."`
	Full bool   `negatable:"" default:"true" help:"The file holds all questions: what it has no longer is taken out. --no-full adds and changes only."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (ingestFAQ) Help() string {
	return `The first line names the columns: question and answer, and if wanted url (where it stands in the shop) and id. Without an id a question is known by its words: with other words it is another one. An answer may be HTML. Cells are separated by commas or semicolons. Rows that cannot be read are listed with their number and the reason; the good ones are kept.

Exits with 0 also if rows were rejected, and with 1 if nothing could be read.

Examples:

    woochat ingest faq faq.csv
    woochat ingest faq more.csv --site shop.example.com --no-full
`
}

// Run imports the questions.
func (c ingestFAQ) Run(ctx context.Context, p *program) error {
	if _, err := csvFile(c.File); err != nil {
		return err
	}
	return p.with(ctx, func(app *wiring.App) error {
		site, err := siteNamed(ctx, app, c.Site)
		if err != nil {
			return err
		}
		return p.ingest(ctx, app, feed{
			site: site, name: faqSource, what: filepath.Base(c.File),
			source:  wiring.FAQ(func() (io.ReadCloser, error) { return os.Open(c.File) }),
			options: ingesting.Options{Full: c.Full}, json: c.JSON,
		})
	})
}

// csvFile looks whether path can be a CSV file.
func csvFile(path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, withHint(fmt.Errorf("%s is a folder", path), "name the CSV file in it; for pages: woochat ingest pages %s", path)
	}
	return info, nil
}
