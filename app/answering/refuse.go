package answering

import (
	"context"

	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// refuses reports whether the shopper is told that nothing fits without asking a
// model. That costs nothing, so it takes a fallback, under whose name it is
// counted; without one the model is asked, which is told to say so by itself.
func (s *Service) refuses(f retrieval.Fit) bool { return f.Nothing && s.Fallback != nil }

// refuse says that nothing fits, how to reach the shop, and what is near.
func (s *Service) refuse(ctx context.Context, j job, found searching.Findings) result {
	near := chat.EvidenceOf(found.Fit.Near, s.Now())
	locale := localeOf(j.site, j.question)
	text := chat.NothingFits(locale, j.site.ContactURL) + chat.Nearest(locale, near)
	p := chat.Prompt{Model: s.cfg.FallbackModel, MaxTokens: s.cfg.MaxTokens, Question: j.question.Text, Evidence: near, Locale: locale}
	r := s.call(ctx, j, saying(text), p, result{evidence: near})
	r.notice = chat.NoticeNothingFits
	return r
}

// saying is a ports.ChatModel that says one thing, whatever it is asked.
type saying string

// Complete implements ports.ChatModel. It spends nothing.
func (t saying) Complete(_ context.Context, _ chat.Prompt, emit func(text string) error) (chat.Completion, error) {
	c := chat.Completion{Text: string(t), Finish: chat.Complete, Tokens: chat.Tokens{CountedBy: chat.ByProvider}}
	return c, emit(string(t))
}
