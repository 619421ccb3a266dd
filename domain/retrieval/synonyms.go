package retrieval

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Synonym says which words a shop takes for the same.
type Synonym struct {
	// Words count as one another; or, with Means, each of them counts as each of
	// those, but not the other way round: a hoodie is a sweatshirt, and not every
	// sweatshirt has a hood. A word may be several: gym shoes.
	Words []string
	Means []string
}

// Bounds of synonyms. A site has at most MaxSynonyms, each of at most
// MaxSynonymWords words, each of at most MaxSynonymBytes bytes and a few tokens.
const (
	MaxSynonyms     = 500
	MaxSynonymWords = 20
	MaxSynonymBytes = 100

	maxSynonymTokens = 5
)

// ErrBadSynonyms is matched by the errors of ParseSynonym and ValidSynonyms.
var ErrBadSynonyms = errors.New("bad synonyms")

// ParseSynonym reads "sneakers = trainers = gym shoes" or "hoodie -> sweatshirt",
// as String writes them.
func ParseSynonym(text string) (Synonym, error) {
	from, to, oneWay := strings.Cut(text, "->")
	if strings.Contains(to, "->") {
		return Synonym{}, fmt.Errorf("%w: %q has more than one ->", ErrBadSynonyms, text)
	}
	s := Synonym{Words: splitWords(from)}
	if oneWay {
		s.Means = splitWords(to)
	}
	s, err := s.tidy()
	if oneWay && err == nil && len(s.Means) == 0 {
		err = fmt.Errorf("%w: %q says nothing after the ->", ErrBadSynonyms, text)
	}
	return s, err
}

