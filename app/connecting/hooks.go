package connecting

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// oldSecret is how long the secret before stays good after a rotation where we
// have given the webhooks the new one: deliveries may be under way.
const oldSecret = time.Hour

// CheckHooks is the task ingestion.Hooks of a site: it finds out what is not
// known of a shop that was connected by its owner's consent, looks at the shop's
// webhooks, makes those that are missing or were switched off where the key may,
// and tells the operator of the others. A secret that was rotated away is
// forgotten after a while. It may be killed anywhere and called again.
//
// Errors: ports.ErrNotFound if the site is not connected; a *ports.ShopError.
func (s *Service) CheckHooks(ctx context.Context, sc tenant.Scope) (again time.Time, err error) {
	c, err := s.deps.Connections.Connection(ctx, sc)
	if err != nil {
		return time.Time{}, err
	}
	if c.Key == "" {
		return time.Time{}, s.unheard(ctx, sc)
	}
	if c.Auth == 0 {
		if c, err = s.settle(ctx, sc, c); err != nil {
			return time.Time{}, err
		}
	}
	if _, err := s.hooks(ctx, sc, c); err != nil {
		return time.Time{}, err
	}
	return time.Time{}, s.retire(ctx, sc)
}

// unheard tells the operator of a shop that cannot be asked and was never heard.
func (s *Service) unheard(ctx context.Context, sc tenant.Scope) error {
	shown, err := s.deps.Deliveries.Shown(ctx, sc)
	if err != nil {
		return err
	}
	if !shown.LastHook.IsZero() {
		return s.deps.Health.Clear(ctx, sc, ingestion.HookMissing, "")
	}
	for _, topic := range ingestion.Topics() {
		if err := s.raise(ctx, sc, ingestion.HookMissing, topic, byHand(topic, s.DeliveryURL(sc.Site))); err != nil {
			return err
		}
	}
	return nil
}

// settle asks a shop how it is reached, and begins the import.
func (s *Service) settle(ctx context.Context, sc tenant.Scope, c ingestion.Connection) (ingestion.Connection, error) {
	plain, err := s.deps.Sealer.Open(ingestion.KeyPurpose(sc.Site), c.Key)
	if err != nil {
		return c, errors.Join(err, s.raise(ctx, sc, ingestion.SealedByOldKey, "REST key", "no key of WOOCHAT_SECRET_KEY opens the shop's REST key: add the key that sealed it, or connect the shop again"))
	}
	key, err := ingestion.ParseCredentials(plain)
	if err != nil {
		return c, fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	}
	next, err := s.deps.Probe.Probe(ctx, c.URL, key)
	if err != nil {
		return c, err
	}
	next.Key, next.Secrets, next.Created, next.Version, next.Updated = c.Key, c.Secrets, c.Created, c.Version, s.deps.Now()
	saved, err := s.deps.Connections.SaveConnection(ctx, sc, next)
	if err != nil {
		return c, err
	}
	// Webhooks may be there from a connection before this one.
	if s.gives(saved) {
		if err := s.give(ctx, sc, saved); err != nil {
			return saved, err
		}
	}
	return saved, s.enqueue(ctx, sc, ingestion.Import, true)
}

// hooks brings the shop's webhooks to what they should be, as far as the key
// may, and the findings about them.
func (s *Service) hooks(ctx context.Context, sc tenant.Scope, c ingestion.Connection) (Hooks, error) {
	out := Hooks{Delivery: s.DeliveryURL(sc.Site)}
	if out.Delivery == "" {
		out.Missing = ingestion.Topics()
		return out, s.raise(ctx, sc, ingestion.HookMissing, "", ErrNoPublicURL.Error())
	}
	shop, err := s.deps.Shops.Hooks(ctx, sc)
	if err != nil {
		return out, err
	}
	list, err := shop.Hooks(ctx, out.Delivery)
	if err != nil {
		return out, err
	}
	lost := false
	mended, err := s.mended(ctx, sc)
	if err != nil {
		return out, err
	}
	for _, topic := range ingestion.Topics() {
		of := slices.DeleteFunc(slices.Clone(list), func(h ingestion.Hook) bool { return h.Topic != topic })
		switch {
		case slices.ContainsFunc(of, func(h ingestion.Hook) bool { return h.Active }):
			out.Active = append(out.Active, topic)
			err = mended(topic)
		case c.Write:
			if err = s.make(ctx, sc, c, shop, topic, of); err == nil {
				out.Active, out.Made = append(out.Active, topic), append(out.Made, topic)
				lost = lost || len(of) > 0
			}
		case len(of) > 0:
			out.Missing = append(out.Missing, topic)
			err = s.raise(ctx, sc, ingestion.HookDisabled, topic,
				"the shop has switched this webhook off, as it does after several failed deliveries: delete it and make it anew. "+byHand(topic, out.Delivery))
		default:
			out.Missing = append(out.Missing, topic)
			err = s.raise(ctx, sc, ingestion.HookMissing, topic, byHand(topic, out.Delivery))
		}
		if err != nil {
			return out, err
		}
	}
	// Nobody has told what changed while a webhook was off.
	return out, s.enqueue(ctx, sc, ingestion.Poll, lost)
}

