package chat

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// Gate lets an answer through sentence by sentence, as it is written. A
// sentence that states a price, an amount, a discount, a SKU, a link or a
// stock state that the evidence does not hold is withheld as a whole, and
// markers that point at no evidence are taken out. It is for one goroutine.
type Gate struct {
	evidence []Evidence
	amounts  map[int64]bool // with a currency in the evidence
	asked    map[int64]bool // numbers of the question, which only bound a search
	percents map[string]bool
	text     string // all evidence and the question, lower case
	buf      strings.Builder
	cited    []int
	withheld int
}

// NewGate returns a Gate for an answer to question from ev.
func NewGate(ev []Evidence, question string) *Gate {
	g := &Gate{evidence: ev, amounts: map[int64]bool{}, asked: map[int64]bool{}, percents: map[string]bool{}}
	var all strings.Builder
	all.WriteString(question + "\n")
	for _, e := range ev {
		all.WriteString(e.Title + "\n" + e.URL + "\n" + e.Text + "\n")
		g.allowCard(e.Card)
	}
	for _, e := range ev {
		for _, m := range amount.FindAllStringSubmatch(e.Text, -1) {
			for _, v := range readings(m[1] + m[2] + m[3]) {
				g.amounts[v] = true
			}
		}
	}
	for _, n := range anyNumber.FindAllString(question, -1) {
		for _, v := range readings(n) {
			g.asked[v] = true
		}
	}
	for _, m := range percentage.FindAllStringSubmatch(all.String(), -1) {
		g.percents[m[1]] = true
	}
	g.text = strings.ToLower(all.String())
	return g
}

// allowCard allows the discount that a card's prices amount to, rounded as a
// shop rounds it.
func (g *Gate) allowCard(c *Card) {
	if c == nil || !c.Price.OnSale || c.Price.RegularMax.Minor <= 0 {
		return
	}
	for _, pair := range [][2]catalog.Money{{c.Price.Min, c.Price.RegularMin}, {c.Price.Max, c.Price.RegularMax}} {
		if now, before := pair[0], pair[1]; before.Minor > 0 && now.Minor < before.Minor {
			off := (before.Minor - now.Minor) * 100
			g.percents[strconv.FormatInt(off/before.Minor, 10)] = true
			g.percents[strconv.FormatInt((off+before.Minor/2)/before.Minor, 10)] = true
		}
	}
}

// Push takes the next piece of the answer and returns what may be shown now.
func (g *Gate) Push(piece string) string {
	g.buf.WriteString(piece)
	text := g.buf.String()
	end := lastBorder(text)
	if end == 0 {
		return ""
	}
	g.buf.Reset()
	g.buf.WriteString(text[end:])
	return g.pass(text[:end])
}

// Flush returns what may be shown of the rest, at the end of the answer.
func (g *Gate) Flush() string {
	text := g.buf.String()
	g.buf.Reset()
	return g.pass(strings.ToValidUTF8(text, ""))
}

// Cited returns the markers that were let through, each once, in order.
func (g *Gate) Cited() []int {
	slices.Sort(g.cited)
	return slices.Compact(g.cited)
}

// Withheld returns how many sentences were kept back.
func (g *Gate) Withheld() int { return g.withheld }

func (g *Gate) pass(text string) string {
	var out strings.Builder
	for len(text) > 0 {
		end := firstBorder(text)
		sentence := text[:end]
		text = text[end:]
		if strings.TrimSpace(sentence) != "" && !g.holds(sentence) {
			g.withheld++
			continue
		}
		out.WriteString(g.mark(sentence))
	}
	return out.String()
}

