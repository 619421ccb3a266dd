package eval_test

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// looked is how many passages are looked at for evidence: as many as an answer
// is given.
const looked = 8

// judged is what the search has found for a question, and which of it answers.
type judged struct {
	set   string
	about string // the same for questions of which one must not help to judge another
	text  string
	signs []retrieval.Signs // of the passages, best first; looked at most
	right []bool            // which of them answer
	none  bool              // nothing does
}

// shelf is an index whose passages can be loaded, as a store loads them.
type shelf struct {
	ranking
	entries map[retrieval.DocumentID]retrieval.Entry
	lexicon *retrieval.Lexicon
	common  *retrieval.CommonWords // nil: what is asked is searched as it stands
	meaning bool
}

func newShelf(entries []retrieval.Entry, meaning bool) shelf {
	s := shelf{newRanking(entries), make(map[retrieval.DocumentID]retrieval.Entry, len(entries)), lexiconOf(entries), nil, meaning}
	for _, e := range entries {
		s.entries[e.Document] = e
	}
	return s
}

// also returns what is searched as words of a question beside them.
func (s shelf) also(text string) []retrieval.Alternative {
	return s.common.SynonymsOf(text, s.lexicon, "en")
}

// find returns the first passages of documents that are not gone.
func (s shelf) find(t *testing.T, text string, gone func(retrieval.DocumentID) bool) []retrieval.Passage {
	t.Helper()
	q := retrieval.Query{Text: text, Also: s.also(text), Limit: 500, At: noon()}
	if s.meaning {
		q.Vector = gloveVectors(t, []string{text})[0]
	}
	ps, err := s.Search(t.Context(), newSite(), q)
	if err != nil {
		t.Fatal(err)
	}
	var out []retrieval.Passage
	for _, p := range ps {
		if gone(p.Ref.Document) || len(out) == looked {
			continue
		}
		e := s.entries[p.Ref.Document]
		i := slices.IndexFunc(e.Chunks, func(c retrieval.Chunk) bool { return c.Seq == p.Ref.Seq })
		p.Kind, p.Title, p.Facts, p.Heading, p.Text = e.Kind, e.Title, e.Facts, e.Chunks[i].Heading, e.Chunks[i].Text
		out = append(out, p)
	}
	return out
}

// judge looks at what is found for a question without what is gone. If right is
// nil, nothing answers it.
func (s shelf) judge(t *testing.T, j judged, gone, right func(retrieval.DocumentID) bool) judged {
	t.Helper()
	j.none = right == nil
	for _, p := range s.find(t, j.text, gone) {
		j.signs = append(j.signs, retrieval.SignsOf(j.text, p, s.meaning, s.also(j.text)...))
		j.right = append(j.right, right != nil && right(p.Ref.Document))
	}
	return j
}

func nothing(retrieval.DocumentID) bool { return false }

// ofESCI asks the judged questions of the ESCI set: once of all products, and
// once of those without any that was judged for the question, so that none fits.
func ofESCI(t *testing.T, meaning bool) []judged {
	t.Helper()
	s := theSet(t)
	entries := s.entries
	if meaning {
		entries = embedded(t)
	}
	x := newShelf(entries, meaning)
	var out []judged
	for _, q := range s.questions {
		name := func(id retrieval.DocumentID) string { return strings.TrimPrefix(string(id), "product:") }
		known := func(id retrieval.DocumentID) bool { _, ok := q.Judged[name(id)]; return ok }
		right := func(id retrieval.DocumentID) bool { return q.Judged[name(id)].Relevant }
		j := judged{set: "ESCI", about: q.ID, text: q.Text}
		out = append(out, x.judge(t, j, nothing, right), x.judge(t, j, known, nil))
	}
	return out
}

// ofDemo asks the demo's shop what it answers, in its own words and in others,
// and what it does not.
func ofDemo(t *testing.T, meaning bool) []judged {
	t.Helper()
	x := newShelf(demoEntries(t), meaning)
	var out []judged
	for _, file := range []string{"evidence.csv", "paraphrases.csv"} {
		for _, q := range questionsOf(t, file) {
			right := func(id retrieval.DocumentID) bool { return q.Judged[string(id)].Relevant }
			if q.Unanswerable {
				right = nil
			}
			out = append(out, x.judge(t, judged{set: "demo", about: file + q.ID, text: q.Text}, nothing, right))
		}
	}
	return out
}

