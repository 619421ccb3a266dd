package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
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
			{"and under 100 euros?", "Nattely Footprint", "Nattely Tent**"},
			{"Do you have hiking boots?", "Rondane Mid Hiking Boots", "Nattely"},
			{"what about size 42", "Size 42", "Size 43"},
			{"What does the Nattely Tent weigh?", "2.3 kg", "Boots"},
			{"What colours does it come in?", "Nattely Tent", "Boots"},
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