var (
	marker     = regexp.MustCompile(`\s?\[(\d{1,3})\]`)
	anyNumber  = regexp.MustCompile(`\d[\d.,'’  ]*\d|\d`)
	percentage = regexp.MustCompile(`(\d{1,3})(?:[.,]\d+)?\s?%`)
	// amount is a number with a currency, or one with two decimals.
	amount = regexp.MustCompile(`(?i)(?:[€$£¥₹]|\b(?:eur|usd|gbp|chf|jpy|sek|nok|dkk|pln|czk|cad|aud)\b)\s?(\d[\d.,'’]*\d|\d)|(\d[\d.,'’]*\d|\d)\s?(?:[€$£¥₹]|(?:eur|euros?|usd|dollars?|gbp|pounds?|chf|jpy|yen|sek|nok|dkk|kr|pln|zł|czk|cad|aud|cents?)\b)|(\d[\d.,'’]*[.,]\d{2})\b`)
	// bounds ends in a word after which an amount is a limit and not a price.
	bounds = regexp.MustCompile(`(?i)\b(?:under|below|over|above|than|up to|within|maximum of|max\.?|budget of|between|unter|über|bis|als|zwischen)\s*(?:[€$£¥]?\d[\d.,]*\s*(?:€|eur|euros?)?\s*(?:and|und|to|bis)\s*)?$`)
	link   = regexp.MustCompile(`(?i)\b(?:https?://|www\.)[^\s<>()\[\]"']+`)
	// code is a word with a digit and a letter and a hyphen or underscore, as
	// SKUs are; sizes and units such as 500ml have no hyphen.
	code = regexp.MustCompile(`\b[A-Z0-9]+(?:[-_][A-Z0-9]+)+\b`)
	// outOf and inOf are claims about stock.
	outOf = regexp.MustCompile(`(?i)\b(?:out of stock|sold out|not (?:currently )?(?:in stock|available)|unavailable|ausverkauft|nicht (?:vorrätig|lieferbar|verfügbar))\b`)
	inOf  = regexp.MustCompile(`(?i)\b(?:in stock|auf lager|vorrätig)\b`)
)

// holds reports whether the evidence holds every fact that sentence states.
func (g *Gate) holds(sentence string) bool {
	plain := marker.ReplaceAllString(sentence, "")
	for _, at := range amount.FindAllStringSubmatchIndex(plain, -1) {
		// "nothing under 30 euros" repeats the shopper's bound; "it costs 30
		// euros" would be a price.
		bound := bounds.MatchString(plain[:at[0]])
		known := false
		for _, v := range readings(group(plain, at)) {
			known = known || g.amounts[v] || bound && g.asked[v]
		}
		if !known {
			return false
		}
	}
	for _, m := range percentage.FindAllStringSubmatch(plain, -1) {
		if !g.percents[m[1]] {
			return false
		}
	}
	for _, u := range link.FindAllString(plain, -1) {
		if !strings.Contains(g.text, strings.ToLower(strings.TrimRight(u, ".,;:!?"))) {
			return false
		}
	}
	for _, c := range code.FindAllString(plain, -1) {
		if strings.ContainsAny(c, "0123456789") && strings.ContainsFunc(c, unicode.IsLetter) && !strings.Contains(g.text, strings.ToLower(c)) {
			return false
		}
	}
	return g.stockHolds(sentence)
}

// group returns the one group of amount that matched.
func group(s string, at []int) string {
	for i := 2; i+1 < len(at); i += 2 {
		if at[i] >= 0 {
			return s[at[i]:at[i+1]]
		}
	}
	return ""
}

// stockHolds reports whether what sentence says of stock is true of every
// product that it cites or, without a marker, names.
func (g *Gate) stockHolds(sentence string) bool {
	saysOut := outOf.MatchString(sentence)
	saysIn := !saysOut && inOf.MatchString(sentence)
	if !saysOut && !saysIn {
		return true
	}
	lower := strings.ToLower(sentence)
	for _, e := range g.evidence {
		if e.Card == nil {
			continue
		}
		about := strings.Contains(sentence, "["+strconv.Itoa(e.Marker)+"]") || e.Title != "" && strings.Contains(lower, strings.ToLower(e.Title))
		if !about {
			continue
		}
		// A product with variations may have both: its text holds each one's.
		some := strings.Contains(strings.ToLower(e.Text), "out of stock")
		if saysOut && e.Card.Stock != catalog.OutOfStock && !some {
			return false
		}
		if saysIn && e.Card.Stock != catalog.InStock {
			return false
		}
	}
	return true
}

