package wooshop

import (
	"crypto/hmac"
	"crypto/md5" // #nosec G501 -- it is what WordPress makes delivery ids with
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Hook is a webhook as the shop keeps it.
type Hook struct {
	ID           int
	Name         string
	Topic        string
	URL          string
	Secret       string
	Status       string // active, paused or disabled
	FailureCount int    // not shown by the REST API
	Owned        bool   // its owner may still read products
}

type hook struct {
	Hook
	created, modified time.Time
}

// action is one delivery that waits in the shop's queue.
type action struct {
	hook, arg int
	due       time.Time
	seq       int
	running   bool      // it is being built and sent: the same may be queued again
	late      bool      // it was put off once
	held      *outgoing // what was built before and is sent now
}

// topics are those that are valid, with the hooks of WordPress that fire them.
func topics() map[string][]string {
	return map[string][]string{
		"coupon.created":    {"woocommerce_process_shop_coupon_meta", "woocommerce_new_coupon"},
		"coupon.updated":    {"woocommerce_process_shop_coupon_meta", "woocommerce_update_coupon"},
		"coupon.deleted":    {"wp_trash_post"},
		"coupon.restored":   {"untrashed_post"},
		"customer.created":  {"user_register", "woocommerce_created_customer", "woocommerce_new_customer"},
		"customer.updated":  {"profile_update", "woocommerce_update_customer"},
		"customer.deleted":  {"delete_user"},
		"order.created":     {"woocommerce_new_order"},
		"order.updated":     {"woocommerce_update_order", "woocommerce_order_refunded"},
		"order.deleted":     {"wp_trash_post", "woocommerce_trash_order"},
		"order.restored":    {"untrashed_post", "woocommerce_untrash_order"},
		"product.created":   {"woocommerce_process_product_meta", "woocommerce_new_product", "woocommerce_new_product_variation"},
		"product.updated":   {"woocommerce_process_product_meta", "woocommerce_update_product", "woocommerce_update_product_variation"},
		"product.deleted":   {"wp_trash_post"},
		"product.restored":  {"untrashed_post"},
		"product.published": {"woocommerce_product_published"},
	}
}

// validTopic: product.published came with WooCommerce 11.
func (s *Shop) validTopic(topic string) bool {
	if strings.HasPrefix(topic, "action.woocommerce_") || strings.HasPrefix(topic, "action.wc_") {
		return true
	}
	_, ok := topics()[topic]
	return ok && (topic != "product.published" || s.major() >= 11)
}

func (s *Shop) major() int {
	n, _, _ := strings.Cut(s.o.Version, ".")
	major, err := strconv.Atoi(n)
	if err != nil {
		return 0
	}
	return major
}

// AddHook makes a webhook, as the merchant's screen does, and pings its URL.
// Its owner may read products. It returns the webhook's id, and what came of
// the ping: nil for exactly 200.
func (s *Shop) AddHook(topic, url, secret string) (int, error) {
	s.mu.Lock()
	h := s.addHook(Hook{Name: "hook " + topic, Topic: topic, URL: url, Secret: secret, Status: "active"})
	id := h.ID
	s.mu.Unlock()
	return id, s.ping(id)
}

func (s *Shop) addHook(h Hook) *hook {
	s.lastHook++
	h.ID, h.Owned = s.lastHook, true
	made := &hook{Hook: h, created: s.clock(), modified: s.clock()}
	s.hooks[h.ID] = made
	return made
}

// Hooks returns all webhooks, in the order of their ids.
func (s *Shop) Hooks() []Hook {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Hook
	for _, h := range s.hooks {
		out = append(out, h.Hook)
	}
	slices.SortFunc(out, func(a, b Hook) int { return a.ID - b.ID })
	return out
}

// SetHookStatus switches a webhook to active, paused or disabled. The count of
// its failures stays: after seven of them, one more disables it again.
func (s *Shop) SetHookStatus(id int, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h, ok := s.hooks[id]; ok {
		h.Status, h.modified = status, s.clock()
	}
}

// RemoveHook deletes a webhook.
func (s *Shop) RemoveHook(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.hooks, id)
}

