package tiktoken

import (
	"sync"

	"github.com/tiktoken-go/tokenizer"
)

const (
	// maxWords is how many words a vocabulary remembers: about 2 MB of them.
	maxWords = 1 << 15
	// maxWord is how long one may be, in bytes.
	maxWord = 32
)

// vocabulary counts the tokens of a text word by word, and remembers how many
// tokens a word is: a shop says the same few thousand again and again, and
// splitting a text by the library's regular expression takes twenty times as long
// as looking them up. It is safe for concurrent use.
type vocabulary struct {
	codec tokenizer.Codec

	mu    sync.RWMutex // guards words
	words map[string]int64
}

func newVocabulary(c tokenizer.Codec) *vocabulary {
	return &vocabulary{codec: c, words: make(map[string]int64)}
}

// count returns the number of tokens of text; ok is false if it cannot be counted.
func (v *vocabulary) count(text string) (n int64, ok bool) {
	missed := v.known(text, &n)
	for _, word := range missed {
		tokens, err := v.codec.Count(word)
		if err != nil {
			return 0, false
		}
		n += int64(tokens)
		v.remember(word, int64(tokens))
	}
	return n, true
}

// known adds the tokens of the words that are remembered to n, and returns the
// others.
func (v *vocabulary) known(text string, n *int64) (missed []string) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	for len(text) > 0 {
		end := wordEnd(text)
		if tokens, ok := v.words[text[:end]]; ok {
			*n += tokens
		} else {
			missed = append(missed, text[:end])
		}
		text = text[end:]
	}
	return missed
}

func (v *vocabulary) remember(word string, tokens int64) {
	if len(word) > maxWord {
		return
	}
	word = string([]byte(word)) // its text is not kept
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.words) >= maxWords {
		clear(v.words)
	}
	v.words[word] = tokens
}

// wordEnd returns where the first word of a text ends, which is not empty: at the
// first space between two ASCII letters, or at the end.
//
// There a token ends, and what comes before has no part in what comes after: in
// both vocabularies' expressions a token with a letter in it goes on with letters,
// marks or an apostrophe only, a space begins the token of the letters behind it,
// and none looks further ahead than to the character after spaces. So the tokens
// of a text are those of its words.
func wordEnd(text string) int {
	for i := 1; i+1 < len(text); i++ {
		if text[i] == ' ' && isLetter(text[i-1]) && isLetter(text[i+1]) {
			return i
		}
	}
	return len(text)
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
