package main

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
)

// dim is the length of a word's vector.
const dim = 100

// smooth is a of the weight a / (a + p(word)) that a word has in a text: smooth
// inverse frequency, from Arora, Liang and Ma, "A Simple but Tough-to-Beat
// Baseline for Sentence Embeddings" (2017), who find 1e-3 to 1e-4 good.
const smooth = 1e-3

// harmonic is the sum of 1/rank over the 400,000 words of the original vectors,
// so that 1 / (rank * harmonic) is a word's share of all text by Zipf's law: the
// package tells which word is more frequent, not how often it is there.
const harmonic = 13.476

func frequency(rank int) float64 { return 1 / (float64(rank) * harmonic) }

func weight(rank int) float64 { return smooth / (smooth + frequency(rank)) }

// encode returns the file: little-endian, all parts one after the other.
//
//	8 bytes           "glove-1\n"
//	uint32            n, how many words
//	uint32            bytes of the words' text
//	100 x float32     the common component, of length 1
//	(n+1) x uint32    where each word begins in the text, and where the last ends
//	n x float32       factor of each word: its weight, and the step of its numbers
//	n x 100 x int8    numbers of each word
//	text              the words, in byte order
func encode(words []word) []byte {
	slices.SortFunc(words, func(a, b word) int { return cmp.Compare(a.text, b.text) })
	var offsets, factors, numbers, text []byte
	for _, w := range words {
		offsets = binary.LittleEndian.AppendUint32(offsets, uint32(len(text)))
		text = append(text, w.text...)
		// A word's length says how often it was seen more than what it means: of
		// length 1, words find more (docs/glove.md has the figures).
		unit(w.vector)
		largest := 0.0
		for _, x := range w.vector {
			largest = max(largest, math.Abs(x))
		}
		step := largest / math.MaxInt8
		factors = appendFloat(factors, weight(w.rank)*step)
		for _, x := range w.vector {
			numbers = append(numbers, byte(int8(math.RoundToEven(x/step))))
		}
	}
	offsets = binary.LittleEndian.AppendUint32(offsets, uint32(len(text)))
	out := []byte("glove-1\n")
	out = binary.LittleEndian.AppendUint32(out, uint32(len(words)))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(text)))
	for _, x := range common(words) { // of the words at length 1
		out = appendFloat(out, x)
	}
	return slices.Concat(out, offsets, factors, numbers, text)
}

// unit makes v of length 1.
func unit(v []float64) {
	sum := 0.0
	for _, x := range v {
		sum += float64(x * x) // rounded before it is added, on every processor alike
	}
	length := math.Sqrt(sum)
	for i := range v {
		v[i] /= length
	}
}

func appendFloat(b []byte, x float64) []byte {
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(x)))
}
