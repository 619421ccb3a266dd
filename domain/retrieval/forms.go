package retrieval

import (
	"slices"
	"strings"
)

// bending are the languages that bend more than English.
func bending() []string { return []string{"de", "fr", "es", "it", "nl"} }

// For returns v for a question between people who speak these languages, as
// LanguageOf has them: words of the shop are read in the other forms of each of
// them, too, such as the Lampe of Lampen. English plurals are read in any case.
func (v Vocabulary) For(languages ...string) Vocabulary {
	v.languages = languages
	return v
}

// learnForms keeps key, if it is one word, by the stems that it has as the shop
// writes it and as a token, from which an English plural is gone: a Türkis is no
// plural. Several words it keeps by the stems of all: jeu de société of Jeux de
// société.
func (v *Vocabulary) learnForms(key, value string) {
	if strings.Contains(key, " ") {
		for _, language := range bending() {
			if form := language + " " + stems(language, strings.Fields(key)); !slices.Contains(v.forms[form], key) {
				v.forms[form] = append(v.forms[form], key)
			}
		}
		return
	}
	if len(key) < minStem || !plainWord(key) {
		return
	}
	eachWord(value, func(_, _ int, written string) {
		for _, language := range bending() {
			for _, w := range []string{key, written} {
				if form := language + " " + Stem(language, w); !slices.Contains(v.forms[form], key) {
					v.forms[form] = append(v.forms[form], key)
				}
			}
		}
	})
}

// stems returns the stems of words, with a space between them.
func stems(language string, words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = Stem(language, w)
	}
	return strings.Join(out, " ")
}

// bent returns what the shop's words mean of which these are other forms.
func (v Vocabulary) bent(words ...word) []term {
	tokens, folded := make([]string, len(words)), make([]string, len(words))
	for i, w := range words {
		tokens[i], folded[i] = w.token, w.folded
	}
	var out []term
	for _, language := range v.languages {
		for _, stem := range []string{stems(language, tokens), stems(language, folded)} {
			for _, key := range v.forms[language+" "+stem] {
				for _, t := range v.terms[key] {
					if t.kind != termBrand && !slices.Contains(out, t) {
						out = append(out, t)
					}
				}
			}
		}
	}
	return out
}

// spelledOtherwise returns token as they spell it on the other side of the
// Atlantic, "" if it is not one of the words that catalogues are full of.
func spelledOtherwise(token string) string {
	switch token {
	case "gray":
		return "grey"
	case "grey":
		return "gray"
	case "aluminum":
		return "aluminium"
	case "aluminium":
		return "aluminum"
	case "jewelry":
		return "jewellery"
	case "jewellery":
		return "jewelry"
	case "fiber":
		return "fibre"
	case "fibre":
		return "fiber"
	case "pajama":
		return "pyjama"
	case "pyjama":
		return "pajama"
	case "mustache":
		return "moustache"
	case "tire":
		return "tyre"
	case "tyre":
		return "tire"
	}
	return ""
}
