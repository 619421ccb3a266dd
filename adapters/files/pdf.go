package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/ledongthuc/pdf"
	"golang.org/x/text/unicode/norm"

	"github.com/aiwoochat/woochat/ports"
)

// Bounds of one PDF file.
const (
	maxPDFPages  = 2000
	maxPDFGlyphs = 2_000_000 // of all pages; a thick book has as many
)

// PDFReader returns the text of a PDF file as HTML (headings, paragraphs,
// tables) and its title, "" if it has none. Errors match ports.ErrInvalid if the
// file cannot be read as text, whoever tries, and say why; ports.ErrUnavailable
// if reading could not even begin.
type PDFReader func(ctx context.Context, data []byte) (html, title string, err error)

var _ PDFReader = ReadPDF

// ReadPDF reads a PDF file in this process. A panic of the library is contained,
// but its memory and time are not bounded, and ctx only ends the reading between
// pages: read files that strangers made with SeparatePDF.
func ReadPDF(ctx context.Context, data []byte) (html, title string, err error) {
	defer func() {
		// The library panics at what it does not expect.
		if p := recover(); p != nil {
			html, title, err = "", "", fmt.Errorf("%w: it is a broken PDF (%.100v): save it as PDF again", ports.ErrInvalid, p)
		}
	}()
	if !bytes.Contains(data[:min(len(data), 1024)], []byte("%PDF-")) {
		return "", "", fmt.Errorf("%w: it is no PDF, whatever its name says", ports.ErrInvalid)
	}
	r, err := pdf.NewReader(bytes.NewReader(data), int64(len(data)))
	switch {
	case errors.Is(err, pdf.ErrInvalidPassword):
		return "", "", fmt.Errorf("%w: it opens with a password only: save it without one", ports.ErrInvalid)
	case err != nil && bytes.Contains(data, []byte("/Encrypt")):
		return "", "", fmt.Errorf("%w: it is encrypted in a way that cannot be read: save it without protection", ports.ErrInvalid)
	case err != nil:
		return "", "", broken("PDF", err)
	}
	pages := r.NumPage()
	switch {
	case pages > maxPDFPages:
		return "", "", fmt.Errorf("%w: it has %d pages, at most %d are read: split it", ports.ErrInvalid, pages, maxPDFPages)
	case pages == 0:
		return "", "", fmt.Errorf("%w: it has no pages", ports.ErrInvalid)
	}
	var layout pdfLayout
	glyphs := 0
	for n := 1; n <= pages; n++ {
		if err := ctx.Err(); err != nil {
			return "", "", err
		}
		text := r.Page(n).Content().Text
		if glyphs += len(text); glyphs > maxPDFGlyphs {
			return "", "", fmt.Errorf("%w: it has more than %d characters: split it", ports.ErrInvalid, maxPDFGlyphs)
		}
		layout.page(text)
	}
	if !layout.readable() {
		return "", "", fmt.Errorf("%w: its pages are pictures, or in a font that cannot be told: run text recognition (OCR) over it", ports.ErrInvalid)
	}
	title = norm.NFKC.String(clip(r.Trailer().Key("Info").Key("Title").Text(), 300))
	return layout.html(), cleanTitle(title), nil
}
