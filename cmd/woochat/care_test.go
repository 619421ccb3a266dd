package main

import (
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

func TestMigrate(t *testing.T) {
	s := newShell(t)
	s.env["WOOCHAT_DATA_DIR"] = filepath.Join(s.env["WOOCHAT_DATA_DIR"], "new")
	if out := s.ok("migrate", "status"); !strings.Contains(out, "It is not there yet") {
		t.Errorf("got %q", out)
	}
	if _, err := os.Stat(s.env["WOOCHAT_DATA_DIR"]); err == nil {
		t.Error("migrate status made a store")
	}
	if out := s.ok("migrate", "up"); !strings.Contains(out, "ready for this version: embedded, in ") {
		t.Errorf("got %q", out)
	}
	s.ok("migrate", "up")
	if got := fromJSON[storeStatus](t, s.ok("migrate", "status", "--json")); !got.Exists || !got.Opens {
		t.Errorf("got %+v", got)
	}
}

func TestBackup(t *testing.T) {
	s := newShell(t)
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	path := filepath.Join(t.TempDir(), "copy.db")
	if out := s.ok("backup", path); !strings.Contains(out, "bytes") {
		t.Errorf("got %q", out)
	}
	r := s.run("backup", path)
	if r.code != exitFailure || !strings.Contains(r.err, "is there already") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	// The copy is a store.
	dir := t.TempDir()
	if err := os.Rename(path, filepath.Join(dir, "woochat.db")); err != nil {
		t.Fatal(err)
	}
	s.env["WOOCHAT_DATA_DIR"] = dir
	if out := s.ok("site", "list"); !strings.Contains(out, "a.example.com") {
		t.Errorf("the copy has no site:\n%s", out)
	}
}

func TestDoctor(t *testing.T) {
	s := newShell(t)
	ports := []string{"--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"}
	out := s.ok(append([]string{"doctor"}, ports...)...)
	for _, want := range []string{"ok   configuration", "ok   data folder", "ok   store", "ok   model", "ok   secret key", "woochat init"} {
		if !strings.Contains(out, want) {
			t.Errorf("doctor lacks %q:\n%s", want, out)
		}
	}
	found := fromJSON[list[finding]](t, s.ok(append([]string{"doctor", "--json"}, ports...)...))
	if len(found.Data) < 7 {
		t.Errorf("got %+v", found.Data)
	}
	entries, err := os.ReadDir(s.env["WOOCHAT_DATA_DIR"])
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".woochat-doctor") {
			t.Errorf("doctor left %s", e.Name())
		}
	}

	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.env["WOOCHAT_DATA_DIR"] = filepath.Join(file, "data")
	r := s.run("doctor")
	if r.code != exitFailure || !strings.Contains(r.out, "BAD  data folder") || !strings.Contains(r.out, "BAD  store") {
		t.Errorf("exit code %d:\n%s%s", r.code, r.out, r.err)
	}
	r = s.run("doctor", "--max-tokens", "1", "--addr", "x")
	if r.code != exitFailure || strings.Count(r.out, "BAD ") != 2 || !strings.Contains(r.err, "2 things are wrong") {
		t.Errorf("exit code %d:\n%s%s", r.code, r.out, r.err)
	}
}

// nobody is an address of this machine where nobody listens: the system gives that
// port to none who asks for any.
const nobody = "127.0.0.1:1"

func TestDoctorAsksTheServers(t *testing.T) {
	postgres, qdrant := "postgres://woochat:hunter2@"+nobody+"/woochat", "http://"+nobody
	for _, c := range []struct {
		name string
		env  map[string]string
		bad  []string // what is wrong, in order
		good []string
	}{
		{"neither", nil, nil, []string{"data folder", "store", "model"}},
		{"Postgres", map[string]string{"WOOCHAT_DATABASE_URL": postgres}, []string{"postgres", "store"}, nil},
		{"Qdrant", map[string]string{"WOOCHAT_QDRANT_URL": qdrant}, []string{"qdrant"}, []string{"data folder", "store"}},
		{"both", map[string]string{"WOOCHAT_DATABASE_URL": postgres, "WOOCHAT_QDRANT_URL": qdrant}, []string{"postgres", "qdrant", "store"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newShell(t)
			maps.Copy(s.env, c.env)
			r := s.run("doctor", "--json", "--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0")
			if want := min(len(c.bad), 1); r.code != want {
				t.Errorf("exit code %d, want %d: %s", r.code, want, r.err)
			}
			if strings.Contains(r.out+r.err, "hunter2") {
				t.Errorf("the password is shown:\n%s%s", r.out, r.err)
			}
			var bad, good []string
			for _, f := range fromJSON[list[finding]](t, r.out).Data {
				switch {
				case f.OK:
					good = append(good, f.What)
				case f.Todo == "":
					t.Errorf("%s: %q says not what to do", f.What, f.Detail)
				case f.What == "store":
					if !strings.Contains(f.Detail, "WOOCHAT_LEDGER_DATABASE_URL") {
						t.Errorf("%s: %q", f.What, f.Detail)
					}
					fallthrough
				default:
					bad = append(bad, f.What)
				}
			}
			if !slices.Equal(bad, c.bad) {
				t.Errorf("bad are %v, want %v:\n%s", bad, c.bad, r.out)
			}
			for _, want := range c.good {
				if !slices.Contains(good, want) {
					t.Errorf("%s is not good:\n%s", want, r.out)
				}
			}
		})
	}
}

func TestDoctorThatIsStopped(t *testing.T) {
	s := newShell(t)
	ctx, stop := contextOf(t)
	stop()
	var out, err strings.Builder
	if code := run(ctx, []string{"doctor"}, s.lookup, strings.NewReader(""), &out, &err); code != exitInterrupted || strings.Contains(out.String(), "BAD") {
		t.Errorf("exit code %d:\n%s%s", code, out.String(), err.String())
	}
}

func TestVersion(t *testing.T) {
	for _, c := range []struct {
		info *debug.BuildInfo
		want string
	}{
		{nil, "woochat devel go"},
		{&debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, "woochat devel go"},
		{&debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "woochat v1.2.3 go"},
		{
			&debug.BuildInfo{Settings: []debug.BuildSetting{
				{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.time", Value: "2026-11-23T12:00:00Z"}, {Key: "vcs.modified", Value: "true"},
			}},
			"woochat devel (0123456789ab, 2026-11-23T12:00:00Z, modified) go",
		},
	} {
		if got := versionOf(c.info).String(); !strings.HasPrefix(got, c.want) {
			t.Errorf("got %q, want %q...", got, c.want)
		}
	}
	if v := fromJSON[buildVersion](t, newShell(t).ok("version", "--json")); v.Version == "" || v.Platform == "" {
		t.Errorf("got %+v", v)
	}
}
