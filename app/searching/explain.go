package searching

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/app/auditing"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// ExplainerDeps are what an Explainer needs. All are required.
type ExplainerDeps struct {
	Search *Service
	Sites  ports.Sites
	Audit  ports.AuditLog // of what is looked at as a super admin
	Now    ports.Clock
	NewID  ports.NewID
}

// Explainer searches a shop for its operator as an answer does, and says why it
// found what. Make it with NewExplainer; it is safe for concurrent use.
type Explainer struct {
	deps   ExplainerDeps
	audit  *auditing.Service
	budget int64
}

// NewExplainer returns an Explainer of prompts with the given budget, in
// tokens: that of the answers (0 for 4,000). It reports everything that is
// missing at once.
func NewExplainer(d ExplainerDeps, budget int64) (*Explainer, error) {
	var errs []error
	for _, dep := range []struct {
		name string
		ok   bool
	}{
		{"Search", d.Search != nil},
		{"Sites", d.Sites != nil},
		{"Audit", d.Audit != nil},
		{"Now", d.Now != nil},
		{"NewID", d.NewID != nil},
	} {
		if !dep.ok {
			errs = append(errs, fmt.Errorf("searching: ExplainerDeps.%s is missing", dep.name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	audit, err := auditing.New(auditing.Deps{Log: d.Audit, Now: d.Now, NewID: d.NewID})
	if err != nil {
		return nil, err
	}
	if budget <= 0 {
		budget = 4000
	}
	return &Explainer{deps: d, audit: audit, budget: budget}, nil
}

// MaxExplained is how many passages an Explanation lists at most, and
// MaxQuestion how long a question may be, in bytes.
const (
	MaxExplained = 100
	MaxQuestion  = 4000
)

// Explanation is what was found on a question, and why, in words and numbers
// that a machine reads, too: its JSON is what the admin API and the command
// line show.
type Explanation struct {
	Question string `json:"question"`
	// Model is the embedding model whose vectors were searched; "" if only words
	// were.
	Generation int64  `json:"generation"`
	Model      string `json:"embedding_model"`
	// NoMeaning is why words alone were searched although the site has vectors: an
	// error's code, "" for none.
	NoMeaning string `json:"embedding_failed"`

	// Evidence is how likely one of the first passages answers, from 0 to 1, and
	// NothingFits whether that is too little, so that an answer says so.
	Evidence    float64 `json:"evidence"`
	NothingFits bool    `json:"nothing_fits"`

	Understood Understood `json:"understood"`
	Searches   []Searched `json:"searches"`
	// Rerank says what a reranker has made of the order; its model is "" if none
	// was asked.
	Rerank   ExplainedRerank `json:"rerank"`
	Passages []Explained     `json:"passages"`
	// Found is how many passages there are, also beyond those that are listed.
	Found int `json:"found"`
	// Milliseconds that each step took.
	Took map[string]float64 `json:"took_ms"`
}

// Understood is what a question was taken to ask for.
type Understood struct {
	// ReadAs is the question in full, as it was searched, and Follows why: it
	// goes on with what was said before. Both are "" for one that stands alone.
	ReadAs  string   `json:"read_as"`
	Follows string   `json:"follows"`
	Text    string   `json:"text"` // the words that were searched
	Codes   []string `json:"codes"`
	Filter  string   `json:"filter"` // in words, "" for none
	// Language is that of the page, if its texts were searched alone, as in "in de:
	// page or faq"; "" if those of all languages were.
	Language string   `json:"language"`
	Sort     string   `json:"sort"`
	Because  []string `json:"because"`
}

// Searched is one search of the index.
type Searched struct {
	Why    string `json:"why"` // "" for what the question itself asks
	Text   string `json:"text"`
	Filter string `json:"filter"`
	Sort   string `json:"sort"`
	Dense  bool   `json:"dense"` // by meaning, too
	Found  int    `json:"found"` // passages that the index has found
	Left   int    `json:"left"`  // of them, what the store still has and the filter lets through
}

// ExplainedRerank is how what was found was judged.
type ExplainedRerank struct {
	Model  string `json:"model"`
	Asked  int    `json:"asked"`  // passages that it was given
	Judged int    `json:"judged"` // of them, those that it judged
	Failed string `json:"failed"` // an error's code, "" for none: the order stayed as it was found
}

// Explained is one passage.
type Explained struct {
	Rank     int                  `json:"rank"`
	Document retrieval.DocumentID `json:"document"`
	Seq      int                  `json:"chunk"`
	Kind     string               `json:"kind"`
	Title    string               `json:"title"`
	URL      string               `json:"url"`
	Heading  string               `json:"heading"`
	Text     string               `json:"text"`
	Score    float64              `json:"score"` // comparable within one search only
	Exact    bool                 `json:"exact"` // the question names it by code or title
	Lexical  int                  `json:"lexical_rank"`
	Dense    int                  `json:"dense_rank"`
	Order    int                  `json:"order_rank"` // in the order that the question asks for
	// RerankBefore and RerankAfter are its places among what the reranker was
	// given, and RerankScore what that thinks of it; 0 if it was not judged.
	RerankBefore int     `json:"rerank_before"`
	RerankAfter  int     `json:"rerank_after"`
	RerankScore  float64 `json:"rerank_score"`
	Price        string  `json:"price"` // now, "" for none
	Stock        string  `json:"stock"`
	Published    string  `json:"published"` // the day on which the shop first offered it, "" if nobody said
	Rating       string  `json:"rating"`
	Weight       string  `json:"weight"`
	Chosen       bool    `json:"chosen"`
	Why          string  `json:"why"`
	Cost         int64   `json:"tokens"` // in the prompt; 0 if nobody had to know
}

// ExplainOptions say how a question is asked. The zero ExplainOptions is by
// somebody of whom nothing is known.
type ExplainOptions struct {
	Limit  int    // how many passages are listed at most, 0 for 20
	Locale string // of the page that is asked from, BCP 47; "" for none
	// After are earlier questions of the same conversation, oldest first, at most
	// MaxAfter: the question is read after them, as if their answers had shown what
	// a search for each finds first. They are searched by words alone.
	After []string
}

// Explain searches the site for a question, as an answer to it would, and
// lists what was found. It costs what the embedding of the question costs, which
// is metered.
//
// The error matches roles.ErrForbidden if who may not read the site's
// documents, ports.ErrNotFound if there is no such site, and is a
// *chat.InputError for a question that cannot be asked or for options that are
// none.
func (x *Explainer) Explain(ctx context.Context, who roles.Grants, sc tenant.Scope, question string, o ExplainOptions) (Explanation, error) {
	var e Explanation
	limit, after := o.Limit, o.After
	if err := x.audit.Allow(ctx, who, roles.ReadDocuments, sc, "search"); err != nil {
		return e, err
	}
	switch {
	case limit == 0:
		limit = 20
	case limit < 0 || limit > MaxExplained:
		return e, &chat.InputError{Field: "limit", Reason: fmt.Sprintf("must be from 1 to %d", MaxExplained)}
	}
	locale := catalog.LocaleOf(o.Locale)
	if o.Locale != "" && locale == "" {
		return e, &chat.InputError{Field: "locale", Reason: "must be a BCP 47 tag, such as de-AT"}
	}
	if len(after) > MaxAfter {
		return e, &chat.InputError{Field: "after", Reason: fmt.Sprintf("may be given %d times at most", MaxAfter)}
	}
	for i, text := range append([]string{question}, after...) {
		if err := chat.CheckQuestion(text, MaxQuestion); err != nil {
			if bad, ok := errors.AsType[*chat.InputError](err); ok {
				return e, &chat.InputError{Field: fieldOf(i), Reason: bad.Reason}
			}
			return e, err
		}
	}
	site, err := x.deps.Sites.Site(ctx, sc)
	if err != nil {
		return e, err
	}
	budget := x.deps.Search.Budget(x.budget)
	before, err := x.deps.Search.earlier(ctx, Question{Scope: sc, ShopLocale: site.Locale, Locale: locale, Budget: budget, WordsOnly: true}, after)
	if err != nil {
		return e, err
	}
	r, err := x.deps.Search.Search(ctx, Question{Scope: sc, Text: question, Before: before, ShopLocale: site.Locale, Locale: locale, Budget: budget})
	if err != nil {
		return e, err
	}
	e = explanation(question, r, x.deps.Now())
	e.Passages = e.Passages[:min(limit, len(e.Passages))]
	return e, nil
}

// MaxAfter is how many earlier questions an Explanation takes up.
const MaxAfter = 8

func fieldOf(i int) string {
	if i == 0 {
		return "q"
	}
	return "after"
}

func explanation(question string, r Findings, now time.Time) Explanation {
	u := r.Understanding
	e := Explanation{
		Question: question, Generation: r.Generation.No, NoMeaning: r.NoMeaning, Found: len(r.Found), Evidence: r.Fit.Evidence, NothingFits: r.Fit.Nothing,
		Understood: Understood{Text: u.Text, Codes: list(u.Codes), Filter: u.Filter.String(), Language: r.Language.String(), Sort: u.Sort.String(), Because: list(u.Because)},
		Searches:   []Searched{}, Passages: []Explained{},
		Took: map[string]float64{
			"vocabulary": ms(r.Took.Vocabulary), "embed": ms(r.Took.Embed), "search": ms(r.Took.Search), "load": ms(r.Took.Load), "rerank": ms(r.Took.Rerank), "choose": ms(r.Took.Choose),
		},
	}
	if r.FollowUp.Depends() {
		e.Understood.ReadAs, e.Understood.Follows = r.FollowUp.Question, r.FollowUp.Because
	}
	if r.Meaning {
		e.Model = r.Generation.Model
	}
	for _, s := range r.Searches {
		e.Searches = append(e.Searches, Searched{
			Why: s.Why, Text: s.Query.Text, Filter: s.Query.Filter.String(), Sort: s.Query.Sort.String(), Dense: len(s.Query.Vector) > 0, Found: s.Found, Left: s.Left,
		})
	}
	e.Rerank = ExplainedRerank{Model: r.Reranked.Model, Asked: r.Reranked.Asked, Judged: r.Reranked.Judged, Failed: r.Reranked.Failed}
	for i, c := range r.Found {
		k := r.Reranked.ranks[c.Ref]
		p := Explained{
			RerankBefore: k.before, RerankAfter: k.after, RerankScore: k.score,

			Rank: i + 1, Document: c.Ref.Document, Seq: c.Ref.Seq, Kind: c.Kind.String(), Title: c.Title, URL: c.URL, Heading: c.Heading, Text: excerpt(c.Text),
			Score: c.Score, Exact: c.Arms.Exact, Lexical: c.Arms.Lexical, Dense: c.Arms.Dense, Order: c.Arms.Order, Chosen: c.Verdict == retrieval.Chosen, Why: c.Verdict.String(), Cost: c.Cost,
		}
		p.Rating, p.Weight = c.Facts.Rating.String(), c.Facts.Weight.String()
		if at := c.Facts.Published; !at.IsZero() {
			p.Published = at.UTC().Format(time.DateOnly)
		}
		if price := c.Facts.PriceRange(now); price.Min.IsSet() {
			p.Price, p.Stock = price.Min.String(), c.Facts.Stock().String()
			if price.Max != price.Min {
				p.Price += " to " + price.Max.String()
			}
		}
		e.Passages = append(e.Passages, p)
	}
	return e
}

// list returns ss, never nil.
func list(ss []string) []string { return append([]string{}, ss...) }

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// excerptBytes is how much of a passage's text is shown: enough to know it
// again.
const excerptBytes = 400

func excerpt(text string) string {
	if len(text) <= excerptBytes {
		return text
	}
	n := excerptBytes
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n] + "…"
}
