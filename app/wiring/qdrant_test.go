package wiring_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/adapters/sqlite"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/fakes/qdrantfake"
)

func qdrantServer(t *testing.T, o qdrantfake.Options) *qdrantfake.Server {
	t.Helper()
	s, err := qdrantfake.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// A server that cannot be used keeps woochat from serving, with the setting to
// mend; a command starts all the same.
func TestQdrantIsRefused(t *testing.T) {
	old, locked := qdrantServer(t, qdrantfake.Options{Version: "1.15.3"}), qdrantServer(t, qdrantfake.Options{APIKey: "key-s3cret"})
	gone := qdrantServer(t, qdrantfake.Options{})
	gone.Close()
	for name, c := range map[string]struct {
		url, key string
		is       error
		says     string
	}{
		"too old":   {old.Addr(), "", wiring.ErrConfig, "WOOCHAT_QDRANT_URL"},
		"no key":    {locked.Addr(), "", wiring.ErrConfig, "WOOCHAT_QDRANT_API_KEY"},
		"wrong key": {locked.Addr(), "another", wiring.ErrConfig, "WOOCHAT_QDRANT_API_KEY"},
		"not there": {gone.Addr(), "", ports.ErrUnavailable, "check host, port"},
	} {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{
				"WOOCHAT_ADDR": "127.0.0.1:0", "WOOCHAT_ADMIN_ADDR": "127.0.0.1:0", "WOOCHAT_SECRET_KEY": secretKey, "WOOCHAT_DATA_DIR": t.TempDir(),
				"WOOCHAT_QDRANT_URL": "http://" + c.url, "WOOCHAT_QDRANT_API_KEY": c.key,
			}
			log := slog.New(slog.DiscardHandler)
			_, err := wiring.Start(t.Context(), load(t, env), wiring.Options{Listen: true, Log: log})
			if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "key-s3cret") {
				t.Errorf("got %v, want %v that says %q", err, c.is, c.says)
			}
			command, err := wiring.Start(t.Context(), load(t, env), wiring.Options{Log: log})
			if err != nil {
				t.Fatalf("a command: %v", err)
			}
			if err := command.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}

// Whoever goes to Qdrant leaves the embedded index, which is built again when he
// comes back: it has missed what changed meanwhile.
func TestTheEmbeddedIndexIsLeft(t *testing.T) {
	dir := t.TempDir()
	env := map[string]string{"WOOCHAT_ADDR": "127.0.0.1:0", "WOOCHAT_ADMIN_ADDR": "127.0.0.1:0", "WOOCHAT_SECRET_KEY": secretKey, "WOOCHAT_DATA_DIR": dir}
	needs := func(want bool) {
		t.Helper()
		x, err := sqlite.OpenIndex(t.Context(), sqlite.IndexConfig{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := x.NeedsRebuild(t.Context()); err != nil || got != want {
			t.Errorf("NeedsRebuild: %v, %v, want %v", got, err, want)
		}
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	}
	startAndStop(t, env, true, nil)
	needs(false)
	env["WOOCHAT_QDRANT_URL"] = "http://" + qdrantServer(t, qdrantfake.Options{}).Addr()
	startAndStop(t, env, false, nil) // a command decides nothing
	needs(false)
	startAndStop(t, env, true, nil)
	needs(true)
	delete(env, "WOOCHAT_QDRANT_URL")
	startAndStop(t, env, true, nil)
	needs(false)
}
