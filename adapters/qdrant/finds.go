package qdrant

import (
	"slices"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

// finds are what the arms have found.
type finds struct {
	lexical, dense, exact []retrieval.Found

	compounds [][]joined                      // of each of looking.compounds
	words     map[retrieval.PassageRef]uint64 // which of the question's words each has, a bit each; of those that were looked at
	open      []retrieval.DocumentID          // found with an open point
}

// arms lists what each arm has found.
func (f *finds) arms() [3]*[]retrieval.Found {
	return [3]*[]retrieval.Found{&f.lexical, &f.dense, &f.exact}
}

// doubtful returns the documents of which it is not certain which revision
// counts, each once.
func (f finds) doubtful() []retrieval.DocumentID {
	doubt := slices.Clone(f.open)
	revisions := make(map[retrieval.DocumentID]string, len(f.lexical)+len(f.dense)+len(f.exact))
	for _, arm := range f.arms() {
		for _, h := range *arm {
			if r, seen := revisions[h.Ref.Document]; !seen {
				revisions[h.Ref.Document] = h.Ref.Revision
			} else if r != h.Ref.Revision {
				doubt = append(doubt, h.Ref.Document)
			}
		}
	}
	slices.Sort(doubt)
	return slices.Compact(doubt)
}

// only returns f without those passages of the doubtful documents that are not
// of the revision that counts.
func (f finds) only(counts map[retrieval.DocumentID]string, doubtful []retrieval.DocumentID) finds {
	for _, arm := range f.arms() {
		*arm = slices.DeleteFunc(*arm, func(h retrieval.Found) bool {
			_, doubt := slices.BinarySearch(doubtful, h.Ref.Document)
			revision, ok := counts[h.Ref.Document]
			return doubt && (!ok || revision != h.Ref.Revision)
		})
	}
	return f
}

// note takes in that ref has these words.
func (f *finds) note(ref retrieval.PassageRef, words uint64) {
	if f.words == nil {
		f.words = make(map[retrieval.PassageRef]uint64)
	}
	f.words[ref] |= words
}

// finds returns them for the domain, each arm up to depth.
func (f finds) finds(depth int) retrieval.Finds {
	exact := make([]retrieval.PassageRef, len(f.exact))
	for i, h := range f.exact {
		exact[i] = h.Ref
	}
	return retrieval.Finds{Lexical: retrieval.Best(f.lexical, depth), Dense: retrieval.Best(f.dense, depth), Exact: exact}
}
