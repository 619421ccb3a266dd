package openai

import (
	"strings"
	"testing"
	"testing/quick"
	"unicode/utf8"
)

// pairs is a vocabulary in which every two bytes are a token, so that pieces
// merge: "a" and "b" are one each, "ab" is one too.
func pairs(s string) (int64, bool) { return int64(len(s)+1) / 2, true }

func unknown(s string) (int64, bool) { return int64(len(s)), false }

func TestMergingPiecesAreNotCut(t *testing.T) {
	c := outputCounter{count: pairs, cap: 10}
	for range 20 {
		c.add("x") // 20 pieces of one token each, together 10
	}
	if n, exact := c.spent(); c.over() || n != 10 || !exact {
		t.Errorf("over = %v, spent = %d", c.over(), n)
	}
	c.add("x")
	if !c.over() || c.fit("x") != "" {
		t.Errorf("over = %v, fit = %q", c.over(), c.fit("x"))
	}
}

func TestBoundIsWithinTheCapWithoutProof(t *testing.T) {
	for _, c := range []struct {
		pieces []string
		over   bool
		spent  int64
	}{
		{[]string{"Short."}, false, 6},
		{[]string{strings.Repeat("a bit longer ", 5)}, false, 10},
		{strings.Split(strings.Repeat("four ", 10), " ")[:10], false, 10},
		{strings.SplitAfter(strings.Repeat("four ", 11), " "), true, 11},
		{[]string{strings.Repeat("one huge piece ", 100)}, true, 125},
		{strings.Split(strings.Repeat("x", 30), ""), false, 10}, // a server that cuts by characters
	} {
		k := outputCounter{count: unknown, cap: 10}
		for _, p := range c.pieces {
			k.add(p)
		}
		if n, exact := k.spent(); k.over() != c.over || n != c.spent || exact {
			t.Errorf("%.30q: over = %v, spent = %d, want %v, %d", c.pieces, k.over(), n, c.over, c.spent)
		}
	}
}

// What fit leaves is within the cap, one character more is not, and no
// character is torn.
func TestFit(t *testing.T) {
	for name, count := range map[string]func(string) (int64, bool){"known": pairs, "unknown": unknown} {
		property := func(before, piece string, limit uint8) bool {
			before, piece = strings.ToValidUTF8(before, "?"), strings.ToValidUTF8(piece, "é")
			c := outputCounter{count: count, cap: int64(limit)}
			c.add(before)
			if c.over() || piece == "" {
				return true
			}
			c.add(piece)
			if !c.over() {
				return true
			}
			kept := c.fit(piece)
			whole := outputCounter{count: count, cap: int64(limit)}
			whole.add(before)
			whole.add(kept)
			_, size := utf8.DecodeRuneInString(piece[len(kept):])
			more := outputCounter{count: count, cap: int64(limit)}
			more.add(before)
			more.add(piece[:len(kept)+size])
			return strings.HasPrefix(piece, kept) && utf8.ValidString(kept) && !whole.over() && more.over()
		}
		if err := quick.Check(property, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
