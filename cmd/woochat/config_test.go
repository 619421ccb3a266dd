package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const testSecret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestConfigCheck(t *testing.T) {
	s := newShell(t)
	if out := s.ok("config", "check"); !strings.Contains(out, "The configuration is good: store embedded") {
		t.Errorf("got %q", out)
	}
	file := filepath.Join(t.TempDir(), "woochat.env")
	if err := os.WriteFile(file, []byte("WOOCHAT_MAX_TOKENS=3\nWOOCHAT_TYPO=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.env["WOOCHAT_LOG_LEVEL"] = "loud"
	s.env["WOOCHAT_CONFIG"] = file
	r := s.run("config", "check", "--addr", "nowhere")
	if r.code != exitUsage {
		t.Errorf("exit code %d, want 2", r.code)
	}
	for _, want := range []string{
		"4 problems:", "WOOCHAT_MAX_TOKENS (file " + file + ":1): ", "WOOCHAT_TYPO (file " + file + ":2): is not a setting",
		`WOOCHAT_LOG_LEVEL (env WOOCHAT_LOG_LEVEL): "loud" is not`, "WOOCHAT_ADDR (flag --addr): ", "Hint: \"woochat config show --origin\"",
	} {
		if !strings.Contains(r.err, want) {
			t.Errorf("stderr lacks %q:\n%s", want, r.err)
		}
	}
}

func TestConfigCheckForServe(t *testing.T) {
	s := newShell(t)
	r := s.run("config", "check", "--serve")
	if r.code != exitUsage || !strings.Contains(r.err, "WOOCHAT_SECRET_KEY (not set)") || !strings.Contains(r.err, `"woochat config secret" makes one`) {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	s.env["WOOCHAT_SECRET_KEY"] = strings.TrimSpace(s.ok("config", "secret"))
	s.ok("config", "check", "--serve")
}

func TestSecretsAreNeverShown(t *testing.T) {
	s := newShell(t)
	s.env["WOOCHAT_SECRET_KEY"] = testSecret
	s.env["OPENAI_API_KEY"] = "sk-provider-secret"
	s.env["WOOCHAT_DATABASE_URL"] = "mysql://app:hunter2@db.example.com/woochat" // refused before anybody connects
	for _, args := range [][]string{
		{"config", "show"},
		{"config", "show", "--origin"},
		{"config", "show", "--json"},
		{"config", "check"},
		{"config", "show", "--addr", "bad"},
		{"tenant", "list"},
		{"doctor"},
		{"serve"},
		{"migrate", "status"},
		{"demo"},
	} {
		r := s.run(args...)
		for _, secret := range []string{testSecret, "sk-provider-secret", "hunter2"} {
			if strings.Contains(r.out+r.err, secret) {
				t.Errorf("woochat %s shows %s:\n%s%s", strings.Join(args, " "), secret, r.out, r.err)
			}
		}
	}
	delete(s.env, "WOOCHAT_DATABASE_URL")
	var rows list[settingRow]
	if err := json.Unmarshal([]byte(s.ok("config", "show", "--json", "--origin")), &rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows.Data {
		if row.Name == "WOOCHAT_SECRET_KEY" && (row.Value != "[redacted]" || row.Origin != "env WOOCHAT_SECRET_KEY") {
			t.Errorf("got %+v", row)
		}
	}
}