// mark takes out markers of no evidence and notes the others.
func (g *Gate) mark(sentence string) string {
	return marker.ReplaceAllStringFunc(sentence, func(m string) string {
		n, _ := strconv.Atoi(marker.FindStringSubmatch(m)[1])
		if !slices.ContainsFunc(g.evidence, func(e Evidence) bool { return e.Marker == n }) {
			return ""
		}
		g.cited = append(g.cited, n)
		return m
	})
}

// readings returns the amounts that a number as people write it can mean, in
// ten-thousandths: 1,299.90 and 1.299,90 are one, 1.299 may be two.
func readings(s string) []int64 {
	s = strings.NewReplacer("'", "", "’", "", " ", "", " ", "").Replace(s)
	s = strings.TrimRight(s, ".,")
	last := strings.LastIndexAny(s, ".,")
	whole, ok := scaled(strings.NewReplacer(".", "", ",", "").Replace(s), "")
	if last < 0 {
		if !ok {
			return nil
		}
		return []int64{whole}
	}
	var out []int64
	dec, decOK := scaled(strings.NewReplacer(".", "", ",", "").Replace(s[:last]), s[last+1:])
	if decOK && len(s)-last-1 <= 4 {
		out = append(out, dec)
	}
	if ok && len(s)-last-1 == 3 {
		out = append(out, whole)
	}
	return out
}

func scaled(whole, frac string) (int64, bool) {
	if len(frac) > 4 || len(whole) > 14 {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+frac+strings.Repeat("0", 4-len(frac)), 10, 64)
	return n, err == nil
}

// firstBorder returns where the first sentence of text ends, its trailing
// space included; len(text) if it does not end.
func firstBorder(text string) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		switch r {
		case '\n', '。', '！', '？':
			return i
		case '.', '!', '?', '…':
			if next, n := afterMarks(text[i:]); next != utf8.RuneError && unicode.IsSpace(next) && !abbreviates(text[:i]) {
				_, space := utf8.DecodeRuneInString(text[i+n:])
				return i + n + space
			}
		}
	}
	return len(text)
}

// afterMarks skips the markers, quotes and brackets that close a sentence and
// returns the rune that follows; utf8.RuneError at the end of s.
func afterMarks(s string) (rune, int) {
	n := 0
	for {
		if loc := marker.FindStringIndex(s[n:]); loc != nil && loc[0] == 0 {
			n += loc[1]
			continue
		}
		r, size := utf8.DecodeRuneInString(s[n:])
		if size == 0 || r == utf8.RuneError {
			return utf8.RuneError, n
		}
		if strings.ContainsRune(`"'”’»)]*_`, r) {
			n += size
			continue
		}
		return r, n
	}
}

// abbreviates reports whether the full stop at the end of s is that of an
// abbreviation or of a numbered list, so that no sentence ends there.
func abbreviates(s string) bool {
	word := s[strings.LastIndexAny(strings.TrimRight(s, "."), " \n(")+1:]
	switch strings.ToLower(word) {
	case "e.g.", "i.e.", "approx.", "ca.", "z.b.", "no.", "nr.", "incl.", "excl.", "max.", "min.", "vs.", "st.", "dr.":
		return true
	}
	return strings.Trim(word, "0123456789") == "." && !strings.Contains(s, " ")
}

// lastBorder returns the end of the last sentence of text that is known to be
// whole, 0 if there is none: after a full stop, the next sentence must have
// begun, since a marker or a decimal may still come.
func lastBorder(text string) int {
	at := 0
	for at < len(text) {
		end := at + firstBorder(text[at:])
		rest := text[end:]
		switch {
		case strings.HasSuffix(text[:end], "\n"):
		case rest == "", strings.HasPrefix(rest, "[") && !strings.Contains(rest, "]"):
			return at
		}
		at = end
	}
	return at
}
