package postgres

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/lib/pq"

	"github.com/aiwoochat/woochat/ports"
)

// No server of these versions is at hand, and none that is far away.
func TestJudge(t *testing.T) {
	near, far := pq.Config{Host: "127.0.0.1", Port: 5432, User: "shop", Password: "s3cret", Database: "db"}, pq.Config{Host: "db.example.com", Port: 5432}
	info, err := facts{Number: 140_011, Version: "14.11 (Debian 14.11-1)"}.judge(near)
	var e *CheckError
	if !errors.As(err, &e) || e.Problem != TooOld || !errors.Is(err, ports.ErrInvalid) || info.Version != "14.11" {
		t.Errorf("14.11: got %+v, %v, want TooOld", info, err)
	}
	if err == nil || !strings.Contains(err.Error(), "shop@127.0.0.1:5432/db") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("%v does not say where, or holds the password", err)
	}
	for _, c := range []struct {
		name string
		cfg  pq.Config
		tls  bool
		want int
	}{
		{"near", near, false, 0},
		{"far", far, false, 1},
		{"far, encrypted", far, true, 0},
		{"a socket", pq.Config{Host: "/run/postgresql"}, false, 0},
		{"near by name, far by address", pq.Config{Host: "localhost", Hostaddr: netip.MustParseAddr("192.0.2.1")}, false, 1},
		{"near, or else far", pq.Config{Host: "localhost", Multi: []pq.ConfigMultihost{{Host: "db.example.com"}}}, false, 1},
	} {
		info, err := facts{Number: 150_000, Version: "15.0", TLS: c.tls}.judge(c.cfg)
		if err != nil || len(info.Warnings) != c.want {
			t.Errorf("%s: got warnings %q, %v, want %d", c.name, info.Warnings, err, c.want)
		}
	}
}

func TestExcess(t *testing.T) {
	near, far := pq.Config{Host: "127.0.0.1"}, pq.Config{Host: "db.example.com"}
	for _, c := range []struct {
		name string
		f    facts
		cfg  pq.Config
		may  power
		want int
	}{
		{"plain ledger", facts{}, near, nobodySpecial, 0},
		{"superuser as ledger", facts{Super: true}, near, nobodySpecial, 1},
		{"bypassing ledger", facts{Bypass: true}, near, nobodySpecial, 1},
		{"bypassing service", facts{Bypass: true}, near, passesPolicies, 0},
		{"superuser as service", facts{Super: true, Bypass: true}, near, passesPolicies, 1},
		{"far ledger", facts{}, far, nobodySpecial, 1},
		{"far service", facts{}, far, passesPolicies, 1},
		{"far service, encrypted", facts{TLS: true}, far, passesPolicies, 0},
	} {
		if got := c.f.excess(c.cfg, c.may); len(got) != c.want {
			t.Errorf("%s: %q, want %d warnings", c.name, got, c.want)
		}
	}
}