// saying is what somebody wrote to a shop of HINT3, and what it is about.
type saying struct{ text, label string }

// outOfScope is the label of what the shop has no answer to.
const outOfScope = "NO_NODES_DETECTED"

// shops are those of HINT3 to whose training questions the evidence was fitted.
var shops = []string{"curekart", "sofmattress"}

// heldOutShop is the third one of HINT3, to which nothing was fitted and of which
// nothing was seen before it was judged. It is asked where WOOCHAT_TEST_HINT3 names
// a clone of github.com/hellohaptik/HINT3.
const heldOutShop = "powerplay11"

// judgedShops are those of HINT3 whose test questions are here.
func judgedShops() []string {
	if os.Getenv("WOOCHAT_TEST_HINT3") == "" {
		return shops
	}
	return append(slices.Clone(shops), heldOutShop)
}

// sayings reads a file of HINT3 (Arora et al., "HINT3: Raising the bar for Intent
// Detection in the Wild", 2020). It is under ODbL and no part of this repository:
// two shops of it lie in shared/data beside it, and WOOCHAT_TEST_HINT3 may name a
// clone that has all three.
func sayings(t *testing.T, split, shop string) []saying {
	t.Helper()
	const shared = "../../../shared"
	clone := os.Getenv("WOOCHAT_TEST_HINT3")
	switch _, err := os.Stat(shared); {
	case clone != "":
	case err != nil && os.Getenv("CI") != "true":
		t.Skipf("HINT3 is not here: %v", err)
	default:
		clone = filepath.Join(shared, "data/faq/hint3")
	}
	f, err := os.Open(filepath.Join(clone, "dataset/v2", split, shop+"_"+split+".csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []saying
	for _, r := range rows[1:] {
		out = append(out, saying{r[0], r[1]})
	}
	return out
}

// answers is an index of questions that a shop has answered.
type answers struct {
	shelf
	asked []saying
}

// newAnswers makes a FAQ of each saying. What the shop answered is not known: the
// questions are all there is.
func newAnswers(t *testing.T, asked []saying, meaning bool) answers {
	t.Helper()
	entries := make([]retrieval.Entry, len(asked))
	for i, s := range asked {
		entries[i] = retrieval.Entry{
			Document: retrieval.NewDocumentID(catalog.KindFAQ, strconv.Itoa(i)), Revision: "1", Kind: catalog.KindFAQ, Title: s.text, Chunks: []retrieval.Chunk{{}},
		}
		if meaning {
			embed(t, &entries[i])
		}
	}
	return answers{newShelf(entries, meaning), asked}
}

// about returns what reports whether a FAQ is about label.
func (a answers) about(label string) func(retrieval.DocumentID) bool {
	return func(id retrieval.DocumentID) bool {
		i, err := strconv.Atoi(strings.TrimPrefix(string(id), "faq:"))
		return err == nil && a.asked[i].label == label
	}
}

// ofTraining asks each training utterance of a shop of the others: once of all of
// them, and once of those of other labels, so that none fits.
func ofTraining(t *testing.T, shop string, meaning bool) []judged {
	t.Helper()
	a := newAnswers(t, sayings(t, "train", shop), meaning)
	var out []judged
	for i, s := range a.asked {
		self := retrieval.NewDocumentID(catalog.KindFAQ, strconv.Itoa(i))
		j := judged{set: shop, about: fmt.Sprint(shop, i), text: s.text}
		out = append(out,
			a.judge(t, j, func(id retrieval.DocumentID) bool { return id == self }, a.about(s.label)),
			a.judge(t, j, a.about(s.label), nil))
	}
	return out
}

// ofTest asks what was kept back for tests, with the words that common takes for
// the same.
func ofTest(t *testing.T, shop string, meaning bool, common *retrieval.CommonWords) []judged {
	t.Helper()
	a := newAnswers(t, sayings(t, "train", shop), meaning)
	a.common = common
	var out []judged
	for i, s := range sayings(t, "test", shop) {
		right := a.about(s.label)
		if s.label == outOfScope {
			right = nil
		}
		out = append(out, a.judge(t, judged{set: shop, about: fmt.Sprint("test", shop, i), text: s.text}, nothing, right))
	}
	return out
}
