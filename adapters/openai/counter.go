package openai

// outputCounter counts what a provider writes as it comes in, to know when it
// has written more than it may, and what has been spent if it never says.
type outputCounter struct {
	// count returns a text's tokens, and false if the model's vocabulary is
	// not known.
	count func(string) (int64, bool)
	cap   int64

	text    []byte // all output: shown text, reasoning, tool arguments
	pieces  int64  // how many additions made it: one token each at least
	counted int64  // not less than what text counts as, since tokens merge
	unknown bool   // the vocabulary is not known
}

func (c *outputCounter) add(piece string) {
	if piece == "" {
		return
	}
	c.text = append(c.text, piece...)
	c.pieces++
	n, ok := c.count(piece)
	c.unknown = c.unknown || !ok
	c.counted += n
}

// spent returns how many tokens the output is, and whether it was counted with
// the model's own vocabulary. Otherwise the number is a bound: one token a
// byte, which no byte-level tokenizer exceeds, but not more than the cap that
// the provider was given unless it plainly went over it.
func (c *outputCounter) spent() (tokens int64, exact bool) {
	if n, ok := c.exact(len(c.text)); ok {
		return n, true
	}
	return min(int64(len(c.text)), max(c.cap, likely(len(c.text), c.pieces))), false
}

// over reports whether the output is more than the cap. It never says so of an
// answer that kept to the cap.
func (c *outputCounter) over() bool {
	if c.unknown {
		return likely(len(c.text), c.pieces) > c.cap
	}
	if c.counted <= c.cap {
		return false
	}
	// Pieces counted one by one can come to more than the text in one: only
	// the whole text may condemn it.
	n, ok := c.exact(len(c.text))
	if ok {
		c.counted = n
	}
	return ok && n > c.cap
}

// fit returns the longest start of piece, which was just added, with which the
// output is within the cap. It cuts between characters only.
func (c *outputCounter) fit(piece string) string {
	before := len(c.text) - len(piece)
	within := func(n int) bool {
		if c.unknown {
			pieces := c.pieces
			if n == 0 {
				pieces--
			}
			return likely(before+n, pieces) <= c.cap
		}
		tokens, ok := c.exact(before + n)
		return ok && tokens <= c.cap
	}
	if piece == "" || !within(0) {
		return ""
	}
	// The borders between characters, searched for the last that is within.
	var borders []int
	for i := range piece {
		borders = append(borders, i)
	}
	borders = append(borders, len(piece))
	low, high := 0, len(borders)
	for low+1 < high {
		if mid := (low + high) / 2; within(borders[mid]) {
			low = mid
		} else {
			high = mid
		}
	}
	return piece[:borders[low]]
}

// exact counts the first n bytes of the output with the model's vocabulary.
func (c *outputCounter) exact(n int) (int64, bool) {
	if c.unknown {
		return 0, false
	}
	return c.count(string(c.text[:n]))
}

// likely estimates the tokens of so many bytes that came in so many pieces, in
// an unknown vocabulary, rather too low than too high: servers send one token
// a frame, or some at a time; one that cuts its text finer than tokens is told
// by its short pieces. A token is 4 bytes long on average in English and 3 in
// most other scripts, and hardly 12 in any longer text.
func likely(bytes int, pieces int64) int64 {
	return max(int64(bytes)/12, min(pieces, (int64(bytes)+2)/3))
}
