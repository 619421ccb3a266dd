package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/fakes/openaifake"
	"github.com/aiwoochat/woochat/test/fakes/rerankfake"
)

func withReranker(f *rerankfake.Server) option {
	return func(m *made) {
		m.env["WOOCHAT_RERANK_BASE_URL"], m.env["WOOCHAT_RERANK_MODEL"], m.env["WOOCHAT_RERANK_API_KEY"] = f.URL, "judge-1", "jina_key"
		m.env["WOOCHAT_PRICE_CEILING"], m.env["WOOCHAT_RERANK_TIMEOUT"], m.env["WOOCHAT_EMBEDDING_MODEL"] = "0.02,0.02", "500ms", "none"
	}
}

// explained returns what a search finds for a question, and why.
func (s *shop) explained(question string) searching.Explanation {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.app.AdminURL+"/api/admin/search?q="+url.QueryEscape(question), nil)
	s.must(err)
	req.Header.Set("Authorization", "Bearer "+s.apiKey)
	r := s.do(req)
	var e searching.Explanation
	if err := json.Unmarshal(r.body, &e); err != nil || r.status != http.StatusOK {
		s.Fatalf("search: %d %s", r.status, r.body)
	}
	return e
}

func order(e searching.Explanation) []string {
	var out []string
	for _, p := range e.Passages {
		out = append(out, p.Title)
	}
	return out
}

// reranks returns the events of the reranker.
func (s *shop) reranks() []usage.Event {
	s.Helper()
	_, events := s.balance()
	return slices.DeleteFunc(events, func(e usage.Event) bool { return e.Kind != usage.Rerank })
}

// A reranker changes the order of what was found, is one event at its price, and
// is shown; where it fails, the answer is given all the same from what was found.
func TestReranker(t *testing.T) {
	const question = "something warm to wear on a winter hike"
	fake := rerankfake.New(t, func(_, text string) float64 { // who judges by the last letters of a title
		title, _, _ := strings.Cut(text, "\n")
		return float64(len(title))
	})
	plain := open(t, withStore("memory", t.TempDir()), withEnv("WOOCHAT_EMBEDDING_MODEL", "none"))
	before := order(plain.explained(question))
	if plain.explained(question).Rerank.Model != "" {
		t.Error("a reranker is named where there is none")
	}
	s := open(t, withStore("memory", t.TempDir()), withReranker(fake))
	e := s.explained(question)
	after := order(e)
	if slices.Equal(before, after) || len(after) != len(before) {
		t.Errorf("before %q\nafter %q", before, after)
	}
	if e.Rerank.Model != "judge-1" || e.Rerank.Judged != e.Rerank.Asked || e.Rerank.Asked < 2 || e.Rerank.Failed != "" {
		t.Errorf("%+v", e.Rerank)
	}
	for _, p := range e.Passages {
		if p.RerankAfter == 1 && (p.Title != after[0] || p.RerankScore != float64(len(p.Title))) {
			t.Errorf("the best one stands elsewhere: %+v", p)
		}
	}
	calls := fake.Calls()
	if len(calls) != 1 || calls[0].Query != question || calls[0].Header.Get("Authorization") != "Bearer jina_key" || len(calls[0].Texts) != e.Rerank.Asked {
		t.Fatalf("sent %+v", calls)
	}
	events := s.reranks()
	if len(events) != 1 || !events[0].Success || events[0].Model != "judge-1" || events[0].Tokens.Input == 0 || events[0].Cost != usage.NanoUSD(20*events[0].Tokens.Input) {
		t.Errorf("events %+v", events)
	}

	token := s.session()
	if a := s.ask(token, question); a.Finish != "stop" || len(fake.Calls()) != 2 || len(s.reranks()) != 2 {
		t.Errorf("%+v after %d calls", a, len(fake.Calls()))
	}
	// A code names what it names, whatever the reranker thinks.
	if got := order(s.explained("FF-JKT-0101")); len(got) == 0 || got[0] != "Stormvind Rain Jacket" {
		t.Errorf("by its code: %q", got)
	}

	for fault, code := range map[rerankfake.Fault]string{
		rerankfake.Denied: "UPSTREAM_REFUSED", rerankfake.Page: "UPSTREAM_MALFORMED", rerankfake.Hang: "UPSTREAM_TIMEOUT",
	} {
		n := len(s.reranks())
		fake.Break(fault)
		e := s.explained(question)
		if !slices.Equal(order(e), before) || e.Rerank.Failed != code || e.Rerank.Judged != 0 {
			t.Errorf("%s: %+v, %q", fault, e.Rerank, order(e))
		}
		if a := s.ask(token, question); a.Finish != "stop" || a.Answer == "" {
			t.Errorf("%s: %+v", fault, a)
		}
		if events := s.reranks(); len(events) != n+2 || events[n].Success || events[n].ErrorCode != code {
			t.Errorf("%s: events %+v", fault, events[n:])
		}
	}

	// A limit that is spent: nobody is asked, and the answer is given.
	fake.Break("")
	n := len(fake.Calls())
	l := usage.NoLimits()
	l.ChatTokens = 1
	s.license(usage.Active, l)
	if a := s.ask(token, question); a.Finish != "stop" || a.Answer == "" || len(fake.Calls()) != n {
		t.Errorf("with a spent limit: %+v after %d calls", a, len(fake.Calls())-n)
	}
	s.balance()
}

// A chat model that sorts is one event of its own, beside that of the answer.
func TestChatModelThatSorts(t *testing.T) {
	fake := openaifake.New(t, openaifake.Options{})
	s := open(t, withStore("memory", t.TempDir()), withProvider(fake, "gpt-4o-mini"), withEnv("WOOCHAT_EMBEDDING_MODEL", "none"), withEnv("WOOCHAT_RERANK_MODEL", "gpt-4o-mini"))
	if a := s.ask(s.session(), "something warm to wear on a winter hike"); a.Finish != "stop" {
		t.Errorf("%+v", a)
	}
	_, events := s.balance()
	if calls := callsOf(fake, chatRoute); len(calls) != 2 || len(events) != 2 {
		t.Fatalf("%d calls, %d events", len(calls), len(events))
	}
	kinds := []usage.Kind{events[0].Kind, events[1].Kind}
	if slices.Sort(kinds); !slices.Equal(kinds, []usage.Kind{usage.Chat, usage.Rerank}) {
		t.Errorf("events of kinds %v", kinds)
	}
}
