package spool

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Record is one settlement that the store has not taken yet: the arguments of
// ports.Ledger's Settle.
type Record struct {
	Scope       tenant.Scope
	Reservation usage.ReservationID
	Event       usage.Event
	Spooled     time.Time // when it was spooled
}

// recordVersion is the version of wireRecord that this build writes. It reads
// all versions up to it.
const recordVersion = 1

// wireRecord is a Record as it is stored. Money is in nano-USD, times are in
// UTC, enumerations are words.
type wireRecord struct {
	Version     int       `json:"v"`
	Spooled     time.Time `json:"spooled_at"`
	Tenant      string    `json:"tenant_id"`
	Site        string    `json:"site_id"`
	Reservation string    `json:"reservation_id"`
	Event       wireEvent `json:"event"`
}

type wireEvent struct {
	ID            string    `json:"id"`
	Reservation   string    `json:"reservation_id"`
	CallNo        int       `json:"call_no"`
	Last          bool      `json:"last"`
	Conversation  string    `json:"conversation_id"`
	Message       string    `json:"message_id"`
	Kind          string    `json:"kind"`
	Model         string    `json:"model"`
	ProviderModel string    `json:"provider_model"`
	ChatRequests  int64     `json:"chat_requests"`
	Input         int64     `json:"prompt_tokens"`
	Output        int64     `json:"completion_tokens"`
	Cached        int64     `json:"cached_tokens"`
	Reasoning     int64     `json:"reasoning_tokens"`
	CountedBy     string    `json:"usage_source"`
	Cost          int64     `json:"cost_nano_usd"`
	PriceVersion  string    `json:"price_version"`
	Excess        int64     `json:"excess_tokens"`
	LatencyNano   int64     `json:"latency_ns"`
	Success       bool      `json:"success"`
	ErrorCode     string    `json:"error_code"`
	RawUsage      string    `json:"raw_usage"`
	Day           string    `json:"day"`
	At            time.Time `json:"created_at"`
}

// encode returns r as it is stored. ports.ErrInvalid if a time of it cannot be
// written.
func encode(r Record) ([]byte, error) {
	e := r.Event
	b, err := json.Marshal(wireRecord{
		Version: recordVersion, Spooled: r.Spooled.UTC(),
		Tenant: string(r.Scope.Tenant), Site: string(r.Scope.Site), Reservation: string(r.Reservation),
		Event: wireEvent{
			ID: string(e.ID), Reservation: string(e.Reservation), CallNo: e.CallNo, Last: e.Last,
			Conversation: string(e.Conversation), Message: string(e.Message), Kind: e.Kind.String(),
			Model: e.Model, ProviderModel: e.ProviderModel, ChatRequests: e.ChatRequests,
			Input: e.Tokens.Input, Output: e.Tokens.Output, Cached: e.Tokens.Cached, Reasoning: e.Tokens.Reasoning,
			CountedBy: e.Tokens.CountedBy.String(), Cost: int64(e.Cost), PriceVersion: e.PriceVersion, Excess: e.Excess,
			LatencyNano: int64(e.Latency), Success: e.Success, ErrorCode: e.ErrorCode, RawUsage: e.RawUsage,
			Day: string(e.Day), At: e.At.UTC(),
		},
	})
	if err == nil && len(b) > math.MaxInt32 {
		err = fmt.Errorf("it has %d bytes", len(b))
	}
	if err != nil {
		return nil, fmt.Errorf("spool: settlement of %s: %w: %w", r.Reservation, ports.ErrInvalid, err)
	}
	return b, nil
}

// decode reads what encode wrote. A *VersionError if a newer version did.
func decode(b []byte) (Record, error) {
	var head struct {
		Version int `json:"v"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return Record{}, err
	}
	if head.Version > recordVersion {
		return Record{}, &VersionError{Version: head.Version}
	}
	var w wireRecord
	if err := json.Unmarshal(b, &w); err != nil {
		return Record{}, err
	}
	kind, ok := enum[usage.Kind](w.Event.Kind)
	counted, known := enum[chat.CountedBy](w.Event.CountedBy)
	if head.Version < 1 || !ok || !known {
		return Record{}, fmt.Errorf("record of version %d, kind %q, usage source %q", head.Version, w.Event.Kind, w.Event.CountedBy)
	}
	e := w.Event
	return Record{
		Scope: tenant.Scope{Tenant: tenant.ID(w.Tenant), Site: tenant.SiteID(w.Site)}, Reservation: usage.ReservationID(w.Reservation),
		Spooled: w.Spooled,
		Event: usage.Event{
			ID: usage.EventID(e.ID), Reservation: usage.ReservationID(e.Reservation), CallNo: e.CallNo, Last: e.Last,
			Conversation: chat.ConversationID(e.Conversation), Message: chat.MessageID(e.Message), Kind: kind,
			Model: e.Model, ProviderModel: e.ProviderModel, ChatRequests: e.ChatRequests,
			Tokens: chat.Tokens{Input: e.Input, Output: e.Output, Cached: e.Cached, Reasoning: e.Reasoning, CountedBy: counted},
			Cost:   usage.NanoUSD(e.Cost), PriceVersion: e.PriceVersion, Excess: e.Excess, Latency: time.Duration(e.LatencyNano),
			Success: e.Success, ErrorCode: e.ErrorCode, RawUsage: e.RawUsage, Day: usage.Day(e.Day), At: e.At,
		},
	}, nil
}

// enum returns the value whose word is text, the zero value for "".
func enum[E interface {
	~uint8
	String() string
}](text string) (E, bool) {
	for i := range 256 {
		if e := E(i); e.String() == text {
			return e, true
		}
	}
	return 0, false
}
