package system_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/app/answering"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// useCases reads the events of metering and answering, as the program's wiring
// does.
func useCases(e ports.Event) (system.Facts, bool) {
	switch e := e.(type) {
	case metering.Recorded:
		return system.Facts{
			Level: slog.LevelDebug, Settled: &e.Event, Unpriced: e.Unpriced,
			Attrs: []slog.Attr{slog.String("usage_event", string(e.Event.ID)), slog.String("kind", e.Event.Kind.String()), slog.String("code", e.Event.ErrorCode)},
		}, true
	case metering.LimitReached:
		return system.Facts{Level: slog.LevelInfo, Refused: e.Meters, Attrs: []slog.Attr{slog.Any("meters", e.Meters)}}, true
	case metering.SettleFailed:
		return system.Facts{Level: slog.LevelError, SettleFailed: true, Attrs: []slog.Attr{slog.String("reservation", string(e.Reservation))}}, true
	case answering.Answered:
		f := system.Facts{
			Level: slog.LevelInfo, Answered: &system.Answer{Finish: e.Finish, Code: e.Code, Took: e.Took, Withheld: e.Withheld},
			Attrs: []slog.Attr{slog.String("message", string(e.Message)), slog.String("finish", e.Finish.String()), slog.Duration("took", e.Took)},
		}
		if e.Err != nil {
			f.Level = slog.LevelWarn
			f.Attrs = append(f.Attrs, slog.String("code", e.Code), slog.String("error", e.Err.Error()))
		}
		return f, true
	case answering.FellBack:
		return system.Facts{Level: slog.LevelWarn, FellBack: true, Attrs: []slog.Attr{slog.String("message", string(e.Message)), slog.String("error", e.Err.Error())}}, true
	case foreign:
		return system.Facts{Level: slog.LevelError, Foreign: e.points}, true
	case searching.LexicalOnly:
		return system.Facts{Level: slog.LevelWarn, LexicalOnly: true, Attrs: []slog.Attr{slog.String("error", e.Err.Error())}}, true
	}
	return system.Facts{}, false
}

var scope = tenant.Scope{Tenant: "ten_018f0000-0000-7000-8000-00000000000a", Site: "site_018f0000-0000-7000-8000-00000000000b"}

