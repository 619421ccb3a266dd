package porttest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// EventSinkUnderTest is a sink with a way to see what became of the events.
type EventSinkUnderTest struct {
	ports.EventSink
	// Delivered waits until all that was published is delivered or lost, and
	// returns what was delivered, in order. Suites publish some hundred events
	// at most.
	Delivered func(t *testing.T) []PublishedEvent
	// Lost returns how many events were lost.
	Lost     func(t *testing.T) int64
	NewScope func(t *testing.T) tenant.Scope
}

// PublishedEvent is an event and whose it is.
type PublishedEvent struct {
	Scope tenant.Scope
	Event ports.Event
}

// sink is the fixture of the suite about event sinks.
type sink struct {
	storeT
	EventSinkUnderTest
}

// happened is an event of the suite.
type happened struct {
	By int
	No int
}

// EventName implements ports.Event.
func (happened) EventName() string { return "suite.happened" }

// EventSink checks an adapter of ports.EventSink. open is called once for each
// case, and returns a sink that has delivered nothing.
func EventSink(t *testing.T, open func(t *testing.T) EventSinkUnderTest) {
	t.Helper()
	runCases(t, eventSinkCases, func(t *testing.T) sink { return sink{storeT{t}, open(t)} })
}

var eventSinkCases = []contractCase[sink]{
	{"deliver", "events are delivered with their scope, in the order of one publisher", func(f sink) {
		a, b := f.NewScope(f.T), f.NewScope(f.T)
		var want []PublishedEvent
		for i := range 20 {
			s := []tenant.Scope{a, b}[i%2]
			want = append(want, PublishedEvent{s, happened{No: i}})
			f.Publish(f.Context(), s, happened{No: i})
		}
		f.want("delivered", f.Delivered(f.T), want)
		f.want("lost", f.Lost(f.T), int64(0))
	}},
	{"done context", "Publish works although its context is done", func(f sink) {
		s := f.NewScope(f.T)
		f.Publish(f.done(), s, happened{No: 1})
		f.want("delivered", f.Delivered(f.T), []PublishedEvent{{s, happened{No: 1}}})
	}},
	{"concurrent", "of events published at the same time each is delivered once, or counted as lost", func(f sink) {
		s := f.NewScope(f.T)
		together(8, func(by int) {
			for no := range 50 {
				f.Publish(f.Context(), s, happened{by, no})
			}
		})
		got := f.Delivered(f.T)
		f.want("delivered and lost", int64(len(got))+f.Lost(f.T), int64(400))
		seen := map[string]bool{}
		last := slices.Repeat([]int{-1}, 8)
		for _, p := range got {
			e, ok := p.Event.(happened)
			if !ok || p.Scope != s || seen[fmt.Sprint(e)] {
				f.Fatalf("delivered %+v, which was not published, or twice", p)
			}
			seen[fmt.Sprint(e)] = true
			if e.No < last[e.By] {
				f.Fatalf("event %d of publisher %d came after %d", e.No, e.By, last[e.By])
			}
			last[e.By] = e.No
		}
	}},
}
