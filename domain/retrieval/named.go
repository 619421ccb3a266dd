package retrieval

import (
	"slices"
	"strings"
)

// NamedFirst returns ps with those first whose whole title the question holds,
// the longest title before others; the rest keeps its order. "How much is the
// Nattely Tent?" is about that tent, whatever else is called Nattely. ps itself
// is not changed.
func NamedFirst(ps []Passage, question string) []Passage {
	asked := " " + TitleKey(question) + " "
	named := func(p Passage) int {
		key := TitleKey(p.Title)
		if key == "" || !strings.Contains(asked, " "+key+" ") {
			return 0
		}
		return strings.Count(key, " ") + 1
	}
	out := slices.Clone(ps)
	slices.SortStableFunc(out, func(a, b Passage) int { return named(b) - named(a) })
	return out
}

// Wholly returns those of ps whose title, categories, brands or attributes have
// every word of text, all of ps if none has. Who asks for the cheapest sleeping
// bag wants no bag that is not for sleeping in, however cheap it is.
func Wholly(ps []Passage, text string) []Passage {
	want := QueryTokens(text)
	var out []Passage
	for _, p := range ps {
		fields := []string{p.Title}
		fields = append(append(fields, p.Facts.Categories...), p.Facts.Brands...)
		for _, a := range p.Facts.Attributes {
			fields = append(fields, a.Values...)
		}
		have := Tokens(strings.Join(fields, " "))
		if !slices.ContainsFunc(want, func(t string) bool { return !slices.Contains(have, t) }) {
			out = append(out, p)
		}
	}
	if len(out) == 0 {
		return ps
	}
	return out
}