func splitWords(text string) []string {
	var out []string
	for w := range strings.SplitSeq(text, "=") {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// String returns s as ParseSynonym reads it.
func (s Synonym) String() string {
	if len(s.Means) > 0 {
		return strings.Join(s.Words, " = ") + " -> " + strings.Join(s.Means, " = ")
	}
	return strings.Join(s.Words, " = ")
}

// ValidSynonyms returns synonyms with single spaces in their words and without
// words that are there twice. The error matches ErrBadSynonyms and says which of
// them is wrong and why: one says nothing if it has a single word.
func ValidSynonyms(list []Synonym) ([]Synonym, error) {
	if len(list) > MaxSynonyms {
		return nil, fmt.Errorf("%w: %d of them, a site may have %d", ErrBadSynonyms, len(list), MaxSynonyms)
	}
	out := make([]Synonym, 0, len(list))
	for _, s := range list {
		s, err := s.tidy()
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func (s Synonym) tidy() (Synonym, error) {
	var err error
	if s.Words, err = tidyWords(s.Words); err != nil {
		return s, err
	}
	if s.Means, err = tidyWords(s.Means); err != nil {
		return s, err
	}
	switch {
	case len(s.Words)+len(s.Means) > MaxSynonymWords:
		return s, fmt.Errorf("%w: one has %d words, at most %d", ErrBadSynonyms, len(s.Words)+len(s.Means), MaxSynonymWords)
	case len(s.Words) == 0 || len(s.Means) == 0 && len(s.Words) == 1:
		return s, fmt.Errorf("%w: %q needs two words, such as sneakers = trainers or hoodie -> sweatshirt", ErrBadSynonyms, s.String())
	}
	return s, nil
}

// tidyWords returns words as they are kept.
func tidyWords(words []string) ([]string, error) {
	var out []string
	for _, w := range words {
		if strings.ContainsFunc(w, unicode.IsControl) || strings.ContainsRune(w, unicode.ReplacementChar) || strings.Contains(w, "=") || strings.Contains(w, "->") {
			return nil, fmt.Errorf("%w: %q has characters that no word has", ErrBadSynonyms, w)
		}
		w = strings.Join(strings.Fields(w), " ")
		switch n := len(Tokens(w)); {
		case len(w) > MaxSynonymBytes || n > maxSynonymTokens:
			return nil, fmt.Errorf("%w: %.40q is longer than %d bytes or %d words", ErrBadSynonyms, w, MaxSynonymBytes, maxSynonymTokens)
		case n == 0:
			return nil, fmt.Errorf("%w: %q is no word", ErrBadSynonyms, w)
		}
		if !slices.ContainsFunc(out, func(have string) bool { return strings.EqualFold(have, w) }) {
			out = append(out, w)
		}
	}
	return out, nil
}

// synonymWeight is how much a synonym counts beside the word that was asked for.
const synonymWeight = 0.8

// SynonymsOf returns what counts as words of a question by these synonyms, in the
// forms that the shop has of them. A synonym of several words is found in the
// question where they stand one after the other; words are compared as they are
// searched, also in other forms of the languages.
func (l *Lexicon) SynonymsOf(question string, list []Synonym, languages ...string) []Alternative {
	if len(list) == 0 {
		return nil
	}
	asked := Tokens(question)
	content := QueryTokens(question)
	var out []Alternative
	add := func(a Alternative) {
		same := func(have Alternative) bool { return slices.Equal(have.Of, a.Of) && slices.Equal(have.Tokens, a.Tokens) }
		if len(out) < MaxAlternatives && !slices.ContainsFunc(out, same) && !hasAll(a.Of, a.Tokens) {
			out = append(out, a)
		}
	}
	for _, s := range list {
		means := s.Means
		if len(means) == 0 {
			means = s.Words
		}
		for _, word := range s.Words {
			of := wordsIn(asked, Tokens(word), languages)
			of = slices.DeleteFunc(of, func(t string) bool { return !slices.Contains(content, t) })
			if len(of) == 0 {
				continue
			}
			for _, other := range means {
				tokens := QueryTokens(other)
				if other == word || len(tokens) == 0 {
					continue
				}
				add(Alternative{Of: of, Tokens: tokens, Weight: synonymWeight})
				if len(tokens) > 1 {
					continue
				}
				for _, form := range l.forms(tokens[0], languages) {
					add(Alternative{Of: of, Tokens: []string{form}, Weight: synonymWeight * formWeight})
				}
			}
		}
	}
	return out
}

// InSynonyms reports whether word, which is folded, is one that a shop's synonyms
// speak of, in any form: it is no slip, though the shop may not have it.
func InSynonyms(list []Synonym, word string, languages ...string) bool {
	tokens := wordTokens(word)
	return slices.ContainsFunc(list, func(s Synonym) bool {
		return slices.ContainsFunc(s.Words, func(w string) bool { return wordsIn(Tokens(w), tokens, languages) != nil })
	})
}

// wordsIn returns the tokens of the question that are the given ones in a row, in
// any form; nil if it does not have them.
func wordsIn(asked, tokens, languages []string) []string {
	same := func(a, b string) bool {
		return a == b || slices.ContainsFunc(languages, func(l string) bool { return Stem(l, a) == Stem(l, b) })
	}
	for i := 0; len(tokens) > 0 && i+len(tokens) <= len(asked); i++ {
		if slices.EqualFunc(asked[i:i+len(tokens)], tokens, same) {
			return slices.Clone(asked[i : i+len(tokens)])
		}
	}
	return nil
}

// MergeAlternatives returns the lists as one: an alternative that is in several
// with its highest weight, of too many the weightiest.
func MergeAlternatives(lists ...[]Alternative) []Alternative {
	var out []Alternative
	for _, list := range lists {
		for _, a := range list {
			i := slices.IndexFunc(out, func(have Alternative) bool { return slices.Equal(have.Of, a.Of) && slices.Equal(have.Tokens, a.Tokens) })
			if i < 0 {
				out = append(out, a)
			} else {
				out[i].Weight = max(out[i].Weight, a.Weight)
			}
		}
	}
	if len(out) > MaxAlternatives {
		slices.SortStableFunc(out, func(a, b Alternative) int { return cmp.Compare(b.Weight, a.Weight) })
		out = out[:MaxAlternatives]
	}
	return out
}
