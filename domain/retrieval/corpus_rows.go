package retrieval

import "slices"

// Corpus is all that an index holds of one site in memory. It answers queries by
// comparing every document that the filter lets through, but for vectors of
// large sites, of which it compares the likely ones: see Vectors.
//
// Search may be called by many at once; Add and Remove by one, with no Search
// beside it.
type Corpus struct {
	weights   FusionWeights
	chunks    Collection
	documents []*Indexed
	rows      []corpusRow // the chunks of all documents
	vectors   Vectors
	owners    []int32 // the row of each vector
	titles    map[string][]*Indexed
	codes     map[string][]*Indexed
}

// corpusRow is a chunk of a document of a Corpus.
type corpusRow struct {
	d      *Indexed
	chunk  int32
	vector int32 // its number in vectors, -1 for none
}

// NewCorpus returns a corpus of these documents. A zero w is
// DefaultFusionWeights.
func NewCorpus(documents []*Indexed, w FusionWeights) *Corpus {
	c := &Corpus{weights: w, titles: make(map[string][]*Indexed), codes: make(map[string][]*Indexed)}
	c.Add(documents...)
	return c
}

// Len returns how many documents there are.
func (c *Corpus) Len() int { return len(c.documents) }

// Dim returns how long the vectors of all documents but one are, nil for none:
// 0 if they have none.
func (c *Corpus) Dim(but *Indexed) int {
	others := c.vectors.Len()
	if but != nil {
		for _, k := range but.Chunks {
			if c.rows[k.row].vector >= 0 {
				others--
			}
		}
	}
	if others == 0 {
		return 0
	}
	return c.vectors.Dim()
}

// Add puts documents in, which are in no corpus; from now on they are this one's.
// One of a new revision is added after the old one was removed. A vector of
// another length than those that are there is left out.
func (c *Corpus) Add(documents ...*Indexed) {
	dim := c.vectors.Dim()
	var units [][]float32
	for _, d := range documents {
		d.place = int32(len(c.documents))
		c.documents = append(c.documents, d)
		name(c.titles, d, d.titleKey)
		name(c.codes, d, d.codes...)
		c.chunks.Chunks += len(d.Chunks)
		for i := range d.Chunks {
			k := &d.Chunks[i]
			c.chunks.Tokens += int64(k.Tokens)
			k.row = int32(len(c.rows))
			row := corpusRow{d: d, chunk: int32(i), vector: -1}
			if dim == 0 {
				dim = len(k.Unit)
			}
			if dim > 0 && len(k.Unit) == dim {
				row.vector = int32(len(c.owners))
				c.owners = append(c.owners, k.row)
				units = append(units, k.Unit)
			}
			k.Unit = nil
			c.rows = append(c.rows, row)
		}
	}
	c.vectors.Add(units...)
}

// Remove takes out d, which is in c.
func (c *Corpus) Remove(d *Indexed) {
	last := len(c.documents) - 1
	c.documents[d.place] = c.documents[last]
	c.documents[d.place].place = d.place
	c.documents[last] = nil
	c.documents = c.documents[:last]
	unname(c.titles, d, d.titleKey)
	unname(c.codes, d, d.codes...)
	c.chunks.Chunks -= len(d.Chunks)
	for _, k := range d.Chunks {
		c.chunks.Tokens -= int64(k.Tokens)
		if at := c.rows[k.row].vector; at >= 0 {
			c.removeVector(at)
			c.rows[k.row].vector = -1
		}
		c.removeRow(k.row)
	}
}

// removeVector and removeRow put the last in the place of what they take out.
func (c *Corpus) removeVector(at int32) {
	last := len(c.owners) - 1
	c.vectors.Remove(int(at))
	c.owners[at] = c.owners[last]
	c.rows[c.owners[at]].vector = at
	c.owners = c.owners[:last]
}

func (c *Corpus) removeRow(at int32) {
	last := len(c.rows) - 1
	moved := c.rows[last]
	c.rows[at] = moved
	moved.d.Chunks[moved.chunk].row = at
	if moved.vector >= 0 {
		c.owners[moved.vector] = at
	}
	c.rows[last] = corpusRow{}
	c.rows = c.rows[:last]
}

// name notes that d is called so, unname that it is no longer.
func name(names map[string][]*Indexed, d *Indexed, keys ...string) {
	for _, key := range keys {
		if key != "" {
			names[key] = append(names[key], d)
		}
	}
}

func unname(names map[string][]*Indexed, d *Indexed, keys ...string) {
	for _, key := range keys {
		all := slices.DeleteFunc(names[key], func(o *Indexed) bool { return o == d })
		if len(all) == 0 {
			delete(names, key)
			continue
		}
		names[key] = all
	}
}
