package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// The rows that the ledger's functions take. Their types are private's in the
// schema, and each fields method spells its fields in that order; what is written
// now and then, checkpoints and sweeps, is JSON.

// amounts is usage.Amounts as columns. Null is nothing.
type amounts struct {
	ChatRequests      sql.NullInt64 `db:"chat_requests"`
	EmbeddingRequests sql.NullInt64 `db:"embedding_requests"`
	ChatTokens        sql.NullInt64 `db:"chat_tokens"`
	EmbeddingTokens   sql.NullInt64 `db:"embedding_tokens"`
	Cost              sql.NullInt64 `db:"cost"`
}

func (a amounts) domain() usage.Amounts {
	return usage.Amounts{
		ChatRequests: a.ChatRequests.Int64, EmbeddingRequests: a.EmbeddingRequests.Int64,
		ChatTokens: a.ChatTokens.Int64, EmbeddingTokens: a.EmbeddingTokens.Int64, Cost: usage.NanoUSD(a.Cost.Int64),
	}
}

func jsonText(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil { // a time that JSON cannot say
		return "", fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	}
	return string(b), nil
}

// asLimit returns err as a *usage.LimitError.
func asLimit(err error) (*usage.LimitError, bool) { return errors.AsType[*usage.LimitError](err) }

type keyRow struct {
	Tenant      string `json:"tenant_id"`
	Site        string `json:"site_id"`
	Reservation string `json:"reservation_id"`
}

func (k reservationKey) row() keyRow {
	return keyRow{Tenant: k.tenant, Site: k.site, Reservation: k.id}
}

type reserveRow struct {
	Tenant            string
	Site              string
	ID                string
	Day               usage.Day
	Admitted          time.Time
	Expires           time.Time
	ChatRequests      int64
	EmbeddingRequests int64
	ChatTokens        int64
	EmbeddingTokens   int64
	Cost              int64
	MaxChatRequests   int64
	MaxChatTokens     int64
	MaxEmbedding      int64
	MaxCost           int64
}

func newReserveRow(k reservationKey, h usage.Hold) *reserveRow {
	w, l := h.Want, h.Limits
	return &reserveRow{
		Tenant: k.tenant, Site: k.site, ID: k.id, Day: h.Day, Admitted: micros(h.Admit), Expires: micros(h.Expires),
		ChatRequests: w.ChatRequests, EmbeddingRequests: w.EmbeddingRequests, ChatTokens: w.ChatTokens,
		EmbeddingTokens: w.EmbeddingTokens, Cost: int64(w.Cost),
		MaxChatRequests: int64(l.ChatRequests), MaxChatTokens: int64(l.ChatTokens), MaxEmbedding: int64(l.EmbeddingTokens), MaxCost: int64(l.Cost),
	}
}

func (r *reserveRow) fields(f *fields) {
	f.text(r.Tenant, r.Site, r.ID, string(r.Day))
	f.time(r.Admitted)
	f.time(r.Expires)
	f.int(r.ChatRequests, r.EmbeddingRequests, r.ChatTokens, r.EmbeddingTokens, r.Cost)
	f.int(r.MaxChatRequests, r.MaxChatTokens, r.MaxEmbedding, r.MaxCost)
}

type callRow struct {
	keyRow
	No              int
	Kind            string
	Model           string
	Conversation    *string
	Message         *string
	ChatRequests    int64
	PromptTokens    int64
	MaxOutput       int64
	BoundCost       int64
	PriceModel      string
	PriceVersion    string
	PriceInput      int64
	PriceCached     int64
	PriceOutput     int64
	Unpriced        bool
	Local           bool
	Sent            time.Time
	RestRequests    int64
	RestChatTokens  int64
	RestEmbedTokens int64
	RestCost        int64
}

func newCallRow(k reservationKey, c usage.Call, rest usage.Amounts) (*callRow, error) {
	conversation, err := bareOrNull(chat.ConversationPrefix, c.Conversation)
	if err != nil {
		return nil, err
	}
	message, err := bareOrNull(chat.MessagePrefix, c.Message)
	if err != nil {
		return nil, err
	}
	p := c.Price
	return &callRow{
		keyRow: k.row(), No: c.No, Kind: c.Kind.String(), Model: c.Model, Conversation: conversation, Message: message,
		ChatRequests: c.ChatRequests, PromptTokens: c.PromptTokens, MaxOutput: c.MaxOutput, BoundCost: int64(c.Bound().Cost),
		PriceModel: p.Model, PriceVersion: p.Version, PriceInput: int64(p.Input), PriceCached: int64(p.CachedInput),
		PriceOutput: int64(p.Output), Unpriced: p.Unpriced, Local: p.Local, Sent: micros(c.At),
		RestRequests: rest.ChatRequests, RestChatTokens: rest.ChatTokens, RestEmbedTokens: rest.EmbeddingTokens, RestCost: int64(rest.Cost),
	}, nil
}

