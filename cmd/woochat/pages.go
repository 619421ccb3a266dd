package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/app/wiring"
)

type ingestPages struct {
	Paths []string `arg:"" name:"path" help:"HTML and Markdown files (.html, .htm, .md, .markdown), or folders of them."`
	Site  string   `help:"Id, name or address of the site; may be left out if there is only one."`
	Full  bool     `negatable:"" default:"true" help:"These are all pages: what is not among them is taken out. --no-full adds and changes only."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (ingestPages) Help() string {
	return `A page's address is the shop's with the file's name in its folder: pages/help/returns.md of the folder pages is /help/returns/, index.html is its folder. Its title is the file's <title> or first heading.

Examples:

    woochat ingest pages pages/
    woochat ingest pages shipping.html returns.md --no-full
`
}

// frontPage is the slug of the shop's front page: a page without one cannot be
// stored, and this leads to the front page in every browser.
const frontPage = "."

// maxPage is the largest file that is read as a page.
const maxPage = 4 << 20

// Run imports the pages.
func (c ingestPages) Run(ctx context.Context, p *program) error {
	pages, err := readPages(c.Paths)
	if err != nil {
		return err
	}
	return p.with(ctx, func(app *wiring.App) error {
		site, err := siteNamed(ctx, app, c.Site)
		if err != nil {
			return err
		}
		return p.ingest(ctx, app, feed{
			site: site, name: pagesSource, what: fmt.Sprintf("%d pages", len(pages)), source: wiring.Pages(site, pages),
			options: ingesting.Options{Full: c.Full}, json: c.JSON,
		})
	})
}

// readPages reads all files, and reports all that is wrong with them at once:
// half a shop's pages are not to be taken for all of them.
func readPages(paths []string) ([]wiring.ShopPage, error) {
	var pages []wiring.ShopPage
	var errs []error
	from := map[string]string{}
	add := func(root, path string) {
		page, err := readPage(root, path)
		if first, ok := from[page.Slug]; err == nil && ok {
			err = fmt.Errorf("%s: has the same address as %s: /%s/", path, first, page.Slug)
		}
		if err != nil {
			errs = append(errs, err)
			return
		}
		from[page.Slug] = path
		pages = append(pages, page)
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			errs = append(errs, err)
		case !info.IsDir() && !isPage(path):
			errs = append(errs, fmt.Errorf("%s: is neither HTML nor Markdown by its name", path))
		case !info.IsDir():
			add(filepath.Dir(path), path)
		default:
			errs = append(errs, filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
				switch {
				case err != nil:
					return err
				case d.IsDir() && name != path && strings.HasPrefix(d.Name(), "."):
					return fs.SkipDir
				case d.Type().IsRegular() && isPage(name):
					add(path, name)
				}
				return nil
			}))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if len(pages) == 0 {
		return nil, fmt.Errorf("%s: no HTML or Markdown file found", strings.Join(paths, ", "))
	}
	return pages, nil
}

func isPage(path string) bool {
	return slices.Contains([]string{".html", ".htm", ".md", ".markdown"}, strings.ToLower(filepath.Ext(path)))
}

func readPage(root, path string) (wiring.ShopPage, error) {
	info, err := os.Stat(path)
	if err != nil {
		return wiring.ShopPage{}, err
	}
	if info.Size() > maxPage {
		return wiring.ShopPage{}, fmt.Errorf("%s: is larger than %d MiB", path, maxPage>>20)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return wiring.ShopPage{}, err
	}
	text := strings.ToValidUTF8(strings.TrimPrefix(string(b), "\ufeff"), "\ufffd")
	rel, err := filepath.Rel(root, path)
	if err != nil {
		return wiring.ShopPage{}, err
	}
	ext := filepath.Ext(rel)
	slug := filepath.ToSlash(strings.TrimSuffix(rel, ext))
	if slug == "index" || strings.HasSuffix(slug, "/index") {
		slug = strings.Trim(strings.TrimSuffix(slug, "index"), "/")
	}
	title := nameOf(slug)
	if slug == "" {
		slug = frontPage
	}
	if strings.HasPrefix(strings.ToLower(ext), ".m") {
		var heading string
		if text, heading = htmlOf(text); heading != "" {
			title = heading
		}
	} else if found := titleOf(text); found != "" {
		title = found
	}
	return wiring.ShopPage{Slug: slug, Title: title, HTML: text}, nil
}

var (
	titleTag   = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
	headingTag = regexp.MustCompile(`(?is)<h1[^>]*>(.*?)</h1>`)
	anyTag     = regexp.MustCompile(`(?s)<[^>]*>`)
)

// titleOf returns an HTML file's title, "" if it has none.
func titleOf(text string) string {
	for _, tag := range []*regexp.Regexp{titleTag, headingTag} {
		if m := tag.FindStringSubmatch(text); m != nil {
			if title := strings.Join(strings.Fields(html.UnescapeString(anyTag.ReplaceAllString(m[1], " "))), " "); title != "" {
				return title
			}
		}
	}
	return ""
}

// nameOf makes a title of a file's name: size-guide is Size guide.
func nameOf(slug string) string {
	name := strings.NewReplacer("-", " ", "_", " ").Replace(slug[strings.LastIndex(slug, "/")+1:])
	if name == "" {
		return "Home"
	}
	return strings.ToUpper(name[:1]) + name[1:]
}
