package sqlite

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// crashDir names the data folder to a process that is going to be killed.
const crashDir = "WOOCHAT_SQLITE_CRASH_TEST_DIR"

// TestKilledServer kills a server in the middle of an answer: its lock is free
// at once, and what it had sent and noted is there and swept.
func TestKilledServer(t *testing.T) {
	if dir := os.Getenv(crashDir); dir != "" {
		serveUntilKilled(t, dir)
		return
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	child := exec.CommandContext(t.Context(), exe, "-test.run=^TestKilledServer$", "-test.timeout=1m")
	child.Env = append(os.Environ(), crashDir+"="+dir)
	child.Stderr = os.Stderr
	stdin, err := child.StdinPipe() // its end would end the child
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the server did not begin: %v", err)
	}
	ids := strings.Fields(line)
	if len(ids) != 3 {
		t.Fatalf("the server said %q", line)
	}
	c := Config{Dir: dir, Exclusive: true, Now: time.Now, NewID: porttest.NewID}
	_, err = Open(t.Context(), c)
	var locked *LockedError
	if !errors.As(err, &locked) || locked.PID != child.Process.Pid {
		t.Errorf("while it runs: got %v, want a *LockedError of process %d", err, child.Process.Pid)
	}

	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // says only that it was killed

	db, err := Open(t.Context(), c)
	if err != nil {
		t.Fatalf("after it was killed: %v", err)
	}
	defer db.Close()
	l, s := db.Ledger(), tenant.Scope{Tenant: tenant.ID(ids[0]), Site: tenant.SiteID(ids[1])}
	day := func() usage.Totals {
		days, err := l.Days(t.Context(), s, "2026-11-23", "2026-11-23")
		if err != nil {
			t.Fatal(err)
		}
		return days[0]
	}
	if got := day(); got.Held.ChatTokens != 90 || got.Used.ChatTokens != 0 {
		t.Errorf("the day has %+v, want the 90 tokens of the call held", got)
	}
	swept, err := l.Sweep(t.Context(), epoch.Add(time.Hour), 10)
	if err != nil || len(swept) != 1 || string(swept[0].Reservation) != ids[2] {
		t.Fatalf("Sweep: got %+v, error %v, want %s", swept, err, ids[2])
	}
	if got := day(); got.Held != (usage.Amounts{}) || got.Used.ChatTokens != 67 {
		t.Errorf("the day has %+v, want the prompt of 60 and the 7 that were noted", got)
	}
}

func serveUntilKilled(t *testing.T, dir string) {
	db, err := Open(t.Context(), Config{Dir: dir, Exclusive: true, Now: time.Now, NewID: porttest.NewID})
	if err != nil {
		t.Fatal(err)
	}
	l, s := db.Ledger(), makeSite(t, db)
	id := usage.ReservationID(usage.ReservationPrefix + porttest.NewID())
	if err := errors.Join(
		l.Reserve(t.Context(), s, usage.Hold{
			ID: id, Day: "2026-11-23", Want: usage.Amounts{ChatRequests: 1, ChatTokens: 500}, Limits: usage.NoLimits(),
			Admit: epoch, Expires: epoch.Add(time.Minute),
		}),
		l.Dispatch(t.Context(), s, id, usage.Call{No: 1, Kind: usage.Chat, Model: "m", ChatRequests: 1, PromptTokens: 60, MaxOutput: 30, At: epoch}, usage.Amounts{}),
		l.Checkpoint(t.Context(), []ports.Checkpoint{{Scope: s, Reservation: id, CallNo: 1, Output: 7}}),
	); err != nil {
		t.Fatal(err)
	}
	fmt.Println(s.Tenant, s.Site, id)
	_, _ = bufio.NewReader(os.Stdin).ReadByte() // until it is killed, or the parent is gone
}
