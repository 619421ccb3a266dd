package porttest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// UsageReader runs the contract of ports.UsageReader.
func UsageReader(t *testing.T, open OpenUsage) {
	t.Helper()
	runCases(t, usageReaderCases, openUsage(open))
}

// spend settles a call of n input tokens on the given day and returns its
// event's id.
func (f *usageFixture) spend(s tenant.Scope, d usage.Day, n int64) usage.EventID {
	f.Helper()
	h := f.hold(n, usage.Unlimited)
	h.Day = d
	e := f.event(1, n, 0)
	f.settle(s, f.reserve(s, h), e)
	return e.ID
}

// spendLate makes an adjustment on the given day: n tokens more than the sweep
// had counted.
func (f *usageFixture) spendLate(s tenant.Scope, d usage.Day, n int64) {
	f.Helper()
	h := f.hold(100+n, usage.Unlimited)
	h.Day = d
	f.dispatch(s, f.reserve(s, h), f.call(1, 100, n), usage.Amounts{})
	f.expire()
	f.sweep()
	f.settle(s, h.ID, f.event(1, 100, n))
}

func ids(events []usage.Event) []usage.EventID {
	var all []usage.EventID
	for _, e := range events {
		all = append(all, e.ID)
	}
	return all
}

var usageReaderCases = []contractCase[*usageFixture]{
	{"days", "Days returns each day from first to last in order, those without usage all zero but for their Day", func(f *usageFixture) {
		f.spend(f.a, "2026-02-27", 5)
		f.spend(f.a, "2026-03-01", 7)
		f.spend(f.a, "2026-03-02", 9)
		got, err := f.Days(f.Context(), f.a, "2026-02-26", "2026-03-01")
		if err != nil {
			f.Fatal(err)
		}
		used := func(n int64) usage.Amounts {
			return usage.Amounts{ChatRequests: 1, ChatTokens: n, Cost: price().Cost(chat.Tokens{Input: n})}
		}
		want := []usage.Totals{
			{Day: "2026-02-26"},
			{Day: "2026-02-27", Used: used(5), PromptTokens: 5},
			{Day: "2026-02-28"},
			{Day: "2026-03-01", Used: used(7), PromptTokens: 7},
		}
		if !slices.Equal(got, want) {
			f.Errorf("Days:\n got %+v\nwant %+v", got, want)
		}
	}},
	{"range of days", "a range may have 401 days and must not end before it begins", func(f *usageFixture) {
		days, err := f.Days(f.Context(), f.a, "2026-01-01", "2027-02-05")
		if err != nil || len(days) != usage.MaxDays+1 || days[usage.MaxDays].Day != "2027-02-05" {
			f.Errorf("a range of %d days: got %d, error %v", usage.MaxDays+1, len(days), err)
		}
		for what, r := range map[string][2]usage.Day{
			"one day more":         {"2026-01-01", "2027-02-06"},
			"the wrong way around": {"2026-01-02", "2026-01-01"},
			"no days":              {"", ""},
			"no day":               {"2026-02-30", "2026-03-01"},
		} {
			_, err := f.Days(f.Context(), f.a, r[0], r[1])
			wantErr(f.T, "Days, "+what, err, ports.ErrInvalid)
		}
	}},
	{"round trip", "an event comes back as it was settled, its time in UTC to the microsecond", func(f *usageFixture) {
		h := f.holdOf(chatAmounts(1, 200).Plus(usage.Amounts{ChatRequests: 2}), usage.NoLimits())
		id := f.reserve(f.a, h)
		e := usage.Event{
			ID: newID[usage.EventID](usage.EventPrefix), CallNo: 3, Last: true,
			Conversation: newID[chat.ConversationID](chat.ConversationPrefix), Message: newID[chat.MessageID](chat.MessagePrefix),
			Kind: usage.Rerank, Model: "model-1", ProviderModel: "model-1-2026-11-01", ChatRequests: 2,
			Tokens: chat.Tokens{Input: 150, Output: 100, Cached: 30, Reasoning: 20, CountedBy: chat.ByTokenizer},
			Cost:   123_456_789, PriceVersion: "prices-7", Latency: 1234567 * time.Microsecond, Success: false, ErrorCode: "UPSTREAM_TRUNCATED",
			RawUsage: `{"prompt_tokens":150,"note":"naïve ✓ \"quoted\""}`,
			At:       time.Date(2026, 11, 24, 1, 2, 3, 456789000, time.FixedZone("there", 7200)),
		}
		f.settle(f.a, id, e)
		want := e
		want.Reservation, want.Day, want.Excess, want.At = id, h.Day, 50, e.At.UTC()
		if got := f.events(f.a); len(got) != 1 || got[0] != want {
			f.Errorf("event:\n got %+v\nwant %+v", got, want)
		}
		bare := f.event(1, 1, 0)
		bare.Conversation, bare.Message = "", ""
		f.settle(f.a, f.reserve(f.a, f.hold(10, 1000)), bare)
		if got := f.events(f.a); len(got) != 2 || got[1].Conversation != "" || got[1].Message != "" || got[1].Tokens.CountedBy != chat.ByProvider {
			f.Errorf("events: got %+v, want a second one without conversation and message", got)
		}
	}},
	{"pages", "Events come in the order of recording, whatever their ids and times, page by page without a gap", func(f *usageFixture) {
		var want []usage.EventID
		for i := range 7 {
			f.clock.Advance(-time.Second)
			want = append(want, f.spend(f.a, f.today(), int64(i+1)))
			f.spend(f.b, f.today(), 1)
		}
		var got []usage.EventID
		var after usage.EventID
		for pages := 0; ; pages++ {
			page, err := f.Events(f.Context(), f.a, f.today(), f.today(), after, 3)
			if err != nil {
				f.Fatal(err)
			}
			if len(page) == 0 {
				if pages != 3 {
					f.Errorf("7 events came in %d pages of 3", pages)
				}
				break
			}
			if len(page) > 3 {
				f.Fatalf("a page of 3 has %d events", len(page))
			}
			got = append(got, ids(page)...)
			after = page[len(page)-1].ID
		}
		if !slices.Equal(got, want) {
			f.Errorf("events:\n got %v\nwant %v", got, want)
		}
	}},
	{"day by day", "Events of several days come day by day, each day's in the order of recording, page by page without a gap", func(f *usageFixture) {
		byDay := map[usage.Day][]usage.EventID{}
		for i, d := range []usage.Day{"2026-03-03", "2026-03-02", "2026-03-03", "2026-03-01", "2026-03-02", "2026-03-04", "2026-03-02"} {
			byDay[d] = append(byDay[d], f.spend(f.a, d, int64(i+1)))
			f.spend(f.b, d, 1)
		}
		want := slices.Concat(byDay["2026-03-01"], byDay["2026-03-02"], byDay["2026-03-03"])
		for _, size := range []int{1, 2, 3, 5, 6, 100} {
			var got []usage.EventID
			var after usage.EventID
			for range len(want) + 1 {
				page, err := f.Events(f.Context(), f.a, "2026-03-01", "2026-03-03", after, size)
				if err != nil || len(page) > size {
					f.Fatalf("a page of %d has %d events, error %v", size, len(page), err)
				}
				if len(page) == 0 {
					break
				}
				got, after = append(got, ids(page)...), page[len(page)-1].ID
			}
			if !slices.Equal(got, want) {
				f.Errorf("in pages of %d:\n got %v\nwant %v", size, got, want)
			}
		}
		if got, err := f.Events(f.Context(), f.a, "2026-03-01", "2026-03-03", byDay["2026-03-04"][0], 10); err != nil || len(got) != 0 {
			f.Errorf("after an event of a day that follows: got %v, error %v", ids(got), err)
		}
	}},
	{"days of events", "Events and Adjustments are those of the days asked for; the event after which a page begins may be of another day", func(f *usageFixture) {
		before := f.spend(f.a, "2026-03-01", 1)
		in := []usage.EventID{f.spend(f.a, "2026-03-02", 1), f.spend(f.a, "2026-03-03", 1)}
		f.spend(f.a, "2026-03-04", 1)
		for _, after := range []usage.EventID{"", before} {
			got, err := f.Events(f.Context(), f.a, "2026-03-02", "2026-03-03", after, 10)
			if err != nil || !slices.Equal(ids(got), in) {
				f.Errorf("Events after %q: got %v, error %v, want %v", after, ids(got), err, in)
			}
		}
		for i, d := range []usage.Day{"2026-04-01", "2026-04-03", "2026-04-02", "2026-04-04"} {
			f.spendLate(f.a, d, int64(i+1))
		}
		got, err := f.Adjustments(f.Context(), f.a, "2026-04-02", "2026-04-03")
		if err != nil {
			f.Fatal(err)
		}
		var days []string
		for _, a := range got {
			days = append(days, fmt.Sprintf("%s %d", a.Day, a.Completion))
		}
		slices.Sort(days)
		if !slices.Equal(days, []string{"2026-04-02 3", "2026-04-03 2"}) {
			f.Errorf("Adjustments: got %v, want those of the second and third day", days)
		}
	}},
	{"after an unknown event", "a page cannot begin after an event that the scope does not have", func(f *usageFixture) {
		f.spend(f.a, f.today(), 1)
		theirs := f.spend(f.b, f.today(), 1)
		for what, after := range map[string]usage.EventID{"unknown": newID[usage.EventID](usage.EventPrefix), "another scope's": theirs} {
			_, err := f.Events(f.Context(), f.a, f.today(), f.today(), after, 10)
			wantErr(f.T, "Events after an event that is "+what, err, ports.ErrNotFound)
		}
	}},
	{"isolation", "one scope never reads another's totals, events or adjustments", func(f *usageFixture) {
		bothWays(f.a, f.b, func(me, other tenant.Scope) {
			d := f.today()
			f.spend(me, d, 11)
			f.spendLate(me, d, 5)
			f.reserve(me, f.hold(100, usage.Unlimited))
			for _, s := range append(mixed(me, other), other) {
				f.wantTotals(s, usage.Totals{Day: d})
				events, err := f.Events(f.Context(), s, d, d, "", 100)
				if err != nil || len(events) != 0 {
					f.Errorf("Events of another scope: got %+v, error %v", events, err)
				}
				adjustments, err := f.Adjustments(f.Context(), s, d, d)
				if err != nil || len(adjustments) != 0 {
					f.Errorf("Adjustments of another scope: got %+v, error %v", adjustments, err)
				}
			}
			f.clock.Advance(48 * time.Hour)
		})
	}},
	{"no scope", "an incomplete scope is refused", func(f *usageFixture) {
		d := f.today()
		for _, s := range incomplete(f.a) {
			_, err := f.Days(f.Context(), s, d, d)
			wantErr(f.T, "Days", err, tenant.ErrNoScope)
			_, err = f.Events(f.Context(), s, d, d, "", 1)
			wantErr(f.T, "Events", err, tenant.ErrNoScope)
			_, err = f.Adjustments(f.Context(), s, d, d)
			wantErr(f.T, "Adjustments", err, tenant.ErrNoScope)
		}
	}},
	{"owned by the caller", "slices that are returned belong to the caller", func(f *usageFixture) {
		d := f.today()
		f.spend(f.a, d, 11)
		f.spendLate(f.a, d, 5)
		events, adjustments, days := f.events(f.a), f.adjustments(f.a), f.totals(f.a, d)
		for i := range events {
			events[i] = usage.Event{}
		}
		for i := range adjustments {
			adjustments[i] = usage.Adjustment{}
		}
		f.wantTotals(f.a, days)
		f.wantSums(f.a)
		if e, a := f.events(f.a), f.adjustments(f.a); len(e) != 2 || e[0].ID == "" || len(a) != 1 || a[0].Event == "" {
			f.Errorf("changing what was returned changed what is stored: %+v, %+v", e, a)
		}
	}},
	{"done context", "a done context ends the call", func(f *usageFixture) {
		ctx, d := f.doneContext(), f.today()
		_, err := f.Days(ctx, f.a, d, d)
		wantErr(f.T, "Days", err, context.Canceled)
		_, err = f.Events(ctx, f.a, d, d, "", 1)
		wantErr(f.T, "Events", err, context.Canceled)
		_, err = f.Adjustments(ctx, f.a, d, d)
		wantErr(f.T, "Adjustments", err, context.Canceled)
	}},
}
