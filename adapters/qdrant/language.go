package qdrant

import (
	"cmp"

	"github.com/qdrant/go-client/qdrant"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

// unmarked is the language of a point whose document does not say its locale.
// It is no language's code, and not "", so that nothing may take it for empty.
const unmarked = "-"

// languageWord returns what fieldLanguage holds.
func languageWord(locale string) string { return cmp.Or(retrieval.LanguageOf(locale), unmarked) }

// inLanguage returns the condition that a point meets which l lets through. A
// point without the field is from before there was one, in a language that is not
// known: "Is Empty ... will match all records where the field either does not
// exist, or has null or [] value" (search/filtering).
func inLanguage(l retrieval.Language) *qdrant.Condition {
	words := []string{retrieval.LanguageOf(l.Locale), retrieval.LocaleUnknown}
	if l.Unmarked {
		words = append(words, unmarked)
	}
	either := []*qdrant.Condition{qdrant.NewMatchKeywords(fieldLanguage, words...), qdrant.NewIsEmpty(fieldLanguage)}
	if len(l.Kinds) > 0 {
		either = append(either, qdrant.NewFilterAsCondition(&qdrant.Filter{MustNot: []*qdrant.Condition{ofKinds(l.Kinds)}}))
	}
	return qdrant.NewFilterAsCondition(&qdrant.Filter{Should: either})
}
