package files

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"strings"

	"github.com/aiwoochat/woochat/ports"
)

// docx makes HTML of one document.
type docx struct {
	styles  map[string]docxStyle
	links   map[string]string // addresses by the ids of relations
	ordered map[string]bool   // lists that are numbered
	named   string            // the title among the properties

	out   bytes.Buffer
	title string // of the first paragraph that is styled as one, or the first heading

	p      *paragraph
	list   string // the list that is open: ul, ol or ""
	tables int    // how many we are in
	row    int    // where the first row of a table begins in out; 0 if that is past
}

// paragraph is the one that is being read.
type paragraph struct {
	text  strings.Builder // HTML
	plain strings.Builder
	style string
	list  string // id of the list that it is an item of
	run   run
	links []bool // the links that are open, whether they have an address
}

// run is how the text that comes is set.
type run struct {
	inProps bool
	hidden  bool
	struck  bool
}

// readBody reads word/document.xml.
func (d *docx) readBody(dec *xml.Decoder) error {
	depth := 0
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			d.endList()
			return nil
		}
		if err != nil {
			return err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if depth++; depth > 4*maxDOCXDepth || d.tables > maxDOCXDepth {
				return errDeep()
			}
			if skipped(tok.Name.Local) {
				if err := skip(dec); err != nil {
					return err
				}
				depth--
				continue
			}
			if tok.Name.Local == "t" || tok.Name.Local == "instrText" {
				// Text is read with its element, and field codes with theirs.
				text, err := textOf(dec)
				if err != nil {
					return err
				}
				depth--
				if tok.Name.Local == "t" {
					d.text(text)
				}
				continue
			}
			d.start(tok)
		case xml.EndElement:
			depth--
			d.end(tok.Name.Local)
		}
		if d.out.Len() > maxDOCXHTML {
			return fmt.Errorf("%w: it has more than %d MiB of text: split it", ports.ErrInvalid, maxDOCXHTML>>20)
		}
	}
}

// skipped are elements that are not for readers: text that was struck out while
// changes were tracked, the second form of what old programs cannot show, and
// formulas, drawings and embedded things but for the text in them.
func skipped(name string) bool {
	switch name {
	case "del", "moveFrom", "Fallback", "delText", "footnoteReference", "endnoteReference", "commentReference", "object", "sectPr", "tblPr", "tblGrid", "trPr", "oMath", "oMathPara":
		return true
	}
	return false
}

func textOf(dec *xml.Decoder) (string, error) {
	var b strings.Builder
	for {
		tok, err := dec.Token()
		if err != nil {
			return "", err
		}
		switch tok := tok.(type) {
		case xml.CharData:
			b.Write(tok)
		case xml.StartElement:
			if err := skip(dec); err != nil {
				return "", err
			}
		case xml.EndElement:
			return b.String(), nil
		}
	}
}

func (d *docx) start(e xml.StartElement) {
	switch e.Name.Local {
	case "p":
		d.endParagraph() // one in a text box within another
		d.p = &paragraph{}
		return
	case "tbl":
		d.endParagraph()
		d.endList()
		d.tables++
		d.out.WriteString("<table>\n")
		d.row = d.out.Len()
		return
	case "tr":
		d.out.WriteString("<tr>")
		return
	case "tc":
		d.out.WriteString("<td>")
		return
	}
	p := d.p
	if p == nil {
		return
	}
	value := attribute(e, "val")
	off := value == "0" || value == "false" || value == "none"
	switch e.Name.Local {
	case "pStyle":
		p.style = value
	case "outlineLvl":
		if level := int(number(value)) + 1; level <= 6 && d.style(p.style).level == 0 {
			p.style = fmt.Sprintf("outline %d", level)
			d.styles[p.style] = docxStyle{level: level}
		}
	case "numId":
		if p.list = value; value == "0" {
			p.list = ""
		}
	case "r":
		p.run = run{}
	case "rPr":
		p.run.inProps = true
	case "vanish":
		p.run.hidden = p.run.inProps && !off
	case "strike", "dstrike":
		p.run.struck = p.run.inProps && !off
	case "br", "cr":
		if !p.run.inProps && attribute(e, "type") == "" {
			p.text.WriteString("<br>")
			p.plain.WriteByte(' ')
		}
	case "tab", "ptab":
		if !p.run.inProps {
			d.text(" ")
		}
	case "noBreakHyphen":
		d.text("-")
	case "hyperlink":
		address := d.links[attribute(e, "id")]
		p.links = append(p.links, address != "")
		if address != "" {
			p.text.WriteString(`<a href="` + html.EscapeString(clip(address, 2000)) + `">`)
		}
	}
}

func (d *docx) text(s string) {
	p := d.p
	if p == nil || p.run.hidden || s == "" {
		return
	}
	p.plain.WriteString(s)
	if p.run.struck {
		p.text.WriteString("<del>" + html.EscapeString(s) + "</del>")
		return
	}
	p.text.WriteString(html.EscapeString(s))
}

func (d *docx) end(name string) {
	switch name {
	case "p":
		d.endParagraph()
	case "tbl":
		d.endParagraph()
		d.endList()
		d.tables--
		d.out.WriteString("</table>\n")
	case "tr":
		d.out.WriteString("</tr>\n")
		d.headRow()
	case "tc":
		d.endList()
		d.out.WriteString("</td>")
	}
	if d.p == nil {
		return
	}
	switch name {
	case "r":
		d.p.run = run{}
	case "rPr":
		d.p.run.inProps = false
	case "hyperlink":
		if n := len(d.p.links); n > 0 {
			if d.p.links[n-1] {
				d.p.text.WriteString("</a>")
			}
			d.p.links = d.p.links[:n-1]
		}
	}
}

// headRow makes the first row of a table its header, unless it holds digits:
// it names what stands below it, then.
func (d *docx) headRow() {
	if row := string(d.out.Bytes()[d.row:]); d.row > 0 && d.tables == 1 && !strings.ContainsAny(row, "0123456789") {
		d.out.Truncate(d.row)
		d.out.WriteString(strings.NewReplacer("<td>", "<th>", "</td>", "</th>").Replace(row))
	}
	d.row = 0
}

func (d *docx) endList() {
	if d.list != "" {
		d.out.WriteString("</" + d.list + ">\n")
		d.list = ""
	}
}

func (d *docx) endParagraph() {
	p := d.p
	d.p = nil
	if p == nil {
		return
	}
	plain := strings.Join(strings.Fields(p.plain.String()), " ")
	if plain == "" {
		return
	}
	for _, open := range p.links {
		if open {
			p.text.WriteString("</a>")
		}
	}
	style := d.style(p.style)
	level := style.level
	if style.title {
		level = 1
	}
	if (level == 1 || style.title) && d.title == "" {
		d.title = plain
	}
	if level > 0 && d.tables == 0 {
		d.endList()
		tag := fmt.Sprintf("h%d", min(level, 6))
		d.out.WriteString("<" + tag + ">" + p.text.String() + "</" + tag + ">\n")
		return
	}
	if p.list != "" {
		kind := "ul"
		if d.ordered[p.list] {
			kind = "ol"
		}
		if d.list != kind {
			d.endList()
			d.out.WriteString("<" + kind + ">\n")
			d.list = kind
		}
		d.out.WriteString("<li>" + p.text.String() + "</li>\n")
		return
	}
	d.endList()
	d.out.WriteString("<p>" + p.text.String() + "</p>\n")
}
