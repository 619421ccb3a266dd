package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/ports"
)

// maxFAQ is the largest file of questions that is read.
const maxFAQ = 16 << 20

// NewFAQ returns a source of questions with answers, from a CSV file with the
// columns "question" and "answer", and if there are any, "url" (where it stands
// in the shop) and "id"; without an id, a question is known by its words. An
// answer may be HTML; text without tags keeps its lines. open is called each
// time Changes is.
//
// ErrInvalid if the file is no CSV in UTF-8, or lacks a column. A row without a
// question or an answer is a Rejected.
func NewFAQ(open func() (io.ReadCloser, error)) *Source {
	return &Source{read: func(context.Context) ([]catalog.Change, error) {
		f, err := open()
		if err != nil {
			return nil, fmt.Errorf("open the questions: %w", err)
		}
		data, err := io.ReadAll(io.LimitReader(f, maxFAQ+1))
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		switch {
		case err != nil:
			return nil, fmt.Errorf("read the questions: %w", err)
		case len(data) > maxFAQ:
			return nil, fmt.Errorf("%w: the file of questions is larger than 16 MiB", ports.ErrInvalid)
		case !utf8.Valid(data):
			return nil, fmt.Errorf("%w: the file of questions is not in UTF-8: save it as CSV UTF-8", ports.ErrInvalid)
		}
		return parseFAQ(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF")))
	}}
}

func parseFAQ(data []byte) ([]catalog.Change, error) {
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1
	if first, _, _ := bytes.Cut(data, []byte("\n")); bytes.Count(first, []byte(";")) > bytes.Count(first, []byte(",")) {
		r.Comma = ';'
	}
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%w: the file of questions has no header that can be read: %w", ports.ErrInvalid, err)
	}
	at := map[string]int{}
	for i, h := range header {
		at[strings.ToLower(strings.TrimSpace(h))] = i
	}
	var missing []string
	for _, name := range []string{"question", "answer"} {
		if _, ok := at[name]; !ok {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%w: the file of questions lacks the columns %s; found: %.200q", ports.ErrInvalid, strings.Join(missing, ", "), header)
	}
	var changes []catalog.Change
	rows := map[string]int{}
	for n := 2; ; n++ {
		fields, err := r.Read()
		where := fmt.Sprintf("row %d", n)
		switch {
		case errors.Is(err, io.EOF):
			return changes, nil
		case err != nil:
			changes = append(changes, rejected(where, "", fmt.Sprintf("not CSV: %v", err)))
			continue
		case len(fields) > len(header):
			changes = append(changes, rejected(where, "", fmt.Sprintf("has %d cells, the header has %d: put texts with commas in quotes", len(fields), len(header))))
			continue
		}
		cell := func(name string) string {
			if i, ok := at[name]; ok && i < len(fields) {
				return strings.TrimSpace(withoutControls(fields[i]))
			}
			return ""
		}
		faq := catalog.FAQ{ID: cell("id"), Question: strings.Join(strings.Fields(cell("question")), " "), Answer: asHTML(cell("answer")), URL: cell("url")}
		if faq.ID == "" && faq.Question != "" {
			sum := sha256.Sum256([]byte(strings.ToLower(faq.Question)))
			faq.ID = hex.EncodeToString(sum[:8])
		}
		switch before, twice := rows[faq.ID]; {
		case strings.Join(fields, "") == "":
		case faq.Question == "" || faq.Answer == "":
			changes = append(changes, rejected(where, faq.ID, "has no question or no answer"))
		case twice:
			changes = append(changes, rejected(where, faq.ID, fmt.Sprintf("is the question of row %d again", before)))
		default:
			rows[faq.ID] = n
			changes = append(changes, catalog.Change{FAQ: &faq})
		}
	}
}

// asHTML keeps the lines of a text that has no tags.
func asHTML(s string) string {
	if strings.Contains(s, "</") || strings.Contains(s, "<br") {
		return s
	}
	var b strings.Builder
	for p := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			b.WriteString("<p>" + strings.ReplaceAll(html.EscapeString(p), "\n", "<br>") + "</p>")
		}
	}
	return b.String()
}
