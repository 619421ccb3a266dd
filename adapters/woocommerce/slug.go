package woocommerce

import (
	"fmt"
	"strings"
	"unicode"
)

// slug returns what WordPress makes of a title for its permalink when nobody
// set another: accents are dropped, letters are lower, dashes join words, and
// what is left beyond ASCII is percent-encoded
// (wp-includes/formatting.php, sanitize_title_with_dashes). A German, Danish,
// Serbian or Catalan WordPress writes a few letters otherwise (ä as ae).
func slug(title string) string {
	var b strings.Builder
	dash := false
	word := func(s string) {
		if dash && b.Len() > 0 {
			b.WriteByte('-')
		}
		dash = false
		b.WriteString(s)
	}
	for _, c := range title {
		if plain := withoutAccent(c); plain != "" {
			word(strings.ToLower(plain))
			continue
		}
		switch c = unicode.ToLower(c); {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '_':
			word(string(c))
		case unicode.IsSpace(c), c == '-', c == '.', c == '/', c == '–', c == '—', c == '\u00A0':
			dash = true
		case c == '×':
			word("x")
		case c < 0x80, strings.ContainsRune("¡¿‹›«»‘’‚‛“”„‟•©®°…™´ˊ′″£\u200B\u200C\u200D\u200E\u200F\uFEFF", c), unicode.IsControl(c):
		default:
			var e strings.Builder
			for _, octet := range []byte(string(c)) {
				fmt.Fprintf(&e, "%%%02x", octet)
			}
			word(e.String())
		}
	}
	s := b.String()
	// post_name holds 200 octets; an encoded character is not cut in two.
	if len(s) > 200 {
		s = s[:200]
		for i := 1; i <= 2; i++ {
			if s[len(s)-i] == '%' {
				s = s[:len(s)-i]
				break
			}
		}
	}
	return strings.Trim(s, "-")
}

// accents lists letters and what remove_accents makes of them, Latin-1 and
// Latin Extended-A.
const accents = "ÀA ÁA ÂA ÃA ÄA ÅA ÆAE ÇC ÈE ÉE ÊE ËE ÌI ÍI ÎI ÏI ÐD ÑN ÒO ÓO ÔO ÕO ÖO ÙU ÚU ÛU ÜU ÝY ÞTH ßs " +
	"àa áa âa ãa äa åa æae çc èe ée êe ëe ìi íi îi ïi ðd ñn òo óo ôo õo öo øo ùu úu ûu üu ýy þth ÿy ØO " +
	"ĀA āa ĂA ăa ĄA ąa ĆC ćc ĈC ĉc ĊC ċc ČC čc ĎD ďd ĐD đd ĒE ēe ĔE ĕe ĖE ėe ĘE ęe ĚE ěe ĜG ĝg ĞG ğg ĠG ġg ĢG ģg " +
	"ĤH ĥh ĦH ħh ĨI ĩi ĪI īi ĬI ĭi ĮI įi İI ıi ĲIJ ĳij ĴJ ĵj ĶK ķk ĸk ĹL ĺl ĻL ļl ĽL ľl ĿL ŀl ŁL łl ŃN ńn ŅN ņn ŇN ňn ŉn ŊN ŋn " +
	"ŌO ōo ŎO ŏo ŐO őo ŒOE œoe ŔR ŕr ŖR ŗr ŘR řr ŚS śs ŜS ŝs ŞS şs ŠS šs ŢT ţt ŤT ťt ŦT ŧt ŨU ũu ŪU ūu ŬU ŭu ŮU ůu ŰU űu ŲU ųu " +
	"ŴW ŵw ŶY ŷy ŸY ŹZ źz ŻZ żz ŽZ žz ſs ȘS șs ȚT țt €E "

func withoutAccent(c rune) string {
	if c < 0x80 {
		return ""
	}
	_, rest, found := strings.Cut(accents, string(c))
	if !found {
		return ""
	}
	plain, _, _ := strings.Cut(rest, " ")
	return plain
}