func (r *callRow) fields(f *fields) {
	f.text(r.Tenant, r.Site, r.Reservation)
	f.int(int64(r.No))
	f.text(r.Kind, r.Model)
	f.textOrNull(r.Conversation)
	f.textOrNull(r.Message)
	f.int(r.ChatRequests, r.PromptTokens, r.MaxOutput, r.BoundCost)
	f.text(r.PriceModel, r.PriceVersion)
	f.int(r.PriceInput, r.PriceCached, r.PriceOutput)
	f.bool(r.Unpriced, r.Local)
	f.time(r.Sent)
	f.int(r.RestRequests, r.RestChatTokens, r.RestEmbedTokens, r.RestCost)
}

type eventRow struct {
	keyRow
	ID            string
	No            int
	Last          bool
	Conversation  *string
	Message       *string
	ChatRequests  int64
	Kind          string
	Model         string
	ProviderModel string
	Prompt        int64
	Completion    int64
	Cached        int64
	Reasoning     int64
	Cost          int64
	PriceVersion  string
	Source        string
	Latency       int64
	Success       bool
	ErrorCode     string
	RawUsage      string
	Created       time.Time
}

func newEventRow(k reservationKey, e usage.Event) (*eventRow, error) {
	id, err := bare(usage.EventPrefix, e.ID)
	if err != nil {
		return nil, err
	}
	conversation, err := bareOrNull(chat.ConversationPrefix, e.Conversation)
	if err != nil {
		return nil, err
	}
	message, err := bareOrNull(chat.MessagePrefix, e.Message)
	if err != nil {
		return nil, err
	}
	return &eventRow{
		keyRow: k.row(), ID: id, No: e.CallNo, Last: e.Last, Conversation: conversation, Message: message, ChatRequests: e.ChatRequests,
		Kind: e.Kind.String(), Model: e.Model, ProviderModel: e.ProviderModel, Prompt: e.Tokens.Input, Completion: e.Tokens.Output,
		Cached: e.Tokens.Cached, Reasoning: e.Tokens.Reasoning, Cost: int64(e.Cost), PriceVersion: e.PriceVersion,
		Source: e.Tokens.CountedBy.String(), Latency: e.Latency.Microseconds(), Success: e.Success, ErrorCode: e.ErrorCode,
		RawUsage: e.RawUsage, Created: micros(e.At),
	}, nil
}

func (r *eventRow) fields(f *fields) {
	f.text(r.ID, r.Tenant, r.Site, r.Reservation)
	f.int(int64(r.No))
	f.bool(r.Last)
	f.textOrNull(r.Conversation)
	f.textOrNull(r.Message)
	f.int(r.ChatRequests)
	f.text(r.Kind, r.Model, r.ProviderModel)
	f.int(r.Prompt, r.Completion, r.Cached, r.Reasoning, r.Cost)
	f.text(r.PriceVersion, r.Source)
	f.int(r.Latency)
	f.bool(r.Success)
	f.text(r.ErrorCode, r.RawUsage)
	f.time(r.Created)
}

type releaseRow struct{ keyRow }

func (r *releaseRow) fields(f *fields) { f.text(r.Tenant, r.Site, r.Reservation) }

type checkpointRow struct {
	keyRow
	No     int   `json:"call_no"`
	Output int64 `json:"output_tokens"`
}

type sweptRow struct {
	keyRow
	State string `json:"state"`
}

const selectExpired = `select tenant_id, site_id, id, to_char(day, 'YYYY-MM-DD') as day, admitted_at, expires_at, ended,
	held_chat_requests, held_embedding_requests, held_chat_tokens, held_embedding_tokens, held_cost,
	call_no, kind, model, conversation_id, message_id, chat_requests, prompt_tokens, max_output, price_model, price_version,
	price_input, price_cached_input, price_output, price_unpriced, price_local, sent_at, output_tokens, event_id
	from public.ledger_expired($1, $2)`

