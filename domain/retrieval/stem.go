package retrieval

import "strings"

// Stem returns what a word, folded as an index has it, has in common with its
// plural and its other light inflections in a language; the word itself in a
// language that it does not know. Two words of one language with the same stem
// are taken for one word in two forms.
//
// It takes off endings of nouns and adjectives, and in English those of verbs
// that stand for things (hiking, insulated), and no more: light stemming finds as
// much as heavier and mixes up less (Savoy, "Light stemming approaches for the
// French, Portuguese, German and Hungarian languages", 2006). A stem is never
// empty: it has at least three characters where the word has, and begins with the
// word's first two. It is not always a word, and may have another stem itself.
func Stem(language, word string) string {
	for i := range len(word) {
		if c := word[i]; c < 'a' || c > 'z' {
			return word // a code, another script, or a word with an apostrophe
		}
	}
	switch language {
	case "en":
		return stemEnglish(word)
	case "de":
		return stemGerman(word)
	case "fr":
		return stemFrench(word)
	case "es":
		return stemSpanish(word)
	case "it":
		return stemItalian(word)
	case "nl":
		return stemDutch(word)
	}
	return word
}

const minStem = 3

// without returns word without the first of these endings that it has and that
// leaves at least n letters.
func without(word string, n int, endings ...string) (string, bool) {
	for _, e := range endings {
		if len(word)-len(e) >= n && strings.HasSuffix(word, e) {
			return word[:len(word)-len(e)], true
		}
	}
	return word, false
}

func vowel(c byte) bool { return strings.IndexByte("aeiouy", c) >= 0 }

// undouble makes one of two equal consonants at the end.
func undouble(w string, but string) string {
	if n := len(w); n > minStem && w[n-1] == w[n-2] && !vowel(w[n-1]) && strings.IndexByte(but, w[n-1]) < 0 {
		return w[:n-1]
	}
	return w
}

// stemEnglish takes off the plural as Tokens does, and -ing and -ed as step 1b of
// Porter's stemmer does ("An algorithm for suffix stripping", 1980).
func stemEnglish(w string) string {
	w = singular(w)
	s, cut := without(w, minStem, "ing", "ed")
	if !cut || strings.IndexFunc(s, func(r rune) bool { return vowel(byte(r)) }) < 0 {
		return w
	}
	n := len(s)
	switch {
	case strings.HasSuffix(s, "at"), strings.HasSuffix(s, "bl"), strings.HasSuffix(s, "iz"):
		return s + "e"
	case s[n-1] == s[n-2] && !vowel(s[n-1]):
		return undouble(s, "lsz")
	case n == minStem && !vowel(s[0]) && vowel(s[1]) && !vowel(s[2]) && strings.IndexByte("wx", s[2]) < 0:
		return s + "e" // hiking, hike
	}
	return s
}

// stemGerman takes off what Snowball's German stemmer does in its first step
// (Porter, snowballstem.org/algorithms/german/stemmer.html), and the -n- of
// Besucherinnen. Umlauts are gone already.
func stemGerman(w string) string {
	if s, ok := without(w, minStem+1, "innen"); ok {
		return s + "in"
	}
	if s, ok := without(w, minStem, "ern", "em", "en", "er", "es", "e"); ok {
		if strings.HasSuffix(s, "niss") { // Verzeichnisse
			return s[:len(s)-1]
		}
		return s
	}
	if n := len(w); n > minStem+1 && w[n-1] == 's' && strings.IndexByte("bdfghklmnrt", w[n-2]) >= 0 {
		return w[:n-1]
	}
	return w
}

// stemFrench takes off plurals, the feminine -e, and what doubled before it, as
// Savoy's minimal stemmer for French does ("A stemming procedure and stopword
// list for general French corpora", 1999), but for the -r that it takes off
// infinitives. Accents are gone already.
func stemFrench(w string) string {
	if len(w) < 5 {
		w, _ = without(w, minStem, "s", "x")
		return w
	}
	switch {
	case strings.HasSuffix(w, "eaux"):
		return w[:len(w)-1]
	case strings.HasSuffix(w, "aux"):
		return w[:len(w)-3] + "al"
	}
	w, _ = without(w, minStem, "s", "x")
	w, _ = without(w, minStem, "e")
	w, _ = without(w, minStem, "e") // of -ée
	return undouble(w, "")
}

// stemSpanish takes off plurals and the vowel of the gender, as Savoy's light
// stemmer for Spanish does ("Report on CLEF-2001 experiments", 2002).
func stemSpanish(w string) string {
	if len(w) > 4 && strings.HasSuffix(w, "ces") {
		return w[:len(w)-3] + "z" // luces, luz
	}
	s, _ := without(w, minStem, "os", "as", "es", "s", "o", "a", "e")
	return s
}

// stemItalian takes off the vowels that tell number and gender, with the h that
// keeps a consonant hard before them, as Savoy's light stemmer for Italian does
// ("Report on CLEF-2001 experiments", 2002).
func stemItalian(w string) string {
	endings := []string{"ie", "ii", "hi", "he", "ia", "io", "e", "i", "a", "o"}
	if len(w) < 5 {
		endings = endings[6:]
	}
	s, _ := without(w, minStem, endings...)
	return s
}

// stemDutch takes off plurals and the -e of adjectives, and writes what is left
// as the singular does: schoenen, schoen; jassen, jas; bomen, boom; huizen, huis. It
// follows Snowball's Dutch stemmer (snowballstem.org/algorithms/dutch/stemmer.html:
// steps 1, 2 and 4).
func stemDutch(w string) string {
	s := w
	if t, ok := without(w, minStem, "eren", "en", "e"); ok {
		if !vowel(t[len(t)-1]) || strings.HasSuffix(t, "ie") || strings.HasSuffix(t, "ij") || strings.HasSuffix(t, "ee") {
			s = t
		}
	} else if n := len(w); n > minStem+1 && w[n-1] == 's' && w[n-2] != 's' && w[n-2] != 'i' && w[n-2] != 'u' && w[n-2] != 'j' {
		s = w[:n-1]
	}
	s = undouble(s, "")
	n := len(s)
	switch s[n-1] {
	case 'v':
		s = s[:n-1] + "f"
	case 'z':
		s = s[:n-1] + "s"
	}
	// boom and bomen: a long vowel is written twice in a closed syllable only.
	if n >= minStem+1 && !vowel(s[n-1]) && s[n-2] == s[n-3] && strings.IndexByte("aeou", s[n-2]) >= 0 {
		s = s[:n-2] + s[n-1:]
	}
	return s
}
