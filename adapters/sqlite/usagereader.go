package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
)

// Days implements [ports.UsageReader].
func (l *Ledger) Days(ctx context.Context, s tenant.Scope, first, last usage.Day) ([]usage.Totals, error) {
	fail := failing(ctx, "usage from", first)
	o, err := begin(ctx, s)
	if err != nil {
		return nil, fail(err)
	}
	days, err := usage.Days(first, last)
	if err != nil {
		return nil, fail(err)
	}
	var rows []dayRow
	if err := l.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, selectDays, o.tenant, o.site, string(first), string(last))
	}); err != nil {
		return nil, fail(err)
	}
	byDay := make(map[usage.Day]usage.Totals, len(rows))
	for _, row := range rows {
		byDay[usage.Day(row.Day)] = row.domain()
	}
	totals := make([]usage.Totals, len(days))
	for i, d := range days {
		totals[i] = byDay[d]
		totals[i].Day = d
	}
	return totals, nil
}

type eventRow struct {
	ID            string         `db:"id"`
	Reservation   string         `db:"reservation_id"`
	CallNo        int            `db:"call_no"`
	Last          bool           `db:"is_last"`
	Conversation  sql.NullString `db:"conversation_id"`
	Message       sql.NullString `db:"message_id"`
	Day           string         `db:"day"`
	ChatRequests  int64          `db:"chat_requests"`
	Kind          string         `db:"kind"`
	Model         string         `db:"model"`
	ProviderModel string         `db:"provider_model"`
	Prompt        int64          `db:"prompt_tokens"`
	Completion    int64          `db:"completion_tokens"`
	Cached        int64          `db:"cached_tokens"`
	Reasoning     int64          `db:"reasoning_tokens"`
	Cost          int64          `db:"cost"`
	PriceVersion  string         `db:"price_version"`
	Source        string         `db:"usage_source"`
	Excess        int64          `db:"excess_tokens"`
	Latency       int64          `db:"latency_us"`
	Success       bool           `db:"success"`
	ErrorCode     string         `db:"error_code"`
	RawUsage      string         `db:"raw_usage"`
	Created       int64          `db:"created_at"`
}

func (r eventRow) domain() (usage.Event, error) {
	kind, err := parse(r.Kind, usage.Chat, usage.Rerank)
	if err != nil {
		return usage.Event{}, err
	}
	var source chat.CountedBy
	if r.Source != "" {
		if source, err = parse(r.Source, chat.ByProvider, chat.ByBound); err != nil {
			return usage.Event{}, err
		}
	}
	return usage.Event{
		ID: usage.EventID(usage.EventPrefix + r.ID), Reservation: usage.ReservationID(usage.ReservationPrefix + r.Reservation),
		CallNo: r.CallNo, Last: r.Last,
		Conversation: full[chat.ConversationID](chat.ConversationPrefix, r.Conversation),
		Message:      full[chat.MessageID](chat.MessagePrefix, r.Message),
		Kind:         kind, Model: r.Model, ProviderModel: r.ProviderModel, ChatRequests: r.ChatRequests,
		Tokens: chat.Tokens{Input: r.Prompt, Output: r.Completion, Cached: r.Cached, Reasoning: r.Reasoning, CountedBy: source},
		Cost:   usage.NanoUSD(r.Cost), PriceVersion: r.PriceVersion, Excess: r.Excess,
		Latency: time.Duration(r.Latency) * time.Microsecond,
		Success: r.Success, ErrorCode: r.ErrorCode, RawUsage: r.RawUsage, Day: usage.Day(r.Day), At: timeOf(r.Created),
	}, nil
}

const eventColumns = `id, reservation_id, call_no, is_last, conversation_id, message_id, day, chat_requests, kind,
	model, provider_model, prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, cost, price_version, usage_source,
	excess_tokens, latency_us, success, error_code, raw_usage, created_at`

// The index has them in this order, so that a page costs what is on it.
const selectEvents = `select ` + eventColumns + `
	from usage_events where tenant_id = ? and site_id = ? and (day, seq) > (?, ?) and day <= ? order by day, seq limit ?`

const selectPlace = `select day, seq from usage_events where tenant_id = ? and site_id = ? and id = ?`

// place is where an event stands. seq begins at 1.
type place struct {
	Day string `db:"day"`
	Seq int64  `db:"seq"`
}

const selectSeq = `select seq from usage_events where tenant_id = ? and site_id = ? and id = ?`

// Events implements [ports.UsageReader].
func (l *Ledger) Events(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.EventID, limit int) ([]usage.Event, error) {
	fail := failing(ctx, "events after", after)
	o, err := begin(ctx, s)
	if err != nil {
		return nil, fail(err)
	}
	var rows []eventRow
	if err := l.db.read(ctx, func(tx *sqlx.Tx) error {
		var from place
		if after != "" {
			id, err := bare(usage.EventPrefix, after)
			if err != nil {
				return err
			}
			if err := tx.GetContext(ctx, &from, selectPlace, o.tenant, o.site, id); err != nil {
				return err
			}
		}
		if from.Day < string(first) {
			from = place{Day: string(first)}
		}
		return tx.SelectContext(ctx, &rows, selectEvents, o.tenant, o.site, from.Day, from.Seq, string(last), max(limit, 0))
	}); err != nil {
		return nil, fail(err)
	}
	events := make([]usage.Event, len(rows))
	for i, row := range rows {
		if events[i], err = row.domain(); err != nil {
			return nil, fail(fmt.Errorf("event %s: %w", row.ID, err))
		}
	}
	return events, nil
}

const selectAdjustments = `select event_id, day, chat_requests, embedding_requests, chat_tokens, embedding_tokens, cost,
	prompt_tokens, completion_tokens, reason, created_at
	from usage_adjustments where tenant_id = ? and site_id = ? and day between ? and ? order by seq`

// Adjustments implements [ports.UsageReader].
func (l *Ledger) Adjustments(ctx context.Context, s tenant.Scope, first, last usage.Day) ([]usage.Adjustment, error) {
	fail := failing(ctx, "adjustments from", first)
	o, err := begin(ctx, s)
	if err != nil {
		return nil, fail(err)
	}
	var rows []struct {
		Event string `db:"event_id"`
		Day   string `db:"day"`
		amounts
		Prompt     int64  `db:"prompt_tokens"`
		Completion int64  `db:"completion_tokens"`
		Reason     string `db:"reason"`
		Created    int64  `db:"created_at"`
	}
	if err := l.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, selectAdjustments, o.tenant, o.site, string(first), string(last))
	}); err != nil {
		return nil, fail(err)
	}
	adjustments := make([]usage.Adjustment, len(rows))
	for i, row := range rows {
		adjustments[i] = usage.Adjustment{
			Event: usage.EventID(usage.EventPrefix + row.Event), Day: usage.Day(row.Day), Delta: row.domain(),
			Prompt: row.Prompt, Completion: row.Completion, Reason: row.Reason, At: timeOf(row.Created),
		}
	}
	return adjustments, nil
}
