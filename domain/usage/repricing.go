package usage

import (
	"errors"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
)

// Repricing is what an event would have cost at another price. What was billed
// stays: a Repricing is written beside it.
type Repricing struct {
	Event        EventID
	PriceVersion string
	Cost         NanoUSD
	At           time.Time // when it was computed
}

// MaxRepricings is how many repricings are stored in one step.
const MaxRepricings = 1000

// ErrBadRepricing is matched by the errors of CheckRepricings.
var ErrBadRepricing = errors.New("invalid repricing")

// CheckRepricings returns an error that matches ErrBadRepricing unless rs can
// be stored in one step: at most MaxRepricings, each with an event, a price
// version, a time and a cost that is not negative, and none of the same event
// and version as another.
func CheckRepricings(rs []Repricing) error {
	if len(rs) > MaxRepricings {
		return fmt.Errorf("%w: %d in one step: want at most %d", ErrBadRepricing, len(rs), MaxRepricings)
	}
	type key struct {
		event   EventID
		version string
	}
	seen := make(map[key]bool, len(rs))
	for _, r := range rs {
		k := key{r.Event, r.PriceVersion}
		switch {
		case r.Event == "" || r.PriceVersion == "" || r.Cost < 0 || r.At.IsZero():
			return fmt.Errorf("%w: event %q, version %q, cost %s: want an event, a version, a time and no negative cost", ErrBadRepricing, r.Event, r.PriceVersion, r.Cost)
		case seen[k]:
			return fmt.Errorf("%w: event %s is there twice at version %s", ErrBadRepricing, r.Event, r.PriceVersion)
		}
		seen[k] = true
	}
	return nil
}

// Billed returns what e cost, and the tokens that it took, after a; nil if it
// was not adjusted. An adjustment does not know which tokens were cached: those
// that it adds count in full.
func (e Event) Billed(a *Adjustment) (chat.Tokens, NanoUSD) {
	t, cost := e.Tokens, e.Cost
	if a != nil {
		t.Input, t.Output = max(0, t.Input+a.Prompt), max(0, t.Output+a.Completion)
		t.Cached, t.Reasoning = min(t.Cached, t.Input), min(t.Reasoning, t.Output)
		cost = plus(cost, a.Delta.Cost)
	}
	return t, cost
}
