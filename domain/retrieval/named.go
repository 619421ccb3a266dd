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

// TitledFirst returns ps with those first whose title has all words of text; the
// rest keeps its order. Who asks for a tent is shown tents before what else is
// in Tents & Tarps. ps itself is not changed.
func TitledFirst(ps []Passage, text string) []Passage {
	want := QueryTokens(text)
	titled := func(p Passage) int {
		if len(want) == 0 || !hasAll(Tokens(p.Title), want) {
			return 0
		}
		return 1
	}
	out := slices.Clone(ps)
	slices.SortStableFunc(out, func(a, b Passage) int { return titled(b) - titled(a) })
	return out
}

func hasAll(have, want []string) bool {
	return !slices.ContainsFunc(want, func(t string) bool { return !slices.Contains(have, t) })
}

// Spread returns ps with the best passage of each document first, then the
// second of each, and so on: who asks for jackets under 100 wants to see all of
// them rather than all of one. ps itself is not changed.
func Spread(ps []Passage) []Passage {
	type placed struct {
		Passage
		nth int // of its document
	}
	seen := make(map[DocumentID]int)
	all := make([]placed, len(ps))
	for i, p := range ps {
		all[i] = placed{p, seen[p.Ref.Document]}
		seen[p.Ref.Document]++
	}
	slices.SortStableFunc(all, func(a, b placed) int { return a.nth - b.nth })
	out := make([]Passage, len(ps))
	for i, p := range all {
		out[i] = p.Passage
	}
	return out
}
