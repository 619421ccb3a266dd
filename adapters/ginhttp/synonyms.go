package ginhttp

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// wireSynonym is a retrieval.Synonym on the wire.
type wireSynonym struct {
	Words []string `json:"words"`
	Means []string `json:"means,omitempty"`
}

// synonyms shows which words the key's site takes for the same:
// GET /api/admin/synonyms.
func (s *Server) synonyms(c *gin.Context) {
	if s.deps.Glossary == nil {
		s.fail(c, ports.ErrNotFound)
		return
	}
	h := holding(c)
	list, err := s.deps.Glossary.Synonyms(c.Request.Context(), h.grants, h.scope)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, synonymsBody(list))
}

// maxSynonyms is how large the body of all synonyms that a site may have can be,
// with the quotes, commas and names between the words. Letters that are escaped by
// their number may take more.
const maxSynonyms = retrieval.MaxSynonyms * (retrieval.MaxSynonymWords*(retrieval.MaxSynonymBytes+4) + 40)

// setSynonyms replaces them: PUT /api/admin/synonyms.
func (s *Server) setSynonyms(c *gin.Context) {
	var body struct {
		Synonyms *[]wireSynonym `json:"synonyms"`
	}
	if s.deps.Glossary == nil {
		s.fail(c, ports.ErrNotFound)
		return
	}
	if _, err := decodeUpTo(c, maxSynonyms, &body); err != nil {
		s.fail(c, err)
		return
	}
	if body.Synonyms == nil {
		s.fail(c, &chat.InputError{Field: "synonyms", Reason: "is missing; an empty list takes all away"})
		return
	}
	list := make([]retrieval.Synonym, 0, len(*body.Synonyms))
	for _, x := range *body.Synonyms {
		list = append(list, retrieval.Synonym(x))
	}
	h := holding(c)
	list, err := s.deps.Glossary.SetSynonyms(c.Request.Context(), h.grants, h.scope, list)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, synonymsBody(list))
}

func synonymsBody(list []retrieval.Synonym) gin.H {
	out := make([]wireSynonym, 0, len(list))
	for _, x := range list {
		out = append(out, wireSynonym(x))
	}
	return gin.H{"synonyms": out}
}
