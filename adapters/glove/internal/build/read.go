package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// word is a word of the package with its vector.
type word struct {
	text   string
	rank   int // 1 for the most frequent word of all
	vector []float64
}

// pick returns which of the package's words, the most frequent first, are kept,
// with their ranks.
func pick(words []string, english map[string]bool) map[string]int {
	kept := make(map[string]int, keep)
	for i, w := range words {
		if len(kept) == keep {
			break
		}
		if plain(w) && (len(kept) < anyway || english[w]) {
			kept[w] = i + 1
		}
	}
	return kept
}

// read returns the words to keep in the order of the package's vectors.
func read(r io.Reader, english map[string]bool) ([]word, error) {
	dec := json.NewDecoder(r)
	if _, err := dec.Token(); err != nil { // {
		return nil, err
	}
	var kept map[string]int
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		switch key {
		case "words":
			var all []string
			if err := dec.Decode(&all); err != nil {
				return nil, err
			}
			kept = pick(all, english)
		case "vectors":
			if kept == nil {
				return nil, errors.New("the vectors come before the words")
			}
			return readVectors(dec, kept)
		default:
			var skipped json.RawMessage
			if err := dec.Decode(&skipped); err != nil {
				return nil, err
			}
		}
	}
	return nil, errors.New("it holds no vectors")
}

func readVectors(dec *json.Decoder, kept map[string]int) ([]word, error) {
	if _, err := dec.Token(); err != nil { // {
		return nil, err
	}
	out := make([]word, 0, len(kept))
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var row json.RawMessage
		if err := dec.Decode(&row); err != nil {
			return nil, err
		}
		name, ok := key.(string)
		rank := kept[name]
		if !ok || rank == 0 {
			continue
		}
		var v []float64
		if err := json.Unmarshal(row, &v); err != nil {
			return nil, err
		}
		if len(v) != dim+2 { // the last two are its length and its place
			return nil, fmt.Errorf("%q has %d numbers, want %d", name, len(v), dim+2)
		}
		out = append(out, word{text: name, rank: rank, vector: v[:dim]})
	}
	if len(out) != len(kept) {
		return nil, fmt.Errorf("%d of %d words have a vector", len(out), len(kept))
	}
	return out, nil
}
