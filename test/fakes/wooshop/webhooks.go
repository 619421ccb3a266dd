package wooshop

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// webhooks answers webhooks and webhooks/<id>. It is called with s.mu held.
func (s *Shop) webhooks(q *request, parts []string) answer {
	switch {
	case len(parts) == 0 && q.r.Method == http.MethodGet:
		return s.listHooks(q)
	case len(parts) == 0 && q.r.Method == http.MethodPost:
		return s.createHook(q)
	case len(parts) != 1:
		return noRoute()
	}
	h, ok := s.hooks[number0(parts[0])]
	if !ok {
		return fail("woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.", http.StatusNotFound)
	}
	switch q.r.Method {
	case http.MethodGet:
		return s.hookAnswer(h)
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		return s.changeHook(q, h)
	case http.MethodDelete:
		if q.query.Get("force") != "true" {
			return fail("woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.", http.StatusNotImplemented)
		}
		gone := s.hookAnswer(h)
		delete(s.hooks, h.ID)
		return gone
	}
	return noRoute()
}

func (s *Shop) hookAnswer(h *hook) answer {
	return reply(s.hookView(h)).with("Allow", "GET, POST, PUT, PATCH, DELETE")
}

func (s *Shop) listHooks(q *request) answer {
	ids := s.hookIDs()
	slices.Reverse(ids)
	all := list{}
	for _, id := range ids {
		if st := q.query.Get("status"); st == "" || st == "all" || st == s.hooks[id].Status {
			all = append(all, s.hookView(s.hooks[id]).only(q.query.Get("_fields")))
		}
	}
	from, to, head, refused := s.paged(q, len(all))
	if refused != nil {
		return *refused
	}
	return head(reply(all[from:to])).with("Allow", "GET, POST")
}

// hookView is a webhook as the API shows it: neither its secret nor the count
// of its failures is in it.
func (s *Shop) hookView(h *hook) object {
	resource, event, _ := strings.Cut(h.Topic, ".")
	hooks := strs(topics()[h.Topic])
	if resource == "action" {
		hooks = list{event}
	}
	return object{
		{"id", h.ID},
		{"name", h.Name},
		{"status", h.Status},
		{"topic", h.Topic},
		{"resource", resource},
		{"event", event},
		{"hooks", hooks},
		{"delivery_url", h.URL},
		{"date_created", s.local(h.created)},
		{"date_created_gmt", gmt(h.created)},
		{"date_modified", s.local(h.modified)},
		{"date_modified_gmt", gmt(h.modified)},
		{"_links", s.links("/wc/v3/webhooks", h.ID)},
	}
}

type hookInput struct {
	Name   *string `json:"name"`
	Status *string `json:"status"`
	Topic  *string `json:"topic"`
	URL    *string `json:"delivery_url"`
	Secret *string `json:"secret"`
}

// createHook makes a webhook. Its URL is pinged before the answer goes out, and
// what comes of it is not told.
func (s *Shop) createHook(q *request) answer {
	var in hookInput
	if !q.json(&in) {
		return badJSON()
	}
	if in.Topic == nil || !s.validTopic(*in.Topic) {
		return fail("woocommerce_rest_shop_webhook_invalid_topic", "Webhook topic is required and must be valid.", http.StatusBadRequest).with("Allow", "GET, POST")
	}
	if in.URL == nil || !webAddress(*in.URL) {
		return badDelivery()
	}
	made := Hook{Name: "Webhook created on " + s.clock().In(s.o.Zone).Format("Jan 2, 2006 @ 03:04 PM"), Topic: *in.Topic, URL: *in.URL, Status: "active", Secret: s.hex(50)}
	set(&made.Name, in.Name)
	set(&made.Secret, in.Secret)
	set(&made.Status, in.Status)
	h := s.addHook(made)
	s.mu.Unlock()
	err := s.ping(h.ID)
	s.mu.Lock()
	_ = err // the API says nothing of it
	a := s.hookAnswer(h).with("Location", s.api("/wc/v3/webhooks/"+itoa(h.ID)))
	a.status = http.StatusCreated
	return a
}

func (s *Shop) changeHook(q *request, h *hook) answer {
	var in hookInput
	switch {
	case !q.json(&in):
		return badJSON()
	case in.Topic != nil && !s.validTopic(*in.Topic):
		return fail("woocommerce_rest_shop_webhook_invalid_topic", "Webhook topic must be valid.", http.StatusBadRequest)
	case in.URL != nil && !webAddress(*in.URL):
		return badDelivery()
	case in.Status != nil && !slices.Contains([]string{"active", "paused", "disabled"}, *in.Status):
		return *invalid("status", "status is not one of active, paused, and disabled.")
	}
	set(&h.Name, in.Name)
	set(&h.Status, in.Status)
	set(&h.Topic, in.Topic)
	set(&h.URL, in.URL)
	set(&h.Secret, in.Secret)
	h.modified = s.clock()
	return s.hookAnswer(h)
}

func badDelivery() answer {
	return fail("woocommerce_rest_shop_webhook_invalid_delivery_url", "Webhook delivery URL must be a valid URL starting with http:// or https://.", http.StatusBadRequest)
}

func badJSON() answer {
	return fail("rest_invalid_json", "Invalid JSON body passed.", http.StatusBadRequest)
}

func webAddress(s string) bool {
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://")
}

func set(s *string, to *string) {
	if to != nil {
		*s = *to
	}
}

// json reads a request's body.
func (q *request) json(into any) bool {
	return strings.HasPrefix(q.r.Header.Get("Content-Type"), "application/json") && json.Unmarshal(q.body, into) == nil
}
