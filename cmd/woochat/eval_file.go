package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/aiwoochat/woochat/app/evaluating"
	"github.com/aiwoochat/woochat/domain/evaluation"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// savedFormat is the format of savedRun; another one is not read.
const savedFormat = 1

// savedRun is a run of an evaluation as it is kept in a file.
type savedRun struct {
	Format    int             `json:"format"`
	At        string          `json:"at"`
	Site      tenant.SiteID   `json:"site_id"`
	K         int             `json:"k"`
	Words     bool            `json:"words_only"`
	Plain     bool            `json:"plain"`
	Without   map[string]int  `json:"without,omitempty"` // questions that were searched without something
	Questions []savedQuestion `json:"questions"`

	run evaluating.Run
}

type savedQuestion struct {
	ID           string   `json:"id"`
	Question     string   `json:"question"`
	NDCG         float64  `json:"ndcg"`
	Recall       float64  `json:"recall"`
	Precision    float64  `json:"precision"`
	MRR          float64  `json:"reciprocal_rank"`
	Found        []string `json:"found"`
	Nothing      bool     `json:"nothing_fits,omitempty"`
	Unanswerable bool     `json:"unanswerable,omitempty"`
}

func savedOf(at time.Time, site tenant.SiteID, c evalCommand, run evaluating.Run) savedRun {
	s := savedRun{Format: savedFormat, At: at.UTC().Format(time.RFC3339), Site: site, K: run.K, Words: c.Words, Plain: c.Plain, Without: run.Without, run: run}
	for _, r := range run.Results {
		s.Questions = append(s.Questions, savedQuestion{
			ID: r.Question, Question: r.Text, NDCG: r.Scores.NDCG, Recall: r.Scores.Recall, Precision: r.Scores.Precision, MRR: r.Scores.ReciprocalRank,
			Found: r.Found, Nothing: r.Abstained, Unanswerable: r.Unanswerable,
		})
	}
	return s
}

func (s savedRun) results() []evaluation.Result {
	out := make([]evaluation.Result, 0, len(s.Questions))
	for _, q := range s.Questions {
		out = append(out, evaluation.Result{
			Question: q.ID, Text: q.Question, Found: q.Found, Abstained: q.Nothing, Unanswerable: q.Unanswerable,
			Scores: evaluation.Scores{NDCG: q.NDCG, Recall: q.Recall, Precision: q.Precision, ReciprocalRank: q.MRR},
		})
	}
	return out
}

// place is where a run is saved. It is made before anything is measured, so that
// nobody pays for a run and loses it to a wrong name, and an earlier run that is
// there is replaced when this one is whole.
type place struct {
	file *os.File
	path string // that file is to have in the end; "" for what is no file, such as /dev/stdout
}

// placeAt returns the place of a path. Close it.
func placeAt(path string) (*place, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		return &place{file: f}, err
	}
	if linked, err := filepath.EvalSymlinks(path); err == nil {
		path = linked
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".woochat-eval-*")
	return &place{f, path}, err
}

func (p *place) put(s savedRun) error {
	b, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err
	}
	if _, err := p.file.Write(append(b, '\n')); err != nil || p.path == "" {
		return err
	}
	if err := p.file.Sync(); err != nil {
		return err
	}
	return os.Rename(p.file.Name(), p.path)
}

// close takes away what was not put.
func (p *place) close() {
	_ = p.file.Close() // what was put was synced
	if p.path != "" {
		_ = os.Remove(p.file.Name()) // it has another name by now, or is left over
	}
}

// differs says in what the runs differ besides the time. Such runs are compared all
// the same, with and without vectors for example, but not without a word.
func (s savedRun) differs(was savedRun) []string {
	var out []string
	flag := func(name string, was, is bool) {
		switch {
		case was && !is:
			out = append(out, "it was measured with "+name)
		case is && !was:
			out = append(out, "it was measured without "+name)
		}
	}
	flag("--words", was.Words, s.Words)
	flag("--plain", was.Plain, s.Plain)
	for _, what := range slices.Sorted(maps.Keys(was.Without)) {
		out = append(out, fmt.Sprintf("%d of its questions were searched without %s", was.Without[what], printable(what)))
	}
	if was.Site != s.Site {
		out = append(out, "it was measured at site "+printable(string(was.Site)))
	}
	return out
}

