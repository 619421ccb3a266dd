package porttest_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
	"github.com/aiwoochat/woochat/test/porttest/brokentest"
)

type sinkFunc func(context.Context, tenant.Scope, ports.Event)

func (f sinkFunc) Publish(ctx context.Context, s tenant.Scope, e ports.Event) { f(ctx, s, e) }

// TestEventSinkSuiteCatches runs the suite on sinks that are wrong in one way
// each.
func TestEventSinkSuiteCatches(t *testing.T) {
	for _, b := range []struct {
		name    string
		by      string // the case that must catch it
		publish func(good *memory.Events) sinkFunc
		deliver func([]porttest.PublishedEvent)
	}{
		{"a done context loses events", "done context", func(good *memory.Events) sinkFunc {
			return func(ctx context.Context, s tenant.Scope, e ports.Event) {
				if ctx.Err() == nil {
					good.Publish(ctx, s, e)
				}
			}
		}, nil},
		{"events are lost and not counted", "concurrent", func(good *memory.Events) sinkFunc {
			var mu sync.Mutex // guards n
			n := 0
			return func(ctx context.Context, s tenant.Scope, e ports.Event) {
				mu.Lock()
				defer mu.Unlock()
				if n++; n <= 100 {
					good.Publish(ctx, s, e)
				}
			}
		}, nil},
		{"an event is delivered twice", "concurrent", func(good *memory.Events) sinkFunc {
			return func(ctx context.Context, s tenant.Scope, e ports.Event) {
				good.Publish(ctx, s, e)
				good.Publish(ctx, s, e)
			}
		}, nil},
		{"events come in another order", "deliver", func(good *memory.Events) sinkFunc { return good.Publish }, slices.Reverse[[]porttest.PublishedEvent]},
		{"events are the first one's", "deliver", func(good *memory.Events) sinkFunc {
			var first remembered[tenant.Scope]
			return func(ctx context.Context, s tenant.Scope, e ports.Event) {
				first.note("", s)
				good.Publish(ctx, first.of("", s), e)
			}
		}, nil},
	} {
		t.Run(b.name, func(t *testing.T) {
			brokentest.Caught(t, b.by, func(t *testing.T) {
				porttest.EventSink(t, func(*testing.T) porttest.EventSinkUnderTest {
					good := memory.NewEvents()
					return porttest.EventSinkUnderTest{
						EventSink: b.publish(good),
						Delivered: func(*testing.T) []porttest.PublishedEvent {
							var list []porttest.PublishedEvent
							for _, p := range good.All() {
								list = append(list, porttest.PublishedEvent(p))
							}
							if b.deliver != nil {
								b.deliver(list)
							}
							return list
						},
						Lost:     func(*testing.T) int64 { return good.Dropped() },
						NewScope: freshScope,
					}
				})
			})
		})
	}
}
