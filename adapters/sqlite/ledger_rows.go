package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/usage"
)

// amounts is usage.Amounts as columns; they are selected in this order.
type amounts struct {
	ChatRequests      int64 `db:"chat_requests"`
	EmbeddingRequests int64 `db:"embedding_requests"`
	ChatTokens        int64 `db:"chat_tokens"`
	EmbeddingTokens   int64 `db:"embedding_tokens"`
	Cost              int64 `db:"cost"`
}

func (a amounts) domain() usage.Amounts {
	return usage.Amounts{
		ChatRequests: a.ChatRequests, EmbeddingRequests: a.EmbeddingRequests,
		ChatTokens: a.ChatTokens, EmbeddingTokens: a.EmbeddingTokens, Cost: usage.NanoUSD(a.Cost),
	}
}

// values returns the columns of a in their order.
func values(a usage.Amounts) []any {
	return []any{a.ChatRequests, a.EmbeddingRequests, a.ChatTokens, a.EmbeddingTokens, int64(a.Cost)}
}

// loaded is a reservation as it was read.
type loaded struct{ usage.Reservation }

// clone returns a copy that a step of the domain does not change.
func (l loaded) clone() usage.Reservation {
	r := l.Reservation
	r.Calls = slices.Clone(r.Calls)
	return r
}

const selectHold = `select day,
	want_chat_requests chat_requests, want_embedding_requests embedding_requests,
	want_chat_tokens chat_tokens, want_embedding_tokens embedding_tokens, want_cost cost
	from usage_reservations where tenant_id = ? and site_id = ? and id = ?`

// loadHold returns what identifies a hold, for usage.Hold.Same, or
// sql.ErrNoRows.
func loadHold(ctx context.Context, tx queryer, key reservationKey) (usage.Hold, error) {
	var row struct {
		Day string `db:"day"`
		amounts
	}
	if err := tx.GetContext(ctx, &row, selectHold, key.tenant, key.site, key.id); err != nil {
		return usage.Hold{}, err
	}
	return usage.Hold{ID: usage.ReservationID(usage.ReservationPrefix + key.id), Day: usage.Day(row.Day), Want: row.domain()}, nil
}

const selectReservation = `select day, state, ended, admitted_at, expires_at,
	held_chat_requests chat_requests, held_embedding_requests embedding_requests,
	held_chat_tokens chat_tokens, held_embedding_tokens embedding_tokens, held_cost cost
	from usage_reservations where tenant_id = ? and site_id = ? and id = ?`

// loadReservation returns all of a reservation that a step needs, or
// sql.ErrNoRows.
func loadReservation(ctx context.Context, tx queryer, key reservationKey) (loaded, error) {
	var row struct {
		Day      string `db:"day"`
		State    string `db:"state"`
		Ended    bool   `db:"ended"`
		Admitted int64  `db:"admitted_at"`
		Expires  int64  `db:"expires_at"`
		amounts
	}
	if err := tx.GetContext(ctx, &row, selectReservation, key.tenant, key.site, key.id); err != nil {
		return loaded{}, err
	}
	state, err := parse(row.State, usage.Open, usage.Swept)
	if err != nil {
		return loaded{}, err
	}
	calls, err := loadCalls(ctx, tx, key)
	if err != nil {
		return loaded{}, err
	}
	return loaded{usage.Reservation{
		Hold: usage.Hold{
			ID: usage.ReservationID(usage.ReservationPrefix + key.id), Day: usage.Day(row.Day),
			Admit: timeOf(row.Admitted), Expires: timeOf(row.Expires),
		},
		State: state, Held: row.domain(), Ended: row.Ended, Calls: calls,
	}}, nil
}

type callRow struct {
	No           int            `db:"call_no"`
	Kind         string         `db:"kind"`
	Model        string         `db:"model"`
	Conversation sql.NullString `db:"conversation_id"`
	Message      sql.NullString `db:"message_id"`
	Requests     int64          `db:"call_requests"`
	Prompt       int64          `db:"prompt_tokens"`
	MaxOutput    int64          `db:"max_output"`
	PriceModel   string         `db:"price_model"`
	PriceVersion string         `db:"price_version"`
	PriceInput   int64          `db:"price_input"`
	PriceCached  int64          `db:"price_cached_input"`
	PriceOutput  int64          `db:"price_output"`
	Unpriced     bool           `db:"price_unpriced"`
	Local        bool           `db:"price_local"`
	Sent         int64          `db:"sent_at"`
	Output       int64          `db:"output_tokens"`
	Event        sql.NullString `db:"event_id"`
	Guessed      bool           `db:"guessed"`
	Corrected    bool           `db:"corrected"`
	amounts
	CountedPrompt     int64 `db:"counted_prompt"`
	CountedCompletion int64 `db:"counted_completion"`
}

