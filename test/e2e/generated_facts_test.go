package e2e

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
)

// first asks for the newest, best rated, lightest or heaviest of what s is.
func (m maker) first(s sold) wanted {
	w := m.listed(s)
	if len(w.Categories) == 0 {
		return w
	}
	w.limits = limits{Categories: w.Categories, Colours: w.Colours}
	w.Sort = m.one("newest", "best", "lightest", "heaviest")
	word := map[string][]string{
		"newest": {"newest", "latest", "most recent"}, "best": {"best rated", "top rated", "highest rated", "best reviewed"}, "lightest": {"lightest", "most lightweight"}, "heaviest": {"heaviest"},
	}[w.Sort]
	thing := strings.ToLower(w.Categories[0])
	if len(w.Colours) > 0 {
		thing = strings.ToLower(w.Colours[0]) + " " + thing
	}
	w.Question = m.one("what are your ", "which are the ", "", "show me the ", "I want the ") + m.one(word...) + " " + thing + m.one("", "?", " in stock")
	w.Stock = strings.HasSuffix(w.Question, " in stock")
	return w
}

// weighing asks for what s is by a bound on the weight that s has.
func (m maker) weighing(s sold) wanted {
	w := m.listed(s)
	if len(w.Categories) == 0 || s.grams == 0 {
		return w
	}
	w.limits = limits{Categories: w.Categories, Colours: w.Colours}
	thing := strings.ToLower(w.Categories[0])
	if len(w.Colours) > 0 {
		thing = strings.ToLower(w.Colours[0]) + " " + thing
	}
	amount := func(grams float64) string {
		g, kg := strconv.FormatFloat(grams, 'f', -1, 64), strconv.FormatFloat(grams/1000, 'f', -1, 64)
		return m.one(g+" g", g+"g", g+" grams", kg+" kg", kg+"kg", kg+" kilograms")
	}
	more, less := (math.Floor(s.grams/50)+1)*50, math.Max(5, (math.Ceil(s.grams/50)-1)*50)
	if less >= s.grams {
		less = 1
	}
	text := func(grams float64) string { return fmt.Sprint(grams) }
	var bound string
	switch m.IntN(5) {
	case 0, 1:
		w.Lighter = text(more)
		bound = m.one("under ", "below ", "lighter than ", "that weigh less than ") + amount(more)
	case 2:
		w.WeighsUpTo = text(more)
		bound = m.one("up to ", "of at most ", "not heavier than ", "max. ") + amount(more)
	case 3:
		w.Heavier = text(less)
		bound = m.one("over ", "heavier than ", "of more than ") + amount(less)
	default:
		w.WeighsFrom, w.WeighsUpTo = text(less), text(more)
		bound = "between " + text(less) + " and " + text(more) + m.one(" g", " grams")
	}
	w.Question = m.one("", "do you have ", "show me ", "I need ") + thing + " " + bound + m.one("", "?")
	return w
}

// model asks for s by its model, if it has one.
func (m maker) model(s sold) wanted {
	for _, name := range []string{"Model", "Model number", "MPN", "Part number"} {
		code := s.attributes[name]
		if code == "" {
			continue
		}
		switch m.IntN(3) {
		case 0:
			code = strings.ToLower(code)
		case 1:
			code = strings.ReplaceAll(code, "-", "")
		}
		return wanted{Question: m.one("", "how much is ", "do you have ", "is the ", "tell me about ", "model ") + code + m.one("", "?", " please?", " in stock?"), First: s.skus[:1]}
	}
	return m.first(s)
}

// generatedFacts returns n questions on age, rating, weight and models, the same
// for the same seed.
func generatedFacts(g goods, seed uint64, n int) []wanted {
	m := maker{rand.New(rand.NewPCG(seed, 2)), g}
	return m.questions(n, func(s sold) wanted {
		switch m.IntN(6) {
		case 0, 1, 2:
			return m.first(s)
		case 3:
			return m.model(s)
		}
		return m.weighing(s)
	})
}

// generatedFactsGood is how many of the 400 were answered well when they were last
// counted.
const generatedFactsGood = 400

// TestSuperlativesGenerated asks 400 questions that are made from the catalogue.
func TestSuperlativesGenerated(t *testing.T) {
	questions := generatedFacts(goods{t, export(t, time.Now().UTC())}, 20261129, 400)
	good := judge(t, questions)
	t.Logf("%d of %d", good, len(questions))
	if good < generatedFactsGood {
		t.Errorf("%d of %d answered well; it was %d", good, len(questions), generatedFactsGood)
	}
}
