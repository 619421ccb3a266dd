package retrieval

import (
	"slices"
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// LocaleUnknown is the locale of a document of which nobody knows the language,
// such as one that was indexed before indexes kept it.
const LocaleUnknown = "und" // BCP 47: undetermined

// Language is the language in which documents must be, as a Filter asks. The
// zero Language is any.
type Language struct {
	// Locale is a BCP 47 tag. Regions do not matter: de-AT lets through what is
	// in de, de-DE or de-CH, and de what is in de-AT; "" lets all through.
	Locale string
	// Unmarked lets documents through that do not say their locale. They are in
	// the site's, so it is to be set if the site's language is that of Locale.
	Unmarked bool
	// Kinds are those of which the language is asked; what is of another kind
	// passes in any. None for all kinds.
	Kinds []catalog.Kind
}

// IsZero reports whether l lets everything through.
func (l Language) IsZero() bool { return l.Locale == "" }

// Match reports whether l lets a document of that kind and locale through. What
// is in LocaleUnknown passes: it may be in the language, and hiding it would take
// away what there is.
func (l Language) Match(kind catalog.Kind, locale string) bool {
	if l.IsZero() || len(l.Kinds) > 0 && !slices.Contains(l.Kinds, kind) {
		return true
	}
	switch of := LanguageOf(locale); of {
	case "":
		return l.Unmarked
	case LocaleUnknown:
		return true
	default:
		return of == LanguageOf(l.Locale)
	}
}

// String returns l in words, for people: "in de: page or faq"; "" for any
// language.
func (l Language) String() string {
	if l.IsZero() {
		return ""
	}
	text := "in " + LanguageOf(l.Locale)
	if len(l.Kinds) == 0 {
		return text
	}
	return text + ": " + anyOf(kindNames(l.Kinds))
}

// Languages counts in which languages the documents of a shop are. The zero
// Languages has counted none.
type Languages struct {
	documents map[catalog.Kind]map[string]int // by language, "" for the site's
}

// Add counts a document.
func (n *Languages) Add(kind catalog.Kind, locale string) {
	if n.documents == nil {
		n.documents = make(map[catalog.Kind]map[string]int)
	}
	if n.documents[kind] == nil {
		n.documents[kind] = make(map[string]int)
	}
	n.documents[kind][LanguageOf(locale)]++
}

// leastTranslated is how many documents a language must have for each one of the
// language that has most.
const leastTranslated = 0.5

// Prefer returns what to ask of documents for somebody whose page is in the
// language of reader, in a shop whose own language is that of site.
//
// The language is asked of the kinds of documents that there are in several
// languages, the reader's being no afterthought: with at least half as many as
// the language that has most. A single English imprint hides no German page, and
// products that are in German only are found by everybody. It is the zero
// Language where no kind is so, as in every shop of one language, and for a
// reader whose language is not known.
func (n Languages) Prefer(site, reader string) Language {
	own, want := LanguageOf(site), LanguageOf(reader)
	if want == "" || want == LocaleUnknown {
		return Language{}
	}
	var kinds []catalog.Kind
	for kind, by := range n.documents {
		counts := make(map[string]int, len(by))
		for language, documents := range by {
			if language == "" {
				language = own
			}
			counts[language] += documents
		}
		delete(counts, LocaleUnknown)
		most := 0
		for language, documents := range counts {
			if language != want {
				most = max(most, documents)
			}
		}
		if have := counts[want]; most > 0 && float64(have) >= leastTranslated*float64(most) {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) == 0 {
		return Language{}
	}
	slices.Sort(kinds)
	return Language{Locale: reader, Unmarked: want == own, Kinds: kinds}
}

func kindNames(kinds []catalog.Kind) []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.String()
	}
	return names
}

// LanguageOf returns the language of a BCP 47 tag in lower case: de of de-AT. It
// is "" for none.
func LanguageOf(locale string) string {
	language, _, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(locale), "_", "-"), "-")
	return strings.ToLower(language)
}
