package decorated

import (
	"context"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Sites returns next with as around each call.
func Sites(next ports.Sites, as ...Around) ports.Sites { return sites{next, chain(as)} }

type sites struct {
	next   ports.Sites
	around Around
}

// PutSite implements ports.Sites.
func (w sites) PutSite(ctx context.Context, site tenant.Site) error {
	return w.around(ctx, Call{"Sites", "PutSite"}, func(ctx context.Context) error { return w.next.PutSite(ctx, site) })
}

// Site implements ports.Sites.
func (w sites) Site(ctx context.Context, s tenant.Scope) (tenant.Site, error) {
	return run(ctx, w.around, Call{"Sites", "Site"}, func(ctx context.Context) (tenant.Site, error) { return w.next.Site(ctx, s) })
}

// ListSites implements ports.Sites.
func (w sites) ListSites(ctx context.Context, id tenant.ID, after tenant.SiteID, limit int) ([]tenant.Site, error) {
	return run(ctx, w.around, Call{"Sites", "ListSites"}, func(ctx context.Context) ([]tenant.Site, error) {
		return w.next.ListSites(ctx, id, after, limit)
	})
}

// SiteKeys returns next with as around each call.
func SiteKeys(next ports.SiteKeys, as ...Around) ports.SiteKeys { return siteKeys{next, chain(as)} }

type siteKeys struct {
	next   ports.SiteKeys
	around Around
}

// ScopeOf implements ports.SiteKeys.
func (w siteKeys) ScopeOf(ctx context.Context, key string) (tenant.Scope, error) {
	return run(ctx, w.around, Call{"SiteKeys", "ScopeOf"}, func(ctx context.Context) (tenant.Scope, error) { return w.next.ScopeOf(ctx, key) })
}

// APIKeyOf implements ports.SiteKeys.
func (w siteKeys) APIKeyOf(ctx context.Context, hash string) (tenant.Key, error) {
	return run(ctx, w.around, Call{"SiteKeys", "APIKeyOf"}, func(ctx context.Context) (tenant.Key, error) { return w.next.APIKeyOf(ctx, hash) })
}

// Conversations returns next with as around each call.
func Conversations(next ports.Conversations, as ...Around) ports.Conversations {
	return conversations{next, chain(as)}
}

type conversations struct {
	next   ports.Conversations
	around Around
}

// Open implements ports.Conversations.
func (w conversations) Open(ctx context.Context, s tenant.Scope, c chat.Conversation) (chat.Conversation, error) {
	return run(ctx, w.around, Call{"Conversations", "Open"}, func(ctx context.Context) (chat.Conversation, error) {
		return w.next.Open(ctx, s, c)
	})
}

// Last implements ports.Conversations.
func (w conversations) Last(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.ConversationID, n int) ([]chat.Turn, error) {
	return run(ctx, w.around, Call{"Conversations", "Last"}, func(ctx context.Context) ([]chat.Turn, error) {
		return w.next.Last(ctx, s, v, id, n)
	})
}

// Delete implements ports.Conversations.
func (w conversations) Delete(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.ConversationID) error {
	return w.around(ctx, Call{"Conversations", "Delete"}, func(ctx context.Context) error { return w.next.Delete(ctx, s, v, id) })
}

// Turns returns next with as around each call. Of a Begin whose reply was lost
// a Retry makes ErrConflict, not a second turn.
func Turns(next ports.Turns, as ...Around) ports.Turns { return turns{next, chain(as)} }

type turns struct {
	next   ports.Turns
	around Around
}

// Begin implements ports.Turns.
func (w turns) Begin(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
	return run(ctx, w.around, Call{"Turns", "Begin"}, func(ctx context.Context) (chat.Turn, error) { return w.next.Begin(ctx, s, t) })
}

// Finish implements ports.Turns.
func (w turns) Finish(ctx context.Context, s tenant.Scope, t chat.Turn) error {
	return w.around(ctx, Call{"Turns", "Finish"}, func(ctx context.Context) error { return w.next.Finish(ctx, s, t) })
}

// Find implements ports.Turns.
func (w turns) Find(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.MessageID) (chat.Turn, error) {
	return run(ctx, w.around, Call{"Turns", "Find"}, func(ctx context.Context) (chat.Turn, error) { return w.next.Find(ctx, s, v, id) })
}

// Drafts returns next with as around each call.
func Drafts(next ports.Drafts, as ...Around) ports.Drafts { return drafts{next, chain(as)} }

type drafts struct {
	next   ports.Drafts
	around Around
}

// SaveDrafts implements ports.Drafts.
func (w drafts) SaveDrafts(ctx context.Context, ds []ports.ScopedDraft) error {
	return w.around(ctx, Call{"Drafts", "SaveDrafts"}, func(ctx context.Context) error { return w.next.SaveDrafts(ctx, ds) })
}