// Disown takes the right to read products from the owner of a webhook, or gives
// it back: bodies are signed error objects meanwhile
// (woocommerce/woocommerce#37806).
func (s *Shop) Disown(id int, disowned bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h, ok := s.hooks[id]; ok {
		h.Owned = !disowned
	}
}

// fire queues a delivery for each active webhook of the topic. A webhook that
// waits already to be sent for the same thing is not queued twice: its body is
// built when it is sent.
func (s *Shop) fire(resource, event string, id int) {
	topic := resource + "." + event
	for _, hid := range s.hookIDs() {
		h := s.hooks[hid]
		if h.Topic != topic || h.Status != "active" || !s.validTopic(topic) {
			continue
		}
		if slices.ContainsFunc(s.pending, func(a *action) bool { return a.hook == hid && a.arg == id && !a.running && a.held == nil }) {
			continue
		}
		s.seq++
		s.pending = append(s.pending, &action{hook: hid, arg: id, due: s.clock().Add(s.o.Latency), seq: s.seq})
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Shop) hookIDs() []int {
	ids := make([]int, 0, len(s.hooks))
	for id := range s.hooks {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// body is what a webhook sends of a thing, as it is now.
func (s *Shop) body(h *hook, id int) []byte {
	resource, event, _ := strings.Cut(h.Topic, ".")
	switch {
	case resource == "action":
		return encode(object{{"action", event}, {"arg", id}})
	case event == "deleted":
		return encode(object{{"id", id}})
	case !h.Owned:
		return encode(apiError("woocommerce_rest_cannot_view", "Sorry, you cannot view this resource.", 401))
	}
	switch resource {
	case "product":
		if p, ok := s.products[id]; ok {
			return encode(s.view(p))
		}
		return encode(apiError("woocommerce_rest_product_invalid_id", "Invalid ID.", 404))
	case "order":
		if o, ok := s.orders[id]; ok {
			return encode(s.orderView(o))
		}
	}
	return encode(apiError("woocommerce_rest_shop_"+resource+"_invalid_id", "Invalid ID.", 404))
}

func apiError(code, message string, status int) object {
	return object{{"code", code}, {"message", message}, {"data", object{{"status", status}}}}
}

// sign is the signature of a body: the secret is taken as WordPress decodes it.
func sign(secret string, body []byte) string {
	m := hmac.New(sha256.New, []byte(specialDecoded(secret)))
	m.Write(body)
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// deliveryID is the same for all deliveries of one webhook in one second.
func (s *Shop) deliveryID(h int, at time.Time) string {
	m := hmac.New(md5.New, []byte("salt of "+strconv.FormatUint(s.o.Seed, 10)))
	m.Write([]byte(itoa(h) + strconv.FormatInt(at.Unix(), 10)))
	return hex.EncodeToString(m.Sum(nil))
}

func hexID(of string) string {
	sum := md5.Sum([]byte(of)) // #nosec G401 -- an id and no secret
	return hex.EncodeToString(sum[:])
}

// order is one sale. Its view carries a customer, whom nobody else has to know.
type order struct {
	id, product, pieces int
	at                  time.Time
}

func (s *Shop) orderView(o order) object {
	return object{
		{"id", o.id},
		{"parent_id", 0},
		{"status", "processing"},
		{"currency", s.o.Currency},
		{"version", s.o.Version},
		{"date_created", s.local(o.at)},
		{"date_created_gmt", gmt(o.at)},
		{"date_modified", s.local(o.at)},
		{"date_modified_gmt", gmt(o.at)},
		{"number", itoa(o.id)},
		{"billing", object{
			{"first_name", "Erika"}, {"last_name", "Mustermann"}, {"address_1", "Musterweg 1"}, {"email", "erika@example.com"}, {"phone", "030 1234567"},
		}},
		{"line_items", list{object{{"id", 1}, {"product_id", o.product}, {"quantity", o.pieces}}}},
		{"_links", s.links("/wc/v3/orders", o.id)},
	}
}