const selectCalls = `select call_no, kind, model, conversation_id, message_id, chat_requests call_requests,
	prompt_tokens, max_output, price_model, price_version, price_input, price_cached_input, price_output,
	price_unpriced, price_local, sent_at, output_tokens, event_id, guessed, corrected,
	counted_chat_requests chat_requests, counted_embedding_requests embedding_requests,
	counted_chat_tokens chat_tokens, counted_embedding_tokens embedding_tokens, counted_cost cost,
	counted_prompt, counted_completion
	from usage_calls where tenant_id = ? and site_id = ? and reservation_id = ? order by call_no`

func loadCalls(ctx context.Context, tx queryer, key reservationKey) ([]usage.CallState, error) {
	var rows []callRow
	if err := tx.SelectContext(ctx, &rows, selectCalls, key.tenant, key.site, key.id); err != nil {
		return nil, err
	}
	calls := make([]usage.CallState, len(rows))
	for i, row := range rows {
		kind, err := parse(row.Kind, usage.Chat, usage.Rerank)
		if err != nil {
			return nil, err
		}
		calls[i] = usage.CallState{
			Call: usage.Call{
				No: row.No, Kind: kind, Model: row.Model,
				Conversation: full[chat.ConversationID](chat.ConversationPrefix, row.Conversation),
				Message:      full[chat.MessageID](chat.MessagePrefix, row.Message),
				ChatRequests: row.Requests, PromptTokens: row.Prompt, MaxOutput: row.MaxOutput,
				Price: usage.Price{
					Model: row.PriceModel, Version: row.PriceVersion, Input: usage.NanoUSD(row.PriceInput),
					CachedInput: usage.NanoUSD(row.PriceCached), Output: usage.NanoUSD(row.PriceOutput),
					Unpriced: row.Unpriced, Local: row.Local,
				},
				At: timeOf(row.Sent),
			},
			Output: row.Output, Event: full[usage.EventID](usage.EventPrefix, row.Event),
			Counted: row.domain(), Prompt: row.CountedPrompt, Completion: row.CountedCompletion,
			Guessed: row.Guessed, Corrected: row.Corrected,
		}
	}
	return calls, nil
}

