// Package rerank judges passages by a model: [Endpoint] by a reranker behind
// /rerank, as Jina, Cohere, Voyage, vLLM, LocalAI and Hugging Face's
// text-embeddings-inference serve it, and [Listwise] by a chat model that is
// given all passages and answers with their order.
//
// Neither retries nor logs: adapters/decorated does. What a provider says of an
// error is not repeated, since it may repeat what was asked: its status and its
// code are.
package rerank

import (
	"fmt"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// check returns the error of a call that is not sent at all.
func check(query string, texts []string) error {
	switch {
	case query == "":
		return refused("the query is empty")
	case len(texts) > retrieval.MaxReranked:
		return refused("%d texts are more than the %d of one call", len(texts), retrieval.MaxReranked)
	}
	for i, t := range texts {
		if t == "" {
			return refused("text %d is empty: there is nothing to judge", i)
		}
	}
	return nil
}

func refused(format string, args ...any) error {
	return fmt.Errorf("rerank: %w", &ports.ModelError{Kind: ports.ModelRefused, Message: fmt.Sprintf(format, args...), Unspent: true})
}

func malformed(status int, format string, args ...any) *ports.ModelError {
	return &ports.ModelError{Kind: ports.ModelMalformed, Status: status, Message: fmt.Sprintf(format, args...)}
}
