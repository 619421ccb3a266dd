package answering

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// job is one admitted message.
type job struct {
	site     tenant.Site
	turn     chat.Turn
	question Question
	admitted *metering.Admitted
	live     *live
}

// result is how an answer ended, before it is stored.
type result struct {
	call     *metering.Call // the last call, not settled yet; nil if none was sent
	outcome  metering.Outcome
	gate     *chat.Gate
	evidence []chat.Evidence
	finish   chat.Finish
	notice   string
	err      error // why finish is Failed
}

// answer runs j to its end: retrieve, call the model, check, store the answer,
// settle. It never returns an error: whatever goes wrong is what the stream,
// the stored turn and the usage event say.
func (s *Service) answer(ctx context.Context, j job) {
	r := s.generate(ctx, j)
	t := j.turn
	t.State, t.Finish, t.Answered = chat.Done, r.finish, s.Now()
	t.Notice, t.Tokens = r.notice, r.outcome.Tokens
	t.ErrorCode = codeOf(r.err)
	j.live.mu.Lock()
	t.Answer = string(j.live.answer)
	j.live.mu.Unlock()
	if r.gate != nil {
		t.Citations, t.Cards = chat.Shown(t.Answer, r.gate.Cited(), r.evidence, maxCards)
	}
	t.LastEvent = lastEvent(len(t.Answer), tailLen(t))

	ctx = context.WithoutCancel(ctx)
	storeErr := s.finish(ctx, j.question.Scope, t, storeTimeout)
	later := away(storeErr) && s.keep(j.live)
	// A store that was silent has not taken the time of what follows.
	store, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	var settleErr error
	if r.call != nil {
		_, settleErr = r.call.Settle(store, r.outcome, true)
	} else {
		settleErr = j.admitted.Close(store)
	}
	s.publish(store, j.question.Scope, Answered{
		Message: t.Message, Finish: t.Finish, Code: t.ErrorCode, Err: errors.Join(r.err, storeErr, settleErr),
		Took: t.Answered.Sub(t.Asked), Withheld: withheld(r.gate),
	})
	if storeErr != nil && !later {
		j.live.finish(t, fmt.Errorf("store the answer: %w", storeErr))
		return
	}
	j.live.end(t)
	if later {
		s.storeLater(ctx, j.question.Scope, t)
	}
}

// maxCards is how many products are shown beside an answer.
const maxCards = 6

func tailLen(t chat.Turn) int {
	n := 1
	if len(t.Citations) > 0 {
		n++
	}
	if len(t.Cards) > 0 {
		n++
	}
	return n
}

func withheld(g *chat.Gate) int {
	if g == nil {
		return 0
	}
	return g.Withheld()
}

// maxTries is how often a model is asked when it refuses before it has spent
// anything; after that the fallback answers.
const maxTries = 2

func (s *Service) generate(ctx context.Context, j job) result {
	history, err := s.Conversations.Last(ctx, j.question.Scope, j.question.Visitor, j.turn.Conversation, s.cfg.HistoryTurns)
	if err != nil {
		return failed(ctx, fmt.Errorf("history: %w", err))
	}
	found, err := s.Search.Search(ctx, searching.Question{
		Scope: j.question.Scope, Text: j.question.Text, Before: chat.Earlier(history), ShopLocale: j.site.Locale, Locale: j.question.Locale,
		Budget: s.promptBudget(),
	})
	if err != nil {
		return failed(ctx, err)
	}
	if s.refuses(found.Fit) {
		return s.refuse(ctx, j, found)
	}
	in := s.promptInput(j.site, j.question)
	in.History, in.Evidence = history, chat.EvidenceOf(found.Chosen(), s.Now())
	in.Also = found.Understanding.Also
	if read := found.FollowUp.Question; read != j.question.Text {
		in.Meant = read
	}
	prompt, ok := chat.FitPrompt(in, s.promptBudget(), s.counter(s.cfg.Model))
	if !ok {
		return failed(ctx, &chat.InputError{Field: "message", Reason: "is too long for the model"})
	}
	r := result{evidence: prompt.Evidence}
	for try := 1; ; try++ {
		r = s.call(ctx, j, s.Model, prompt, r)
		var me *ports.ModelError
		nothingShown := r.err != nil && s.shown(j) == 0
		switch {
		case r.err == nil || !nothingShown || ctx.Err() != nil:
			return r
		case errors.As(r.err, &me) && me.Unspent && me.Kind != ports.ModelRefused && try < maxTries && me.RetryAfter == 0:
			if err := s.settleAndGoOn(ctx, j, &r); err != nil {
				return r
			}
		case s.Fallback != nil:
			return s.fallBack(ctx, j, prompt, r)
		default:
			return r
		}
	}
}

