package glove

import (
	"bytes"
	_ "embed" // the words
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sort"
)

// words is made by internal/build, which describes its layout.
//
//go:embed words.bin
var words []byte // an embed directive needs a package variable; nothing writes to it

const (
	magic     = "glove-1\n"
	wordDim   = 100
	headBytes = len(magic) + 4 + 4 + 4*wordDim
)

// table finds the vectors of words. It reads the file where it lies: nothing is
// built from it, so opening costs nothing, and what is never asked for is never
// read from the disk.
type table struct {
	n       int
	common  [wordDim]float64
	offsets []byte // n+1 x uint32 into text
	factors []byte // n x float32
	numbers []byte // n x 100 x int8
	text    []byte
}

// newTable returns the table in file.
func newTable(file []byte) (*table, error) {
	if len(file) < headBytes || !bytes.HasPrefix(file, []byte(magic)) {
		return nil, errors.New("not a file of word vectors")
	}
	rest := file[len(magic):]
	t := &table{n: int(binary.LittleEndian.Uint32(rest))}
	text := int(binary.LittleEndian.Uint32(rest[4:]))
	rest = rest[8:]
	for i := range t.common {
		t.common[i] = float64(float32At(rest, i))
	}
	rest = rest[4*wordDim:]
	if want := 4*(t.n+1) + 4*t.n + wordDim*t.n + text; len(rest) != want {
		return nil, fmt.Errorf("word vectors: %d bytes after the head, want %d", len(rest), want)
	}
	take := func(n int) []byte {
		part := rest[:n:n]
		rest = rest[n:]
		return part
	}
	t.offsets, t.factors, t.numbers, t.text = take(4*(t.n+1)), take(4*t.n), take(wordDim*t.n), take(text)
	return t, nil
}

func float32At(b []byte, i int) float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
}

// word returns the i-th word in byte order.
func (t *table) word(i int) []byte {
	from, to := binary.LittleEndian.Uint32(t.offsets[4*i:]), binary.LittleEndian.Uint32(t.offsets[4*i+4:])
	return t.text[from:to]
}

// find returns the place of w.
func (t *table) find(w string) (int, bool) {
	i, ok := sort.Find(t.n, func(i int) int { return bytes.Compare([]byte(w), t.word(i)) })
	return i, ok
}

// add adds the weighted vector of the i-th word to sum.
func (t *table) add(i int, sum *[wordDim]float64) {
	factor := float64(float32At(t.factors, i))
	for k, b := range t.numbers[i*wordDim : (i+1)*wordDim] {
		// Rounded before it is added, so that all processors make the same vector.
		sum[k] += float64(factor * float64(int8(b)))
	}
}
