package histories

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/app/connecting"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/test/fakes/wooshop"
)

// trust is what a shop's owner has given us.
type trust uint8

const (
	mayWrite trust = iota // a key with which webhooks are made
	mayRead               // a key; webhooks are made by hand
	noKey                 // webhooks made by hand, and what they say is all that is known
)

func (t trust) String() string {
	return [...]string{"a key that may write", "a key that may read", "no key"}[t]
}

// trustOf returns what the owner of the shop of a seed gives.
func trustOf(seed uint64) trust {
	r := rand.New(rand.NewPCG(seed, 3))
	return pick(r, mayWrite, mayWrite, mayWrite, mayWrite, mayRead, mayRead, noKey, noKey)
}

// connect connects the shop as an operator and its owner do: webhooks are made,
// and where there is a key, an import begins. The key before, if there is one, is
// good for nothing any more.
func (s *site) connect(ctx context.Context) error {
	s.lost = true
	order := connecting.Order{URL: s.shop.URL()}
	if s.key != (wooshop.Key{}) {
		s.shop.RevokeKey(s.key)
		s.key = wooshop.Key{}
	}
	if s.trust != noKey {
		s.key = s.shop.AddKey([]string{mayWrite: "read_write", mayRead: "read"}[s.trust])
		order.Key = ingestion.Credentials{Key: ingestion.NewSecret(s.key.Key), Secret: ingestion.NewSecret(s.key.Secret)}
	}
	out, err := s.connecting.Connect(ctx, administering.Operator(), s.scope, order)
	if err != nil {
		return err
	}
	s.lost = false
	s.paste(out.Hooks.Delivery, out.Secret)
	s.bell.Ring()
	s.settle()
	return nil
}

// paste makes all webhooks by hand, with a secret, and gives it to those that are
// there; none changes nothing.
func (s *site) paste(delivery string, secret ingestion.Secret) {
	if secret == (ingestion.Secret{}) {
		return
	}
	hooks := s.shop.Hooks()
	for _, topic := range ingestion.Topics() {
		i := slices.IndexFunc(hooks, func(h wooshop.Hook) bool { return h.Topic == topic && h.URL == delivery })
		if i < 0 {
			_, _ = s.shop.AddHook(topic, delivery, secret.Reveal()) // a ping that is not answered means nothing
			continue
		}
		s.shop.SetHookSecret(hooks[i].ID, secret.Reveal())
		s.shop.SetHookStatus(hooks[i].ID, "active")
	}
}

// meddle does what shop owners and operators do to the webhooks and the key.
func (h *history) meddle(ctx context.Context) {
	hooks := h.shop.Hooks()
	if len(hooks) == 0 {
		return
	}
	hook := hooks[h.r.IntN(len(hooks))]
	switch h.r.IntN(10) {
	case 0:
		h.shop.SetHookStatus(hook.ID, "disabled")
		h.tell("webhook %d (%s) is disabled", hook.ID, hook.Topic)
	case 1:
		h.shop.SetHookStatus(hook.ID, "paused")
		h.tell("webhook %d (%s) is paused", hook.ID, hook.Topic)
	case 2:
		h.shop.RemoveHook(hook.ID)
		h.tell("webhook %d (%s) is removed", hook.ID, hook.Topic)
	case 3:
		h.shop.Disown(hook.ID, hook.Owned)
		h.tell("webhook %d (%s): its owner has rights: %v", hook.ID, hook.Topic, !hook.Owned)
	case 4, 5, 6:
		h.rotate(ctx)
	case 7:
		if h.trust == noKey {
			h.trust = pick(h.r, mayWrite, mayRead)
		}
		h.tally.Remade++
		h.tell("the shop is connected anew, with %v: %v", h.trust, h.connect(ctx))
	case 8:
		_, err := h.connecting.Disconnect(ctx, administering.Operator(), h.scope)
		h.lost = true
		h.tell("the shop is disconnected: %v", err)
	default:
		h.shop.DisownKey(h.key, true)
		h.tell("the key's user has lost his rights")
		h.bad = h.shop.Now().Add(time.Hour)
	}
}

// rotate changes the secret of the webhooks, or goes on with it where somebody
// has to paste it.
func (h *history) rotate(ctx context.Context) {
	h.tally.Rotated++
	switch {
	case h.pasted:
		h.pasted = false
		h.tell("the old secret is forgotten: %v", h.connecting.Finish(ctx, administering.Operator(), h.scope))
	case h.secret != (ingestion.Secret{}):
		h.paste(h.connecting.DeliveryURL(h.scope.Site), h.secret)
		h.secret, h.pasted = ingestion.Secret{}, true
		h.tell("the new secret is pasted")
	default:
		out, err := h.connecting.Rotate(ctx, administering.Operator(), h.scope)
		h.secret = out.Secret
		h.tell("the webhooks' secret is changed: %v", err)
	}
}

// change changes a setting of the shop, which tells nobody.
func (h *history) change() {
	h.tally.Settings++
	if h.trust == noKey { // its currency and units are not told
		plain := h.r.IntN(2) == 0
		h.shop.SetPlainPermalinks(plain)
		h.tell("plain permalinks: %v", plain)
		return
	}
	h.tell("%s", h.shop.RandomSetting(h.r))
}
