package e2e

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/test/fakes/openaifake"
	"github.com/aiwoochat/woochat/test/harness/migrated"
)

// again starts a server on a folder that has a shop in it, and returns that
// shop.
func (s *shop) again(env map[string]string) *shop {
	s.Helper()
	all := map[string]string{"WOOCHAT_ADDR": "127.0.0.1:0", "WOOCHAT_ADMIN_ADDR": "127.0.0.1:0", "WOOCHAT_SECRET_KEY": secretKey}
	maps.Copy(all, env)
	cfg, _, err := wiring.Load(wiring.Sources{Env: func(name string) (string, bool) { v, ok := all[name]; return v, ok }})
	s.must(err)
	cfg.UnpricedFree = all["OPENAI_BASE_URL"] != ""
	app, err := wiring.Start(s.Context(), cfg, wiring.Options{Listen: true, Log: slog.New(slog.DiscardHandler)})
	s.must(err)
	s.Cleanup(func() {
		if err := app.Stop(context.Background()); err != nil {
			s.Errorf("Stop: %v", err)
		}
	})
	next := *s
	next.app = app
	return &next
}

// indexed waits until the index holds every document as it is stored.
func (s *shop) indexed() {
	s.Helper()
	deadline, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		states, err := s.app.Inventory.States(s.Context(), s.site.Scope(), "", 1000)
		s.must(err)
		var waiting []retrieval.DocumentID
		for _, st := range states {
			if st.Shown && st.Indexed != st.Revision {
				waiting = append(waiting, st.ID)
			}
		}
		if len(states) > 0 && len(waiting) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.Done():
			s.Fatalf("not indexed: %v", waiting)
		}
	}
}

// TestRestoredBackup serves a backup, which has the documents and no index.
func TestRestoredBackup(t *testing.T) {
	s := open(t, withStore("sqlite", migrated.Folder(t)))
	restored := t.TempDir()
	s.must(s.app.Backup(t.Context(), filepath.Join(restored, "woochat.db")))
	next := s.again(map[string]string{"WOOCHAT_DATA_DIR": restored})
	next.indexed()
	if got := next.ask(next.session(), "How much is the Kilde Insulated Bottle?"); len(got.Products) == 0 {
		t.Errorf("the restored shop finds nothing: %+v", got)
	}
}

// searchedBy waits until the shop is searched in an index of the model's vectors,
// and none is built.
func (s *shop) searchedBy(model string) {
	s.Helper()
	s.until("the index comes to "+model, 10*time.Millisecond, func() bool {
		st, err := s.app.Ingesting.IndexStatus(s.Context(), s.site.Scope())
		s.must(err)
		return st.Served.Model == model && st.Building.No == 0 && st.Waiting == 0
	})
}

// TestLostIndex deletes the index under a server that is down.
func TestLostIndex(t *testing.T) {
	dir := t.TempDir()
	s := open(t, withStore("sqlite", dir))
	s.must(s.app.Stop(t.Context()))
	s.must(os.Remove(filepath.Join(dir, "index.db")))
	next := s.again(map[string]string{"WOOCHAT_DATA_DIR": dir})
	next.indexed()
	if got := next.ask(next.session(), "How much is the Kilde Insulated Bottle?"); len(got.Products) == 0 {
		t.Errorf("finds nothing: %+v", got)
	}
}

// TestEmbedderSwitchedOnLater gives a shop that was found by words alone a
// model for its vectors: all of it is embedded then, once.
func TestEmbedderSwitchedOnLater(t *testing.T) {
	dir := t.TempDir()
	s := open(t, withStore("sqlite", dir))
	s.must(s.app.Stop(t.Context()))
	fake := openaifake.New(t, openaifake.Options{})
	env := map[string]string{
		"WOOCHAT_DATA_DIR": dir, "OPENAI_BASE_URL": fake.URL(), "WOOCHAT_CHAT_MODEL": "m", "WOOCHAT_EMBEDDING_MODEL": "fake-embedding",
	}
	embedded := func() (texts int) {
		for _, c := range fake.Calls() {
			texts += len(c.Embed.Input)
		}
		return texts
	}
	next := s.again(env)
	next.searchedBy("fake-embedding")
	first := embedded()
	if first == 0 {
		t.Fatal("nothing was embedded")
	}
	s.must(next.app.Stop(t.Context()))
	s.again(env).indexed()
	if more := embedded(); more != first {
		t.Errorf("a restart embedded %d texts again", more-first)
	}
}
