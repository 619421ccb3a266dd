// Package chat holds conversations, turns, prompts, completions and citations,
// and decides what may be said: prompts are assembled here and answers are
// checked here against the evidence.
package chat

import (
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// ConversationID identifies a conversation, as conv_ and a UUID.
type ConversationID string

// MessageID identifies a shopper's message and the answer to it, as msg_ and a
// UUID.
type MessageID string

// VisitorID identifies a browser of a shop, as vis_ and a UUID. It is made by
// the server and says nothing about the person.
type VisitorID string

// Prefixes of the identifiers in Go and on the wire.
const (
	ConversationPrefix = "conv_"
	MessagePrefix      = "msg_"
	VisitorPrefix      = "vis_"
)

// Valid returns an error that matches tenant.ErrBadID unless id is well formed.
func (id ConversationID) Valid() error { return tenant.CheckID(ConversationPrefix, string(id)) }

// Valid returns an error that matches tenant.ErrBadID unless id is well formed.
func (id MessageID) Valid() error { return tenant.CheckID(MessagePrefix, string(id)) }

// Valid returns an error that matches tenant.ErrBadID unless id is well formed.
func (id VisitorID) Valid() error { return tenant.CheckID(VisitorPrefix, string(id)) }

// Speaker says who spoke a message.
type Speaker uint8

// Speakers. The zero Speaker is invalid.
const (
	System Speaker = iota + 1
	Shopper
	Assistant
)

// Message is one utterance.
type Message struct {
	Speaker Speaker
	Text    string
}

// Conversation is a series of turns of one visitor.
type Conversation struct {
	ID      ConversationID
	Visitor VisitorID
	Locale  string // BCP 47, "" for the site's
	Started time.Time
}

// Page is where in the shop a question was asked.
type Page struct {
	URL   string
	Title string
}

// Citation ties a marker in an answer to the passage that supports it.
type Citation struct {
	Marker  int // the [n] in the answer
	Passage retrieval.PassageRef
	Title   string
	URL     string
}

// Card shows a product beside an answer. It is made from the shop's data, never
// from a model's text.
type Card struct {
	Document   retrieval.DocumentID
	Title      string
	URL        string
	ImageURL   string
	SKU        string
	Price      catalog.PriceRange // as of AsOf
	Stock      catalog.StockStatus
	Attributes []catalog.Attribute
	AsOf       time.Time // when price and stock were read from the shop
}

// Finish says why an answer ended.
type Finish uint8

// Finish reasons. The zero Finish means that the answer has not ended.
const (
	Complete Finish = iota + 1 // the model said all it wanted: "stop"
	Length                     // cut at the output cap: "length"
	Filtered                   // the provider withheld it: "filtered"
	Stopped                    // the shopper stopped it or went away: "stopped"
	Failed                     // it broke off: "failed"
)

// String returns the word that is used on the wire and in SQL.
func (f Finish) String() string {
	switch f {
	case Complete:
		return "stop"
	case Length:
		return "length"
	case Filtered:
		return "filtered"
	case Stopped:
		return "stopped"
	case Failed:
		return "failed"
	}
	return ""
}

// CountedBy says who counted tokens.
type CountedBy uint8

// Counters, best first. The zero CountedBy is invalid.
const (
	ByProvider  CountedBy = iota + 1 // the provider's own usage report
	ByTokenizer                      // our tokenizer, with the model's vocabulary
	ByBound                          // an upper bound: UTF-8 bytes
)

// String returns the word of usage_events.usage_source.
func (c CountedBy) String() string {
	switch c {
	case ByProvider:
		return "provider"
	case ByTokenizer:
		return "tokenizer"
	case ByBound:
		return "bound"
	}
	return ""
}

// Tokens counts what a provider bills for. Cached is a part of Input and
// Reasoning is a part of Output.
type Tokens struct {
	Input     int64
	Output    int64
	Cached    int64
	Reasoning int64
	CountedBy CountedBy
}

// Total returns Input + Output.
func (t Tokens) Total() int64 { return t.Input + t.Output }

// Valid reports whether t could be true: nothing is negative, Cached is within
// Input and Reasoning within Output, and no count is above MaxTokensPerCall.
func (t Tokens) Valid() bool {
	return 0 <= t.Cached && t.Cached <= t.Input && t.Input <= MaxTokensPerCall &&
		0 <= t.Reasoning && t.Reasoning <= t.Output && t.Output <= MaxTokensPerCall
}

// MaxTokensPerCall is more than any model takes or writes in one call; a
// provider that reports more is not believed.
const MaxTokensPerCall = 100_000_000
