package files

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aiwoochat/woochat/ports"
)

// Bounds of one DOCX file, beside that of its size: it is a ZIP file, which can
// hold a thousand times as much.
const (
	maxParts     = 10_000   // files in it
	maxPart      = 16 << 20 // bytes of one part, unpacked; a thick book has a few
	maxRun       = 1 << 20  // bytes without a tag, or within one
	maxDOCXHTML  = 8 << 20  // bytes of what is made of it
	maxDOCXDepth = 64       // tables in tables, and all else that is nested
)

// docxPage returns the text of a DOCX file as HTML (headings, paragraphs, lists,
// tables, links) and its title, "" if it has none. Headers, footers, comments,
// hidden text and what was struck out while changes were tracked are left out.
// Errors match ports.ErrInvalid and say why.
func docxPage(data []byte) (page, title string, err error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xD0\xCF\x11\xE0")):
		return "", "", fmt.Errorf("%w: it is an old .doc file, or one with a password: save it as .docx without one", ports.ErrInvalid)
	case !bytes.HasPrefix(data, []byte("PK")):
		return "", "", fmt.Errorf("%w: it is no DOCX, whatever its name says", ports.ErrInvalid)
	case bytes.Count(data, []byte("PK\x01\x02")) > maxParts:
		return "", "", fmt.Errorf("%w: it holds more than %d files: it is no text", ports.ErrInvalid, maxParts)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return "", "", broken("DOCX", err)
	}
	d := docx{styles: map[string]docxStyle{}, links: map[string]string{}, ordered: map[string]bool{}}
	for _, p := range []struct {
		name string
		read func(*xml.Decoder) error
	}{
		{"word/styles.xml", d.readStyles},
		{"word/numbering.xml", d.readNumbering},
		{"word/_rels/document.xml.rels", d.readLinks},
		{"docProps/core.xml", d.readTitle},
	} {
		// These make the text better; without one there is text all the same.
		if err := d.part(z, p.name, p.read); err != nil && !errors.Is(err, errNoPart) {
			return "", "", err
		}
	}
	if err := d.part(z, "word/document.xml", d.readBody); err != nil {
		if errors.Is(err, errNoPart) {
			err = fmt.Errorf("%w: it is no DOCX: it holds no document", ports.ErrInvalid)
		}
		return "", "", err
	}
	if strings.TrimSpace(d.out.String()) == "" {
		return "", "", fmt.Errorf("%w: it holds no text", ports.ErrInvalid)
	}
	if d.title == "" {
		d.title = cleanTitle(d.named)
	}
	return d.out.String(), clip(d.title, 300), nil
}

var errNoPart = errors.New("files: no such part")

// part reads one part with read.
func (d *docx) part(z *zip.Reader, name string, read func(*xml.Decoder) error) error {
	for _, f := range z.File {
		if !strings.EqualFold(strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/"), name) {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return broken("DOCX", err)
		}
		limited := &io.LimitedReader{R: r, N: maxPart + 1}
		err = read(xml.NewDecoder(&tagged{r: limited}))
		_ = r.Close() // what was to be read is read
		switch {
		case limited.N <= 0:
			return fmt.Errorf("%w: its text is larger than %d MiB when unpacked: split it", ports.ErrInvalid, maxPart>>20)
		case errors.Is(err, ports.ErrInvalid):
			return err
		case err != nil:
			return broken("DOCX", fmt.Errorf("%s: %w", name, err))
		}
		return nil
	}
	return errNoPart
}

// tagged fails where a tag, or a text, is longer than maxRun: each byte of a tag
// can be an attribute, of which the decoder makes a dozen times its size.
type tagged struct {
	r   io.Reader
	run int
}

func (t *tagged) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if first := bytes.IndexByte(p[:n], '<'); first < 0 {
		t.run += n
	} else if t.run += first; t.run <= maxRun {
		t.run = n - bytes.LastIndexByte(p[:n], '<')
	}
	if t.run > maxRun {
		return 0, fmt.Errorf("%w: it holds a tag or a line of more than %d MiB: it is no text", ports.ErrInvalid, maxRun>>20)
	}
	return n, err
}