func metrics(t testing.TB, s *system.Sink) string {
	t.Helper()
	w := httptest.NewRecorder()
	s.Metrics().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("/metrics: %d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// has checks that a line of the metrics is there, whole.
func has(t *testing.T, text string, lines ...string) {
	t.Helper()
	all := strings.Split(text, "\n")
	for _, want := range lines {
		if !slices.Contains(all, want) {
			name, _, _ := strings.Cut(want, "{")
			near := slices.DeleteFunc(slices.Clone(all), func(l string) bool { return !strings.HasPrefix(l, name) })
			t.Errorf("no line %s\nthere is %s", want, strings.Join(near, "\n"))
		}
	}
}

func newSink(t testing.TB, w io.Writer) *system.Sink {
	t.Helper()
	log, err := system.NewLogger(w, "json", slog.LevelInfo)
	if err != nil {
		t.Fatal(err)
	}
	s, err := system.NewSink(log, useCases)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// foreign is an event of an index that returned another site's points.
type foreign struct{ points int }

func (foreign) EventName() string { return "index.foreign_dropped" }

type renamed struct{}

func (renamed) EventName() string { return "catalog.renamed" }

func TestSinkCountsAndLogs(t *testing.T) {
	var log bytes.Buffer
	s := newSink(t, &log)
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // whoever asked has gone: it is counted all the same
	for _, e := range []ports.Event{
		metering.Recorded{Event: usage.Event{
			Kind: usage.Chat, Model: "gpt-x", Tokens: chat.Tokens{Input: 900, Output: 80, Cached: 100, CountedBy: chat.ByProvider},
			Cost: 1234, Excess: 5, Success: true, Latency: 2 * time.Second,
		}},
		metering.Recorded{Event: usage.Event{Kind: usage.Embedding, Model: "emb-x", Tokens: chat.Tokens{Input: 7, CountedBy: chat.ByBound}, ErrorCode: "UPSTREAM_TIMEOUT"}, Unpriced: true},
		metering.Recorded{Event: usage.Event{Kind: usage.Chat, Model: "gpt-x", Tokens: chat.Tokens{Input: 50, CountedBy: chat.ByBound}, ErrorCode: usage.CodeSwept}},
		metering.LimitReached{Meters: []usage.Meter{usage.ChatTokens, usage.Cost}},
		metering.SettleFailed{Reservation: "res_1"},
		answering.Answered{Message: "msg_1", Finish: chat.Complete, Took: 3 * time.Second, Withheld: 2},
		answering.Answered{Message: "msg_2", Finish: chat.Failed, Code: "UPSTREAM_TIMEOUT", Err: errors.New("no first token"), Took: time.Second},
		answering.FellBack{Message: "msg_3", Err: errors.New("down")},
		searching.LexicalOnly{Err: errors.New("limit")},
		foreign{points: 3},
		renamed{},
	} {
		s.Publish(ctx, scope, e)
	}
	s.Called(ctx, "Ledger", "Reserve", "", 3*time.Millisecond)
	s.Called(ctx, "Ledger", "Reserve", "unavailable", time.Second)

	got := metrics(t, s)
	has(t, got,
		`woochat_usage_events_total{code="",counted_by="provider",kind="chat"} 1`,
		`woochat_usage_events_total{code="UPSTREAM_TIMEOUT",counted_by="bound",kind="embedding"} 1`,
		`woochat_usage_tokens_total{direction="input",kind="chat"} 950`,
		`woochat_usage_tokens_total{direction="output",kind="chat"} 80`,
		`woochat_usage_tokens_total{direction="input",kind="embedding"} 7`,
		`woochat_usage_cached_tokens_total{kind="chat"} 100`,
		`woochat_usage_excess_tokens_total{kind="chat"} 5`,
		`woochat_usage_cost_nano_usd_total{kind="chat"} 1234`,
		`woochat_usage_unpriced_total{kind="embedding"} 1`,
		`woochat_usage_limit_refusals_total{meter="max_tokens_per_day"} 1`,
		`woochat_usage_limit_refusals_total{meter="max_cost_usd_per_day"} 1`,
		`woochat_usage_settle_failures_total 1`,
		`woochat_usage_swept_calls_total{kind="chat"} 1`,
		`woochat_answers_total{code="",finish="stop"} 1`,
		`woochat_answers_total{code="UPSTREAM_TIMEOUT",finish="failed"} 1`,
		`woochat_answer_duration_seconds_sum{finish="stop"} 3`,
		`woochat_answer_withheld_sentences_total 2`,
		`woochat_answer_fallbacks_total 1`,
		`woochat_answer_lexical_only_total 1`,
		`woochat_tenant_postfilter_drops_total 3`,
		`woochat_events_total{event="catalog.renamed"} 1`,
		`woochat_port_call_duration_seconds_count{method="Reserve",outcome="ok",port="Ledger"} 1`,
		`woochat_port_call_duration_seconds_count{method="Reserve",outcome="unavailable",port="Ledger"} 1`,
		`gen_ai_client_token_usage_sum{gen_ai_operation_name="chat",gen_ai_request_model="gpt-x",gen_ai_token_type="input"} 900`,
		`gen_ai_client_operation_duration_seconds_sum{gen_ai_operation_name="chat",gen_ai_request_model="gpt-x"} 2`,
		`gen_ai_client_operation_duration_seconds_count{error_type="UPSTREAM_TIMEOUT",gen_ai_operation_name="embeddings",gen_ai_request_model="emb-x"} 1`,
	)
	// A label of each site would make a series of each site, and tell one
	// tenant's numbers to whoever reads them.
	for _, id := range []string{string(scope.Tenant), string(scope.Site), "msg_1", "res_1", "otel_scope"} {
		if strings.Contains(got, id) {
			t.Errorf("the metrics hold %s", id)
		}
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 7 { // recorded events and the unknown one are at debug
		t.Errorf("%d lines, want 7:\n%s", len(lines), log.String())
	}
	for _, want := range []string{`"level":"ERROR"`, `"reservation":"res_1"`, `"error":"no first token"`, string(scope.Site), `max_tokens_per_day`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %s:\n%s", want, log.String())
		}
	}
}

func TestSinksDoNotMix(t *testing.T) {
	a, b := newSink(t, io.Discard), newSink(t, io.Discard)
	a.Publish(t.Context(), scope, metering.SettleFailed{})
	if got := metrics(t, b); strings.Contains(got, "settle_failures_total 1") {
		t.Error("what one sink counted shows in another")
	}
}

func TestFanout(t *testing.T) {
	a, b := newSink(t, io.Discard), newSink(t, io.Discard)
	both := system.Fanout(a, b)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				both.Publish(t.Context(), scope, metering.SettleFailed{})
			}
		})
	}
	wg.Wait()
	for _, s := range []*system.Sink{a, b} {
		has(t, metrics(t, s), "woochat_usage_settle_failures_total 400")
	}
}

func TestIDsAreOrderedAndUnique(t *testing.T) {
	last := ""
	for range 10_000 {
		id := system.NewID()
		if err := chat.MessageID(chat.MessagePrefix + id).Valid(); err != nil {
			t.Fatal(err)
		}
		if id <= last {
			t.Fatalf("%s came after %s", id, last)
		}
		last = id
	}
	if system.Now().Location() != time.UTC {
		t.Error("Now is not in UTC")
	}
}

func ExampleNewSink() {
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	sink, err := system.NewSink(log, useCases) // what a reader looks like: useCases in this file
	if err != nil {
		fmt.Println(err)
		return
	}
	sink.Publish(context.Background(), tenant.Scope{Tenant: "ten_a", Site: "site_b"}, metering.LimitReached{Meters: []usage.Meter{usage.ChatRequests}})
	// Output: level=INFO msg=usage.limit_reached tenant=ten_a site=site_b meters=[max_chat_requests_per_day]
}
