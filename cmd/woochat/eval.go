package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/aiwoochat/woochat/app/evaluating"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/evaluation"
	"github.com/aiwoochat/woochat/domain/roles"
)

type evalCommand struct {
	siteFlag
	Questions string   `placeholder:"FILE" help:"CSV file with the columns question and expected."`
	Queries   string   `placeholder:"FILE" help:"Questions, one a line: id, tab, text. Goes with --qrels."`
	Qrels     string   `placeholder:"FILE" help:"Judgements of TREC or ESCI: question, iteration, document, judgement."`
	K         int      `name:"k" default:"10" help:"How many documents of an answer count."`
	Words     bool     `help:"Search by words alone, also where the site has vectors."`
	Plain     bool     `help:"Search the questions as they are: read no prices, colours, brands or codes out of them."`
	Save      string   `placeholder:"FILE" help:"Write what was measured to a file, to compare a later run with."`
	Against   string   `placeholder:"FILE" help:"Compare with what --save wrote."`
	Show      int      `default:"20" placeholder:"N" help:"How many of the questions that changed are listed."`
	AtLeast   *float64 `placeholder:"NDCG" help:"Exit with 1 if the mean NDCG is less."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (evalCommand) Help() string {
	return `A question's documents are named by their ids (product:44), by the ids alone, or by SKU or GTIN. In the CSV file several are separated by |, and a question for which nothing is expected is one that the shop has no answer to. Files may be compressed with gzip.

NDCG (gain over the logarithm of the rank, of what is best possible), recall, precision and MRR (one over the rank of the first right document) are means over the questions that have an answer. Gains of ESCI's letters: E 1, S 0.1, C 0.01, I 0, of which E alone is right; a number is its own gain. What nobody judged counts as wrong. ABSTENTION is how often a shopper would be told that nothing fits, and rightly so: for want of evidence (WOOCHAT_LEAST_EVIDENCE), or because nothing was found.

With --against, each question is compared with itself in the earlier run. P is the probability of such a difference by chance alone (Fisher's randomisation test): from 0.05 on it says nothing.

Embedding the questions costs the site what it costs when shoppers ask them.

Examples:

    woochat eval --questions judged.csv --save monday.json
    woochat eval --questions judged.csv --against monday.json
    woochat eval --queries queries.tsv.gz --qrels qrels.tsv.gz --words --at-least 0.6
`
}

// errBelow says that a site is not as good as was asked for.
var errBelow = errors.New("below --at-least")

// Run measures a site.
func (c evalCommand) Run(ctx context.Context, p *program) error {
	if err := c.check(); err != nil {
		return err
	}
	questions, err := c.questions()
	if err != nil {
		return err
	}
	var was *savedRun
	if c.Against != "" {
		if was, err = loadRun(c.Against); err != nil {
			return err
		}
		if was.K != c.K {
			return withHint(fmt.Errorf("%s was measured with k = %d, not %d", c.Against, was.K, c.K), "--k %d compares with it", was.K)
		}
	}
	return p.with(ctx, func(app *wiring.App) error {
		site, err := siteNamed(ctx, app, c.Site)
		if err != nil {
			return err
		}
		if err := app.Auditing.Allow(ctx, app.Operator, roles.ReadDocuments, site.Scope(), "evaluate the search"); err != nil {
			return err
		}
		var saved *place
		if c.Save != "" {
			if saved, err = placeAt(c.Save); err != nil {
				return fmt.Errorf("--save: %w", err)
			}
			defer saved.close()
		}
		run, err := app.Evaluating.Run(ctx, site.Scope(), questions, evaluating.Options{K: c.K, Words: c.Words, Plain: c.Plain})
		if err != nil {
			return err
		}
		is := savedOf(p.now(), site.ID, c, run)
		if saved != nil {
			if err := saved.put(is); err != nil {
				return fmt.Errorf("--save: %w", err)
			}
		}
		report := reportOf(is, was)
		if c.JSON {
			err = p.json(report)
		} else {
			c.print(p, printable(site.Name), is, report)
		}
		if err == nil && c.AtLeast != nil && run.Mean.NDCG < *c.AtLeast {
			err = fmt.Errorf("NDCG@%d is %.4f: %w %v", c.K, run.Mean.NDCG, errBelow, *c.AtLeast)
		}
		return err
	})
}

func (c evalCommand) check() error {
	var bad []error
	trec := c.Queries != "" || c.Qrels != ""
	switch {
	case c.Questions == "" && !trec:
		bad = append(bad, errors.New("--questions, or --queries and --qrels: name the judged questions"))
	case c.Questions != "" && trec:
		bad = append(bad, errors.New("--questions: not together with --queries and --qrels"))
	case trec && (c.Queries == "" || c.Qrels == ""):
		bad = append(bad, errors.New("--queries and --qrels: one needs the other"))
	}
	if c.K < 1 {
		bad = append(bad, errors.New("--k: must be at least 1"))
	}
	if c.AtLeast != nil && (*c.AtLeast < 0 || *c.AtLeast > 1) {
		bad = append(bad, errors.New("--at-least: must be from 0 to 1"))
	}
	if bad == nil {
		return nil
	}
	return &usageError{bad, "woochat eval"}
}

// questions reads the judged questions.
func (c evalCommand) questions() ([]evaluation.Question, error) {
	var out []evaluation.Question
	read := func(path string, with func(io.Reader) error) error {
		f, err := openMaybeZipped(path)
		if err != nil {
			return err
		}
		if err := errors.Join(with(f), f.Close()); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	}
	if c.Questions != "" {
		err := read(c.Questions, func(r io.Reader) (err error) { out, err = evaluation.ReadQuestions(r); return err })
		return out, err
	}
	if err := read(c.Queries, func(r io.Reader) (err error) { out, err = evaluation.ReadQueries(r); return err }); err != nil {
		return nil, err
	}
	return out, read(c.Qrels, func(r io.Reader) error { return evaluation.ReadQrels(r, out) })
}

// openMaybeZipped opens a file, decompressed if its name ends in .gz.
func openMaybeZipped(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil || !strings.HasSuffix(path, ".gz") {
		return f, err
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{z, f}, nil
}

func (c evalCommand) print(p *program, site string, is savedRun, r evalReport) {
	by := "as shoppers' questions are"
	switch {
	case c.Words && c.Plain:
		by = "by words alone, as they are"
	case c.Words:
		by = "by words alone"
	case c.Plain:
		by = "as they are"
	}
	fmt.Fprintf(p.stdout, "%d questions to %s, searched %s; the first %d documents count.\n\n", len(is.Questions), site, by, c.K)
	head := fmt.Sprintf("@%d", c.K)
	p.table([]column{{"NDCG" + head, true}, {"RECALL" + head, true}, {"PRECISION" + head, true}, {"MRR" + head, true}, {head: "ABSTENTION"}},
		[][]string{{fmt.Sprintf("%.4f", r.NDCG), fmt.Sprintf("%.4f", r.Recall), fmt.Sprintf("%.4f", r.Precision), fmt.Sprintf("%.4f", r.MRR), r.Abstention.String()}}, "")
	if r.Recall == 0 && r.Abstention.Answerable > 0 {
		fmt.Fprintln(p.stdout, "\nNothing that was expected was found: are the expected documents named by their ids or SKUs, as the shop has them?")
	}
	for _, what := range slices.Sorted(maps.Keys(r.Without)) {
		fmt.Fprintf(p.stdout, "\n%d of the questions were searched without %s. These are not the figures of the search as it is configured.\n", r.Without[what], what)
	}
	if r.Against == nil {
		return
	}
	a := r.Against
	verdict := "no more than chance"
	if a.P < 0.05 {
		verdict = "more than chance"
	}
	fmt.Fprintf(p.stdout, "\nSince %s: NDCG %.4f, now %.4f (%+.4f) over %d questions; %d better, %d worse; p = %.4f, %s.\n",
		a.At, a.Was, a.Is, a.Is-a.Was, a.Questions, a.Better, a.Worse, a.P, verdict)
	if a.LeftOut > 0 {
		fmt.Fprintf(p.stdout, "%d questions are left out: that run did not ask them in these words.\n", a.LeftOut)
	}
	for _, d := range a.Differs {
		fmt.Fprintf(p.stdout, "Not the same run again: %s.\n", d)
	}
	if len(a.Changed) == 0 {
		return
	}
	fmt.Fprintln(p.stdout)
	shown := a.Changed[:min(max(c.Show, 0), len(a.Changed))]
	cells := make([][]string, 0, len(shown))
	for _, d := range shown {
		cells = append(cells, []string{printable(d.ID), cutTo(d.Question, 50), figure(d.Was, d.WasNothing), figure(d.Is, d.IsNothing), fmt.Sprintf("%+.3f", d.Is-d.Was)})
	}
	p.table([]column{{head: "ID"}, {head: "QUESTION"}, {"WAS", true}, {"IS", true}, {"CHANGE", true}}, cells, "None of the changed questions is listed.")
	if more := len(a.Changed) - len(shown); more > 0 && len(shown) > 0 {
		fmt.Fprintf(p.stdout, "and %d more: --show lists them.\n", more)
	}
}

func figure(ndcg float64, nothing bool) string {
	if nothing {
		return "nothing"
	}
	return fmt.Sprintf("%.3f", ndcg)
}
