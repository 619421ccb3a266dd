package memory_test

import (
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestEvents(t *testing.T) {
	porttest.EventSink(t, func(*testing.T) porttest.EventSinkUnderTest {
		e := memory.NewEvents()
		return porttest.EventSinkUnderTest{
			EventSink: e,
			Delivered: func(*testing.T) []porttest.PublishedEvent {
				var list []porttest.PublishedEvent
				for _, p := range e.All() {
					list = append(list, porttest.PublishedEvent(p))
				}
				return list
			},
			Lost:     func(*testing.T) int64 { return e.Dropped() },
			NewScope: newScope,
		}
	})
}

type tick int

func (tick) EventName() string { return "test.tick" }

func TestEventsAreBounded(t *testing.T) {
	e, s := memory.NewEvents(), newScope(t)
	for i := range memory.MaxEvents + 3 {
		e.Publish(t.Context(), s, tick(i))
	}
	all := e.All()
	if len(all) != memory.MaxEvents || e.Dropped() != 3 {
		t.Errorf("got %d events and %d dropped, want %d and 3", len(all), e.Dropped(), memory.MaxEvents)
	}
	if last := all[len(all)-1].Event; last != tick(memory.MaxEvents-1) {
		t.Errorf("the last event is %v: later ones must not replace earlier ones", last)
	}
}
