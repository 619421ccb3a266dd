package openai

import (
	"regexp"
	"strings"
	"unicode"
)

// maxMessage is how much of a provider's error text is kept, in bytes.
const maxMessage = 300

// keyLike finds what looks like a credential of a known provider, whole or
// half masked, also one that is not ours: a gateway may echo its own.
var keyLike = regexp.MustCompile(`(?i)\b(?:sk|rk|pk|sess|gsk|hf|xai|nvapi|key)[-_][\w*.-]{6,}|\bAIza[\w-]{10,}|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+|\bBearer\s+[^\s"',}]+`)

// maxName is how much of a name is kept that a provider gives: a model's, an
// error's code, a request's id.
const maxName = 128

// scrubber takes out of a provider's words what must not reach a log: keys,
// and pieces of the prompt.
type scrubber struct {
	key  string
	said []string // what was sent to the provider
}

const (
	keyPiece    = 8  // so many bytes of our key in a word give it away
	promptPiece = 16 // a shorter repetition may be chance: "context length"
)

// clean returns text on one line, without secrets, cut to maxMessage.
func (s scrubber) clean(text string) string {
	if len(text) > 8*maxMessage {
		text = text[:8*maxMessage]
	}
	if s.key != "" {
		text = strings.ReplaceAll(text, s.key, redacted)
	}
	text = keyLike.ReplaceAllString(text, redacted)
	text = s.withoutPrompt(text)
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	words := strings.Split(text, " ")
	for i, w := range words {
		if s.holdsKey(w) {
			words[i] = redacted
		}
	}
	return truncate(strings.ToValidUTF8(strings.Join(words, " "), ""), maxMessage)
}

// name returns a name that the provider gave, without secrets, cut to maxName.
func (s scrubber) name(text string) string {
	return truncate(scrubber{key: s.key}.clean(text), maxName)
}

// holdsKey reports whether word holds a good part of the key, as when a
// provider masks only its middle.
func (s scrubber) holdsKey(word string) bool {
	if len(s.key) <= keyPiece || len(word) < keyPiece {
		return false
	}
	for i := 0; i+keyPiece <= len(s.key); i++ {
		if strings.Contains(word, s.key[i:i+keyPiece]) {
			return true
		}
	}
	return false
}

// withoutPrompt replaces what text repeats of the prompt.
func (s scrubber) withoutPrompt(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		n := s.repeated(text)
		if n == 0 {
			b.WriteByte(text[0])
			text = text[1:]
			continue
		}
		b.WriteString("[prompt]")
		text = text[n:]
	}
	return b.String()
}

// repeated returns how many bytes at the start of text are a piece of the
// prompt, 0 if it is too short to tell.
func (s scrubber) repeated(text string) int {
	longest := 0
	for _, said := range s.said {
		if whole := strings.TrimSpace(said); len(whole) >= keyPiece && len(whole) < promptPiece && strings.HasPrefix(text, whole) {
			longest = max(longest, len(whole))
		}
		n := promptPiece
		for n <= len(text) && strings.Contains(said, text[:n]) {
			longest = max(longest, n)
			n++
		}
	}
	return longest
}

// truncate cuts s to at most n bytes at the border of a character.
func truncate(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
