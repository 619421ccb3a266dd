package eval_test

import (
	"os"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/evaluation"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// questionsOf reads a committed file of judged questions.
func questionsOf(t *testing.T, name string) []evaluation.Question {
	t.Helper()
	f, err := os.Open("../testdata/retrieval/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	questions, err := evaluation.ReadQuestions(f)
	if err != nil {
		t.Fatal(err)
	}
	return questions
}

// TestOtherLanguages asks the demo, whose shop is English, for its terms in five
// other languages: by the built-in words the page that answers comes first, and
// with the evidence that is wanted. Its words alone find next to none.
func TestOtherLanguages(t *testing.T) {
	questions := questionsOf(t, "languages.csv")
	x := newShelf(demoEntries(t), false)
	share := func(common *retrieval.CommonWords) float64 {
		x.common = common
		right := 0
		for _, q := range questions {
			language := retrieval.GuessLanguage(q.Text)
			if language == "" || language == "en" {
				t.Errorf("%q is taken for %q", q.Text, language)
			}
			text := retrieval.WithoutSmallWords(q.Text, language)
			ps := x.find(t, text, nothing)
			likely, _ := retrieval.Evidence(text, ps, false, x.also(text)...)
			if len(ps) > 0 && q.Judged[string(ps[0].Ref.Document)].Relevant && likely >= retrieval.DefaultLeastEvidence {
				right++
			} else if common != nil {
				t.Logf("not answered, evidence %.2f: %q", likely, q.Text)
			}
		}
		return float64(right) / float64(len(questions))
	}
	before, after := share(nil), share(retrieval.NewCommonWords())
	t.Logf("%d questions: %.3f are answered by the right page, without built-in words %.3f", len(questions), after, before)
	if after < 0.8 || before > 0.2 {
		t.Errorf("%.3f are answered rightly, want 0.8; without built-in words %.3f", after, before)
	}
}

// TestCommonWords: what shops everywhere take for the same costs nothing where
// shoppers use the shop's own words. Nothing was fitted to these questions.
func TestCommonWords(t *testing.T) {
	figure(t)
	const slack = 0.01 // of the questions with an answer, of which there are 250 to 460
	for _, shop := range judgedShops() {
		t.Run(shop, func(t *testing.T) {
			for what, meaning := range map[string]bool{"words": false, "words and meaning": true} {
				weights := func(judged) retrieval.SignWeights { return retrieval.FittedSignWeights(meaning) }
				var points [2]point
				for i, common := range []*retrieval.CommonWords{nil, retrieval.NewCommonWords()} {
					points[i] = curveOf(ofTest(t, shop, meaning, common), weights).at(retrieval.DefaultLeastEvidence)
				}
				t.Logf("%s: right %.3f, refused %.3f; without built-in words %.3f and %.3f", what, points[1].right, points[1].refused, points[0].right, points[0].refused)
				if gained := points[1].right + points[1].refused - points[0].right - points[0].refused; points[1].right < points[0].right-slack || gained < -slack {
					t.Errorf("%s: built-in words answer %.3f rightly and refuse %.3f, without them %.3f and %.3f", what, points[1].right, points[1].refused, points[0].right, points[0].refused)
				}
			}
		})
	}
}

// TestCommonWordsOfProducts: questions for products are found as well with
// built-in words as without.
func TestCommonWordsOfProducts(t *testing.T) {
	figure(t)
	s, common := theSet(t), retrieval.NewCommonWords()
	l, x := lexiconOf(s.entries), index{Searcher: theRanking(t)}
	var touched []string
	scores := x.scores(t, s.questions, func(i int) retrieval.Query {
		q := retrieval.Query{Text: s.questions[i].Text, Also: common.SynonymsOf(s.questions[i].Text, l, "en")}
		if len(q.Also) > 0 {
			touched = append(touched, q.Text)
		}
		return q
	})
	plain := x.scores(t, s.questions, s.byWords)
	t.Logf("%d of %d questions have a built-in word: %s", len(touched), len(s.questions), strings.Join(touched, "; "))
	if with, without := evaluation.Mean(scores).NDCG, evaluation.Mean(plain).NDCG; with < without-slack {
		t.Errorf("NDCG@10 %.4f, without built-in words %.4f", with, without)
	}
}
