package retrieval

import (
	"slices"
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
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

// TitledFirst returns ps with those products first whose title has all words of
// head; the rest keeps its order. Who asks for a tent is shown tents before what
// else is in Tents & Tarps, but for what has all words of open, which says what it
// is to be like. ps itself is not changed.
func TitledFirst(ps []Passage, head, open string) []Passage {
	want := QueryTokens(head)
	if len(want) == 0 {
		return ps
	}
	like := slices.DeleteFunc(QueryTokens(open), func(t string) bool { return slices.Contains(want, t) })
	titled := func(p Passage) int {
		rank := 0
		if p.Kind == catalog.KindProduct && hasAll(Tokens(p.Title), want) {
			rank++
		}
		if p.Kind == catalog.KindProduct && len(like) > 0 && hasAll(Tokens(p.Title+"\n"+p.Text), like) {
			rank += 2
		}
		return rank
	}
	out := slices.Clone(ps)
	slices.SortStableFunc(out, func(a, b Passage) int { return titled(b) - titled(a) })
	return out
}

// TitledWith reports whether a title has all words of text, of which there is one.
func TitledWith(title, text string) bool {
	want := QueryTokens(text)
	return len(want) > 0 && hasAll(Tokens(title), want)
}

// Called returns what u calls the thing that is asked for: what it names of a
// category's name, else what no field says, without what that is for, as in
// "gloves for men". It is "" if the question says fields only.
func (u Understanding) Called() string {
	if u.Head != "" {
		return u.Head
	}
	words := strings.Fields(u.Open)
	if i := slices.IndexFunc(words, func(w string) bool {
		return wordIn("for für fürs zum zur gegen pour contre para contra per contro voor tegen", strings.ToLower(w))
	}); i >= 0 {
		words = words[:i]
	}
	return strings.Join(words, " ")
}

// CalledSo returns the products of ps whose title has all words of thing, or what
// counts as much as they: a Kreuzlinienlaser, if a laser is asked for.
func CalledSo(ps []Passage, thing string, also ...Alternative) []Passage {
	want := QueryTokens(thing)
	return slices.DeleteFunc(slices.Clone(ps), func(p Passage) bool {
		title := Tokens(p.Title)
		return p.Kind != catalog.KindProduct || len(want) == 0 || slices.ContainsFunc(want, func(t string) bool { return !saysWord(title, t, also) })
	})
}

// saysWord reports whether title has token or an alternative that is nearly the
// same.
func saysWord(title []string, token string, also []Alternative) bool {
	return slices.Contains(title, token) || slices.ContainsFunc(also, func(a Alternative) bool {
		return a.Weight >= headWeight && slices.Equal(a.Of, []string{token}) && hasAll(title, a.Tokens)
	})
}

// Entitled reports whether a title has one of the words of text.
func Entitled(title, text string) bool {
	have := Tokens(title)
	return slices.ContainsFunc(QueryTokens(text), func(t string) bool { return !stopWord(t) && slices.Contains(have, t) })
}

// Sharing returns those of ps that have one of the words of text, if the title of
// one of them has them all: beside olive oil of 500 ml, shampoo of 500 ml is none.
// ps itself is not changed.
func Sharing(ps []Passage, text string) []Passage {
	want := QueryTokens(text)
	if !slices.ContainsFunc(ps, func(p Passage) bool { return TitledWith(p.Title, text) }) {
		return ps
	}
	return slices.DeleteFunc(slices.Clone(ps), func(p Passage) bool {
		have := said(p)
		return !slices.ContainsFunc(want, func(t string) bool { return slices.Contains(have, t) })
	})
}

// said returns the tokens of all that p says.
func said(p Passage) []string {
	parts := slices.Concat([]string{p.Title, p.Text}, p.Facts.Brands, p.Facts.Categories, p.Facts.Tags)
	for _, a := range p.Facts.Attributes {
		parts = append(append(parts, a.Name), a.Values...)
	}
	return Tokens(strings.Join(parts, "\n"))
}

// InWords returns f without the attributes that a product may say in its words and
// tags as well, and what a passage must say for them: for products whose fields
// are not filled. ok is false if there is none.
func (f Filter) InWords() (rest Filter, says func(Passage) bool, ok bool) {
	var wanted [][]string
	rest = f
	rest.Attributes = nil
	for _, a := range f.Attributes {
		if measures(a.Name) || slices.ContainsFunc(a.Values, func(v string) bool { return !slices.ContainsFunc(Tokens(v), plainWord) }) {
			rest.Attributes = append(rest.Attributes, a)
			continue
		}
		wanted = append(wanted, a.Values)
	}
	return rest, func(p Passage) bool {
		have := " " + strings.Join(said(p), " ") + " "
		return !slices.ContainsFunc(wanted, func(values []string) bool {
			return !slices.ContainsFunc(values, func(v string) bool { return strings.Contains(have, " "+TitleKey(v)+" ") })
		})
	}, len(wanted) > 0
}

// TermsFirst returns ps with the best passage first of a page or FAQ whose title
// has one of the words in which question speaks of the shop's terms; the rest keeps
// its order. How long the warranty on a jacket is, the warranty says, whatever
// jackets there are. ps itself is not changed.
func TermsFirst(ps []Passage, question string) []Passage {
	terms := slices.DeleteFunc(QueryTokens(question), func(t string) bool {
		return !policyWord(t) || wordIn("voucher coupon gutschein", t) // which shops sell, too
	})
	at := slices.IndexFunc(ps, func(p Passage) bool {
		return p.Kind != catalog.KindProduct && slices.ContainsFunc(Tokens(p.Title), func(t string) bool { return slices.Contains(terms, t) })
	})
	if at <= 0 {
		return ps
	}
	return slices.Concat(ps[at:at+1], ps[:at], ps[at+1:])
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
