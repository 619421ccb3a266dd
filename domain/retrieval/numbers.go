package retrieval

import (
	"strconv"
	"strings"
)

// digits returns question with the numbers that are spelled out before or behind
// something that counts written as digits ("less than thirty euros", "two
// litres"), and with "w/o" spelled out, so that the rest has one way to read them.
func digits(question string) string {
	var words []word
	eachWord(question, func(start, end int, w string) { words = append(words, word{span{start, end}, w, w}) })
	var out strings.Builder
	done := 0
	write := func(s span, text string) {
		out.WriteString(question[done:s.start])
		out.WriteString(text)
		done = s.end
	}
	for i := 0; i < len(words); i++ {
		if n, used := spelled(words[i:]); used > 0 {
			before, after := "", ""
			if i > 0 {
				before = words[i-1].token
			}
			if i+used < len(words) {
				after = words[i+used].token
			}
			rest := strings.TrimLeft(question[words[i+used-1].end:], " ")
			if counts(before, after) || strings.HasPrefix(rest, "€") || strings.HasPrefix(rest, "$") || strings.HasPrefix(rest, "£") || spelledRange(words[i+used:]) {
				write(span{words[i].start, words[i+used-1].end}, strconv.Itoa(n))
			}
			i += used - 1
			continue
		}
		if words[i].token == "w" && i+1 < len(words) && words[i+1].token == "o" && question[words[i].start:words[i+1].end] != "wo" && strings.HasSuffix(question[:words[i+1].start], "/") {
			write(span{words[i].start, words[i+1].end}, "without")
			i++
		}
	}
	if done == 0 {
		return question
	}
	out.WriteString(question[done:])
	return out.String()
}

// counts reports whether a number between these words is an amount.
func counts(before, after string) bool {
	return wordIn("under below than over above max maximum min minimum between least most unter uber hochstens maximal mindestens als zwischen "+
		"budget que entre hasta maximo di tra fra dan tussen maximaal", before) ||
		wordIn("euro euros eur dollar dollars usd bucks pound pounds quid gbp chf francs franken kronor kroner zloty yen rupees", after) ||
		unit(singular(after)) && !wordIn("in m l x g w v pack item piece time pocket day week month year", singular(after))
}

// spelledRange reports whether words go on with a second number of money: "six to
// eight euros".
func spelledRange(words []word) bool {
	if len(words) < 2 || !wordIn("to and or und bis oder et a y e en tot", words[0].token) {
		return false
	}
	_, used := spelled(words[1:])
	return used > 0 && used+1 < len(words) && counts("", words[used+1].token)
}

// spelled returns the number that words begin with, and of how many it is made;
// 0 if they begin with none.
func spelled(words []word) (n, used int) {
	total, current := 0, 0
	for used < len(words) && used < 8 {
		w := words[used].token
		v, ok := cardinal(w)
		switch {
		case ok && v == 100:
			current = max(current, 1) * 100
		case ok && v == 1000:
			total, current = total+max(current, 1)*1000, 0
		case ok && (current == 0 || current%100 == 0 || current%10 == 0 && v < 10):
			current += v
		case !ok && used == 0 && (w == "a" || w == "an") && len(words) > 1 && wordIn("hundred thousand", words[1].token):
		case !ok && used > 0 && w == "and" && current%100 == 0 && current > 0 && used+1 < len(words) && below100(words[used+1].token):
		default:
			return total + current, used
		}
		used++
	}
	return total + current, used
}

func below100(w string) bool {
	v, ok := cardinal(w)
	return ok && v < 100
}

// cardinal reads one word as a number, in English and the tens and the like of
// other languages; German and Dutch write two words as one.
func cardinal(w string) (int, bool) {
	if n, ok := simple(w); ok {
		return n, true
	}
	for _, and := range []string{"und", "en"} { // fünfundzwanzig, vijfentwintig
		for at := 3; at+len(and) < len(w); at++ {
			if !strings.HasPrefix(w[at:], and) {
				continue
			}
			ones, ok1 := simple(w[:at])
			tens, ok2 := simple(w[at+len(and):])
			if ok1 && ok2 && ones < 10 && tens >= 20 && tens < 100 {
				return ones + tens, true
			}
		}
	}
	return 0, false
}

// isCardinal reports whether w, folded, is a number that is spelled out, or half of
// one.
func isCardinal(w string) bool {
	_, ok := cardinal(w)
	return ok || wordIn("half halb halbe halber halbes halben halbem", w)
}

// simple reads a number that is one word, folded; several languages have some.
func simple(w string) (int, bool) {
	const names = "two zwei deux dos due twee|three drei trois tres tre drie|four vier quatre cuatro quattro|five funf cinq cinco cinque vijf|six sechs seis sei zes|" +
		"seven sieben sept siete sette zeven|eight acht huit ocho otto|nine neun neuf nueve nove negen|ten zehn dix diez dieci tien|eleven elf onze once undici|" +
		"twelve zwolf douze doce dodici twaalf|thirteen dreizehn treize trece tredici dertien|fourteen vierzehn quatorze catorce quattordici veertien|" +
		"fifteen funfzehn quinze quince quindici vijftien|sixteen sechzehn seize sedici zestien|seventeen siebzehn diciassette zeventien|eighteen achtzehn diciotto achttien|" +
		"nineteen neunzehn diciannove negentien"
	const tens = "twenty zwanzig vingt veinte venti twintig|thirty dreissig trente treinta trenta dertig|forty vierzig quarante cuarenta quaranta veertig|" + //nolint:misspell // French
		"fifty funfzig cinquante cincuenta cinquanta vijftig|sixty sechzig soixante sesenta sessanta zestig|seventy siebzig setenta settanta zeventig|" +
		"eighty achtzig ochenta ottanta tachtig|ninety neunzig noventa novanta negentig|hundred hundert cent cien cento honderd"
	switch w {
	case "one", "ein", "eins":
		return 1, true
	case "thousand", "tausend", "mille", "mil", "duizend":
		return 1000, true
	}
	if !strings.Contains(names, w) && !strings.Contains(tens, w) {
		return 0, false // most words are none
	}
	at := 2
	for n := range strings.SplitSeq(names, "|") {
		if wordIn(n, w) {
			return at, true
		}
		at++
	}
	at = 20
	for n := range strings.SplitSeq(tens, "|") {
		if wordIn(n, w) {
			return at, true
		}
		at += 10
	}
	return 0, false
}
