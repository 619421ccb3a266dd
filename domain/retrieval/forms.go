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
// plural.
func (v *Vocabulary) learnForms(key, value string) {
	if len(key) < minStem || strings.Contains(key, " ") || !plainWord(key) {
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

// bent returns what the shop's words mean of which w is another form.
func (v Vocabulary) bent(w word) []term {
	var out []term
	for _, language := range v.languages {
		for _, stem := range []string{Stem(language, w.token), Stem(language, w.folded)} {
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
