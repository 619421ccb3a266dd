package retrieval

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Generation is one making of a site's index: all of its vectors are of one
// model, and all of its documents are cut alike. A site is searched in one
// generation while another is built behind it.
type Generation struct {
	// No tells the generations of a site apart, and is never used again. 0 is
	// that of a site for which none was begun.
	No int64
	// Model made the vectors; "" if there are none, and words alone are searched.
	Model string
	// Chunking is how its documents were cut.
	Chunking Chunking
}

// Generations are those of a site.
type Generations struct {
	Served   Generation // the one that is searched
	Building Generation // the zero Generation if none is built
	// Former was searched before Served and is kept for a while, so that the site
	// can go back to it; the zero Generation if there is none.
	Former Generation
	// Pinned is set when the site went back: it stays at Head, whatever is wanted,
	// until one is asked for Anew or Head is as it is asked for.
	Pinned bool
}

// Rebuild asks for a generation.
type Rebuild struct {
	Model    string   // whose vectors it is to hold, "" for none
	Chunking Chunking // how documents are to be cut
	// Anew asks for a new one although there is one of this model and Chunking.
	Anew bool
	// Back asks for Former instead, whatever Model and Chunking say.
	Back bool
	At   time.Time // when it was asked for
}

// Is reports whether g is as a generation of this model and Chunking would be.
func (g Generation) Is(model string, c Chunking) bool { return g.Model == model && g.Chunking == c }

// Wanted is what servers have asked of the indexes of all sites.
type Wanted struct {
	Model    *string   // whose vectors, "" for none; nil: no server has said
	Chunking *Chunking // how documents are cut; nil: no server has said
}

// Head returns the generation that the site ends at when nothing more is asked
// for: the one that is built, or the one that is searched.
func (g Generations) Head() Generation {
	if g.Building.No != 0 {
		return g.Building
	}
	return g.Served
}

// Has reports whether the generation is one of g.
func (g Generations) Has(no int64) bool {
	return no == g.Served.No || no == g.Building.No && no != 0
}

// Without returns the numbers of g that are not in after: they are retired when
// g becomes after.
func (g Generations) Without(after Generations) []int64 {
	var gone []int64
	if !after.Has(g.Served.No) {
		gone = append(gone, g.Served.No)
	}
	if g.Building.No != 0 && !after.Has(g.Building.No) {
		gone = append(gone, g.Building.No)
	}
	if g.Former.No != 0 && g.Former.No != after.Former.No && !after.Has(g.Former.No) {
		gone = append(gone, g.Former.No)
	}
	return slices.DeleteFunc(gone, func(no int64) bool { return no != 0 && no == after.Former.No })
}

// Begin decides what becomes of g by r; last is the highest number that a
// generation of the site ever had, and held says whether the index holds any
// document in g.Served. A site of which the index holds nothing is searched in
// the new generation at once; any other goes on as it is until the new one is
// complete. To ask for what is there or under way changes nothing, and to ask
// for what is searched gives up what is built. To go Back is to build Former, which
// has most of what it needs; without one it changes nothing.
func (g Generations) Begin(r Rebuild, last int64, held bool) Generations {
	next := Generation{No: last + 1, Model: r.Model, Chunking: r.Chunking}
	switch {
	case r.Back && g.Former.No == 0:
		return g
	case r.Back:
		return Generations{Served: g.Served, Building: g.Former, Pinned: true}
	case r.Anew && held:
		return Generations{Served: g.Served, Building: next, Former: g.Former}
	case r.Anew:
		return Generations{Served: next}
	case g.Head().Is(r.Model, r.Chunking):
		g.Pinned = false // it holds nothing back any more
		return g
	case g.Pinned:
		return g
	case g.Served.Is(r.Model, r.Chunking):
		return Generations{Served: g.Served, Former: g.Former}
	case held:
		return Generations{Served: g.Served, Building: next, Former: g.Former}
	}
	return Generations{Served: next}
}

// ErrNotBuilding is matched by the error of Switch.
var ErrNotBuilding = errors.New("this generation is not being built")

// Switch decides what becomes of g when the generation is complete: the one that
// was searched is Former then, unless it is 0, which has no vectors to keep. To
// switch to the one that is searched changes nothing.
func (g Generations) Switch(no int64) (Generations, error) {
	switch {
	case no == g.Served.No:
		return g, nil
	case no == 0 || no != g.Building.No:
		return g, fmt.Errorf("%w: %d", ErrNotBuilding, no)
	}
	return Generations{Served: g.Building, Former: g.Served, Pinned: g.Pinned}, nil
}

// Stage is how far a document has come into an index.
type Stage struct {
	Generation int64
	// Words asks for less: that the document is found by its words, though
	// perhaps not by its meaning.
	Words bool
}

// DocumentRef is a document at one of its revisions.
type DocumentRef struct {
	ID       DocumentID
	Revision string
}

// Tally counts the documents of a site.
type Tally struct {
	Shown  int
	Hidden int // kept as tombstones
	Chunks int
	// Waiting counts those that the index does not hold as they are, with their
	// vectors; of these, Unfound are not found by their words either.
	Waiting, Unfound int
	// Unbuilt counts those that the generation that is built still lacks.
	Unbuilt int
}

// TextKey names a text that is embedded: equal texts have equal keys.
type TextKey string

// KeyOf returns the key of text.
func KeyOf(text string) TextKey {
	h := sha256.Sum256([]byte(text))
	return TextKey(hex.EncodeToString(h[:16]))
}

// Embedded is the vector of one text of a document.
type Embedded struct {
	Document DocumentID
	Key      TextKey // of EmbeddingText
	Vector   []float32
}
