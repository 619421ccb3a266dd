package postgres

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// entryJSON is how a retrieval.Entry is stored, but for its vectors; see
// conversations_json.go for the rules. It holds the text and not its words, so
// that a version that cuts words otherwise needs no new index.
type entryJSON struct {
	Revision string           `json:"revision,omitzero"`
	Kind     catalog.Kind     `json:"kind,omitzero"`    // its numbers are part of the format
	Locale   *string          `json:"locale,omitempty"` // nil: stored before indexes kept it
	Title    string           `json:"title,omitzero"`
	Facts    factsJSON        `json:"facts,omitzero"`
	Chunks   []entryChunkJSON `json:"chunks"`
}

type entryChunkJSON struct {
	Seq     int    `json:"seq,omitzero"`
	Heading string `json:"heading,omitzero"`
	Text    string `json:"text,omitzero"`
	Vector  bool   `json:"vector,omitzero"` // its vector is the next one of the column
}

// entryToJSON returns e as it is stored: its JSON, and the vectors of those
// chunks that have one; nil, which is null, for none.
func entryToJSON(e retrieval.Entry) (stored string, vectors []byte, err error) {
	stored, err = encoded(entryJSON{
		Revision: e.Revision, Kind: e.Kind, Locale: &e.Locale, Title: e.Title, Facts: factsJSONOf(e.Facts),
		Chunks: each(e.Chunks, func(c retrieval.Chunk) entryChunkJSON {
			for _, x := range c.Vector {
				vectors = binary.LittleEndian.AppendUint32(vectors, math.Float32bits(x))
			}
			return entryChunkJSON{Seq: c.Seq, Heading: c.Heading, Text: c.Text, Vector: len(c.Vector) > 0}
		}),
	})
	return stored, vectors, err
}

// entryOfJSON is the way back.
func entryOfJSON(document retrieval.DocumentID, stored string, dim int, vectors []byte) (retrieval.Entry, error) {
	j, err := decoded[entryJSON](stored)
	if err != nil {
		return retrieval.Entry{}, err
	}
	e := retrieval.Entry{Document: document, Revision: j.Revision, Kind: j.Kind, Locale: retrieval.LocaleUnknown, Title: j.Title, Facts: j.Facts.facts()}
	if j.Locale != nil {
		e.Locale = *j.Locale
	}
	for _, c := range j.Chunks {
		k := retrieval.Chunk{Seq: c.Seq, Heading: c.Heading, Text: c.Text}
		if c.Vector {
			if dim < 1 || len(vectors) < 4*dim {
				return retrieval.Entry{}, fmt.Errorf("%w: a vector of %s is missing: the index is damaged, rebuild it", ports.ErrUnavailable, document)
			}
			k.Vector = make([]float32, dim)
			for i := range k.Vector {
				k.Vector[i] = math.Float32frombits(binary.LittleEndian.Uint32(vectors[4*i:]))
			}
			vectors = vectors[4*dim:]
		}
		e.Chunks = append(e.Chunks, k)
	}
	return e, nil
}