func loadRun(path string) (*savedRun, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var s savedRun
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, withHint(fmt.Errorf("%s: %w", path, err), "--against takes a file that --save wrote")
	}
	if s.Format != savedFormat {
		return nil, withHint(fmt.Errorf("%s has format %d, this version reads %d", path, s.Format, savedFormat), "measure again with --save")
	}
	return &s, nil
}

// evalReport is what eval says.
type evalReport struct {
	At         string         `json:"at"`
	Site       tenant.SiteID  `json:"site_id"`
	K          int            `json:"k"`
	Questions  int            `json:"questions"`
	NDCG       float64        `json:"ndcg"`
	Recall     float64        `json:"recall"`
	Precision  float64        `json:"precision"`
	MRR        float64        `json:"mrr"`
	Abstention abstentionRow  `json:"abstention"`
	Without    map[string]int `json:"without"` // questions that were searched without something, by what and why
	Against    *comparisonRow `json:"against,omitempty"`
}

type abstentionRow struct {
	Unanswerable int     `json:"unanswerable"`
	Refused      int     `json:"refused"`
	Answerable   int     `json:"answerable"`
	Withheld     int     `json:"withheld"`
	Precision    float64 `json:"precision"`
	Recall       float64 `json:"recall"`
}

// String says it in words.
func (a abstentionRow) String() string {
	switch {
	case a.Unanswerable == 0 && a.Withheld == 0:
		return "-"
	case a.Unanswerable == 0:
		return fmt.Sprintf("%d of %d, wrongly: each question has an answer", a.Withheld, a.Answerable)
	}
	return fmt.Sprintf("precision %.3f, recall %.3f (%d of %d)", a.Precision, a.Recall, a.Refused, a.Unanswerable)
}

type comparisonRow struct {
	At        string       `json:"at"`
	Questions int          `json:"questions"`
	LeftOut   int          `json:"left_out"` // not asked then
	Was       float64      `json:"was"`
	Is        float64      `json:"is"`
	Better    int          `json:"better"`
	Worse     int          `json:"worse"`
	P         float64      `json:"p"`
	Differs   []string     `json:"differs"` // in what the runs differ besides the time
	Changed   []changedRow `json:"changed"`
}

type changedRow struct {
	ID         string  `json:"id"`
	Question   string  `json:"question"`
	Was        float64 `json:"was"`
	Is         float64 `json:"is"`
	WasNothing bool    `json:"was_nothing_fits,omitempty"`
	IsNothing  bool    `json:"is_nothing_fits,omitempty"`
}

// evalSeed makes p the same for the same runs.
const evalSeed = 1

func reportOf(is savedRun, was *savedRun) evalReport {
	m, a := is.run.Mean, is.run.Abstention
	r := evalReport{
		At: is.At, Site: is.Site, K: is.K, Questions: len(is.Questions), NDCG: m.NDCG, Recall: m.Recall, Precision: m.Precision, MRR: m.ReciprocalRank,
		Abstention: abstentionRow{a.Unanswerable, a.Refused, a.Answerable, a.Withheld, a.Precision(), a.Recall()}, Without: is.Without,
	}
	if was == nil {
		return r
	}
	c := evaluation.Compare(was.results(), is.results(), evalSeed)
	r.Against = &comparisonRow{At: was.At, Questions: c.Questions, LeftOut: c.LeftOut, Was: c.Was, Is: c.Is, Better: c.Better, Worse: c.Worse, P: c.P, Differs: append([]string{}, is.differs(*was)...), Changed: []changedRow{}}
	for _, d := range c.Differences {
		r.Against.Changed = append(r.Against.Changed, changedRow{d.Question, d.Text, d.Was, d.Is, d.WasAbstain, d.IsAbstain})
	}
	return r
}