// skip reads to the end of the element that has begun.
func skip(dec *xml.Decoder) error {
	for depth := 1; depth > 0; {
		tok, err := dec.Token()
		if err != nil {
			return err
		}
		switch tok.(type) {
		case xml.StartElement:
			if depth++; depth > 4*maxDOCXDepth {
				return errDeep()
			}
		case xml.EndElement:
			depth--
		}
	}
	return nil
}

// elements calls visit for each element, with the names of those around it. The
// decoder knows no entities but XML's own, so nothing is fetched or multiplied.
func elements(dec *xml.Decoder, visit func(e xml.StartElement, above []string)) error {
	var above []string
	for {
		tok, err := dec.Token()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			visit(tok, above)
			if above = append(above, tok.Name.Local); len(above) > 4*maxDOCXDepth {
				return errDeep()
			}
		case xml.EndElement:
			above = above[:len(above)-1]
		}
	}
}

func errDeep() error {
	return fmt.Errorf("%w: it is nested more than %d deep: it is no text", ports.ErrInvalid, maxDOCXDepth)
}

// docxStyle is what a style says of its paragraphs.
type docxStyle struct {
	level int // of a heading, 1 and up; 0 for none
	title bool
	based string
}

// readStyles reads the levels of headings. Ids are in the language of whoever
// wrote the document; names are English in all.
func (d *docx) readStyles(dec *xml.Decoder) error {
	id, style := "", docxStyle{}
	err := elements(dec, func(e xml.StartElement, _ []string) {
		switch e.Name.Local {
		case "style":
			if id != "" {
				d.styles[id] = style
			}
			id, style = attribute(e, "styleId"), docxStyle{}
		case "name":
			name := strings.ToLower(attribute(e, "val"))
			style.title = name == "title"
			var level int
			if _, err := fmt.Sscanf(name, "heading %d", &level); err == nil && level >= 1 && level <= 9 {
				style.level = level
			}
		case "basedOn":
			style.based = attribute(e, "val")
		case "outlineLvl":
			if level := int(number(attribute(e, "val"))) + 1; style.level == 0 && level >= 1 && level <= 9 {
				style.level = level
			}
		}
	})
	if id != "" {
		d.styles[id] = style
	}
	return err
}

// style returns what a style says, or those that it is based on.
func (d *docx) style(id string) docxStyle {
	for range 8 {
		s, ok := d.styles[id]
		if !ok || s.level > 0 || s.title || s.based == "" {
			return s
		}
		id = s.based
	}
	return docxStyle{}
}

// readNumbering reads which lists are numbered: their first level decides.
func (d *docx) readNumbering(dec *xml.Decoder) error {
	numbered := map[string]bool{}
	abstract, num, level := "", "", ""
	return elements(dec, func(e xml.StartElement, above []string) {
		switch e.Name.Local {
		case "abstractNum":
			abstract = attribute(e, "abstractNumId")
		case "lvl":
			level = attribute(e, "ilvl")
		case "numFmt":
			if v := attribute(e, "val"); level == "0" && v != "bullet" && v != "none" {
				numbered[abstract] = true
			}
		case "num":
			num = attribute(e, "numId")
		case "abstractNumId":
			if len(above) > 0 && above[len(above)-1] == "num" {
				d.ordered[num] = numbered[attribute(e, "val")]
			}
		}
	})
}

func (d *docx) readLinks(dec *xml.Decoder) error {
	return elements(dec, func(e xml.StartElement, _ []string) {
		if e.Name.Local == "Relationship" && strings.HasSuffix(attribute(e, "Type"), "/hyperlink") {
			d.links[attribute(e, "Id")] = attribute(e, "Target")
		}
	})
}

func (d *docx) readTitle(dec *xml.Decoder) error {
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if e, ok := tok.(xml.StartElement); ok && e.Name.Local == "title" {
			text, err := textOf(dec)
			d.named = text
			return err
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func number(s string) int64 {
	var n int64
	if _, err := fmt.Sscanf(s, "%d", &n); err != nil || n < 0 {
		return 0
	}
	return n
}
