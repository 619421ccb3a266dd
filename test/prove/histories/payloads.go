package histories

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/aiwoochat/woochat/test/fakes/wooshop"
)

// arrival is a delivery that our receiver took.
type arrival struct {
	topic string
	body  string
	at    time.Time
}

// ServeHTTP is the way from the shop to the receiver.
func (h *history) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.deaf.IsZero() {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	heard := &status{ResponseWriter: w, code: http.StatusOK}
	h.receiver.ServeHTTP(heard, r)
	if heard.code == http.StatusOK {
		h.arrived = append(h.arrived, arrival{r.Header.Get("X-WC-Webhook-Topic"), string(body), time.Now()})
	}
}

type status struct {
	http.ResponseWriter
	code int
}

// WriteHeader implements http.ResponseWriter.
func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// told returns what the deliveries that arrived have told of the shop: f of a
// shop that cannot be asked. Of a product that is what the delivery says that is
// the newest by the product's date_modified; of several with one date, which
// cannot be told apart, the one that came last. A deletion has no date, and what
// was taken out of the trash may have an old one: both count from when they came.
// Nothing is told of variations, of pages, of names of terms that changed since,
// and of what was deleted without a webhook.
func (h *history) told() []wooshop.Seen {
	type sent struct {
		told     *wooshop.Seen
		modified time.Time
		product  int
	}
	all := map[string]sent{}
	for _, s := range h.shop.Sent() {
		if s.Topic == "product.deleted" || !s.Modified.IsZero() {
			all[s.Topic+" "+string(s.Body)] = sent{s.Told, s.Modified, s.ID}
		}
	}
	type state struct {
		told *wooshop.Seen
		from time.Time
	}
	states := map[int]state{}
	for _, a := range h.arrived {
		s, ok := all[a.topic+" "+a.body]
		if !ok {
			continue // of no product, or an error in the place of one
		}
		came, from := a.at.Truncate(time.Second), s.modified.Truncate(time.Second)
		if a.topic == "product.deleted" || a.topic == "product.restored" && came.After(from) {
			from = came
		}
		if was, ok := states[s.product]; !ok || !from.Before(was.from) {
			states[s.product] = state{s.told, from}
		}
	}
	var out []wooshop.Seen
	for _, id := range slices.Sorted(maps.Keys(states)) {
		if t := states[id].told; t != nil {
			out = append(out, *t)
		}
	}
	return out
}
