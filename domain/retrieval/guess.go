package retrieval

import "strings"

// GuessLanguage returns the language of a question by the words that hold its
// sentences together: en, de, fr, es, it or nl, and "" where that is not clear, as
// of a single word or of another language.
func GuessLanguage(text string) string {
	var found [6]int
	seen := make(map[string]bool)
	languages := strings.Fields(commonLanguages)
	eachWord(text[:min(len(text), maxRead)], func(_, _ int, word string) {
		for part := range strings.SplitSeq(word, "'") {
			if part == "" || seen[part] {
				continue
			}
			seen[part] = true
			for i, language := range languages {
				if wordIn(smallWords(language), part) {
					found[i]++
				}
			}
		}
	})
	best, tied := 0, false
	for i := 1; i < len(found); i++ {
		switch {
		case found[i] > found[best]:
			best, tied = i, false
		case found[i] == found[best]:
			tied = true
		}
	}
	if tied || found[best] < minSmallWords {
		return ""
	}
	return languages[best]
}

// WithoutSmallWords returns a question without the words that hold its sentences
// together in a language: where the shop is in another one, they are found only
// where they mean something else, as the French en is in the standard EN 417. What
// negates stays.
func WithoutSmallWords(text, language string) string {
	small := smallWords(language)
	left := []byte(text)
	eachWord(text, func(start, end int, word string) {
		if wordIn(small, word) && !negates(word) {
			for i := start; i < end; i++ {
				left[i] = ' '
			}
		}
	})
	return strings.Join(strings.Fields(string(left)), " ")
}

func negates(word string) bool {
	return wordIn("not no without nicht kein keine ohne ne pas sans sin non senza niet geen zonder", word)
}

// sentenceWord reports whether word, which is folded, is one that holds sentences
// together in one of the languages.
func sentenceWord(word string) bool {
	for language := range strings.FieldsSeq(commonLanguages) {
		if wordIn(smallWords(language), word) {
			return true
		}
	}
	return false
}

// minSmallWords is how many of its small words show a language: one may be a name.
const minSmallWords = 2

// smallWords returns the words of a language that are in most of its questions,
// folded.
func smallWords(language string) string {
	switch language {
	case "en":
		return "the a an of to in is are was do does did can could will would you your i my me we it that this these what which who how when where why have has for with and or not any there from on at if be much long about"
	case "de":
		return "der die das den dem des ein eine einen einem einer und oder ist sind war hat habe haben habt kann kannst konnen ihr ich du wir sie mir mich euch uns mein meine dein was wie wo wann wer welche welcher welches gibt es fur mit von zu zum zur im auf aus bei auch noch nicht kein keine suche brauche mochte lange kostet kosten dauert nach wenn uber bitte"
	case "fr":
		return "le la les un une des du de d l et est sont avez vous je j tu nous il elle ce c cette que qu quel quelle quels quelles qui ou quand comment combien pour avec dans sur en au aux pas ne mon ma mes votre vos puis cherche voudrais coute"
	case "es":
		return "el la los las un una unos unas de del y es son hay tiene tienen yo usted que cual cuales quien donde cuando como cuanto cuanta para por con en al mi su me se busco quiero puedo cuesta"
	case "it":
		return "il lo la i gli le l un una uno di del della dei e sono avete ha io voi che cosa quale quali chi dove quando come quanto quanta per con in da si non cerco vorrei posso costa"
	case "nl":
		return "de het een en of is zijn heb hebt heeft hebben jullie ik je jij u wij we mijn uw wat welke welk wie waar wanneer hoe hoeveel voor met van naar op aan uit bij ook niet geen zoek kan kunnen er kost"
	}
	return ""
}
