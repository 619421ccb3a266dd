package histories

import (
	"reflect"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/test/fakes/wooshop"
)

// tally counts what happened in histories, so that a proof that tries nothing
// does not pass.
type tally struct {
	Edits, Deliveries                      int
	Lost, Failed, Unanswered, Doubled, Old int // deliveries
	SameID                                 int // deliveries with the id of another one, and another body
	Unheard                                int // deleted for good, or renamed, of which no webhook told
	Disabled                               int // webhooks that the shop disabled, or its owner
	Outages                                int // of the shop's API, or of the receiver
	Rotated, Remade                        int // secrets of webhooks, or steps of that; connections that were made anew
	Settings                               int // that were changed
	Shown                                  int // things that shoppers see at the end
	Unasked, Told                          int // shops that cannot be asked, and products of which they told
}

func (c *tally) fate(f wooshop.Fate) {
	for n, is := range map[*int]bool{&c.Lost: f.Lost, &c.Failed: f.Fails, &c.Unanswered: f.Unanswered, &c.Doubled: f.Copies > 0, &c.Old: f.Held} {
		if is {
			*n++
		}
	}
}

func (c *tally) edit(what string) {
	c.Edits++
	if strings.HasPrefix(what, "delete") || strings.HasPrefix(what, "rename") {
		c.Unheard++
	}
}

// shop counts what a shop remembers at the end of its history.
func (c *tally) shop(s *wooshop.Shop) {
	bodies := map[string]string{}
	for _, sent := range s.Sent() {
		c.Deliveries++
		id := sent.Header.Get("X-WC-Webhook-Delivery-ID")
		if was, ok := bodies[id]; ok && was != string(sent.Body) {
			c.SameID++
		}
		bodies[id] = string(sent.Body)
	}
	for _, h := range s.Hooks() {
		if h.Status == "disabled" {
			c.Disabled++
		}
	}
	c.Shown += len(s.Truth())
}

func (c *tally) add(more tally) {
	to, from := reflect.ValueOf(c).Elem(), reflect.ValueOf(more)
	for i := range to.NumField() {
		to.Field(i).SetInt(to.Field(i).Int() + from.Field(i).Int())
	}
}

// check fails t if n histories, enough of them, have not met everything.
func (c *tally) check(t *testing.T, n uint64) {
	t.Helper()
	if n < 30 {
		return
	}
	v := reflect.ValueOf(*c)
	for i := range v.NumField() {
		if v.Field(i).Int() == 0 {
			t.Errorf("no history has met %s: nothing was tried", v.Type().Field(i).Name)
		}
	}
}
