package woocommerce

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/ports"
)

// hooks implements ports.ShopHooks.
type hooks struct{ *client }

var _ ports.ShopHooks = (*hooks)(nil)

// wireHook is a webhook as REST v3 has it. The shop never shows a secret.
type wireHook struct {
	ID       text   `json:"id,omitempty"`
	Name     string `json:"name,omitempty"`
	Status   string `json:"status"`
	Topic    string `json:"topic"`
	Delivery string `json:"delivery_url"`
	Secret   string `json:"secret,omitempty"`
}

func (w wireHook) hook() ingestion.Hook {
	return ingestion.Hook{ID: string(w.ID), Topic: w.Topic, Delivery: w.Delivery, Active: w.Status == "active"}
}

// Hooks implements ports.ShopHooks.
func (h *hooks) Hooks(ctx context.Context, delivery string) ([]ingestion.Hook, error) {
	l := listing{client: h.client, size: h.shops.cfg.Page, query: url.Values{}, get: func(ctx context.Context, q url.Values) (*answer, error) {
		return h.ask(ctx, http.MethodGet, "/webhooks", q, nil)
	}}
	var out []ingestion.Hook
	for {
		items, done, err := l.next(ctx)
		if err != nil {
			return nil, err
		}
		for _, it := range items {
			l.took(it)
			var w wireHook
			if err := unmarshal(it.body, &w); err != nil {
				return nil, &ports.ShopError{Err: ports.ErrUnavailable, Reason: h.clean(fmt.Sprintf("a webhook of %s cannot be read: %.200v", h.host(), err))}
			}
			if w.Delivery == delivery {
				out = append(out, w.hook())
			}
		}
		if done {
			return out, nil
		}
	}
}

// Save implements ports.ShopHooks.
func (h *hooks) Save(ctx context.Context, hook ingestion.Hook) (ingestion.Hook, error) {
	body, err := json.Marshal(wireHook{Name: "woochat " + hook.Topic, Status: "active", Topic: hook.Topic, Delivery: hook.Delivery, Secret: hook.Secret.Reveal()})
	if err != nil {
		return ingestion.Hook{}, err
	}
	route := "/webhooks"
	if hook.ID != "" {
		id, err := hookID(hook.ID)
		if err != nil {
			return ingestion.Hook{}, err
		}
		route += "/" + id
	}
	// POST changes one that is there, too, and hosts block PUT more often.
	a, err := h.ask(ctx, http.MethodPost, route, nil, body)
	if err != nil {
		return ingestion.Hook{}, h.withoutSecret(err, hook.Secret)
	}
	var w wireHook
	if err := h.json(ctx, a, &w); err != nil {
		return ingestion.Hook{}, h.withoutSecret(err, hook.Secret)
	}
	saved := w.hook()
	saved.Secret = hook.Secret
	return saved, nil
}

// Remove implements ports.ShopHooks.
func (h *hooks) Remove(ctx context.Context, id string) error {
	id, err := hookID(id)
	if err != nil {
		return err
	}
	a, err := h.ask(ctx, http.MethodDelete, "/webhooks/"+id, url.Values{"force": {"true"}}, nil)
	if of, ok := errors.AsType[*ports.ShopError](err); ok && of.Status == http.StatusNotFound && of.Code == "woocommerce_rest_shop_webhook_invalid_id" {
		return nil
	}
	if err != nil {
		return err
	}
	return a.body.Close()
}

func hookID(id string) (string, error) {
	n, err := strconv.ParseUint(id, 10, 63)
	if err != nil || n == 0 {
		return "", fmt.Errorf("%w: %.40q is no webhook's id", ports.ErrInvalid, id)
	}
	return strconv.FormatUint(n, 10), nil
}

// withoutSecret takes the webhook's own secret out of an error: a shop may quote
// what it was sent.
func (h *hooks) withoutSecret(err error, secret ingestion.Secret) error {
	of, ok := errors.AsType[*ports.ShopError](err)
	if !ok || secret.Reveal() == "" {
		return err
	}
	clean := *of
	clean.Reason = strings.ReplaceAll(of.Reason, secret.Reveal(), "[redacted]")
	return &clean
}
