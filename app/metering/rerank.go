package metering

import (
	"context"
	"errors"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// MeteredReranker returns a Reranker that calls next for the site s, as Metered
// does for a ChatModel, in a hold of its own: its tokens count as chat tokens,
// and it is no chat request. model is the name to price and to count by.
func MeteredReranker(m *Service, s tenant.Scope, model string, next ports.Reranker) ports.Reranker {
	return &meteredReranker{m, s, model, next}
}

type meteredReranker struct {
	meter *Service
	scope tenant.Scope
	model string
	next  ports.Reranker
}

// Rerank implements ports.Reranker.
func (w *meteredReranker) Rerank(ctx context.Context, query string, texts []string) (retrieval.Ranking, error) {
	if len(texts) == 0 {
		return w.next.Rerank(ctx, query, texts)
	}
	price, err := w.meter.Price(ctx, w.model)
	if err != nil {
		return retrieval.Ranking{}, err
	}
	call := usage.Call{Kind: usage.Rerank, Model: w.model, Price: price}
	if !price.Local {
		call.PromptTokens, call.MaxOutput = retrieval.RerankBound(query, texts, func(text string) int64 {
			n, _ := w.meter.Tokenizer.Count(w.model, text)
			return n
		})
	}
	a, err := w.meter.Admit(ctx, w.scope, w.meter.NewReservation(), call.Bound())
	if err != nil {
		return retrieval.Ranking{}, err
	}
	running, err := a.Start(ctx, call, usage.Amounts{})
	if err != nil {
		return retrieval.Ranking{}, errors.Join(err, a.Close(ctx))
	}
	defer running.forget()
	bound, cancel := a.bounded(ctx)
	got, err := w.next.Rerank(bound, query, texts)
	cancel()
	reported := chat.Tokens{Input: got.Input, Output: got.Output, CountedBy: chat.ByProvider}
	o := Outcome{ProviderModel: got.Model, RawUsage: got.RawUsage, ErrorCode: ErrorCode(err), Suspect: got.Suspect || got.Reported && !reported.Valid()}
	var me *ports.ModelError
	switch {
	case errors.As(err, &me) && me.Unspent, price.Local:
		o.Tokens.CountedBy = chat.ByProvider
	case got.Reported && reported.Valid():
		o.Tokens = reported
	case err != nil && got.Input+got.Output == 0:
		o.Tokens.CountedBy = chat.ByProvider // it was never sent
	default:
		o.Tokens = chat.Tokens{Input: within(got.Input, call.PromptTokens), Output: min(max(0, got.Output), call.MaxOutput), CountedBy: chat.ByBound}
	}
	if _, serr := running.Settle(ctx, o, true); serr != nil {
		err = errors.Join(err, serr)
	}
	return got, err
}

// within returns n where it is a count within bound, and bound where it is not.
func within(n, bound int64) int64 {
	if n <= 0 || n > bound {
		return bound
	}
	return n
}