const putReservation = `insert into usage_reservations (tenant_id, site_id, id, day, state, ended, admitted_at, expires_at,
	want_chat_requests, want_embedding_requests, want_chat_tokens, want_embedding_tokens, want_cost,
	held_chat_requests, held_embedding_requests, held_chat_tokens, held_embedding_tokens, held_cost)
	values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

func insertReservation(ctx context.Context, tx queryer, key reservationKey, r usage.Reservation) error {
	_, err := tx.ExecContext(ctx, putReservation, slices.Concat(
		[]any{key.tenant, key.site, key.id, string(r.Hold.Day), r.State.String(), r.Ended, micros(r.Hold.Admit), micros(r.Hold.Expires)},
		values(r.Hold.Want), values(r.Held),
	)...)
	return err
}

const changeReservation = `update usage_reservations set state = ?, ended = ?,
	held_chat_requests = ?, held_embedding_requests = ?, held_chat_tokens = ?, held_embedding_tokens = ?, held_cost = ?
	where tenant_id = ? and site_id = ? and id = ?`

// storeReservation writes what a step has changed of a reservation, and what
// it changes beside.
func storeReservation(ctx context.Context, tx queryer, key reservationKey, before, after usage.Reservation, eff usage.Effect) error {
	if before.State != after.State || before.Ended != after.Ended || before.Held != after.Held {
		_, err := tx.ExecContext(ctx, changeReservation, slices.Concat(
			[]any{after.State.String(), after.Ended}, values(after.Held), []any{key.tenant, key.site, key.id},
		)...)
		if err != nil {
			return err
		}
	}
	for _, c := range after.Calls {
		if !slices.Contains(before.Calls, c) {
			if err := putCall(ctx, tx, key, c); err != nil {
				return err
			}
		}
	}
	for _, e := range eff.Events {
		if err := insertEvent(ctx, tx, key, e); err != nil {
			return err
		}
	}
	if eff.Adjustment != nil {
		if err := insertAdjustment(ctx, tx, key.owner, *eff.Adjustment); err != nil {
			return err
		}
	}
	return addToDay(ctx, tx, key.owner, after.Hold.Day, eff)
}

// A call's own columns never change once it was sent; what has become of it
// does.
const upsertCall = `insert into usage_calls (tenant_id, site_id, reservation_id, call_no, kind, model, conversation_id, message_id,
	chat_requests, prompt_tokens, max_output, price_model, price_version, price_input, price_cached_input, price_output,
	price_unpriced, price_local, sent_at, output_tokens, event_id, guessed, corrected,
	counted_chat_requests, counted_embedding_requests, counted_chat_tokens, counted_embedding_tokens, counted_cost,
	counted_prompt, counted_completion)
	values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
	on conflict (tenant_id, site_id, reservation_id, call_no) do update set
	output_tokens = excluded.output_tokens, event_id = excluded.event_id, guessed = excluded.guessed, corrected = excluded.corrected,
	counted_chat_requests = excluded.counted_chat_requests, counted_embedding_requests = excluded.counted_embedding_requests,
	counted_chat_tokens = excluded.counted_chat_tokens, counted_embedding_tokens = excluded.counted_embedding_tokens,
	counted_cost = excluded.counted_cost, counted_prompt = excluded.counted_prompt, counted_completion = excluded.counted_completion`

func putCall(ctx context.Context, tx queryer, key reservationKey, s usage.CallState) error {
	c := s.Call
	conversation, err := bareOrNull(chat.ConversationPrefix, c.Conversation)
	if err != nil {
		return err
	}
	message, err := bareOrNull(chat.MessagePrefix, c.Message)
	if err != nil {
		return err
	}
	event, err := bareOrNull(usage.EventPrefix, s.Event)
	if err != nil {
		return err
	}
	p := c.Price
	_, err = tx.ExecContext(ctx, upsertCall, slices.Concat(
		[]any{
			key.tenant, key.site, key.id, c.No, c.Kind.String(), c.Model, conversation, message,
			c.ChatRequests, c.PromptTokens, c.MaxOutput, p.Model, p.Version, int64(p.Input), int64(p.CachedInput), int64(p.Output),
			p.Unpriced, p.Local, micros(c.At), s.Output, event, s.Guessed, s.Corrected,
		},
		values(s.Counted), []any{s.Prompt, s.Completion},
	)...)
	return err
}

const putEvent = `insert into usage_events (id, tenant_id, site_id, reservation_id, call_no, is_last, conversation_id, message_id, day,
	chat_requests, kind, model, provider_model, prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens,
	cost, price_version, usage_source, excess_tokens, latency_us, success, error_code, raw_usage, created_at)
	values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

func insertEvent(ctx context.Context, tx queryer, key reservationKey, e usage.Event) error {
	id, err := bare(usage.EventPrefix, e.ID)
	if err != nil {
		return err
	}
	conversation, err := bareOrNull(chat.ConversationPrefix, e.Conversation)
	if err != nil {
		return err
	}
	message, err := bareOrNull(chat.MessagePrefix, e.Message)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, putEvent, id, key.tenant, key.site, key.id, e.CallNo, e.Last, conversation, message, string(e.Day),
		e.ChatRequests, e.Kind.String(), e.Model, e.ProviderModel, e.Tokens.Input, e.Tokens.Output, e.Tokens.Cached, e.Tokens.Reasoning,
		int64(e.Cost), e.PriceVersion, e.Tokens.CountedBy.String(), e.Excess, e.Latency.Microseconds(), e.Success, e.ErrorCode, e.RawUsage, micros(e.At))
	return err
}

