package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"github.com/aiwoochat/woochat/test/fakes/openaifake"
	"github.com/aiwoochat/woochat/test/harness/migrated"
)

// wanted is one line of testdata/retrieval/constrained.jsonl or superlatives.jsonl;
// its README says what each key means.
type wanted struct {
	Question string `json:"q"`
	limits
	Soft  limits   `json:"soft"`
	Sort  string   `json:"sort"`
	First []string `json:"first"`
	None  bool     `json:"none"`
}

// limits is what an offer must be like.
type limits struct {
	Categories []string            `json:"cat"`
	Brands     []string            `json:"brand"`
	Colours    []string            `json:"colour"`
	Sizes      []string            `json:"size"`
	Materials  []string            `json:"material"`
	Attributes map[string][]string `json:"attr"`
	Over       map[string]string   `json:"over"`
	Under      map[string]string   `json:"under"`
	AtLeast    map[string]string   `json:"atLeast"`
	Below      string              `json:"below"`
	UpTo       string              `json:"upTo"`
	Above      string              `json:"above"`
	From       string              `json:"from"`
	Cheaper    string              `json:"cheaperThan"`
	Dearer     string              `json:"dearerThan"`
	Stock      bool                `json:"stock"`
	Sale       bool                `json:"sale"`
	Without    []string            `json:"without"`
	Title      []string            `json:"title"`
	Lighter    string              `json:"lighter"`
	Heavier    string              `json:"heavier"`
	WeighsUpTo string              `json:"weighsUpTo"`
	WeighsFrom string              `json:"weighsFrom"`
}

// goods is the catalogue with what a look-up needs.
type goods struct {
	t   *testing.T
	all []sold
}

// anyOf reports whether one of the listed is as is reports, or none is listed.
func anyOf(list []string, is func(string) bool) bool {
	return len(list) == 0 || slices.ContainsFunc(list, is)
}

// words returns text in lower case with single blanks around each word.
func words(text string) string {
	return " " + strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ") + " "
}

func (g goods) price(sku string) int64 {
	for _, s := range g.all {
		if slices.Contains(s.skus, sku) {
			return s.cents
		}
	}
	g.t.Fatalf("the catalogue has no %s", sku)
	return 0
}

// amount returns the number of a value such as "0.5 l", false for any other.
func amount(value string) (float64, bool) {
	n, unit, ok := strings.Cut(value, " ")
	f, err := strconv.ParseFloat(n, 64)
	return f, ok && unit != "" && err == nil
}

func (g goods) fits(l limits, s sold) bool {
	number := func(bounds map[string]string, ok func(have, bound float64) bool) bool {
		for name, b := range bounds {
			bound, err := strconv.ParseFloat(b, 64)
			if err != nil {
				g.t.Fatal(err)
			}
			if !slices.ContainsFunc(strings.Split(s.attributes[name], ", "), func(v string) bool {
				have, is := amount(v)
				return is && ok(have, bound)
			}) {
				return false
			}
		}
		return true
	}
	money := func(bound string, ok func(have, bound int64) bool) bool {
		return bound == "" || ok(s.cents, cents(g.t, bound))
	}
	weight := func(bound string, ok func(have, bound float64) bool) bool {
		if bound == "" {
			return true
		}
		grams, err := strconv.ParseFloat(bound, 64)
		if err != nil {
			g.t.Fatal(err)
		}
		return s.grams > 0 && ok(s.grams, grams)
	}
	for name, values := range l.Attributes {
		if !anyOf(values, func(v string) bool { return s.is(name, v) || s.attributes[name] == v }) {
			return false
		}
	}
	everything := words(s.title + " | " + s.brand + " | " + s.categories)
	for _, v := range s.attributes {
		everything += words(" | " + v)
	}
	return anyOf(l.Categories, s.in) &&
		anyOf(l.Brands, func(b string) bool { return s.brand == b }) &&
		anyOf(l.Colours, func(c string) bool {
			return slices.ContainsFunc(strings.Split(s.attributes["Colour"], ", "), func(have string) bool {
				return have == c || strings.HasSuffix(have, " "+c)
			})
		}) &&
		anyOf(l.Sizes, func(z string) bool { return s.is("Size", z) }) &&
		anyOf(l.Materials, func(m string) bool {
			return strings.Contains(words(s.attributes["Material"]+" | "+s.attributes["Filling"]), words(m))
		}) &&
		number(l.Over, func(h, b float64) bool { return h > b }) &&
		number(l.Under, func(h, b float64) bool { return h < b }) &&
		number(l.AtLeast, func(h, b float64) bool { return h >= b }) &&
		money(l.Below, func(h, b int64) bool { return h < b }) &&
		money(l.UpTo, func(h, b int64) bool { return h <= b }) &&
		money(l.Above, func(h, b int64) bool { return h > b }) &&
		money(l.From, func(h, b int64) bool { return h >= b }) &&
		weight(l.Lighter, func(h, b float64) bool { return h < b }) &&
		weight(l.Heavier, func(h, b float64) bool { return h > b }) &&
		weight(l.WeighsUpTo, func(h, b float64) bool { return h <= b }) &&
		weight(l.WeighsFrom, func(h, b float64) bool { return h >= b }) &&
		(l.Cheaper == "" || s.cents < g.price(l.Cheaper)) &&
		(l.Dearer == "" || s.cents > g.price(l.Dearer)) &&
		(!l.Stock || s.stock) && (!l.Sale || s.sale) &&
		!slices.ContainsFunc(l.Without, func(w string) bool { return strings.Contains(everything, words(w)) }) &&
		anyOf(l.Title, func(w string) bool { return strings.Contains(words(s.title), words(w)) })
}

