package qdrant

import (
	"encoding/json"
	"fmt"

	"github.com/qdrant/go-client/qdrant"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// matches asks the filter itself about a point, and only, if it is not nil: they
// have the last word.
func (l *looking) matches(p map[string]*qdrant.Value, only func(factsJSON) bool) (bool, error) {
	if l.q.Filter.IsZero() && only == nil {
		return true, nil
	}
	f, err := factsOf(p)
	return err == nil && l.q.Filter.Match(f.Kind, f.Locale, f.Title, f.Facts, l.q.At) && (only == nil || only(f)), err
}

// factsOf reads the facts of a point. Those of a point from before points had a
// language say no locale, not even an empty one.
func factsOf(p map[string]*qdrant.Value) (factsJSON, error) {
	f := factsJSON{Locale: retrieval.LocaleUnknown}
	if err := json.Unmarshal([]byte(p[fieldFacts].GetStringValue()), &f); err != nil {
		return f, fmt.Errorf("%w: the facts of a document are damaged: woochat index rebuild makes the index anew", ports.ErrUnavailable)
	}
	return f, nil
}
