package postgres

import (
	"errors"
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
	}{{"near", near, false, 0}, {"far", far, false, 1}, {"far, encrypted", far, true, 0}, {"a socket", pq.Config{Host: "/run/postgresql"}, false, 0}} {
		info, err := facts{Number: 150_000, Version: "15.0", TLS: c.tls}.judge(c.cfg)
		if err != nil || len(info.Warnings) != c.want {
			t.Errorf("%s: got warnings %q, %v, want %d", c.name, info.Warnings, err, c.want)
		}
	}
}
