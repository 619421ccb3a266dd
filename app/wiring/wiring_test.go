package wiring_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/test/fakes/qdrantfake"
)

const secretKey = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"

// TestEveryConfiguration goes over the whole product of stores, indexes,
// models and embedders: each one starts and stops, or is refused by the name
// of the setting that it cannot have.
func TestEveryConfiguration(t *testing.T) {
	type choice struct {
		env     map[string]string
		refused string // the setting that this version cannot serve
	}
	stores := map[string]choice{
		"sqlite":                            {},
		"memory":                            {env: map[string]string{"WOOCHAT_DATABASE_URL": "memory://"}},
		"postgres":                          {env: postgresEnv(t)},
		"postgres without its other logins": {env: map[string]string{"WOOCHAT_DATABASE_URL": "postgres://u@127.0.0.1:1/x"}, refused: "WOOCHAT_LEDGER_DATABASE_URL"},
	}
	indexes := map[string]choice{
		"embedded": {},
		"qdrant":   {env: map[string]string{"WOOCHAT_QDRANT_URL": "http://" + qdrantServer(t, qdrantfake.Options{}).Addr()}},
	}
	models := map[string]choice{
		"extractive": {},
		"openai":     {env: map[string]string{"OPENAI_API_KEY": "sk-test"}},
		"local":      {env: map[string]string{"OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "WOOCHAT_CHAT_MODEL": "m", "WOOCHAT_PRICE_CEILING": "0,0"}},
	}
	embedders := map[string]choice{
		"default": {},
		"none":    {env: map[string]string{"WOOCHAT_EMBEDDING_MODEL": "none"}},
	}
	for sn, store := range stores {
		for in, index := range indexes {
			for mn, model := range models {
				for en, embedder := range embedders {
					for _, listen := range []bool{true, false} {
						t.Run(fmt.Sprintf("%s-%s-%s-%s-%v", sn, in, mn, en, listen), func(t *testing.T) {
							env := map[string]string{
								"WOOCHAT_ADDR": "127.0.0.1:0", "WOOCHAT_ADMIN_ADDR": "127.0.0.1:0",
								"WOOCHAT_SECRET_KEY": secretKey, "WOOCHAT_DATA_DIR": t.TempDir(),
							}
							var refused []string
							for _, c := range []choice{store, index, model, embedder} {
								maps.Copy(env, c.env)
								if c.refused != "" {
									refused = append(refused, c.refused)
								}
							}
							startAndStop(t, env, listen, refused)
						})
					}
				}
			}
		}
	}
}

func load(t *testing.T, env map[string]string) wiring.Config {
	t.Helper()
	cfg, _, err := wiring.Load(wiring.Sources{Env: func(n string) (string, bool) { v, ok := env[n]; return v, ok }})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func startAndStop(t *testing.T, env map[string]string, listen bool, refused []string) {
	t.Helper()
	app, err := wiring.Start(t.Context(), load(t, env), wiring.Options{Listen: listen, Log: slog.New(slog.DiscardHandler)})
	if len(refused) > 0 {
		if !errors.Is(err, wiring.ErrConfig) {
			t.Fatalf("got %v, want a configuration error", err)
		}
		for _, name := range refused {
			if !strings.Contains(err.Error(), name) {
				t.Errorf("%v does not name %s", err, name)
			}
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if listen {
		resp, err := http.Get(app.AdminURL + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("readyz: %d", resp.StatusCode)
		}
	}
	for range 2 {
		if err := app.Stop(context.Background()); err != nil {
			t.Errorf("Stop: %v", err)
		}
	}
}

// TestOneServerAFolder starts a second server on a folder that has one, and a
// command, which may run beside it.
func TestOneServerAFolder(t *testing.T) {
	env := map[string]string{
		"WOOCHAT_ADDR": "127.0.0.1:0", "WOOCHAT_ADMIN_ADDR": "127.0.0.1:0", "WOOCHAT_SECRET_KEY": secretKey, "WOOCHAT_DATA_DIR": t.TempDir(),
	}
	log := slog.New(slog.DiscardHandler)
	first, err := wiring.Start(t.Context(), load(t, env), wiring.Options{Listen: true, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	if second, err := wiring.Start(t.Context(), load(t, env), wiring.Options{Listen: true, Log: log}); err == nil {
		t.Error("two servers run on one folder", second.Stop(context.Background()))
	}
	command, err := wiring.Start(t.Context(), load(t, env), wiring.Options{Log: log})
	if err != nil {
		t.Fatalf("a command beside the server: %v", err)
	}
	if err := errors.Join(command.Stop(context.Background()), first.Stop(context.Background())); err != nil {
		t.Error(err)
	}
	startAndStop(t, env, true, nil) // the folder is free again
}

func TestServeNeedsASecretKey(t *testing.T) {
	cfg := load(t, map[string]string{"WOOCHAT_ADDR": "127.0.0.1:0", "WOOCHAT_ADMIN_ADDR": "127.0.0.1:0", "WOOCHAT_DATA_DIR": t.TempDir()})
	_, err := wiring.Start(t.Context(), cfg, wiring.Options{Listen: true, Log: slog.New(slog.DiscardHandler)})
	if !errors.Is(err, wiring.ErrConfig) || !strings.Contains(err.Error(), "woochat config secret") {
		t.Errorf("got %v, want a configuration error that says how to make one", err)
	}
}

func TestAnyPort(t *testing.T) {
	env := map[string]string{"WOOCHAT_ADDR": "127.0.0.1:0", "WOOCHAT_ADMIN_ADDR": "127.0.0.1:0", "WOOCHAT_SECRET_KEY": secretKey, "WOOCHAT_DATA_DIR": t.TempDir()}
	log := slog.New(slog.DiscardHandler)
	first, err := wiring.Start(t.Context(), load(t, env), wiring.Options{Listen: true, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Stop(context.Background()) }()
	env["WOOCHAT_ADDR"], env["WOOCHAT_DATA_DIR"] = strings.TrimPrefix(first.PublicURL, "http://"), t.TempDir()
	if _, err := wiring.Start(t.Context(), load(t, env), wiring.Options{Listen: true, Log: log}); err == nil {
		t.Error("a port that is in use was taken")
	}
	second, err := wiring.Start(t.Context(), load(t, env), wiring.Options{Listen: true, AnyPort: true, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	if second.PublicURL == first.PublicURL {
		t.Errorf("both listen on %s", first.PublicURL)
	}
	if err := second.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestLoad checks that every mistake is reported at once, by its name and where
// it came from, and that secrets are not shown.
func TestLoad(t *testing.T) {
	files := map[string]string{
		"woochat.env": "# comment\nWOOCHAT_MAX_TOKENS=700\nexport WOOCHAT_LOG_FORMAT=\"json\"\nWOOCHAT_NONSENSE=1\nhello\n",
		"key":         secretKey + "\n",
	}
	env := map[string]string{
		"WOOCHAT_MAX_TOKENS": "many", "WOOCHAT_ADDR": "8080", "WOOCHAT_PUBLIC_URL": "http://shop.example.com",
		"WOOCHAT_SECRET_KEY_FILE": "key", "WOOCHAT_PRICE_CEILING": "cheap", "WOOCHAT_TRUSTED_PROXIES": "10.0.0.0/8, nowhere", "WOOCHAT_ALLOW_HOSTS": "shop.test, http://no.test",
		"OPENAI_API_KEY": "sk-very-secret", "WOOCHAT_ANSWER_TIMEOUT": "forever",
	}
	cfg, values, err := wiring.Load(wiring.Sources{
		File: "woochat.env", Flags: map[string]string{"log-level": "loud", "prompt-budget": "5000"},
		Env: func(n string) (string, bool) { v, ok := env[n]; return v, ok },
		ReadFile: func(n string) ([]byte, error) {
			if s, ok := files[n]; ok {
				return []byte(s), nil
			}
			return nil, errors.New("no such file")
		},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"WOOCHAT_MAX_TOKENS (env WOOCHAT_MAX_TOKENS)", "WOOCHAT_ADDR (env", "WOOCHAT_PUBLIC_URL (env", "WOOCHAT_PRICE_CEILING (env",
		"nowhere", "no.test", "WOOCHAT_ANSWER_TIMEOUT (env", "WOOCHAT_LOG_LEVEL (flag --log-level)", "file woochat.env:4", "file woochat.env:5",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	if cfg.LogFormat != "json" || cfg.PromptBudget != 5000 || cfg.SecretKey.Reveal() != secretKey || cfg.ChatModel == "" {
		t.Errorf("got %+v", cfg)
	}
	shown := fmt.Sprintf("%+v %#v %v", cfg, cfg, values)
	if strings.Contains(shown, "very-secret") || strings.Contains(shown, secretKey) {
		t.Error("a secret is shown")
	}
	for _, v := range values {
		if v.Env == "WOOCHAT_PROMPT_BUDGET" && v.Origin != "flag --prompt-budget" || v.Env == "WOOCHAT_ADMIN_ADDR" && v.Origin != "default" {
			t.Errorf("%s comes from %q", v.Env, v.Origin)
		}
	}
}

func ExampleLoad() {
	cfg, _, err := wiring.Load(wiring.Sources{Env: func(name string) (string, bool) {
		return ":9090", name == "WOOCHAT_ADDR"
	}})
	fmt.Println(cfg.Addr, err)
	// Output: :9090 <nil>
}
