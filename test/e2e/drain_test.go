package e2e

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/fakes/openaifake"
	"github.com/aiwoochat/woochat/test/harness/migrated"
)

// TestAnswersUnderWayAtTheEnd ends a process in the middle of an answer: within
// the grace the answer is finished, after it the answer is stopped; either way
// its reader is told, and it is settled before the process is gone.
func TestAnswersUnderWayAtTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		grace  string
		finish string
		lets   bool // the provider goes on
	}{
		"within the grace": {"20s", "stop", true},
		"after the grace":  {"50ms", "stopped", false},
	} {
		t.Run(name, func(t *testing.T) {
			gate := &openaifake.Gate{}
			fake := openaifake.New(t, openaifake.Options{Gate: gate, Script: func(openaifake.ChatRequest) string {
				return strings.TrimSpace(strings.Repeat("One more sentence about mugs. ", 20))
			}})
			dir := migrated.Folder(t)
			s := open(t, withStore("sqlite", dir), withProvider(fake, "talker"), withEnv("WOOCHAT_SHUTDOWN_GRACE", c.grace), withoutGoods())
			token := s.session()
			st := s.stream(token, "Tell me about mugs")
			gate.Step(20)
			st.next()
			if e, ok := st.next(); !ok || e.name != "delta" {
				t.Fatalf("got %+v, want text", e)
			}
			stopped := make(chan error, 1)
			go func() { stopped <- s.app.Stop(context.Background()) }()
			if c.lets {
				<-time.After(200 * time.Millisecond) // to be in the middle of it; nothing depends on how long
				gate.Open()
			}
			end := last(st.all())
			if end.name != "message.end" || !strings.Contains(end.data, `"finish":"`+c.finish+`"`) {
				t.Errorf("the stream ended with %+v, want finish %s", end, c.finish)
			}
			select {
			case err := <-stopped:
				s.must(err)
			case <-time.After(patience):
				t.Fatalf("still stopping after %v", patience)
			}
			events := s.left(dir)
			if len(events) != 1 || events[0].Success != c.lets || events[0].Tokens.Output == 0 || events[0].ChatRequests != 1 {
				t.Errorf("settled as %+v", events)
			}
		})
	}
}

// left returns the events that a process that has ended left in a folder, and
// fails if anything is held there.
func (s *shop) left(dir string) []usage.Event {
	s.Helper()
	cfg, _, err := wiring.Load(wiring.Sources{Env: func(name string) (string, bool) {
		return dir, name == "WOOCHAT_DATA_DIR"
	}})
	s.must(err)
	app, err := wiring.Start(s.Context(), cfg, wiring.Options{Log: slog.New(slog.DiscardHandler)})
	s.must(err)
	defer func() { s.must(app.Stop(context.Background())) }()
	now := time.Now()
	first, last := usage.DayOf(now.AddDate(0, 0, -1), time.UTC), usage.DayOf(now.AddDate(0, 0, 1), time.UTC)
	days, err := app.Metering.Usage.Days(s.Context(), s.site.Scope(), first, last)
	s.must(err)
	for _, d := range days {
		if d.Held != (usage.Amounts{}) {
			s.Errorf("%s holds %+v", d.Day, d.Held)
		}
	}
	events, err := app.Metering.Usage.Events(s.Context(), s.site.Scope(), first, last, "", 100)
	s.must(err)
	return events
}