// settleAndGoOn settles the call of r, so that another one can be made in the
// same hold.
func (s *Service) settleAndGoOn(ctx context.Context, j job, r *result) error {
	if r.call == nil {
		return nil
	}
	if _, err := r.call.Settle(ctx, r.outcome, false); err != nil {
		r.err = errors.Join(r.err, err)
		return err
	}
	r.call = nil
	return nil
}

// fallBack answers without the model: the passages themselves, quoted.
func (s *Service) fallBack(ctx context.Context, j job, p chat.Prompt, broken result) result {
	cause := broken.err
	if err := s.settleAndGoOn(ctx, j, &broken); err != nil {
		return broken
	}
	p.Model = s.cfg.FallbackModel
	r := s.call(ctx, j, s.Fallback, p, result{evidence: p.Evidence})
	r.notice = chat.NoticeQuoted // also where it has found nothing: the model may have
	s.publish(ctx, j.question.Scope, FellBack{Message: j.turn.Message, Err: cause})
	return r
}

func (s *Service) shown(j job) int {
	j.live.mu.Lock()
	defer j.live.mu.Unlock()
	return len(j.live.answer)
}

// call dispatches one model call and shows what it writes, sentence by
// sentence, as the gate lets it through.
func (s *Service) call(ctx context.Context, j job, model ports.ChatModel, p chat.Prompt, r result) result {
	c, err := s.Meter.ChatCall(ctx, p)
	if err != nil {
		return failed(ctx, err)
	}
	if c.Price.Local {
		// It has no tokens to count: what it writes is bounded by its bytes.
		p.MaxTokens *= bytesPerToken
	}
	c.Conversation, c.Message = j.turn.Conversation, j.turn.Message
	// A call that was refused settles at nothing and leaves the whole hold to
	// the next one, so nothing beside it needs to be kept.
	call, err := j.admitted.Start(ctx, c, usage.Amounts{})
	if err != nil {
		return failed(ctx, err)
	}
	gate := chat.NewGate(p.Evidence, p.Question)
	gate.AllowLink(j.site.ContactURL) // the prompt says to point to it
	errTooMuch := errors.New("the answer is longer than its buffer")
	show := func(text string) error {
		if text != "" && !j.live.write(text) {
			return errTooMuch
		}
		return nil
	}
	got, err := call.Complete(ctx, model, p, func(text string) error { return show(gate.Push(text)) })
	if err == nil {
		// The rest of an answer that broke off is no whole sentence: the gate
		// cannot tell whether it is true, and the shopper could not either.
		err = show(gate.Flush())
	}
	notice, nothing := "", chat.NothingFits(p.Locale, "")
	if err == nil && (s.shown(j) == 0 || got.Text == nothing) {
		// Nothing of what it wrote holds, or it has found nothing by itself: the
		// shopper is told, and how to reach the shop.
		notice = chat.NoticeNothingFits
		text := chat.NothingFits(p.Locale, j.site.ContactURL)
		if s.shown(j) > 0 {
			text = strings.TrimPrefix(text, nothing)
		}
		err = show(text)
	}
	out := result{call: call, notice: notice, outcome: call.OutcomeOf(p, got, err), gate: gate, evidence: r.evidence, finish: got.Finish}
	switch {
	case err == nil:
	case errors.Is(context.Cause(ctx), errStopped):
		out.finish = chat.Stopped
	case errors.Is(err, errTooMuch):
		out.finish = chat.Length
	default:
		out.finish, out.err = chat.Failed, err
	}
	return out
}

// bytesPerToken is about what a token has in the languages of shops.
const bytesPerToken = 4

func failed(ctx context.Context, err error) result {
	if errors.Is(context.Cause(ctx), errStopped) {
		return result{finish: chat.Stopped}
	}
	return result{finish: chat.Failed, err: err}
}

// promptInput returns what the prompt for q is made of, without history and
// evidence.
func (s *Service) promptInput(site tenant.Site, q Question) chat.PromptInput {
	return chat.PromptInput{
		Model: s.cfg.Model, ShopName: site.Name, ContactURL: site.ContactURL, Locale: localeOf(site, q), Question: q.Text, Page: q.Page,
		MaxTokens: s.cfg.MaxTokens, Now: s.Now(),
	}
}

func (s *Service) counter(model string) func(string) (int64, bool) {
	return func(text string) (int64, bool) { return s.Tokenizer.Count(model, text) }
}

// localeOf returns the language to answer in: that of the question, if it is
// clear, or else of the page that it was asked on.
func localeOf(site tenant.Site, q Question) string {
	locale := cmp.Or(q.Locale, site.Locale)
	if asked := retrieval.GuessLanguage(q.Text); asked != "" && asked != retrieval.LanguageOf(locale) {
		return asked
	}
	return locale
}

func (s *Service) publish(ctx context.Context, sc tenant.Scope, e ports.Event) {
	if s.Events != nil {
		s.Events.Publish(ctx, sc, e)
	}
}