// mended returns what clears the findings about a topic's webhook. Most have
// none, and nothing is asked for them then.
func (s *Service) mended(ctx context.Context, sc tenant.Scope) (func(topic string) error, error) {
	const most = 500
	open, err := s.deps.Health.Findings(ctx, sc, most)
	if err != nil {
		return nil, err
	}
	return func(topic string) error {
		var errs []error
		for _, kind := range []ingestion.FindingKind{ingestion.HookMissing, ingestion.HookDisabled} {
			is := func(f ingestion.Finding) bool { return f.Kind == kind && f.Subject == topic }
			if len(open) == most || slices.ContainsFunc(open, is) { // of more than these it is not known
				errs = append(errs, s.deps.Health.Clear(ctx, sc, kind, topic))
			}
		}
		return errors.Join(errs...)
	}, nil
}

// make makes the webhook of a topic, and takes away those that are switched off:
// one that is merely switched on again keeps the count of its failures, and the
// next one would switch it off.
func (s *Service) make(ctx context.Context, sc tenant.Scope, c ingestion.Connection, shop ports.ShopHooks, topic string, off []ingestion.Hook) error {
	secret, err := s.secret(ctx, sc, c)
	if err != nil {
		return err
	}
	if _, err := shop.Save(ctx, ingestion.Hook{Topic: topic, Delivery: s.DeliveryURL(sc.Site), Active: true, Secret: secret}); err != nil {
		return err
	}
	for _, h := range off {
		if err := shop.Remove(ctx, h.ID); err != nil {
			return err
		}
	}
	if len(off) > 0 {
		// Told all the same: deliveries were lost.
		return s.raise(ctx, sc, ingestion.HookDisabled, topic, "the shop had switched this webhook off, as it does after several failed deliveries; it was made anew. See whether this server could be reached")
	}
	return s.deps.Health.Clear(ctx, sc, ingestion.HookMissing, topic)
}

// secret returns the secret with which new webhooks sign.
func (s *Service) secret(ctx context.Context, sc tenant.Scope, c ingestion.Connection) (ingestion.Secret, error) {
	if len(c.Secrets) == 0 {
		return ingestion.Secret{}, fmt.Errorf("%w: the connection has no secret: rotate it", ports.ErrInvalid)
	}
	plain, err := s.deps.Sealer.Open(ingestion.SecretPurpose(sc.Site), c.Secrets[0])
	if err != nil {
		return ingestion.Secret{}, errors.Join(err, s.raise(ctx, sc, ingestion.SealedByOldKey, "webhook secret", "no key of WOOCHAT_SECRET_KEY opens the secret of this site's webhooks: add the key that sealed it, or rotate the secret"))
	}
	return ingestion.NewSecret(string(plain)), nil
}

// byHand says how to make a webhook.
func byHand(topic, delivery string) string {
	if delivery == "" {
		return ErrNoPublicURL.Error()
	}
	return "make a webhook of the topic " + topic + " by hand: WooCommerce > Settings > Advanced > Webhooks > Add, status Active, delivery URL " + delivery +
		", the secret that was shown when the shop was connected (lost: woochat shop rotate makes a new one)"
}

// Rotated is what came of Rotate.
type Rotated struct {
	Hooks Hooks
	// Secret is the new one, where somebody must paste it; otherwise none.
	Secret ingestion.Secret
}

// ErrRotating means that the secret before is still in use, as far as is known.
var ErrRotating = errors.New("the secret was rotated before, and the one before it is still good: once all webhooks have the new one, finish that rotation")

