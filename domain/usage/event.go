package usage

import (
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
)

// EventID identifies a usage event, as evt_ and a UUID.
type EventID string

// EventPrefix begins every EventID.
const EventPrefix = "evt_"

// ReservationID identifies a reservation, as res_ and a UUID. The caller
// chooses it, once per request, so that a retried Reserve is the same
// reservation.
type ReservationID string

// ReservationPrefix begins every ReservationID.
const ReservationPrefix = "res_"

// Kind is a kind of model call.
type Kind uint8

// Kinds of calls. The zero Kind is invalid.
const (
	Chat Kind = iota + 1
	Embedding
	Rerank // its tokens count as chat tokens
)

// String returns the word of usage_events.kind.
func (k Kind) String() string {
	switch k {
	case Chat:
		return "chat"
	case Embedding:
		return "embedding"
	case Rerank:
		return "rerank"
	}
	return ""
}

// Call is a model call as it is about to be sent: what it may spend at most.
type Call struct {
	No           int // counts from 1 within the reservation
	Kind         Kind
	Model        string
	Conversation chat.ConversationID // "" if there is none
	Message      chat.MessageID      // "" if there is none
	ChatRequests int64               // 1 for the first call of a chat message
	PromptTokens int64               // exact, or an upper bound
	MaxOutput    int64               // the cap that is sent; 0 for an embedding
	Price        Price
	At           time.Time
}

// Bound returns the most that c can spend.
func (c Call) Bound() Amounts {
	return amounts(c.Kind, c.ChatRequests, c.PromptTokens+c.MaxOutput, c.Price.Bound(c.PromptTokens, c.MaxOutput))
}

// same reports whether c and o are the same call, sent at two tries.
func (c Call) same(o Call) bool {
	c.At, o.At = time.Time{}, time.Time{}
	return c == o
}

// sane reports whether no count of c is negative or so large that it could not
// be true.
func (c Call) sane() bool {
	return 0 <= c.PromptTokens && c.PromptTokens <= chat.MaxTokensPerCall &&
		0 <= c.MaxOutput && c.MaxOutput <= chat.MaxTokensPerCall && c.Bound().sane()
}

// Event is one settled, billable model call.
type Event struct {
	ID           EventID
	Reservation  ReservationID
	CallNo       int  // unique within the reservation
	Last         bool // no further call will come: the rest of the hold is free
	Conversation chat.ConversationID
	Message      chat.MessageID
	Kind         Kind
	// Model is the model that was asked for, and is what is priced;
	// ProviderModel is the name that the provider reported.
	Model         string
	ProviderModel string
	ChatRequests  int64
	Tokens        chat.Tokens
	Cost          NanoUSD
	PriceVersion  string
	// Excess is how many tokens the call took beyond what it was allowed: its
	// prompt and its output cap, each for itself, or what was left of the hold
	// if it was not dispatched. Set by the ledger. It is the only way over a
	// limit.
	Excess    int64
	Latency   time.Duration
	Success   bool
	ErrorCode string // "" if Success, but for CodeUsageRefused
	RawUsage  string // the provider's usage report as it came
	Day       Day    // the day of admission; set by the ledger
	At        time.Time
}

// Spent returns what e adds to its day.
func (e Event) Spent() Amounts {
	return amounts(e.Kind, e.ChatRequests, e.Tokens.Total(), e.Cost)
}

func amounts(k Kind, chatRequests, tokens int64, cost NanoUSD) Amounts {
	a := Amounts{ChatRequests: chatRequests, Cost: cost}
	if k == Embedding {
		a.EmbeddingRequests, a.EmbeddingTokens = 1, tokens
		return a
	}
	a.ChatTokens = tokens
	return a
}

// Adjustment corrects an event that the sweep wrote with too little knowledge:
// the true settlement came later. The event itself stays as it is.
type Adjustment struct {
	Event      EventID
	Day        Day     // of the event
	Delta      Amounts // to add to the day; may be negative
	Prompt     int64   // what Delta holds of input tokens
	Completion int64   // what Delta holds of output tokens
	Reason     string
	At         time.Time
}

// LateSettle is the reason of an adjustment for a settlement that came after
// the hold had been swept.
const LateSettle = "settled after sweep"

// CodeSwept is the ErrorCode of an event that the sweep wrote: nobody knows
// how the call ended.
const CodeSwept = "SWEPT"

// CodeUsageRefused is the ErrorCode of a call that succeeded, but whose
// provider reported a usage that cannot be true: Tokens is our own count, as
// its CountedBy says, and RawUsage is what the provider said.
const CodeUsageRefused = "USAGE_REFUSED"