type expiredRow struct {
	Tenant       string         `db:"tenant_id"`
	Site         string         `db:"site_id"`
	ID           string         `db:"id"`
	Day          string         `db:"day"`
	Admitted     time.Time      `db:"admitted_at"`
	Expires      time.Time      `db:"expires_at"`
	Ended        bool           `db:"ended"`
	HeldRequests int64          `db:"held_chat_requests"`
	HeldEmbeds   int64          `db:"held_embedding_requests"`
	HeldTokens   int64          `db:"held_chat_tokens"`
	HeldEmbed    int64          `db:"held_embedding_tokens"`
	HeldCost     int64          `db:"held_cost"`
	No           sql.NullInt64  `db:"call_no"` // null: no call
	Kind         sql.NullString `db:"kind"`
	Model        sql.NullString `db:"model"`
	Conversation sql.NullString `db:"conversation_id"`
	Message      sql.NullString `db:"message_id"`
	ChatRequests sql.NullInt64  `db:"chat_requests"`
	Prompt       sql.NullInt64  `db:"prompt_tokens"`
	MaxOutput    sql.NullInt64  `db:"max_output"`
	PriceModel   sql.NullString `db:"price_model"`
	PriceVersion sql.NullString `db:"price_version"`
	PriceInput   sql.NullInt64  `db:"price_input"`
	PriceCached  sql.NullInt64  `db:"price_cached_input"`
	PriceOutput  sql.NullInt64  `db:"price_output"`
	Unpriced     sql.NullBool   `db:"price_unpriced"`
	Local        sql.NullBool   `db:"price_local"`
	Sent         sql.NullTime   `db:"sent_at"`
	Output       sql.NullInt64  `db:"output_tokens"`
	Event        sql.NullString `db:"event_id"`
}

// lapsed is a reservation that has expired, and its key.
type lapsed struct {
	usage.Reservation
	key reservationKey
}

// expired joins the rows of reservations, which come one after the other.
func expired(rows []expiredRow) ([]lapsed, error) {
	var list []lapsed
	for _, row := range rows {
		key := reservationKey{owner{row.Tenant, row.Site}, row.ID}
		if len(list) == 0 || list[len(list)-1].key != key {
			list = append(list, lapsed{key: key, Reservation: usage.Reservation{
				Hold: usage.Hold{
					ID: usage.ReservationID(usage.ReservationPrefix + row.ID), Day: usage.Day(row.Day),
					Admit: row.Admitted.UTC(), Expires: row.Expires.UTC(),
				},
				State: usage.Open, Ended: row.Ended,
				Held: usage.Amounts{
					ChatRequests: row.HeldRequests, EmbeddingRequests: row.HeldEmbeds, ChatTokens: row.HeldTokens,
					EmbeddingTokens: row.HeldEmbed, Cost: usage.NanoUSD(row.HeldCost),
				},
			}})
		}
		if !row.No.Valid {
			continue
		}
		kind, err := parse(row.Kind.String, usage.Chat, usage.Rerank)
		if err != nil {
			return nil, err
		}
		r := &list[len(list)-1].Reservation
		r.Calls = append(r.Calls, usage.CallState{
			Call: usage.Call{
				No: int(row.No.Int64), Kind: kind, Model: row.Model.String,
				Conversation: full[chat.ConversationID](chat.ConversationPrefix, row.Conversation),
				Message:      full[chat.MessageID](chat.MessagePrefix, row.Message),
				ChatRequests: row.ChatRequests.Int64, PromptTokens: row.Prompt.Int64, MaxOutput: row.MaxOutput.Int64,
				Price: usage.Price{
					Model: row.PriceModel.String, Version: row.PriceVersion.String, Input: usage.NanoUSD(row.PriceInput.Int64),
					CachedInput: usage.NanoUSD(row.PriceCached.Int64), Output: usage.NanoUSD(row.PriceOutput.Int64),
					Unpriced: row.Unpriced.Bool, Local: row.Local.Bool,
				},
				At: timeOrZero(row.Sent),
			},
			Output: row.Output.Int64, Event: full[usage.EventID](usage.EventPrefix, row.Event),
		})
	}
	return list, nil
}

func writeSweep(ctx context.Context, tx *sqlx.Tx, closed []sweptRow, events []*eventRow) error {
	reservations, err := jsonText(closed)
	if err != nil {
		return err
	}
	rows := make([][]byte, len(events))
	for i, e := range events {
		if rows[i], err = spell(e); err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, `select public.ledger_sweep($1::json, $2)`, reservations, arrayOf(rows))
	return err
}