const putAdjustment = `insert into usage_adjustments (tenant_id, site_id, event_id, day,
	chat_requests, embedding_requests, chat_tokens, embedding_tokens, cost,
	prompt_tokens, completion_tokens, reason, created_at)
	values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

func insertAdjustment(ctx context.Context, tx queryer, o owner, a usage.Adjustment) error {
	event, err := bare(usage.EventPrefix, a.Event)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, putAdjustment, slices.Concat(
		[]any{o.tenant, o.site, event, string(a.Day)}, values(a.Delta), []any{a.Prompt, a.Completion, a.Reason, micros(a.At)},
	)...)
	return err
}

type dayRow struct {
	Day string `db:"date"`
	amounts
	HeldChatRequests      int64 `db:"held_chat_requests"`
	HeldEmbeddingRequests int64 `db:"held_embedding_requests"`
	HeldChatTokens        int64 `db:"held_chat_tokens"`
	HeldEmbeddingTokens   int64 `db:"held_embedding_tokens"`
	HeldCost              int64 `db:"held_cost"`
	Prompt                int64 `db:"prompt_tokens"`
	Completion            int64 `db:"completion_tokens"`
}

func (r dayRow) domain() usage.Totals {
	held := amounts{r.HeldChatRequests, r.HeldEmbeddingRequests, r.HeldChatTokens, r.HeldEmbeddingTokens, r.HeldCost}
	return usage.Totals{
		Day: usage.Day(r.Day), Used: r.amounts.domain(), Held: held.domain(),
		PromptTokens: r.Prompt, CompletionTokens: r.Completion,
	}
}

const selectDays = `select date, chat_requests, embedding_requests, chat_tokens, embedding_tokens, cost,
	held_chat_requests, held_embedding_requests, held_chat_tokens, held_embedding_tokens, held_cost,
	prompt_tokens, completion_tokens
	from usage_daily where tenant_id = ? and site_id = ? and date between ? and ?`

// loadDay returns the totals of one day, zero but for its Day if there are
// none.
func loadDay(ctx context.Context, tx queryer, o owner, d usage.Day) (usage.Totals, error) {
	var row dayRow
	err := tx.GetContext(ctx, &row, selectDays, o.tenant, o.site, string(d), string(d))
	if errors.Is(err, sql.ErrNoRows) {
		return usage.Totals{Day: d}, nil
	}
	return row.domain(), err
}

const holdOnDay = `insert into usage_daily (tenant_id, site_id, date,
	held_chat_requests, held_embedding_requests, held_chat_tokens, held_embedding_tokens, held_cost)
	values (?, ?, ?, ?, ?, ?, ?, ?)
	on conflict (site_id, date) do update set
	held_chat_requests = held_chat_requests + excluded.held_chat_requests,
	held_embedding_requests = held_embedding_requests + excluded.held_embedding_requests,
	held_chat_tokens = held_chat_tokens + excluded.held_chat_tokens,
	held_embedding_tokens = held_embedding_tokens + excluded.held_embedding_tokens,
	held_cost = held_cost + excluded.held_cost
	where tenant_id = excluded.tenant_id`

// openDay adds a new hold to its day, and makes the day's row if it is the
// first.
func openDay(ctx context.Context, tx queryer, o owner, d usage.Day, want usage.Amounts) error {
	return one(tx.ExecContext(ctx, holdOnDay, append([]any{o.tenant, o.site, string(d)}, values(want)...)...))
}

const changeDay = `update usage_daily set
	chat_requests = chat_requests + ?, embedding_requests = embedding_requests + ?,
	chat_tokens = chat_tokens + ?, embedding_tokens = embedding_tokens + ?, cost = cost + ?,
	held_chat_requests = held_chat_requests + ?, held_embedding_requests = held_embedding_requests + ?,
	held_chat_tokens = held_chat_tokens + ?, held_embedding_tokens = held_embedding_tokens + ?, held_cost = held_cost + ?,
	prompt_tokens = prompt_tokens + ?, completion_tokens = completion_tokens + ?
	where tenant_id = ? and site_id = ? and date = ?`

// addToDay adds the deltas of a step to the day of admission, whose row the
// reservation has made.
func addToDay(ctx context.Context, tx queryer, o owner, d usage.Day, eff usage.Effect) error {
	if eff.Used == (usage.Amounts{}) && eff.Held == (usage.Amounts{}) && eff.Prompt == 0 && eff.Completion == 0 {
		return nil
	}
	return one(tx.ExecContext(ctx, changeDay, slices.Concat(
		values(eff.Used), values(eff.Held), []any{eff.Prompt, eff.Completion, o.tenant, o.site, string(d)},
	)...))
}

// errNotOne means that a statement that must change one row did not.
var errNotOne = errors.New("the row to change is not there")

// one returns an error unless one row was changed.
func one(res sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n != 1 {
		err = fmt.Errorf("%w: %d rows were changed", errNotOne, n)
	}
	return err
}

// parse returns the value of an enum whose String is word.
func parse[E interface {
	~uint8
	String() string
}](word string, first, last E) (E, error) {
	for e := first; e <= last; e++ {
		if e.String() == word {
			return e, nil
		}
	}
	return 0, fmt.Errorf("%q is stored where another word is expected", word)
}
