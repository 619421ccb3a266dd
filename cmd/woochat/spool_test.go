package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/spool"
	"github.com/aiwoochat/woochat/domain/usage"
)

func TestSpoolStatus(t *testing.T) {
	s := newShell(t)
	if out := s.ok("spool", "status"); out != "Nothing waits for the store.\n" {
		t.Errorf("got %q", out)
	}
	at := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	j, _, err := spool.Open(spool.Config{Dir: filepath.Join(s.env["WOOCHAT_DATA_DIR"], "spool"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if err := j.Append(spool.Record{Reservation: "res_1", Event: usage.Event{ID: "evt_1"}, Spooled: at}); err != nil {
		t.Fatal(err)
	}
	if out := s.ok("spool", "status"); !strings.HasPrefix(out, "1 settlements wait for the store, ") || !strings.Contains(out, "2026-11-28T12:00:00Z") {
		t.Errorf("got %q", out)
	}
	if got := fromJSON[waiting](t, s.ok("spool", "status", "--json")); got.Pending != 1 || got.Bytes == 0 || !got.Oldest.Equal(at) {
		t.Errorf("got %+v", got)
	}
}
