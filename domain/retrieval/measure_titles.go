package retrieval

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// Many shops write how much of something there is into titles and nowhere else:
// "Red split lentils 500g", `Gaming Monitor 27"`, "Spaghetti 6 x 500 g". A product
// without the attribute is judged by that, as it is by the other words of its title.

// maxTitled bounds how many quantities of titles a vocabulary knows.
const maxTitled = 5000

var (
	titleQuantity = regexp.MustCompile(`(?i)` + before + quantityNumber + `(?:\s?[x×]\s?` + quantityNumber + `)?(\s?-?` + unitWords + `|\s?["″”]|'')`)
	// inchSign finds the sign for inches behind a number.
	inchSign = regexp.MustCompile(`(\d)\s?(?:["″”]|'')`)
)

// eachTitled calls do with each quantity of a title, and how it is written there.
// Of "4 x 40 mm" both numbers are so many millimetres; of "6 x 400 g" only the
// second is so much, and the first is how many.
func eachTitled(title string, do func(q quantity, written string)) {
	if strings.IndexFunc(title, func(r rune) bool { return unicode.IsDigit(r) || strings.ContainsRune("½¼¾", r) }) < 0 {
		return
	}
	for at := 0; at < len(title); {
		m := titleQuantity.FindStringSubmatchIndex(title[at:])
		if m == nil {
			return
		}
		sub := func(i int) string { return submatch(title[at:], m, i) }
		rest := title[at+m[1]:]
		next, _ := utf8.DecodeRuneInString(rest)
		unit := strings.TrimSpace(strings.TrimLeft(sub(3), " -"))
		first, second := sub(1), sub(2)
		from := at + m[2]
		at += m[1]
		// 2-in-1 and 5G are no quantities, nor is g/m² so much of anything.
		if unicode.IsLetter(next) && isLetters(unit) || unicode.IsDigit(next) || strings.HasPrefix(rest, "/") || strings.EqualFold(unit, "in") || unit == "G" && len(first) < 2 {
			at = from + len(first)
			continue
		}
		if second == "" {
			if q, ok := quantityOf(first, unit); ok {
				do(q, title[from:at])
			}
			continue
		}
		for i, n := range []string{first, second} {
			if q, ok := quantityOf(n, unit); ok && (i == 1 || q.of == "mm") {
				do(q, n+" "+unit)
			}
		}
	}
}

func isLetters(s string) bool { return strings.IndexFunc(s, unicode.IsLetter) >= 0 }

// learnTitled adds the quantities in the title of a product to what can be compared.
func (v *Vocabulary) learnTitled(title string, f catalog.Facts) {
	if len(f.Offers) == 0 {
		return // the text of a page
	}
	eachTitled(title, func(q quantity, written string) {
		if t := (term{kind: termAttribute, value: written}); len(v.titled) < maxTitled && !v.written[written] {
			v.written[written] = true
			v.titled = append(v.titled, measured{q, t})
		}
	})
}

// titleMeasures reports whether the title says one of the values, as a product of
// these facts whose attributes say nothing in that unit.
func titleMeasures(title string, facts catalog.Facts, values []string) bool {
	is := false
	eachTitled(title, func(q quantity, written string) {
		is = is || slices.Contains(values, written) && !slices.ContainsFunc(facts.Attributes, func(a catalog.Attribute) bool {
			return slices.ContainsFunc(a.Values, func(value string) bool {
				have, ok := valueQuantity(value)
				return ok && have.of == q.of
			})
		})
	})
	return is
}

// SizedFirst returns ps with those products first whose title says one of the
// quantities, as they are written there, and one of the other words of text; the rest
// keeps its order. ps itself is not changed.
func SizedFirst(ps []Passage, sized []string, text string) []Passage {
	if len(sized) == 0 {
		return ps
	}
	want := slices.DeleteFunc(QueryTokens(text), func(t string) bool { return !plainWord(t) || measuring(t) })
	says := func(p Passage) int {
		have := Tokens(p.Title + "\n" + strings.Join(p.Facts.Categories, "\n"))
		if p.Kind == catalog.KindProduct && titleMeasures(p.Title, p.Facts, sized) &&
			(len(want) == 0 || slices.ContainsFunc(want, func(t string) bool { return slices.Contains(have, t) })) {
			return 1
		}
		return 0
	}
	out := slices.Clone(ps)
	slices.SortStableFunc(out, func(a, b Passage) int { return says(b) - says(a) })
	return out
}

// valueQuantity reads the value of an attribute as a quantity.
func valueQuantity(value string) (quantity, bool) {
	m := quantityValue.FindStringSubmatch(value)
	if m == nil || len(value) > 60 {
		return quantity{}, false
	}
	return quantityOf(m[1], strings.TrimSpace(m[2]))
}

// inches spells out the sign for inches in a question, unless it ends what is
// quoted.
func inches(question string) string {
	var out strings.Builder
	done := 0
	for _, m := range inchSign.FindAllStringSubmatchIndex(question, -1) {
		if strings.HasSuffix(question[:m[1]], `"`) && strings.Count(question[:m[0]], `"`)%2 == 1 {
			continue
		}
		out.WriteString(question[done:m[3]] + " inch ")
		done = m[1]
	}
	return out.String() + question[done:]
}

// imperial reports whether a unit is one of those that are not metric. Who asks
// for inches means what the shop gives in inches, if it gives anything in them: a
// TV of more than 50 inches is no cable of five metres.
func imperial(unit string) bool {
	return wordIn(`inch in zoll ft foot feet lb lbs pound oz ounce " ″ ” ''`, singular(strings.ToLower(strings.TrimSpace(unit))))
}
