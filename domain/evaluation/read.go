package evaluation

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// ErrMalformed is matched by the errors of files that cannot be read; they say
// which line it is and what was expected.
var ErrMalformed = errors.New("malformed")

// maxLine is the longest line that is read, in bytes: a question is not a book.
const maxLine = 1 << 20

// ReadQueries reads questions, one a line: an id, a tab, the text. A first line
// of "query_id" or "qid" is a header; empty lines and those that begin with # are
// passed over.
func ReadQueries(r io.Reader) ([]Question, error) {
	var out []Question
	seen := make(map[string]bool)
	err := eachLine(r, func(no int, line string) error {
		id, text, ok := strings.Cut(line, "\t")
		id, text = strings.TrimSpace(id), strings.TrimSpace(text)
		switch {
		case len(out) == 0 && isHeader(id):
			return nil
		case !ok || id == "" || text == "":
			return fmt.Errorf("%w: line %d: want an id, a tab and the question", ErrMalformed, no)
		case seen[id]:
			return fmt.Errorf("%w: line %d: question %s is there twice", ErrMalformed, no, id)
		}
		seen[id] = true
		out = append(out, Question{ID: id, Text: text, Judged: Judged{}})
		return nil
	})
	return out, err
}

// ReadQrels adds to the questions what people judged: TREC's four columns
// (question, iteration, document, judgement), or three without the iteration,
// with white space between them. A judgement is a number (its gain; relevant
// from 1 on, as in trec_eval) or a letter of ESCI (Reddy et al., arXiv
// 2206.06588), with the gains of the KDD Cup 2022: E exact 1, S substitute 0.1, C
// complement 0.01, I irrelevant 0, of which E alone is relevant. A first line
// that names the columns is a header. Judgements of other questions are passed
// over, but not if all of them are; a question without any relevant document is
// Unanswerable afterwards.
func ReadQrels(r io.Reader, questions []Question) error {
	at := make(map[string]int, len(questions))
	for i, q := range questions {
		at[q.ID] = i
		if q.Judged == nil {
			questions[i].Judged = Judged{}
		}
	}
	first, read, used := true, 0, 0
	err := eachLine(r, func(no int, line string) error {
		f := strings.Fields(line)
		header := first && len(f) > 0 && isHeader(f[0])
		first = false
		if header {
			return nil
		}
		if len(f) == 4 {
			f = []string{f[0], f[2], f[3]}
		}
		if len(f) != 3 {
			return fmt.Errorf("%w: line %d: want question, iteration, document and judgement", ErrMalformed, no)
		}
		j, err := judgement(f[2])
		if err != nil {
			return fmt.Errorf("%w: line %d: %w", ErrMalformed, no, err)
		}
		read++
		if i, ok := at[f[0]]; ok {
			questions[i].Judged[f[1]] = j
			used++
		}
		return nil
	})
	if err == nil && used == 0 && len(questions) > 0 {
		// Else each question would count as one that the shop has nothing on.
		err = fmt.Errorf("%w: none of its %d judgements is of a question that is asked: do both files call the questions the same?", ErrMalformed, read)
	}
	for i, q := range questions {
		questions[i].Unanswerable = q.Judged.Relevant() == 0
	}
	return err
}

func judgement(text string) (Judgement, error) {
	switch text {
	case "E":
		return Judgement{Gain: 1, Relevant: true}, nil
	case "S":
		return Judgement{Gain: 0.1}, nil
	case "C":
		return Judgement{Gain: 0.01}, nil
	case "I":
		return Judgement{}, nil
	}
	n, err := strconv.ParseInt(text, 10, 16)
	if err != nil {
		return Judgement{}, fmt.Errorf("judgement %q is neither a whole number nor one of E, S, C and I", text)
	}
	return Judgement{Gain: float64(max(0, n)), Relevant: n >= 1}, nil
}

// ReadQuestions reads a CSV file of questions and what should be found: a header
// with a column "question" and a column "expected", then one question a row. In
// "expected" stand the names of documents or products (SKU, or id) with | between
// them; any of them is a right answer. An empty one says that the shop has
// nothing that fits. A column "id" may name the questions, which are numbered
// otherwise. A row with more or fewer cells than the header is an error: what it
// expects may be half of its question.
func ReadQuestions(r io.Reader) ([]Question, error) {
	c := csv.NewReader(withoutMark(r))
	head, err := c.Read()
	if err != nil {
		return nil, fmt.Errorf("%w: no header: %w", ErrMalformed, err)
	}
	column := func(name string) int {
		for i, h := range head {
			if strings.EqualFold(strings.TrimSpace(h), name) {
				return i
			}
		}
		return -1
	}
	question, expected, id := column("question"), column("expected"), column("id")
	if question < 0 || expected < 0 {
		return nil, fmt.Errorf(`%w: line 1: want the columns "question" and "expected"`, ErrMalformed)
	}
	var out []Question
	seen := make(map[string]bool)
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if errors.Is(err, csv.ErrFieldCount) {
			line, _ := c.FieldPos(0)
			return nil, fmt.Errorf("%w: line %d: has %d cells, and the header has %d: a question with a comma stands in quotes, and one that nothing is expected for ends with a comma", ErrMalformed, line, len(row), len(head))
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		cell := func(i int) string {
			if i < 0 || i >= len(row) {
				return ""
			}
			return strings.TrimSpace(row[i])
		}
		line, _ := c.FieldPos(0)
		q := Question{ID: cell(id), Text: cell(question), Judged: Judged{}}
		if q.ID == "" {
			q.ID = strconv.Itoa(len(out) + 1)
		}
		switch {
		case q.Text == "":
			return nil, fmt.Errorf("%w: line %d: no question", ErrMalformed, line)
		case seen[q.ID]:
			return nil, fmt.Errorf("%w: line %d: question %s is there twice", ErrMalformed, line, q.ID)
		}
		seen[q.ID] = true
		for name := range strings.SplitSeq(cell(expected), "|") {
			if name = strings.TrimSpace(name); name != "" {
				q.Judged[name] = Judgement{Gain: 1, Relevant: true}
			}
		}
		q.Unanswerable = len(q.Judged) == 0
		out = append(out, q)
	}
}

func isHeader(first string) bool {
	switch strings.ToLower(first) {
	case "query_id", "qid", "query", "question_id", "topic":
		return true
	}
	return false
}

// byteOrderMark is what some programs begin a file in UTF-8 with.
const byteOrderMark = "\ufeff"

// withoutMark returns r after its byte order mark, if it has one.
func withoutMark(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	if first, err := b.Peek(len(byteOrderMark)); err == nil && string(first) == byteOrderMark {
		_, _ = b.Discard(len(byteOrderMark)) // they are there
	}
	return b
}

func eachLine(r io.Reader, f func(no int, line string) error) error {
	s := bufio.NewScanner(withoutMark(r))
	s.Buffer(nil, maxLine)
	for no := 1; s.Scan(); no++ {
		line := strings.TrimRight(s.Text(), "\r")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := f(no, line); err != nil {
			return err
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}
