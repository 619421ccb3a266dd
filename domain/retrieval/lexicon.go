package retrieval

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// Lexicon is every word that a shop uses, whatever for, and how often: by it
// Respell tells a slip of the fingers from a word. The zero Lexicon is empty.
// Add changes it; everything else only reads it and may run concurrently.
type Lexicon struct {
	places  map[string]int32 // of a folded word in lexemes
	tokens  map[string]int32 // what an index has of them, and how often they are written
	lexemes []lexeme
	// byLength lists the words that a misspelled one can mean, by how many
	// characters they have, so that those of other lengths are not even looked at.
	byLength [maxSpelled + 3][]signature
	starting map[string][]int32 // places by beginning
	ending   map[string][]int32 // places of long words by tail, see learnEnding
}

// lexeme is one word as the shop writes it, folded.
type lexeme struct {
	word  string
	times int32 // that it is written
}

// signature is what can be compared of a word without reading it.
type signature struct {
	letters uint32
	place   int32
}

// Bounds of what is respelled, in characters. From four on a word may have one
// slip, from eight on two: shorter ones have too many neighbours.
const (
	minSpelled  = 4
	twoSlips    = 8
	maxSpelled  = 24
	maxLexicon  = 250_000 // words; what comes after them is not known
	maxRespells = 4       // words of one question that are respelled
)

// Add teaches l the words of a text. Their spelling is kept, folded to lower
// case and without diacritics.
func (l *Lexicon) Add(text string) {
	if l.places == nil {
		l.places, l.tokens = make(map[string]int32), make(map[string]int32)
		l.starting, l.ending = make(map[string][]int32), make(map[string][]int32)
	}
	eachWord(text, func(_, _ int, word string) {
		if at, ok := l.places[word]; ok {
			l.lexemes[at].times++
			for _, t := range wordTokens(word) {
				l.tokens[t]++
			}
			return
		}
		if len(l.lexemes) >= maxLexicon {
			return
		}
		word = strings.Clone(word)
		at := int32(len(l.lexemes))
		l.places[word] = at
		l.lexemes = append(l.lexemes, lexeme{word, 1})
		for _, t := range wordTokens(word) {
			l.tokens[t]++
		}
		if first := beginning(word); 'a' <= word[0] && word[0] <= 'z' {
			l.starting[first] = append(l.starting[first], at)
			l.learnEnding(word, at)
		}
		if n := utf8.RuneCountInString(word); n >= minSpelled-1 && n < len(l.byLength) && onlyLetters(word) {
			l.byLength[n] = append(l.byLength[n], signature{lettersOf(word), at})
		}
	})
}

// AddFacts teaches l the words of a document's title and facts, which its text
// need not have.
func (l *Lexicon) AddFacts(title string, f catalog.Facts) {
	l.Add(title)
	for _, list := range [][]string{f.Brands, f.Categories, f.Tags} {
		for _, s := range list {
			l.Add(s)
		}
	}
	attributes := f.Attributes
	for _, o := range f.Offers {
		attributes = append(slices.Clip(attributes), o.Attributes...)
	}
	l.Add(attributeText(attributes))
	for _, a := range attributes {
		l.Add(strings.TrimPrefix(a.Name, "pa_"))
	}
}

// Len returns how many words l has.
func (l *Lexicon) Len() int { return len(l.lexemes) }

// Knows reports whether the shop uses word, which is folded, in any form that an
// index takes for the same.
func (l *Lexicon) Knows(word string) bool {
	if _, ok := l.places[word]; ok {
		return true
	}
	for _, t := range wordTokens(word) {
		if l.tokens[t] == 0 {
			return false
		}
	}
	return true
}

// spelling is a word of the shop that a misspelled one can mean.
type spelling struct {
	word  string
	slips int
	start int // how many characters at the start are right
	times int32
}

// nearest returns the words that word can mean, the likeliest first: those with
// fewer slips, with the right first letter, that are written oftener. There are
// none if it is too short, too long, or not of letters only.
func (l *Lexicon) nearest(word string) []spelling {
	n := utf8.RuneCountInString(word)
	if n < minSpelled || n > maxSpelled || !onlyLetters(word) {
		return nil
	}
	most := 1
	if n >= twoSlips {
		most = 2
	}
	var out []spelling
	asked, letters := []rune(word), lettersOf(word)
	var d distance
	for length := max(minSpelled-1, n-most); length <= min(n+most, len(l.byLength)-1); length++ {
		for _, s := range l.byLength[length] {
			// A slip changes at most one letter into another.
			if bits.OnesCount32(s.letters&^letters) > most || bits.OnesCount32(letters&^s.letters) > most {
				continue
			}
			x := l.lexemes[s.place]
			slips, start := d.between(asked, x.word, most)
			if slips > most || start == 0 && (slips > 1 || n <= minSpelled) {
				continue
			}
			out = append(out, spelling{x.word, slips, start, x.times})
		}
	}
	slices.SortFunc(out, func(a, b spelling) int {
		return cmp.Or(
			cmp.Compare(a.slips, b.slips),
			compareBool(a.start == 0, b.start == 0),
			cmp.Compare(b.times, a.times),
			cmp.Compare(b.start, a.start),
			strings.Compare(a.word, b.word),
		)
	})
	return out
}

func onlyLetters(word string) bool {
	return strings.IndexFunc(word, func(r rune) bool { return !unicode.IsLetter(r) || spaceless(r) }) < 0
}

// lettersOf returns a set of the letters of a word, in 32 bits.
func lettersOf(word string) uint32 {
	var set uint32
	for _, r := range word {
		set |= 1 << (uint32(r) % 32)
	}
	return set
}

// distance measures how far words are apart, of at most maxSpelled+2 characters.
// It is there to use its memory again; the zero distance is ready.
type distance struct {
	other []rune
	rows  [3][maxSpelled + 3]int
}

// between returns with how many slips of the fingers, at most most of them, b
// becomes a: a letter too many, one too few, another one, or two neighbours the
// wrong way round (Damerau's four errors, "A technique for computer detection and
// correction of spelling errors", 1964; no letter is changed twice). If there are
// more it returns a number above most. start is how many letters they begin with
// alike.
func (d *distance) between(a []rune, b string, most int) (slips, start int) {
	d.other = d.other[:0]
	for _, r := range b {
		d.other = append(d.other, r)
	}
	other := d.other
	for start < len(a) && start < len(other) && a[start] == other[start] {
		start++
	}
	if len(a)-len(other) > most || len(other)-len(a) > most {
		return most + 1, start
	}
	width := len(other) + 1
	before, last, row := &d.rows[0], &d.rows[1], &d.rows[2]
	for j := range width {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		best := i
		for j := 1; j < width; j++ {
			cost := 1
			if a[i-1] == other[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == other[j-2] && a[i-2] == other[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			best = min(best, row[j])
		}
		if best > most {
			return most + 1, start
		}
		before, last, row = last, row, before
	}
	return last[width-1], start
}
