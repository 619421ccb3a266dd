package openai_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/openai"
	"github.com/aiwoochat/woochat/domain/chat"
)

func TestConfigListsEverythingThatIsWrong(t *testing.T) {
	hot := 3.0
	_, err := openai.NewEmbedder(openai.Config{
		BaseURL: "https://user:hunter2@llm.example.com/v1", APIKey: openai.NewSecret("sk-with\nnewline"), Organization: "an org",
		Proxy:       openai.NewSecret("socks://u:proxypass@p.example.com"),
		Temperature: &hot, Output: 9, Vectors: 9, FinishReasons: map[string]chat.Finish{"eos": chat.Failed},
		FirstToken: -1, BetweenTokens: -time.Second, EmbedTimeout: -1, DialTimeout: -1, TLSTimeout: -1,
		Dimensions: -1, MaxEvent: -1, MaxBatchTexts: -1, MaxBatchTokens: -1, MaxConnections: -1,
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, name := range []string{
		"BaseURL", "APIKey", "Organization", "Proxy", "Temperature", "Output", "Vectors", "FinishReasons", "FirstToken", "BetweenTokens",
		"EmbedTimeout", "DialTimeout", "TLSTimeout", "Dimensions", "MaxEvent", "MaxBatchTexts", "MaxBatchTokens", "MaxConnections", "EmbeddingModel",
	} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not in the list:\n%v", name, err)
		}
	}
	for _, secret := range []string{"hunter2", "sk-with", "proxypass"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%q is in the error", secret)
		}
	}
}

func TestBaseURL(t *testing.T) {
	for url, ok := range map[string]bool{
		"":                               true,
		"http://127.0.0.1:11434/v1":      true,
		"https://llm.example.com/v1///":  true,
		"llm.example.com/v1":             false,
		"ftp://llm.example.com/v1":       false,
		"https:///v1":                    false,
		"https://llm.example.com/v1?a=b": false,
		"https://llm.example.com/v1/chat/completions/": false,
		"https://llm.example.com/v1/embeddings":        false,
		"https://llm.example.com/%zz":                  false,
	} {
		if _, err := openai.NewChatModel(openai.Config{BaseURL: url}); (err == nil) != ok {
			t.Errorf("BaseURL %q: %v", url, err)
		}
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	cfg := openai.Config{APIKey: openai.NewSecret(testKey), Proxy: openai.NewSecret("http://u:" + testKey + "@p.example.com")}
	m, err := openai.NewChatModel(cfg)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(map[string]any{"key": cfg.APIKey})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", cfg.APIKey, "ptr", &cfg.APIKey)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", cfg.APIKey, "cfg", cfg)
	hidden := struct{ key openai.Secret }{cfg.APIKey}
	printed := string(encoded) + log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		printed += fmt.Sprintf(verb, cfg.APIKey) + fmt.Sprintf(verb, cfg) + fmt.Sprintf(verb, &cfg) + fmt.Sprintf(verb, m) + fmt.Sprintf(verb, hidden)
	}
	if strings.Contains(printed, testKey) || strings.Contains(printed, fmt.Sprintf("%x", testKey)) {
		t.Errorf("the key is in:\n%s", printed)
	}
	if !strings.Contains(string(encoded), `"[redacted]"`) || fmt.Sprint(cfg.APIKey) != "[redacted]" {
		t.Errorf("%s, %v", encoded, cfg.APIKey)
	}
	if (openai.Secret{}).String() != "" || !openai.NewSecret("").Empty() || cfg.APIKey.Reveal() != testKey {
		t.Error("the empty secret is not empty, or the full one lost")
	}
}
