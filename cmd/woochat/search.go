package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

type searchCommand struct {
	siteFlag
	Question string   `arg:"" help:"What a shopper would ask, in quotes."`
	Explain  bool     `help:"Say what the question was taken to ask for, what was searched, and why each passage was chosen or not."`
	After    []string `sep:"none" placeholder:"QUESTION" help:"An earlier question of the same conversation, in quotes; may be repeated, oldest first."`
	Locale   string   `placeholder:"TAG" help:"The language of the page that is asked from, such as de-AT: in a shop of several languages its texts are searched first."`
	Limit    int      `default:"20" help:"How many passages to list, at most 100."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (searchCommand) Help() string {
	return `Searches exactly as an answer to this question does, without asking a chat model. With an embedding model, embedding the question is metered and counts towards the site's limits, as it does for a shopper's.

With --after the question is read as a shopper's would be who has asked the others before: "and in red?". Each is taken to have been answered with what is found first for it.

ORDER is the place by price, age, rating or weight, where one of them is asked for. LEXICAL and DENSE are the ranks by words and by meaning; SCORE compares within one search only. EXACT says that the question names a code or the whole title. RERANKED is the place before and after the reranker, if there is one, and what it thinks of the passage. TOKENS is what a passage takes in the prompt.
`
}

// Run searches and tells what was found.
func (c searchCommand) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(app *wiring.App) error {
		site, err := siteNamed(ctx, app, c.Site)
		if err != nil {
			return err
		}
		e, err := app.Explainer.Explain(ctx, app.Operator, site.Scope(), c.Question, searching.ExplainOptions{Limit: c.Limit, Locale: c.Locale, After: c.After})
		if err != nil {
			return asTyped(err)
		}
		switch {
		case c.JSON:
			return p.json(e)
		case c.Explain:
			p.explain(e)
		default:
			p.tellPassages(e)
		}
		return nil
	})
}

// asTyped names a field of the admin API as it is named here.
func asTyped(err error) error {
	var wrong *chat.InputError
	if !errors.As(err, &wrong) {
		return err
	}
	names := map[string]string{"q": "the question", "after": "--after", "locale": "--locale", "limit": "--limit"}
	return &chat.InputError{Field: cmp.Or(names[wrong.Field], wrong.Field), Reason: wrong.Reason}
}

func (p *program) tellPassages(e searching.Explanation) {
	columns := []column{{"", true}, {"DOCUMENT", false}, {"TITLE", false}, {"PRICE", false}, {"STOCK", false}, {"IN PROMPT", false}}
	name, fact := sortedBy(e.Understood.Sort)
	if name != "" {
		columns = append(columns, column{name, false})
	}
	var rows [][]string
	for _, x := range e.Passages {
		row := []string{strconv.Itoa(x.Rank), string(x.Document), cutTo(x.Title, 50), x.Price, stockWord(x.Stock), yesNo(x.Chosen)}
		if name != "" {
			row = append(row, fact(x))
		}
		rows = append(rows, row)
	}
	p.table(columns, rows, "Nothing found.")
}

// sortedBy returns the fact by which an order sorts and what it is called, "" for
// the price, which is listed anyway.
func sortedBy(order string) (name string, fact func(searching.Explained) string) {
	switch order {
	case retrieval.NewestFirst.String():
		return "SINCE", func(x searching.Explained) string { return x.Published }
	case retrieval.BestRatedFirst.String():
		return "RATING", func(x searching.Explained) string { return x.Rating }
	case retrieval.LightestFirst.String(), retrieval.HeaviestFirst.String():
		return "WEIGHT", func(x searching.Explained) string { return x.Weight }
	}
	return "", nil
}

// stockWord returns a state of stock as people say it.
func stockWord(stock string) string {
	for _, s := range []catalog.StockStatus{catalog.InStock, catalog.OutOfStock, catalog.OnBackorder} {
		if s.String() == stock {
			return chat.StockText(s)
		}
	}
	return stock
}

// evidenceWord says what the evidence decides.
func evidenceWord(e searching.Explanation) string {
	u := e.Understood
	switch {
	case e.NothingFits && u.Filter != "":
		return "nothing passes the filter, the answer would be that nothing fits"
	case e.NothingFits:
		return "too little, the answer would be that nothing fits"
	case u.Filter != "" || len(u.Codes) > 0 || u.Sort != retrieval.ByRelevance.String():
		return "whatever it is, this is answered: the filter, the codes or the order decide what fits"
	case retrieval.SaysNothing(e.Question):
		return "whatever it is: nothing is asked of the shop"
	}
	return "enough to answer"
}

func (p *program) explain(e searching.Explanation) {
	say := func(name, text string) {
		if text != "" {
			fmt.Fprintf(p.stdout, "%-12s%s\n", name, printable(text))
		}
	}
	say("read as", e.Understood.ReadAs)
	say("follows", e.Understood.Follows)
	say("words", e.Understood.Text)
	say("codes", strings.Join(e.Understood.Codes, ", "))
	say("filter", e.Understood.Filter)
	say("language", e.Understood.Language)
	say("order", e.Understood.Sort)
	for _, why := range e.Understood.Because {
		say("because", why)
	}
	say("evidence", fmt.Sprintf("%.2f: %s", e.Evidence, evidenceWord(e)))
	vectors := fmt.Sprintf("generation %d, %s", e.Generation, modelWord(e.Model))
	if e.NoMeaning != "" {
		vectors += ": the question could not be embedded (" + e.NoMeaning + ")"
	}
	say("vectors", vectors)
	for _, s := range e.Searches {
		var text strings.Builder
		fmt.Fprintf(&text, "%d found, %d left", s.Found, s.Left)
		order := ""
		if s.Sort != retrieval.ByRelevance.String() {
			order = s.Sort
		}
		for _, part := range []string{s.Why, quotedUnlessEmpty("words", s.Text), s.Filter, order} {
			if part != "" {
				text.WriteString("; " + part)
			}
		}
		say("searched", text.String())
	}
	if e.Rerank.Model != "" {
		text := fmt.Sprintf("%s: %d of %d passages judged", e.Rerank.Model, e.Rerank.Judged, e.Rerank.Asked)
		if e.Rerank.Failed != "" {
			text = e.Rerank.Model + ": failed (" + e.Rerank.Failed + "), the order is as it was found"
		}
		say("reranked", text)
	}
	var took []string
	for _, step := range []string{"vocabulary", "embed", "search", "load", "rerank", "choose"} {
		took = append(took, fmt.Sprintf("%s %.1f ms", step, e.Took[step]))
	}
	say("took", strings.Join(took, ", "))
	fmt.Fprintln(p.stdout)
	columns := []column{
		{"", true}, {"PASSAGE", false}, {"TITLE", false}, {"SCORE", true}, {"ORDER", true}, {"LEXICAL", true}, {"DENSE", true}, {"RERANKED", true}, {"EXACT", false}, {"PRICE", false}, {"TOKENS", true}, {"WHY", false},
	}
	by, fact := sortedBy(e.Understood.Sort)
	if by != "" {
		columns = append(columns, column{by, false})
	}
	var rows [][]string
	for _, x := range e.Passages {
		row := []string{
			strconv.Itoa(x.Rank), fmt.Sprintf("%s#%d", x.Document, x.Seq), cutTo(x.Title, 40), scoreWord(x),
			rankWord(x.Order), rankWord(x.Lexical), rankWord(x.Dense), rerankWord(x), yesNo(x.Exact), x.Price, countWord(x.Cost), x.Why,
		}
		if by != "" {
			row = append(row, fact(x))
		}
		rows = append(rows, row)
	}
	p.table(columns, rows, "Nothing found.")
	if more := e.Found - len(e.Passages); more > 0 {
		fmt.Fprintf(p.stdout, "and %d more\n", more)
	}
}

func quotedUnlessEmpty(name, text string) string {
	if text == "" {
		return ""
	}
	return name + " " + strconv.Quote(text)
}

// rerankWord returns the places before and after the reranker, and its score.
func rerankWord(x searching.Explained) string {
	if x.RerankAfter == 0 {
		return "-"
	}
	return fmt.Sprintf("%d to %d (%.2f)", x.RerankBefore, x.RerankAfter, x.RerankScore)
}

// scoreWord returns the score, "-" where an order has taken its place.
func scoreWord(x searching.Explained) string {
	if x.Order > 0 && x.Score == 0 {
		return "-"
	}
	return fmt.Sprintf("%.4f", x.Score)
}

func rankWord(rank int) string {
	if rank == 0 {
		return "-"
	}
	return strconv.Itoa(rank)
}

func countWord(n int64) string {
	if n == 0 {
		return "-"
	}
	return grouped(n)
}

// cutTo returns at most n characters of text, printable.
func cutTo(text string, n int) string {
	r := []rune(printable(text))
	if len(r) <= n {
		return string(r)
	}
	return string(r[:n-1]) + "…"
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "-"
}