// wrong says what is wrong with the products that w was answered with, "" for
// nothing.
func (g goods) wrong(w wanted, got []string) string {
	if len(w.First) > 0 {
		want := titles(g.all, func(s sold) bool { return slices.Contains(s.skus, w.First[0]) })
		if len(want) != 1 {
			g.t.Fatalf("%q: the catalogue has no %s", w.Question, w.First[0])
		}
		if len(got) == 0 || got[0] != want[0] {
			return fmt.Sprintf("got %q, want %s first", got, want[0])
		}
		return ""
	}
	want := titles(g.all, func(s sold) bool { return g.fits(w.limits, s) && g.fits(w.Soft, s) })
	allowed := titles(g.all, func(s sold) bool { return g.fits(w.limits, s) })
	if (len(want) == 0) != w.None {
		g.t.Fatalf("%q: the catalogue has %q", w.Question, want)
	}
	for _, title := range got {
		if !slices.Contains(allowed, title) {
			return fmt.Sprintf("got %s, which is none of %q", title, allowed)
		}
	}
	if w.Sort != "" {
		beaten := func(s sold) bool {
			return slices.ContainsFunc(g.all, func(o sold) bool {
				return better(w.Sort, o, s) && g.fits(w.limits, o) && g.fits(w.Soft, o)
			})
		}
		best := titles(g.all, func(s sold) bool { return g.fits(w.limits, s) && g.fits(w.Soft, s) && !beaten(s) })
		if len(got) == 0 || !slices.Contains(best, got[0]) {
			return fmt.Sprintf("got %q, want first one of %q", got, best)
		}
		return ""
	}
	if len(want) > 6 {
		want = slices.DeleteFunc(want, func(title string) bool { return !slices.Contains(got, title) })
		if len(want) < 5 {
			return fmt.Sprintf("got %q, want more", got)
		}
	}
	first := slices.Clone(got[:min(len(got), len(want))])
	slices.Sort(first)
	if !slices.Equal(first, want) {
		return fmt.Sprintf("got %q, want first %q", got, want)
	}
	return ""
}

// better reports whether a comes before b in an order. What has no age, rating or
// weight comes last.
func better(order string, a, b sold) bool {
	switch order {
	case "cheapest":
		return a.cents < b.cents
	case "dearest":
		return a.cents > b.cents
	case "newest":
		return a.since > b.since // as texts: the dates have one form
	case "best":
		return a.rated() > b.rated()
	case "lightest":
		return a.grams > 0 && (b.grams == 0 || a.grams < b.grams)
	case "heaviest":
		return a.grams > b.grams
	}
	return false
}

