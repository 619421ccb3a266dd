package porttest_test

import (
	"context"
	"slices"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/test/porttest"
)

// brokenUnanswered are stores that list the wrong questions.
var brokenUnanswered = []brokenChats{
	{"the oldest come first", porttest.Unanswered, "listed", func(b *badChats) {
		b.unanswered = func(ctx context.Context, s tenant.Scope, before chat.MessageID, n int) ([]chat.Turn, error) {
			got, err := b.good.UnansweredQuestions(ctx, s, before, n)
			slices.Reverse(got)
			return got, err
		}
	}},
	{"the first visitor's only", porttest.Unanswered, "listed", func(b *badChats) {
		b.unanswered = func(ctx context.Context, s tenant.Scope, before chat.MessageID, n int) ([]chat.Turn, error) {
			got, err := b.good.UnansweredQuestions(ctx, s, before, n)
			return slices.DeleteFunc(got, func(t chat.Turn) bool { return t.Visitor != got[0].Visitor }), err
		}
	}},
	{"whatever has a notice", porttest.Unanswered, "listed", func(b *badChats) {
		finish := b.finish
		b.finish = func(ctx context.Context, s tenant.Scope, t chat.Turn) error {
			if t.Notice != "" {
				t.Notice = chat.NoticeNothingFits
			}
			return finish(ctx, s, t)
		}
	}},
	{"n is not kept", porttest.Unanswered, "pages", func(b *badChats) {
		b.unanswered = func(ctx context.Context, s tenant.Scope, before chat.MessageID, n int) ([]chat.Turn, error) {
			if n > 0 {
				n = 1000
			}
			return b.good.UnansweredQuestions(ctx, s, before, n)
		}
	}},
	{"each page is the first", porttest.Unanswered, "pages", func(b *badChats) {
		b.unanswered = func(ctx context.Context, s tenant.Scope, before chat.MessageID, n int) ([]chat.Turn, error) {
			if before.Valid() == nil {
				before = ""
			}
			return b.good.UnansweredQuestions(ctx, s, before, n)
		}
	}},
	{"what was deleted is listed", porttest.Unanswered, "forgotten", func(b *badChats) {
		b.delete = func(context.Context, tenant.Scope, chat.VisitorID, chat.ConversationID) error { return nil }
	}},
	{"it asks not for the site", porttest.Unanswered, "isolation", func(b *badChats) {
		scopes := noteConversations(b)
		var all remembered[tenant.Scope]
		finish := b.finish
		b.finish = func(ctx context.Context, s tenant.Scope, t chat.Turn) error {
			all.set("last", scopes.of(string(t.Conversation), s))
			return finish(ctx, s, t)
		}
		b.unanswered = func(ctx context.Context, s tenant.Scope, before chat.MessageID, n int) ([]chat.Turn, error) {
			if s.Valid() != nil {
				return nil, tenant.ErrNoScope
			}
			return b.good.UnansweredQuestions(ctx, all.of("last", s), before, n)
		}
	}},
	{"anything goes", porttest.Unanswered, "invalid", func(b *badChats) {
		b.unanswered = func(ctx context.Context, s tenant.Scope, before chat.MessageID, n int) ([]chat.Turn, error) {
			if before.Valid() != nil {
				before = ""
			}
			return b.good.UnansweredQuestions(ctx, s, before, max(1, n))
		}
	}},
}
