package retrieval

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Term is one word of a question as it is searched.
type Term struct {
	Token string
	// Unwanted is set if the question asks for what is without it.
	Unwanted bool
}

// maxUnwanted is how many words after a "without" belong to it: led lamp, mesh
// liner, real leather soles.
const maxUnwanted = 3

// QueryTerms returns QueryTokens(text) and which of them the question does not
// want: those after "without" and its like, up to the next "and", "for" or
// "with"; the word of lacking itself is left out. If nothing else is asked for, all
// are wanted: something is better than nothing.
func QueryTerms(text string) []Term {
	tokens := QueryTokens(text)
	unwanted := unwantedTokens(Tokens(text))
	out := make([]Term, 0, len(tokens))
	wanted := 0
	for _, t := range tokens {
		if lacking(t) && len(unwanted) > 0 {
			continue // it has done its work
		}
		no := unwanted[t]
		if !no {
			wanted++
		}
		out = append(out, Term{Token: t, Unwanted: no})
	}
	if wanted == 0 {
		for i := range out {
			out[i].Unwanted = false
		}
	}
	return out
}

// unwantedTokens returns the tokens that stand after a word of lacking.
func unwantedTokens(tokens []string) map[string]bool {
	out := make(map[string]bool)
	left := 0
	for _, t := range tokens {
		switch {
		case lacking(t):
			left = maxUnwanted
		case left == 0:
		case joins(t):
			left = 0
		case stopWord(t): // the, any
		default:
			out[t] = true
			left--
		}
	}
	return out
}

// lacking reports whether what follows t is what something does not have. "no"
// and "not" are none of them: "not too heavy", "no name".
func lacking(t string) bool {
	switch t {
	case "without", "ohne", "sans", "sin", "senza", "zonder", "sem":
		return true
	}
	return false
}

// joins reports whether t ends a list of what something does not have.
func joins(t string) bool {
	switch t {
	case "and", "but", "for", "with", "in", "on", "from", "to", "und", "aber", "fur", "mit", "et", "pour", "avec", "y", "para", "con", "e", "per", "en", "voor", "met":
		return true
	}
	return false
}

// unwantedShare is how much of what an unwanted word would add it takes away
// where the title has it: half, since a title that says "boots, laces" is less
// wrong than one without any of the other words. The best of 0 to 1 on the
// development questions of the ESCI set, where anything from 0.2 to 0.6 is alike.
const unwantedShare = 0.4

// Worth returns the share of a word's score that a document with a title of this
// TitleKey gets for it: all for a word that is wanted; for one that is not, less
// than nothing if the title has it, all if the title itself says "without", else
// nothing: a text may say many things of what a product does not have.
func (t Term) Worth(titleKey string) float64 {
	switch {
	case !t.Unwanted:
		return 1
	case slices.ContainsFunc(strings.Fields(titleKey), lacking):
		return 1
	case strings.Contains(" "+titleKey+" ", " "+t.Token+" "):
		return -unwantedShare
	}
	return 0
}

// MaxCompounds is of how many of a question's words it is tried whether they are
// compounds: a question full of invented words must not cost a search its time.
const MaxCompounds = 4

// Bounds of the search for compounds.
const (
	minPart        = 3  // characters of a part
	maxCompoundLen = 32 // bytes of a word that is tried
)

// Cut is a way to take a word apart.
type Cut struct{ Head, Tail string }

// Cuts returns the ways in which token may be made of two words, as an index has
// them. A word that no chunk has is found where both parts are: of all cuts that
// one counts which most chunks have, the first of equals.
func Cuts(token string) []Cut {
	if len(token) > maxCompoundLen {
		return nil
	}
	var out []Cut
	for at := range token {
		head, tail := token[:at], token[at:]
		if utf8.RuneCountInString(head) >= minPart && utf8.RuneCountInString(tail) >= minPart {
			out = append(out, Cut{head, singular(tail)}) // the last part is the one that a language bends
		}
	}
	return out
}

// compound returns the chunks that have both parts of a word that is in none:
// firestick is found where fire and stick are, Lederjacke where Leder and Jacke
// are. Of all ways to cut the word that one counts which most chunks have. A
// chunk has the compound as often as it has the rarer part.
func compound(token string, postings func(token string) ([]Posting, error)) ([]Posting, error) {
	var best []Posting
	for _, cut := range Cuts(token) {
		a, err := postings(cut.Head)
		if err != nil {
			return nil, err
		}
		if len(a) <= len(best) {
			continue
		}
		b, err := postings(cut.Tail)
		if err != nil {
			return nil, err
		}
		if both := inBoth(a, b); len(both) > len(best) {
			best = both
		}
	}
	return best, nil
}

// place is a chunk of a document.
type place struct {
	d     *Indexed
	chunk int
}

func inBoth(a, b []Posting) []Posting {
	have := make(map[place]float64, len(a))
	for _, p := range a {
		have[place{p.Document, p.Chunk}] = p.Weighted
	}
	var out []Posting
	for _, p := range b {
		if w, ok := have[place{p.Document, p.Chunk}]; ok {
			p.Weighted = min(p.Weighted, w)
			out = append(out, p)
		}
	}
	return out
}