// rated is the lower end of Wilson's interval of the share of stars, 19 to 1, as
// docs/retrieval.md says it; 0 for what nobody has rated.
func (s sold) rated() float64 {
	if s.ratings == 0 {
		return 0
	}
	p, n, z := (s.stars-1)/4, s.ratings, 1.645
	return (p + z*z/2/n - z*math.Sqrt(p*(1-p)/n+z*z/4/n/n)) / (1 + z*z/n)
}

// ticking returns a clock that goes on by six seconds with each call of tick, so
// that a thousand questions are not too many at once.
func ticking(start time.Time) (now func() time.Time, tick func()) {
	var n atomic.Int64
	return func() time.Time { return start.Add(time.Duration(n.Load()) * 6 * time.Second) }, func() { n.Add(1) }
}

// figure skips what only counts, one question after the other, under the race
// detector, which makes minutes of it. The stage of .ci/run that goes without finds
// such tests by their names.
func figure(t *testing.T) {
	t.Helper()
	if !regexp.MustCompile("^Test(Constrained|Superlatives|Shoppers)").MatchString(t.Name()) {
		t.Fatal("by this name the stage figures of .ci/run does not find it")
	}
	if raceDetector {
		t.Skip("a figure, which .ci/run has a stage for without the race detector")
	}
}

// judge asks all questions of the demo's shop on the embedded store and returns
// how many were answered well.
func judge(t *testing.T, questions []wanted) int {
	t.Helper()
	return judgeAnd(t, questions, func(w wanted, wrong string) { t.Logf("%q: %s", w.Question, wrong) })
}

// judgeAnd is judge which tells of what was answered wrongly.
func judgeAnd(t *testing.T, questions []wanted, tell func(w wanted, wrong string)) int {
	t.Helper()
	figure(t)
	start := time.Now().UTC()
	now, tick := ticking(start)
	fake := openaifake.New(t, openaifake.Options{})
	s := open(t, withStore("sqlite", migrated.Folder(t)), withProvider(fake, "talker"), withEnv("WOOCHAT_LEAST_EVIDENCE", "auto"), withEnv("WOOCHAT_PROMPT_BUDGET", "200000"), withClock(now))
	g := goods{t, export(t, start)}
	good := 0
	for _, w := range questions {
		tick()
		n := len(fake.Calls())
		s.ask(s.session(), w.Question)
		var got []string
		if len(fake.Calls()) > n { // no model is asked where nothing fits
			got = products(t, fake, n, g.all)
		}
		if wrong := g.wrong(w, got); wrong != "" {
			tell(w, wrong)
			continue
		}
		good++
	}
	return good
}

// constrainedGood is how many of the 200 questions were answered well when they
// were last counted. It only goes up.
const constrainedGood = 200

// generatedGood is the same of the 1,000 that are made from the catalogue.
const generatedGood = 1000

// superlativesGood is the same of those on age, rating, weight and models.
const superlativesGood = 77

// written reads the questions of a file of testdata/retrieval.
func written(t *testing.T, file string) []wanted {
	t.Helper()
	f, err := os.Open("../testdata/retrieval/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var questions []wanted
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var w wanted
		d := json.NewDecoder(strings.NewReader(lines.Text()))
		d.DisallowUnknownFields()
		if err := d.Decode(&w); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		questions = append(questions, w)
	}
	return questions
}

// TestConstrainedSet asks the 200 questions of testdata/retrieval.
func TestConstrainedSet(t *testing.T) { askAll(t, "constrained.jsonl", 200, constrainedGood) }

// TestSuperlatives asks the 77 on the newest, the best rated, weight and models.
func TestSuperlatives(t *testing.T) { askAll(t, "superlatives.jsonl", 77, superlativesGood) }

// askAll asks the questions of a file, of which at least so many must be answered
// well.
func askAll(t *testing.T, file string, n, least int) {
	t.Helper()
	questions := written(t, file)
	if len(questions) != n {
		t.Fatalf("%d questions, want %d", len(questions), n)
	}
	good := judge(t, questions)
	t.Logf("%d of %d", good, len(questions))
	if good < least {
		t.Errorf("%d of %d answered well; it was %d", good, len(questions), least)
	}
}
