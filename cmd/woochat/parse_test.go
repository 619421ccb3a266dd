package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/aiwoochat/woochat/app/wiring"
)

func TestHelp(t *testing.T) {
	s := newShell(t)
	golden(t, "help.txt", s.ok("--help"))
	if got := s.ok(); got != s.ok("--help") {
		t.Errorf("woochat without arguments does not print its help but\n%s", got)
	}
	golden(t, "help-license-set.txt", s.ok("license", "set", "--help"))
	golden(t, "help-ingest.txt", s.ok("ingest", "--help"))
}

// leaves returns the words of every command.
func leaves(t *testing.T) map[string]*kong.Node {
	t.Helper()
	k, err := (&program{}).newParser()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*kong.Node{}
	for _, node := range k.Model.Leaves(false) {
		var words []string
		for n := node; n.Parent != nil; n = n.Parent {
			words = append([]string{n.Name}, words...)
		}
		out[strings.Join(words, " ")] = node
	}
	return out
}

func TestEveryCommandExplainsItself(t *testing.T) {
	s := newShell(t)
	all := leaves(t)
	if len(all) < 35 {
		t.Fatalf("%d commands, want those of the issue", len(all))
	}
	for name, node := range all {
		out := s.ok(append(strings.Fields(name), "--help")...)
		if !strings.HasPrefix(out, "Usage: woochat "+name) || node.Help == "" {
			t.Errorf("help of %q:\n%s", name, out)
		}
		for _, f := range node.Flags {
			if f.Help == "" {
				t.Errorf("woochat %s: --%s says nothing of itself", name, f.Name)
			}
		}
	}
}

func TestEverySettingIsAFlagAndHasItsVariableInTheHelp(t *testing.T) {
	s := newShell(t)
	for _, command := range []string{"serve", "demo", "doctor"} {
		help := s.ok(command, "--help")
		for _, setting := range wiring.Settings() {
			if !strings.Contains(help, "--"+setting.Flag+"=") || !strings.Contains(help, setting.Env) {
				t.Errorf("woochat %s --help does not tell of --%s and %s", command, setting.Flag, setting.Env)
			}
		}
	}
	if strings.Contains(s.ok("tenant", "list", "--help"), "--qdrant-url") {
		t.Error("the settings drown the flags of tenant list")
	}
	out := s.ok("config", "show", "--origin", "--max-tokens", "700", "--prices-file=")
	for _, want := range []string{"700 ", "flag --max-tokens", "flag --prices-file", "env WOOCHAT_DATA_DIR"} {
		if !strings.Contains(out, want) {
			t.Errorf("config show --origin lacks %q:\n%s", want, out)
		}
	}
}

func TestBadCommandLines(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want []string // lines of stderr, each a part of one
		not  []string
	}{
		{"an unknown command", []string{"ingst"}, []string{`unexpected argument ingst, did you mean`, `"woochat --help"`}, []string{"expected one of"}},
		{"half a command", []string{"site"}, []string{`expected one of "create", "list"`, `"woochat site --help"`}, nil},
		{"an unknown flag", []string{"usage", "--sote"}, []string{`woochat: unknown flag --sote, did you mean "--site"?`, `"woochat usage show --help"`}, nil},
		{"an unknown flag with a value", []string{"usage", "--sote", "foo"}, []string{`woochat: unknown flag --sote`}, []string{"foo"}},
		{"a value that an enumeration lacks", []string{"key", "create", "--kind", "foo"}, []string{`--kind: "foo" is not one of site, api`}, nil},
		{"a number that is none", []string{"ingest", "csv", "f.csv", "--decimals", "x"}, []string{"--decimals: "}, nil},
		{"a flag without its value", []string{"usage", "--site"}, []string{"--site: needs a value: Id, name"}, nil},
		{"a flag for a value", []string{"usage", "--site", "--json"}, []string{`--site: needs a value; to give "--json" as one write --site=--json`}, nil},
		{"an argument that is missing", []string{"backup"}, []string{"FILE: is needed: The file to write"}, nil},
		{"an argument too many", []string{"backup", "a", "b"}, []string{"unexpected argument b"}, nil},
		{
			"everything at once",
			[]string{"key", "create", "--kind", "foo", "--bogus", "x", "--name", "--max-tokens", "3", "--answer-timeout=soon"},
			[]string{
				"5 problems:", "unknown flag --bogus", `--name: needs a value; to give "--max-tokens"`, `--kind: "foo" is not one of`,
				"WOOCHAT_MAX_TOKENS (flag --max-tokens): \"3\" is not a whole number from 16", "WOOCHAT_ANSWER_TIMEOUT (flag --answer-timeout)",
			},
			nil,
		},
		{
			"all that is missing",
			[]string{"member", "create"},
			[]string{"2 problems:", "--email: is needed: The person's", "--role: is needed: owner, admin"},
			nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newShell(t).run(c.args...)
			if r.code != exitUsage || r.out != "" {
				t.Errorf("exit code %d, stdout %q; want 2 and nothing", r.code, r.out)
			}
			for _, want := range c.want {
				if !strings.Contains(r.err, want) {
					t.Errorf("stderr lacks %q:\n%s", want, r.err)
				}
			}
			for _, not := range c.not {
				if strings.Contains(r.err, not) {
					t.Errorf("stderr has %q:\n%s", not, r.err)
				}
			}
			if !strings.HasPrefix(r.err, "woochat: ") {
				t.Errorf("stderr does not begin with the program's name:\n%s", r.err)
			}
		})
	}
}

func TestBareCommandsNeedNoConfiguration(t *testing.T) {
	s := newShell(t)
	s.env["WOOCHAT_MAX_TOKENS"] = "nonsense"
	s.ok("version")
	a, b := s.ok("config", "secret"), s.ok("config", "secret")
	if a == b || len(strings.TrimSpace(a)) < 43 {
		t.Errorf("two secrets: %q and %q", a, b)
	}
	if !strings.HasPrefix(s.ok("--version"), "woochat ") {
		t.Error("--version does not print the version")
	}
	all := leaves(t)
	var bares []string
	for name, node := range all {
		if bare(node) {
			bares = append(bares, name)
		}
	}
	slices.Sort(bares)
	if want := []string{"config secret", "version"}; !slices.Equal(bares, want) {
		t.Errorf("commands without configuration: %v, want %v", bares, want)
	}
}
