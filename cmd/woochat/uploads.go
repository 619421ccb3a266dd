package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/app/wiring"
)

type ingestFiles struct {
	Paths []string `arg:"" name:"path" help:"Files, or folders with the folders in them."`
	Site  string   `help:"Id, name or address of the site; may be left out if there is only one."`
	Link  string   `placeholder:"URL" help:"Address below which shoppers find the files by their names; if left out, answers name them without a link."`
	Full  bool     `negatable:"" default:"true" help:"These are all files: what was imported before and is not among them is taken out. --no-full adds and changes only."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (ingestFiles) Help() string {
	return `Reads Markdown (.md), HTML (.html), PDF, Word (.docx), and questions with answers (.csv: question and answer, and if wanted url and id). Every file is for shoppers to see. A file is known by its name, or its path within its folder.

Files that cannot be read are listed with the reason (a PDF of pictures or with a password, a file that is broken or too large); the good ones are kept. Each PDF is read by a process of its own that is given 30 seconds and 384 MiB. An import that was stopped goes on from where it was when it is run again.

Exits with 0 also if files were rejected, and with 1 if nothing could be read.

Examples:

    woochat ingest files handbook/
    woochat ingest files sizes.pdf faq.csv --no-full
    woochat ingest files manuals/ --link https://shop.example.com/manuals/
`
}

// Run imports the files.
func (c ingestFiles) Run(ctx context.Context, p *program) error {
	list, err := c.list()
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%s files", grouped(int64(len(list))))
	if len(list) == 1 {
		what = list[0].Name
	}
	return p.with(ctx, func(app *wiring.App) error {
		site, err := siteNamed(ctx, app, c.Site)
		if err != nil {
			return err
		}
		return p.ingest(ctx, app, feed{
			site: site, name: filesSource, what: what, source: wiring.Uploads(list, c.Link),
			options: ingesting.Options{Full: c.Full}, json: c.JSON,
		})
	})
}

// list returns the files that the paths name.
func (c ingestFiles) list() ([]wiring.UploadedFile, error) {
	var list []wiring.UploadedFile
	for _, path := range c.Paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			list = append(list, wiring.UploadedFile{Name: filepath.Base(path), Open: func() (io.ReadCloser, error) { return os.Open(path) }})
			continue
		}
		in, err := wiring.UploadsIn(os.DirFS(path))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		list = append(list, in...)
	}
	return list, nil
}
