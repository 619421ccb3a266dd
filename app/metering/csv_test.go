package metering_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// eventsOf are reports of the given events, and an error after them.
type eventsOf struct {
	ports.UsageReports
	events []usage.SiteEvent
	err    error
}

func (e eventsOf) EachEvent(_ context.Context, _ roles.Grants, _ usage.Query, _ usage.EventID, _ int, visit func(usage.SiteEvent) error) error {
	for _, event := range e.events {
		if err := visit(event); err != nil {
			return err
		}
	}
	return e.err
}

func csvReports(t *testing.T, u ports.UsageReports) *metering.Reports {
	t.Helper()
	r, err := metering.NewReports(metering.ReportDeps{Usage: u, Audit: memory.NewAuditLog(), Now: time.Now, NewID: porttest.NewID})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func today() usage.Query { return usage.Query{Tenant: "ten_1", First: reportDay, Last: reportDay} }

func TestWriteEvents(t *testing.T) {
	e := usage.SiteEvent{Scope: tenant.Scope{Tenant: "ten_1", Site: "site_1"}, Event: usage.Event{
		ID: "evt_1", Reservation: "res_1", CallNo: 2, Conversation: "conv_1", Message: "msg_1", Kind: usage.Rerank,
		Model: `=HYPERLINK("http://evil.example.com";"x")`, ProviderModel: "a, \"b\"\nc", ChatRequests: 1,
		Tokens: chat.Tokens{Input: 30, Output: 7, Cached: 5, Reasoning: 2, CountedBy: chat.ByProvider}, Cost: 123_456_789, PriceVersion: "-1+1",
		Excess: 3, Latency: 1500 * time.Millisecond, ErrorCode: "@SUM(A1)", Day: reportDay, At: time.Date(2026, 11, 23, 1, 2, 3, 4000, time.FixedZone("", 3600)),
	}}
	var b strings.Builder
	if err := csvReports(t, eventsOf{events: []usage.SiteEvent{e}}).WriteEvents(t.Context(), member("ten_1", roles.Support), today(), &b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("%v: %q", err, b.String())
	}
	want := map[string]string{
		"id": "evt_1", "created_at": "2026-11-23T00:02:03.000004Z", "date": "2026-11-23", "tenant_id": "ten_1", "site_id": "site_1",
		"conversation_id": "conv_1", "message_id": "msg_1", "reservation_id": "res_1", "call_no": "2", "kind": "rerank",
		"model": `'=HYPERLINK("http://evil.example.com";"x")`, "provider_model": "a, \"b\"\nc", "chat_requests": "1", "prompt_tokens": "30",
		"completion_tokens": "7", "cached_tokens": "5", "reasoning_tokens": "2", "total_tokens": "37", "cost_usd": "0.123456789",
		"price_version": "'-1+1", "usage_source": "provider", "latency_ms": "1500", "success": "false", "error_code": "'@SUM(A1)", "excess_tokens": "3",
	}
	if len(rows[0]) != len(want) {
		t.Errorf("%d columns, want %d: %v", len(rows[0]), len(want), rows[0])
	}
	for i, name := range rows[0] {
		if rows[1][i] != want[name] {
			t.Errorf("%s is %q, want %q", name, rows[1][i], want[name])
		}
	}
}

func TestWriteEventsOfNothing(t *testing.T) {
	var b strings.Builder
	if err := csvReports(t, eventsOf{}).WriteEvents(t.Context(), member("ten_1", roles.Support), today(), &b); err != nil || strings.Count(b.String(), "\n") != 1 || !strings.HasPrefix(b.String(), "id,") {
		t.Errorf("got %q, %v, want the names alone", b.String(), err)
	}
	b.Reset()
	if err := csvReports(t, eventsOf{}).WriteEvents(t.Context(), roles.Grants{}, today(), &b); !errors.Is(err, ports.ErrNotFound) || b.Len() > 0 {
		t.Errorf("nobody gets %q, %v", b.String(), err)
	}
	if err := csvReports(t, eventsOf{err: ports.ErrUnavailable}).WriteEvents(t.Context(), member("ten_1", roles.Support), today(), &b); !errors.Is(err, ports.ErrUnavailable) || b.Len() > 0 {
		t.Errorf("a store that is away gives %q, %v", b.String(), err)
	}
}

// full is a writer whose disk is full.
type full struct{}

var errFull = errors.New("disk full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriteEventsToAFullDisk(t *testing.T) {
	for _, n := range []int{0, 1, 1000} {
		events := make([]usage.SiteEvent, n)
		if err := csvReports(t, eventsOf{events: events}).WriteEvents(t.Context(), member("ten_1", roles.Support), today(), full{}); !errors.Is(err, errFull) {
			t.Errorf("%d events: %v", n, err)
		}
	}
}

func TestSafeCell(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "gpt-4o": "gpt-4o", "0.50": "0.50", "a=1": "a=1", "=1": "'=1", "+1": "'+1", "-1": "'-1", "@a": "'@a", "\t=1": "'\t=1",
		"\r=1": "'\r=1", "|a": "'|a", "%a": "'%a", "＝1": "'＝1", "'=1": "'=1", "\n=1": "'\n=1",
	} {
		if got := metering.SafeCell(text); got != want {
			t.Errorf("SafeCell(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestSumCells(t *testing.T) {
	s := usage.Sum{
		Tenant: "ten_1", Site: "site_1", Model: "+model", Day: reportDay, PromptTokens: 5, CompletionTokens: 6,
		Used: usage.Amounts{ChatRequests: 1, EmbeddingRequests: 2, ChatTokens: 3, EmbeddingTokens: 4, Cost: usage.USD},
	}
	for by, names := range map[usage.Grouping][]string{
		usage.BySite: {"ten_1", "site_1"}, usage.ByTenant: {"ten_1"}, usage.ByModel: {"'+model"}, usage.ByDay: {"2026-11-23"},
	} {
		want := append(slices.Clone(names), "1", "2", "5", "6", "3", "4", "1.00")
		if got := metering.SumCells(by, s); !slices.Equal(got, want) || len(metering.SumColumns(by)) != len(want) {
			t.Errorf("by %s: %v under %v, want %v", by, got, metering.SumColumns(by), want)
		}
	}
}

func ExampleReports_WriteEvents() {
	now := func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }
	reports, err := metering.NewReports(metering.ReportDeps{
		Usage: memory.NewLedger(now, porttest.NewID), Audit: memory.NewAuditLog(), Now: now, NewID: porttest.NewID,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	who := roles.Grants{Subject: "owner@example.com", Tenants: map[tenant.ID]roles.Role{"ten_1": roles.Owner}}
	_ = reports.WriteEvents(context.Background(), who, usage.Query{Tenant: "ten_1", First: "2026-11-01", Last: "2026-11-30"}, os.Stdout)
	// Output: id,created_at,date,tenant_id,site_id,conversation_id,message_id,reservation_id,call_no,kind,model,provider_model,chat_requests,prompt_tokens,completion_tokens,cached_tokens,reasoning_tokens,total_tokens,cost_usd,price_version,usage_source,latency_ms,success,error_code,excess_tokens
}
