// Package evaluating asks a site the questions of a judged set and measures what
// it finds.
package evaluating

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aiwoochat/woochat/domain/evaluation"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Ask is one question to a site.
type Ask struct {
	Question string
	Limit    int  // passages that are wanted
	Words    bool // search by words alone, although the site has vectors
	Plain    bool // read no filter out of the question
}

// Answer is what the site would answer from.
type Answer struct {
	Passages []retrieval.Passage // best first, with their Facts
	// NothingFits is set if the assistant would say that the shop has nothing on
	// the question.
	NothingFits bool
	// Without is what the search had to do without, although it is configured,
	// such as "meaning: UPSTREAM_TIMEOUT"; nil for nothing.
	Without []string
}

// Search finds what a site would answer from. It may be called concurrently.
type Search func(ctx context.Context, s tenant.Scope, a Ask) (Answer, error)

// Service evaluates searches. Make one with New; it is safe for concurrent use.
type Service struct{ search Search }

// New returns a Service that asks search, which is required.
func New(search Search) (*Service, error) {
	if search == nil {
		return nil, errors.New("evaluating: the search is missing")
	}
	return &Service{search: search}, nil
}

// Options say how a site is asked.
type Options struct {
	K     int  // documents of an answer that count, at least 1
	Words bool // by words alone
	Plain bool // without reading filters out of the questions
	// Progress is told after each question how many are done; nil for nobody.
	Progress func(done int)
}

// Run is what was measured.
type Run struct {
	K       int
	Results []evaluation.Result // in the order of the questions
	// Mean is over the questions that have an answer, of which there are
	// Abstention.Answerable.
	Mean       evaluation.Scores
	Abstention evaluation.Abstention
	// Without counts the questions for which the search had to do without
	// something, by Answer.Without: what was measured is not what the site can do.
	Without map[string]int
}

// Run asks all questions, one after the other, and scores the documents found.
// A document has the name by which it is judged: its id (product:44), the id
// without its kind, or a SKU or GTIN of it. The error matches ports.ErrInvalid
// if there are no questions or o.K is below 1; a search that fails ends the run,
// and its error says at which question.
func (s *Service) Run(ctx context.Context, sc tenant.Scope, questions []evaluation.Question, o Options) (Run, error) {
	if len(questions) == 0 {
		return Run{}, fmt.Errorf("%w: there are no questions", ports.ErrInvalid)
	}
	if o.K < 1 {
		return Run{}, fmt.Errorf("%w: k is %d, want at least 1", ports.ErrInvalid, o.K)
	}
	run := Run{K: o.K, Without: map[string]int{}}
	var scores []evaluation.Scores
	for i, q := range questions {
		found, a, err := s.documents(ctx, sc, q, o)
		if err != nil {
			return Run{}, fmt.Errorf("question %s: %w", q.ID, err)
		}
		nothing := a.NothingFits
		for _, what := range a.Without {
			run.Without[what]++
		}
		r := evaluation.Result{Question: q.ID, Text: q.Text, Found: found, Abstained: nothing, Unanswerable: q.Unanswerable}
		run.Abstention.Add(q.Unanswerable, nothing)
		if !q.Unanswerable {
			r.Scores = evaluation.Score(found, q.Judged, o.K)
			scores = append(scores, r.Scores)
		}
		run.Results = append(run.Results, r)
		if o.Progress != nil {
			o.Progress(i + 1)
		}
	}
	run.Mean = evaluation.Mean(scores)
	return run, nil
}

// mostPassages bounds how many passages are read to see k documents.
const mostPassages = 10_000

// documents returns the names of the first k documents found, and the answer that
// they were taken from. Passages are what
// is found, and a long document has many, so more are asked for until there are
// k documents or no more passages.
func (s *Service) documents(ctx context.Context, sc tenant.Scope, q evaluation.Question, o Options) ([]string, Answer, error) {
	for limit := 5 * o.K; ; limit *= 4 {
		a, err := s.search(ctx, sc, Ask{Question: q.Text, Limit: limit, Words: o.Words, Plain: o.Plain})
		if err != nil {
			return nil, a, err
		}
		var found []string
		seen := make(map[retrieval.DocumentID]bool)
		for _, p := range a.Passages {
			if !seen[p.Ref.Document] && len(found) < o.K {
				seen[p.Ref.Document] = true
				found = append(found, name(p, q.Judged))
			}
		}
		if len(found) == o.K || len(a.Passages) < limit || limit >= mostPassages {
			return found, a, nil
		}
	}
}

// name returns the name by which p's document is judged, its id if it is not.
func name(p retrieval.Passage, judged evaluation.Judged) string {
	id := string(p.Ref.Document)
	_, bare, _ := strings.Cut(id, ":")
	names := slices.Concat([]string{id, bare}, p.Facts.SKUs, p.Facts.GTINs)
	for _, n := range names {
		if _, ok := judged[n]; ok {
			return n
		}
	}
	return id
}
