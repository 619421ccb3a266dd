package wiring_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/usage"
)

// Each way to a reranker starts, is priced by its kind, and what cannot be is said.
func TestReranker(t *testing.T) {
	provider := map[string]string{"OPENAI_API_KEY": "sk-test"}
	for name, c := range map[string]struct {
		env  map[string]string
		kind usage.Kind // of the price that is needed
		bad  string     // the setting that is wrong
	}{
		"none":                   {env: map[string]string{}},
		"an endpoint":            {env: map[string]string{"WOOCHAT_RERANK_MODEL": "judge-1", "WOOCHAT_RERANK_BASE_URL": "http://127.0.0.1:1/v1"}, kind: usage.Rerank},
		"of texts":               {env: map[string]string{"WOOCHAT_RERANK_MODEL": "judge-1", "WOOCHAT_RERANK_BASE_URL": "http://127.0.0.1:1", "WOOCHAT_RERANK_STYLE": "texts"}, kind: usage.Rerank},
		"a chat model":           {env: map[string]string{"WOOCHAT_RERANK_MODEL": "gpt-4o-mini", "OPENAI_API_KEY": "sk-test"}, kind: usage.Chat},
		"a model and nobody":     {env: map[string]string{"WOOCHAT_RERANK_MODEL": "gpt-4o-mini"}, bad: "WOOCHAT_RERANK_MODEL"},
		"an address and no name": {env: map[string]string{"WOOCHAT_RERANK_BASE_URL": "http://127.0.0.1:1/v1"}, bad: "WOOCHAT_RERANK_MODEL"},
		"no address":             {env: map[string]string{"WOOCHAT_RERANK_MODEL": "m", "WOOCHAT_RERANK_BASE_URL": "judge"}, bad: "WOOCHAT_RERANK_BASE_URL"},
		"no such style":          {env: map[string]string{"WOOCHAT_RERANK_STYLE": "pairs"}, bad: "WOOCHAT_RERANK_STYLE"},
		"too many":               {env: map[string]string{"WOOCHAT_RERANK_PASSAGES": "101"}, bad: "WOOCHAT_RERANK_PASSAGES"},
		"too patient":            {env: map[string]string{"WOOCHAT_RERANK_TIMEOUT": "5m"}, bad: "WOOCHAT_RERANK_TIMEOUT"},
		"one more of a provider": {env: provider},
	} {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{
				"WOOCHAT_ADDR": "127.0.0.1:0", "WOOCHAT_ADMIN_ADDR": "127.0.0.1:0", "WOOCHAT_SECRET_KEY": secretKey,
				"WOOCHAT_DATA_DIR": t.TempDir(), "WOOCHAT_DATABASE_URL": "memory://", "WOOCHAT_RERANK_API_KEY": "jina_secret",
			}
			maps.Copy(env, c.env)
			cfg, values, err := wiring.Load(wiring.Sources{Env: func(n string) (string, bool) { v, ok := env[n]; return v, ok }})
			for _, v := range values {
				if strings.Contains(v.Text, "jina_secret") {
					t.Errorf("%s is shown: %s", v.Env, v.Text)
				}
			}
			if c.bad != "" {
				if err == nil || !strings.Contains(err.Error(), c.bad) {
					t.Errorf("got %v, want an error of %s", err, c.bad)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var kind usage.Kind
			for _, m := range wiring.PricedModels(cfg) {
				if m.Env == "WOOCHAT_RERANK_MODEL" {
					kind = m.Kind
				}
			}
			if kind != c.kind {
				t.Errorf("its price is of kind %v, want %v", kind, c.kind)
			}
			startAndStop(t, env, false, nil)
		})
	}
}
