package ingestion

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Finding is something about a site's ingestion that an operator should know.
type Finding struct {
	Kind FindingKind
	// Subject is what it is about, such as product:44 or a topic; "" for the
	// site as a whole. One Kind and Subject is one Finding, counted.
	Subject string
	Detail  string // what is wrong and what to do, without a shopper's or a secret text
	Count   int64
	First   time.Time
	Last    time.Time
}

// FindingKind is a kind of Finding, as it is stored and shown.
type FindingKind string

// Kinds of findings.
const (
	LostWebhook     FindingKind = "lost_webhook"     // a sweep found a change that no webhook told
	CannotView      FindingKind = "cannot_view"      // the webhook's owner may not read products any more
	HookMissing     FindingKind = "hook_missing"     // a topic without a webhook
	HookDisabled    FindingKind = "hook_disabled"    // the shop has switched a webhook off
	DeliveryTooBig  FindingKind = "delivery_too_big" // a body that was dropped
	ShopUnreachable FindingKind = "shop_unreachable"
	KeyRefused      FindingKind = "key_refused" // the shop does not take our REST key any more
	Rejected        FindingKind = "rejected"    // a document that cannot be taken, with the reason
	EmbeddingPaused FindingKind = "embedding_paused"
	VariationUnread FindingKind = "variation_unread"      // a variation changed in a shop that we cannot ask
	SealedByOldKey  FindingKind = "sealed_by_unknown_key" // a secret that no present key opens
)

// What a finding's texts are cut to, in bytes.
const (
	maxSubject = 200
	maxDetail  = 1000
)

// After returns f as it is stored after old, the one of its Kind and Subject
// that there is, or the zero Finding. Counts add up, a count of 0 being one; the
// new Detail stays, and the times reach from the first to the last. Texts are
// cut, and hold nothing that a store cannot keep. Times must be set by the
// caller in Last; First is Last where it is zero.
func (f Finding) After(old Finding) Finding {
	f.Subject, f.Detail = storable(f.Subject, maxSubject), storable(f.Detail, maxDetail)
	f.Count = max(f.Count, 1) + old.Count
	f.Last = f.Last.UTC().Round(0)
	if f.First.IsZero() {
		f.First = f.Last
	}
	f.First = f.First.UTC().Round(0)
	if old.Kind != "" && old.First.Before(f.First) {
		f.First = old.First
	}
	if old.Last.After(f.Last) {
		f.Last = old.Last
	}
	return f
}

// storable returns text without what a store cannot keep, and at most limit
// bytes of it.
func storable(text string, limit int) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "")
	if len(text) > limit {
		for limit > 0 && !utf8.RuneStart(text[limit]) {
			limit--
		}
		text = text[:limit]
	}
	return text
}
