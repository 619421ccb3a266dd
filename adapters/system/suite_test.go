package system_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// lines is a log that keeps whose event each of its lines is of.
type lines struct {
	mu   *sync.Mutex
	list *[]porttest.PublishedEvent
}

func (lines) Enabled(context.Context, slog.Level) bool { return true }
func (l lines) WithAttrs([]slog.Attr) slog.Handler     { return l }
func (l lines) WithGroup(string) slog.Handler          { return l }
func (l lines) Handle(_ context.Context, r slog.Record) error {
	var p porttest.PublishedEvent
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "tenant":
			p.Scope.Tenant = tenant.ID(a.Value.String())
		case "site":
			p.Scope.Site = tenant.SiteID(a.Value.String())
		case "whole":
			p.Event, _ = a.Value.Any().(ports.Event)
		}
		return true
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	*l.list = append(*l.list, p)
	return nil
}

func TestEventSink(t *testing.T) {
	for name, sinkOf := range map[string]func(*system.Sink) ports.EventSink{
		"Sink":   func(s *system.Sink) ports.EventSink { return s },
		"Fanout": func(s *system.Sink) ports.EventSink { return system.Fanout(s) },
	} {
		t.Run(name, func(t *testing.T) {
			porttest.EventSink(t, func(t *testing.T) porttest.EventSinkUnderTest {
				log := lines{new(sync.Mutex), new([]porttest.PublishedEvent)}
				s, err := system.NewSink(slog.New(log), func(e ports.Event) (system.Facts, bool) {
					return system.Facts{Attrs: []slog.Attr{slog.Any("whole", e)}}, true
				})
				if err != nil {
					t.Fatal(err)
				}
				return porttest.EventSinkUnderTest{
					EventSink: sinkOf(s),
					Delivered: func(*testing.T) []porttest.PublishedEvent {
						log.mu.Lock()
						defer log.mu.Unlock()
						return slices.Clone(*log.list)
					},
					Lost: func(*testing.T) int64 { return 0 },
					NewScope: func(*testing.T) tenant.Scope {
						return tenant.Scope{Tenant: tenant.ID(tenant.Prefix + porttest.NewID()), Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
					},
				}
			})
		})
	}
}
