package searching

import (
	"context"
	"fmt"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// newer returns the words of those documents that have what was taken for slips:
// what was put into the index since the shop's words were read is found as it is
// written, and no slip.
func (s *Service) newer(ctx context.Context, sc tenant.Scope, g retrieval.Generation, slips []retrieval.Respelled) (*retrieval.Lexicon, error) {
	words := &retrieval.Lexicon{}
	for _, slip := range slips {
		found, err := s.deps.Searcher.Search(ctx, sc, retrieval.Query{Text: slip.From, Generation: g.No, Limit: 1, At: s.deps.Now()})
		if err != nil {
			return nil, fmt.Errorf("search: %w", err)
		}
		for _, p := range found {
			loaded, err := s.deps.Passages.Load(ctx, sc, g.Chunking, []retrieval.PassageRef{p.Ref})
			if err != nil {
				return nil, fmt.Errorf("load passages: %w", err)
			}
			for _, p := range loaded { // it may have been found by the parts of a word
				words.AddFacts(p.Title, p.Facts)
				words.Add(p.Heading + "\n" + p.Text)
			}
		}
	}
	return words, nil
}
