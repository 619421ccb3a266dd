package e2e

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/app/searching"
)

// talk asks in a conversation, "" for a new one, and returns the answer.
func (s *shop) talk(token, conversation, text string) answered {
	s.Helper()
	body, err := json.Marshal(map[string]string{"message": text, "conversation_id": conversation})
	s.must(err)
	r := s.call("POST", "/api/chat/message", token, string(body))
	var out answered
	if err := json.Unmarshal(r.body, &out); err != nil || r.status != http.StatusOK {
		s.Fatalf("%q: %d %s", text, r.status, r.body)
	}
	return out
}

// A conversation goes on over HTTP: what is asked next is answered about what
// was spoken of, and what begins anew is not.
func TestConversationGoesOn(t *testing.T) {
	s := open(t, withStore("memory", t.TempDir()), withEnv("WOOCHAT_EMBEDDING_MODEL", "none"))
	for _, conversation := range [][]struct{ question, has, lacks string }{
		{
			{"Do you have blue jackets?", "Colour Blue", "Colour Red"},
			{"and in red?", "Colour Red", "Colour Blue"},
			{"is it waterproof?", "Stormvind Rain Jacket", "Tent"},
			{"how much is shipping for that?", "Norway, Standard: 4.90 EUR", "Jacket"},
			{"and to Switzerland?", "14.90 EUR", "Norway"},
			{"which sizes are available?", "Stormvind Rain Jacket", "14.90 EUR"},
			{"Do you have tents?", "Nattely Tent", "Jacket"},
		},
		{
			{"Do you have tents?", "Nattely Tent", "Jacket"},
			{"and under 100 euros?", "could not find", "Nattely Footprint"}, // which is no tent
			{"Do you have tents?", "Nattely Tent", "Jacket"},
			{"and under 350 euros?", "**Nattely Tent**", "could not find"},
			{"Do you have hiking boots?", "Rondane Mid Hiking Boots", "Nattely"},
			{"what about size 42", "Size 42", "Size 43"},
			{"What does the Nattely Tent weigh?", "2.3 kg", "Boots"},
			{"What colours does it come in?", "Nattely Tent", "Boots"},
		},
		{
			{"do you have watrproof jakets under 200?", "Stormvind Rain Jacket", "Nothing on"},
			{"and in red?", "Colour Red", "Colour Blue"},
		},
		{
			{"what do you have under 15 euros?", "Gas Canister", "Field Repair Tape"},
			{"anything else?", "Field Repair Tape", "Gas Canister"},
			{"more please", "could not find", "Payment"},
		},
		{
			{"Is the Lyngen Down Jacket warm?", "Lyngen Down Jacket", "Windshell"},
			{"anything lighter?", "Brisk Windshell", "Lyngen"},
		},
	} {
		token, id := s.session(), ""
		for _, c := range conversation {
			a := s.talk(token, id, c.question)
			if id = a.Conversation; !strings.Contains(a.Answer, c.has) || strings.Contains(a.Answer, c.lacks) {
				t.Errorf("%q is answered\n%s\nwant %q in it, and not %q", c.question, a.Answer, c.has, c.lacks)
			}
		}
	}
	// Nobody goes on with what another visitor has asked, or they themselves
	// elsewhere.
	token := s.session()
	if a := s.talk(token, "", "How much does it cost?"); strings.Contains(a.Answer, "Stormvind") || strings.Contains(a.Answer, "Nattely") || len(a.Products) > 0 {
		t.Errorf("a new visitor is answered\n%s", a.Answer)
	}
}

// Words are told from slips whatever is embedded, and where nothing is.
func TestWordsAreNoSlips(t *testing.T) {
	const asked = "What happens if my parcel is lost?" // not last, which the shop writes
	for _, model := range []string{"none", "glove"} {
		s := open(t, withStore("memory", t.TempDir()), withEnv("WOOCHAT_EMBEDDING_MODEL", model))
		x, err := s.app.Explainer.Explain(s.Context(), administering.Operator(), s.site.Scope(), asked, searching.ExplainOptions{Limit: 1})
		if s.must(err); x.Understood.Text != asked {
			t.Errorf("%s: %q is read as %q", model, asked, x.Understood.Text)
		}
	}
}

// Questions that were written to stand alone do so after any other: those of
// testdata/retrieval, on the demo's catalogue, but for four that could go on with
// one before.
func TestQuestionsStandAlone(t *testing.T) {
	f, err := os.Open("../testdata/retrieval/constrained.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var questions []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var w wanted
		if err := json.Unmarshal([]byte(lines.Text()), &w); err != nil {
			t.Fatal(err)
		}
		questions = append(questions, w.Question)
	}
	e, err := os.Open("../testdata/retrieval/evidence.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	rows, err := csv.NewReader(e).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		questions = append(questions, row[0])
	}
	s := open(t, withStore("memory", t.TempDir()), withEnv("WOOCHAT_EMBEDDING_MODEL", "none"))
	befores := []string{"Do you have blue jackets?", "What does the Nattely Tent cost?"}
	may := []string{"I only have 7 euros to spend", "nothing above 9 euros please", "navy or mustard", "can I exchange it for another size"}
	for i, q := range questions {
		x, err := s.app.Explainer.Explain(s.Context(), administering.Operator(), s.site.Scope(), q, searching.ExplainOptions{Limit: 1, After: []string{befores[i%2]}})
		s.must(err)
		if x.Understood.Follows != "" && !slices.Contains(may, q) {
			t.Errorf("%q is read as %q: %s", q, x.Understood.ReadAs, x.Understood.Follows)
		}
	}
}
