package metering

import (
	"context"
	"errors"
	"fmt"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Metered returns a ChatModel that calls next for the site s, and only after
// the call was admitted, reserved and noted as sent; when it ends, with success
// or not, what it spent is settled. Errors are those of next and of
// Service.Admit; a prompt's Model must have a price (ErrUnpriced).
func Metered(m *Service, s tenant.Scope, next ports.ChatModel) ports.ChatModel {
	return &meteredModel{m, s, next}
}

type meteredModel struct {
	meter *Service
	scope tenant.Scope
	next  ports.ChatModel
}

// Complete implements ports.ChatModel.
func (w *meteredModel) Complete(ctx context.Context, p chat.Prompt, emit func(string) error) (chat.Completion, error) {
	call, err := w.meter.ChatCall(ctx, p)
	if err != nil {
		return chat.Completion{}, err
	}
	call.ChatRequests = 1
	a, err := w.meter.Admit(ctx, w.scope, w.meter.NewReservation(), call.Bound())
	if err != nil {
		return chat.Completion{}, err
	}
	running, err := a.Start(ctx, call, usage.Amounts{})
	if err != nil {
		return chat.Completion{}, errors.Join(err, a.Close(ctx))
	}
	c, err := running.Complete(ctx, w.next, p, emit)
	if _, serr := running.Settle(ctx, running.OutcomeOf(p, c, err), true); serr != nil {
		err = errors.Join(err, serr)
	}
	return c, err
}

// ChatCall returns the call that p would be: its price, its input counted
// exactly or bounded, and its output cap.
func (m *Service) ChatCall(ctx context.Context, p chat.Prompt) (usage.Call, error) {
	price, err := m.Price(ctx, p.Model)
	if err != nil {
		return usage.Call{}, err
	}
	if price.Local {
		return usage.Call{Kind: usage.Chat, Model: p.Model, Price: price}, nil
	}
	input, _ := m.countInput(p)
	return usage.Call{Kind: usage.Chat, Model: p.Model, PromptTokens: input, MaxOutput: p.MaxTokens, Price: price}, nil
}

func (m *Service) countInput(p chat.Prompt) (int64, chat.CountedBy) {
	return p.CountInput(func(text string) (int64, bool) { return m.Tokenizer.Count(p.Model, text) })
}

// Complete calls next and keeps count of what it writes, for the checkpoints.
// It ends the call before its hold expires, with context.DeadlineExceeded.
func (c *Call) Complete(ctx context.Context, next ports.ChatModel, p chat.Prompt, emit func(string) error) (chat.Completion, error) {
	p.CallID = fmt.Sprintf("%s.%d", c.admitted.hold.ID, c.call.No)
	ctx, cancel := c.admitted.bounded(ctx)
	defer cancel()
	var output int64
	ended := false
	defer func() {
		if !ended { // a panic: nobody will settle it
			c.forget()
		}
	}()
	got, err := next.Complete(ctx, p, func(text string) error {
		if !c.call.Price.Local { // a model of our own has no tokens
			n, _ := c.admitted.meter.Tokenizer.Count(p.Model, text)
			output += n
			c.Wrote(min(output, p.MaxTokens))
		}
		if emit == nil {
			return nil
		}
		return emit(text)
	})
	ended = true
	return got, err
}

// OutcomeOf returns how a call ended, from what the model returned. Where the
// provider did not count, or its count cannot be true, the dispatched prompt and
// our own count of the text are taken, and labelled so; a call that was refused before anything was
// spent, or never sent (see ports.ChatModel), counts as nothing.
func (c *Call) OutcomeOf(p chat.Prompt, got chat.Completion, err error) Outcome {
	o := Outcome{Tokens: got.Tokens, ProviderModel: got.Model, RawUsage: got.RawUsage, ErrorCode: ErrorCode(err), Suspect: got.Suspect}
	var me *ports.ModelError
	switch {
	case errors.As(err, &me) && me.Unspent:
		o.Tokens = chat.Tokens{CountedBy: chat.ByProvider}
	case c.call.Price.Local, err != nil && got.Tokens == (chat.Tokens{}) && got.Text == "":
		o.Tokens = chat.Tokens{CountedBy: chat.ByProvider}
	case o.Tokens.CountedBy == 0 || !o.Tokens.Valid():
		input, by := c.admitted.meter.countInput(p)
		output, exact := c.admitted.meter.Tokenizer.Count(p.Model, got.Text)
		if !exact {
			// The text's bytes are a bound; the cap that was kept is another.
			by, output = chat.ByBound, min(output, p.MaxTokens)
		}
		o.Suspect = o.Suspect || !got.Tokens.Valid()
		o.Tokens = chat.Tokens{Input: input, Output: output, CountedBy: by}
	}
	return o
}

// Error codes of usage events, beside usage.CodeSwept.
const (
	CodeCanceled = "CANCELED"
	CodeInternal = "INTERNAL"
	// CodeUnavailable says that the store was away.
	CodeUnavailable = "UNAVAILABLE"
)

// ErrorCode returns the code under which err is recorded in a usage event: ""
// for nil, UPSTREAM_ and the kind for a *ports.ModelError.
func ErrorCode(err error) string {
	var me *ports.ModelError
	switch {
	case err == nil:
		return ""
	case errors.Is(err, context.Canceled):
		return CodeCanceled
	case errors.Is(err, context.DeadlineExceeded):
		return UpstreamCode(ports.ModelTimeout)
	case errors.As(err, &me):
		return UpstreamCode(me.Kind)
	case errors.Is(err, ports.ErrUnavailable):
		return CodeUnavailable
	}
	return CodeInternal
}

// UpstreamCode returns the code of a model error, such as UPSTREAM_TIMEOUT.
func UpstreamCode(k ports.ModelErrorKind) string {
	switch k {
	case ports.ModelRefused:
		return "UPSTREAM_REFUSED"
	case ports.ModelRateLimited:
		return "UPSTREAM_RATE_LIMITED"
	case ports.ModelUnavailable:
		return "UPSTREAM_UNAVAILABLE"
	case ports.ModelTimeout:
		return "UPSTREAM_TIMEOUT"
	case ports.ModelTruncated:
		return "UPSTREAM_TRUNCATED"
	case ports.ModelMalformed:
		return "UPSTREAM_MALFORMED"
	case ports.ModelBroke:
		return "UPSTREAM_BROKE"
	}
	return CodeInternal
}

// MeteredEmbedder returns an Embedder that calls next for the site s, as
// Metered does for a ChatModel. model is the name to price and to count by.
func MeteredEmbedder(m *Service, s tenant.Scope, model string, next ports.Embedder) ports.Embedder {
	return &meteredEmbedder{m, s, model, next}
}

type meteredEmbedder struct {
	meter *Service
	scope tenant.Scope
	model string
	next  ports.Embedder
}

// Embed implements ports.Embedder.
func (w *meteredEmbedder) Embed(ctx context.Context, texts []string) (retrieval.Embedding, error) {
	if len(texts) == 0 {
		return w.next.Embed(ctx, texts)
	}
	price, err := w.meter.Price(ctx, w.model)
	if err != nil {
		return retrieval.Embedding{}, err
	}
	call := usage.Call{Kind: usage.Embedding, Model: w.model, Price: price}
	exact := true
	for _, t := range texts {
		if price.Local {
			break
		}
		n, ok := w.meter.Tokenizer.Count(w.model, t)
		exact = exact && ok
		call.PromptTokens += n
	}
	a, err := w.meter.Admit(ctx, w.scope, w.meter.NewReservation(), call.Bound())
	if err != nil {
		return retrieval.Embedding{}, err
	}
	running, err := a.Start(ctx, call, usage.Amounts{})
	if err != nil {
		return retrieval.Embedding{}, errors.Join(err, a.Close(ctx))
	}
	defer running.forget()
	bound, cancel := a.bounded(ctx)
	got, err := w.next.Embed(bound, texts)
	cancel()
	reported := chat.Tokens{Input: got.Tokens, CountedBy: chat.ByProvider}
	o := Outcome{ProviderModel: got.Model, RawUsage: got.RawUsage, ErrorCode: ErrorCode(err), Suspect: got.Suspect || got.Reported && !reported.Valid()}
	var me *ports.ModelError
	switch {
	case errors.As(err, &me) && me.Unspent, price.Local:
		o.Tokens.CountedBy = chat.ByProvider
	case got.Reported && reported.Valid():
		o.Tokens = reported
	case exact:
		o.Tokens = chat.Tokens{Input: call.PromptTokens, CountedBy: chat.ByTokenizer}
	default:
		o.Tokens = chat.Tokens{Input: call.PromptTokens, CountedBy: chat.ByBound}
	}
	if _, serr := running.Settle(ctx, o, true); serr != nil {
		err = errors.Join(err, serr)
	}
	return got, err
}

// Guard admits and reserves w for the site s, runs next, and settles what
// next returns: the event's Tokens, ProviderModel, RawUsage and ErrorCode are
// taken, the rest is filled in. It is for work that is neither a ChatModel nor an
// Embedder. If next returns an error and an event without tokens, the call is
// recorded as failed at no cost; tokens that cannot be true are refused, and
// the call is recorded at w's bounds. next is not run if the error of Admit is not
// nil. Its context ends before the hold expires.
func Guard(ctx context.Context, m *Service, s tenant.Scope, w Work, next func(ctx context.Context, hold usage.Hold) (usage.Event, error)) (usage.Event, error) {
	price, err := m.Price(ctx, w.Model)
	if err != nil {
		return usage.Event{}, err
	}
	call := usage.Call{Kind: w.Kind, Model: w.Model, PromptTokens: w.Input, MaxOutput: w.Output, Price: price}
	if w.Kind != usage.Embedding {
		call.ChatRequests = w.ChatRequests
	}
	a, err := m.Admit(ctx, s, m.NewReservation(), call.Bound())
	if err != nil {
		return usage.Event{}, err
	}
	running, err := a.Start(ctx, call, usage.Amounts{})
	if err != nil {
		return usage.Event{}, errors.Join(err, a.Close(ctx))
	}
	defer running.forget()
	bound, cancel := a.bounded(ctx)
	got, err := next(bound, a.Hold())
	cancel()
	o := Outcome{Tokens: got.Tokens, ProviderModel: got.ProviderModel, RawUsage: got.RawUsage, ErrorCode: got.ErrorCode}
	if err != nil && o.ErrorCode == "" {
		o.ErrorCode = ErrorCode(err)
	}
	switch {
	case !o.Tokens.Valid():
		// Nothing else is known of the work than what it might spend.
		o.Suspect = true
		o.Tokens = chat.Tokens{Input: call.PromptTokens, Output: call.MaxOutput, CountedBy: chat.ByBound}
	case o.Tokens.CountedBy == 0:
		o.Tokens.CountedBy = chat.ByProvider
	}
	e, serr := running.Settle(ctx, o, true)
	return e, errors.Join(err, serr)
}

// Work is what Guard reserves for.
type Work struct {
	Kind         usage.Kind
	Model        string
	Input        int64 // tokens at most
	Output       int64 // tokens at most
	ChatRequests int64 // 1 for work that a shopper asked for, 0 otherwise
}