// Rotate makes a new secret of the site's webhooks. The one before stays good
// until Finish, or for an hour if the key may give the new one to the webhooks.
// ErrRotating, which matches ports.ErrConflict, if two are good already and
// somebody has to paste them.
func (s *Service) Rotate(ctx context.Context, who roles.Grants, sc tenant.Scope) (Rotated, error) {
	if err := s.audit.Allow(ctx, who, roles.WriteSites, sc, "rotate the secret of the shop's webhooks"); err != nil {
		return Rotated{}, err
	}
	c, err := s.deps.Connections.Connection(ctx, sc)
	if err != nil {
		return Rotated{}, err
	}
	if len(c.Secrets) == ingestion.MaxSecrets && !c.Write {
		return Rotated{}, fmt.Errorf("%w: %w", ports.ErrConflict, ErrRotating)
	}
	if len(c.Secrets) == ingestion.MaxSecrets && s.gives(c) {
		// The shop may have been away at the rotation before: then its webhooks
		// still sign with the secret that is forgotten now.
		if err := s.give(ctx, sc, c); err != nil {
			return Rotated{}, err
		}
	}
	sealed, secret, err := s.newSecret(sc.Site)
	if err != nil {
		return Rotated{}, err
	}
	c.Secrets, c.Updated = append([]string{sealed}, c.Secrets[:min(1, len(c.Secrets))]...), s.deps.Now()
	if c, err = s.deps.Connections.SaveConnection(ctx, sc, c); err != nil {
		return Rotated{}, err
	}
	out := Rotated{Secret: secret, Hooks: Hooks{Delivery: s.DeliveryURL(sc.Site), Missing: ingestion.Topics()}}
	if !s.gives(c) {
		return out, nil
	}
	// Those that are made now have the new secret already.
	if out.Hooks, err = s.hooks(ctx, sc, c); err != nil {
		return out, err
	}
	if err := s.give(ctx, sc, c); err != nil {
		return out, err
	}
	out.Secret = ingestion.Secret{}
	return out, nil
}

// give has the shop's active webhooks sign with the newest secret, whatever they
// had: the shop never tells.
func (s *Service) give(ctx context.Context, sc tenant.Scope, c ingestion.Connection) error {
	secret, err := s.secret(ctx, sc, c)
	if err != nil {
		return err
	}
	shop, err := s.deps.Shops.Hooks(ctx, sc)
	if err != nil {
		return err
	}
	list, err := shop.Hooks(ctx, s.DeliveryURL(sc.Site))
	if err != nil {
		return err
	}
	for _, h := range list {
		if !h.Active || !slices.Contains(ingestion.Topics(), h.Topic) {
			continue
		}
		h.Secret = secret
		if _, err := shop.Save(ctx, h); err != nil {
			return err
		}
	}
	return nil
}

// gives reports whether we can give the shop's webhooks their secret.
func (s *Service) gives(c ingestion.Connection) bool {
	return c.Write && c.Key != "" && s.cfg.PublicURL != ""
}

// Finish forgets the secret before, once all webhooks have the new one. There
// being none is no error.
func (s *Service) Finish(ctx context.Context, who roles.Grants, sc tenant.Scope) error {
	if err := s.audit.Allow(ctx, who, roles.WriteSites, sc, "forget the old secret of the shop's webhooks"); err != nil {
		return err
	}
	c, err := s.deps.Connections.Connection(ctx, sc)
	if err != nil || len(c.Secrets) < ingestion.MaxSecrets {
		return err
	}
	return s.forget(ctx, sc, c)
}

// retire forgets the secret before where we give the new one to the webhooks
// ourselves, long enough after the rotation. It gives it once more, for the shop
// may have been away then.
func (s *Service) retire(ctx context.Context, sc tenant.Scope) error {
	c, err := s.deps.Connections.Connection(ctx, sc)
	if err != nil || len(c.Secrets) < ingestion.MaxSecrets || !s.gives(c) || s.deps.Now().Sub(c.Updated) < oldSecret {
		return err
	}
	if err := s.give(ctx, sc, c); err != nil {
		return err
	}
	return s.forget(ctx, sc, c)
}

func (s *Service) forget(ctx context.Context, sc tenant.Scope, c ingestion.Connection) error {
	c.Secrets, c.Updated = c.Secrets[:1], s.deps.Now()
	_, err := s.deps.Connections.SaveConnection(ctx, sc, c)
	return err
}

func (s *Service) raise(ctx context.Context, sc tenant.Scope, kind ingestion.FindingKind, subject, detail string) error {
	return s.deps.Health.Raise(ctx, sc, ingestion.Finding{Kind: kind, Subject: subject, Detail: detail, Last: s.deps.Now()})
}
