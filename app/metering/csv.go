package metering

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/usage"
)

// eventColumn is a column of exported events; the names are those of the admin
// API.
type eventColumn struct {
	name string
	cell func(usage.SiteEvent) string
}

func eventColumns() []eventColumn {
	count := strconv.FormatInt
	return []eventColumn{
		{"id", func(e usage.SiteEvent) string { return string(e.ID) }},
		{"created_at", func(e usage.SiteEvent) string { return e.At.UTC().Format(time.RFC3339Nano) }},
		{"date", func(e usage.SiteEvent) string { return string(e.Day) }},
		{"tenant_id", func(e usage.SiteEvent) string { return string(e.Scope.Tenant) }},
		{"site_id", func(e usage.SiteEvent) string { return string(e.Scope.Site) }},
		{"conversation_id", func(e usage.SiteEvent) string { return string(e.Conversation) }},
		{"message_id", func(e usage.SiteEvent) string { return string(e.Message) }},
		{"reservation_id", func(e usage.SiteEvent) string { return string(e.Reservation) }},
		{"call_no", func(e usage.SiteEvent) string { return strconv.Itoa(e.CallNo) }},
		{"kind", func(e usage.SiteEvent) string { return e.Kind.String() }},
		{"model", func(e usage.SiteEvent) string { return e.Model }},
		{"provider_model", func(e usage.SiteEvent) string { return e.ProviderModel }},
		{"chat_requests", func(e usage.SiteEvent) string { return count(e.ChatRequests, 10) }},
		{"prompt_tokens", func(e usage.SiteEvent) string { return count(e.Tokens.Input, 10) }},
		{"completion_tokens", func(e usage.SiteEvent) string { return count(e.Tokens.Output, 10) }},
		{"cached_tokens", func(e usage.SiteEvent) string { return count(e.Tokens.Cached, 10) }},
		{"reasoning_tokens", func(e usage.SiteEvent) string { return count(e.Tokens.Reasoning, 10) }},
		{"total_tokens", func(e usage.SiteEvent) string { return count(e.Tokens.Total(), 10) }},
		{"cost_usd", func(e usage.SiteEvent) string { return e.Cost.String() }},
		{"price_version", func(e usage.SiteEvent) string { return e.PriceVersion }},
		{"usage_source", func(e usage.SiteEvent) string { return e.Tokens.CountedBy.String() }},
		{"latency_ms", func(e usage.SiteEvent) string { return count(e.Latency.Milliseconds(), 10) }},
		{"success", func(e usage.SiteEvent) string { return strconv.FormatBool(e.Success) }},
		{"error_code", func(e usage.SiteEvent) string { return e.ErrorCode }},
		{"excess_tokens", func(e usage.SiteEvent) string { return count(e.Excess, 10) }},
	}
}

// WriteEvents writes all events that q asks for to w as CSV (RFC 4180, with a
// row of names), of any number, in constant memory. Money is a decimal string of
// US dollars. Nothing is written if the caller may not read them; after an error
// later on what was written is not the whole, and must not be taken for it.
func (r *Reports) WriteEvents(ctx context.Context, who roles.Grants, q usage.Query, w io.Writer) error {
	columns := eventColumns()
	out := csv.NewWriter(w)
	row := make([]string, len(columns))
	begun := false
	header := func() error {
		if begun {
			return nil
		}
		begun = true
		for i, c := range columns {
			row[i] = c.name
		}
		return out.Write(row)
	}
	if err := r.EachEvent(ctx, who, q, func(e usage.SiteEvent) error {
		if err := header(); err != nil {
			return err
		}
		for i, c := range columns {
			row[i] = SafeCell(c.cell(e))
		}
		return out.Write(row)
	}); err != nil {
		return err
	}
	if err := header(); err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// SumColumns are the names of the cells of SumCells.
func SumColumns(by usage.Grouping) []string {
	names := []string{"chat_requests", "embedding_requests", "prompt_tokens", "completion_tokens", "chat_tokens", "embedding_tokens", "cost_usd"}
	switch by {
	case usage.BySite:
		return append([]string{"tenant_id", "site_id"}, names...)
	case usage.ByTenant:
		return append([]string{"tenant_id"}, names...)
	case usage.ByModel:
		return append([]string{"model"}, names...)
	case usage.ByDay:
	}
	return append([]string{"date"}, names...)
}

// SumCells returns a group as cells of CSV; see SumColumns.
func SumCells(by usage.Grouping, s usage.Sum) []string {
	cells := []string{
		fmt.Sprint(s.Used.ChatRequests), fmt.Sprint(s.Used.EmbeddingRequests), fmt.Sprint(s.PromptTokens), fmt.Sprint(s.CompletionTokens),
		fmt.Sprint(s.Used.ChatTokens), fmt.Sprint(s.Used.EmbeddingTokens), s.Used.Cost.String(),
	}
	switch by {
	case usage.BySite:
		return append([]string{string(s.Tenant), string(s.Site)}, cells...)
	case usage.ByTenant:
		return append([]string{string(s.Tenant)}, cells...)
	case usage.ByModel:
		return append([]string{SafeCell(s.Model)}, cells...)
	case usage.ByDay:
	}
	return append([]string{string(s.Day)}, cells...)
}

// SafeCell returns text so that no spreadsheet takes it for a formula: behind an
// apostrophe if it begins as one.
func SafeCell(text string) string {
	for _, sign := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(text, sign) {
			return "'" + text
		}
	}
	return text
}
