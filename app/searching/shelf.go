package searching

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// shopWords are the words of a shop. The zero shopWords are none.
type shopWords struct {
	vocabulary retrieval.Vocabulary // what it calls things
	lexicon    *retrieval.Lexicon   // all that it writes
	languages  retrieval.Languages  // in which languages that is
	synonyms   []retrieval.Synonym  // what it takes for the same; read for each question
}

// any reports whether there are any.
func (w shopWords) any() bool { return w.lexicon != nil && w.lexicon.Len() > 0 }

// shelf is where all that a shop says is read.
type shelf struct {
	inventory ports.Inventory
	passages  ports.Passages
	served    func(context.Context, tenant.Scope) (retrieval.Generation, error)
}

// shelfPage is how many documents, or passages, are read at once.
const shelfPage = 500

// list returns the passages of a shop, how its documents are cut, and a hash of
// both: a revision is a hash of all that is said.
func (f shelf) list(ctx context.Context, s tenant.Scope) (c retrieval.Chunking, listed [sha256.Size]byte, refs []retrieval.PassageRef, err error) {
	g, err := f.served(ctx, s)
	if err != nil {
		return c, listed, nil, err
	}
	h := sha256.New()
	_, _ = fmt.Fprintln(h, g.Chunking.Key())
	var after retrieval.DocumentID
	for {
		states, err := f.inventory.States(ctx, s, after, shelfPage)
		if err != nil {
			return c, listed, nil, err
		}
		for _, st := range states {
			after = st.ID
			if !st.Shown {
				continue
			}
			_, _ = fmt.Fprintf(h, "%q %q %d\n", st.ID, st.Revision, st.Chunks)
			for i := range st.Chunks {
				refs = append(refs, retrieval.PassageRef{Document: st.ID, Revision: st.Revision, Seq: i})
			}
		}
		if len(states) < shelfPage {
			return g.Chunking, [sha256.Size]byte(h.Sum(nil)), refs, nil
		}
	}
}

// read reads the words of these passages.
func (f shelf) read(ctx context.Context, s tenant.Scope, c retrieval.Chunking, refs []retrieval.PassageRef) (shopWords, error) {
	words := shopWords{lexicon: &retrieval.Lexicon{}}
	for page := range slices.Chunk(refs, shelfPage) {
		ps, err := f.passages.Load(ctx, s, c, page)
		if err != nil {
			return words, err
		}
		for _, p := range ps {
			if p.Ref.Seq == 0 {
				words.vocabulary.Add(p.Title, p.Facts)
				words.lexicon.AddFacts(p.Title, p.Facts)
				words.languages.Add(p.Kind, p.Locale)
			}
			words.lexicon.Add(p.Heading + "\n" + p.Text)
		}
	}
	return words, nil
}
