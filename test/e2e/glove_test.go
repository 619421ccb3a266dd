package e2e

import (
	"maps"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/adapters/glove"
	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/fakes/openaifake"
	"github.com/aiwoochat/woochat/test/harness/migrated"
)

// TestOwnWordVectors asks a shop without any provider: it is searched by the word
// vectors of the program, which are metered and cost nothing.
func TestOwnWordVectors(t *testing.T) {
	for _, store := range stores {
		t.Run(store, func(t *testing.T) {
			s := open(t, withStore(store, migrated.Folder(t)))
			s.searchedBy(glove.Model)
			s.ask(s.session(), "How much is the Kilde Insulated Bottle?")
			_, events := s.balance()
			embeddings := 0
			for _, e := range events {
				if e.Kind != usage.Embedding {
					continue
				}
				embeddings++
				if e.Model != glove.Model || e.Tokens.Total() != 0 || e.Cost != 0 || e.ChatRequests != 0 || !e.Success {
					t.Errorf("metered as %+v", e)
				}
			}
			if embeddings < 2 { // the goods, and the question
				t.Errorf("%d calls are metered", embeddings)
			}
		})
	}
}

// A site in another language is searched by words, beside one in English, and the
// log says so once.
func TestOwnWordVectorsKnowEnglishOnly(t *testing.T) {
	var log lockedBuffer
	s := open(t, withLog(&log))
	german, err := s.app.Administering.CreateSite(t.Context(), administering.Operator(), s.site.Tenant, administering.NewSite{
		Name: "Laden", URL: "https://laden.example.com", TimeZone: "UTC", Currency: "EUR", Locale: "de-AT",
	})
	s.must(err)
	other := *s
	other.site = german
	other.license(usage.Active, usage.NoLimits())
	for range 3 {
		_, err := s.app.Ingesting.Drain(t.Context(), german.Scope())
		s.must(err)
	}
	s.searchedBy(glove.Model)
	other.searchedBy("")
	if told := strings.Count(log.String(), "index.words_only"); told != 1 {
		t.Errorf("the log says %d times that words alone are searched:\n%s", told, log.String())
	}
}

// TestFromOwnWordVectorsToAProvider gives a shop that has begun without a
// provider one, takes it away, and goes back: a provider's vectors are given up
// for the program's own only if somebody says so.
func TestFromOwnWordVectorsToAProvider(t *testing.T) {
	const small = "text-embedding-3-small"
	var env map[string]string
	dir := t.TempDir()
	s := open(t, withStore("sqlite", dir), func(m *made) { env = maps.Clone(m.env) })
	s.searchedBy(glove.Model)
	fake := openaifake.New(t, openaifake.Options{})
	with := func(more map[string]string) map[string]string {
		e := maps.Clone(env)
		maps.Copy(e, more)
		return e
	}
	provider := map[string]string{"OPENAI_BASE_URL": fake.URL(), "WOOCHAT_CHAT_MODEL": "gpt-4o-mini", "WOOCHAT_EMBEDDING_MODEL": small}
	for _, step := range []struct {
		what  string
		env   map[string]string
		model string
	}{
		{"with a provider", with(provider), small},
		{"without it for once", env, small},
		{"with its own asked for", with(map[string]string{"WOOCHAT_EMBEDDING_MODEL": "glove"}), glove.Model},
	} {
		s.must(s.app.Stop(t.Context()))
		s = s.again(step.env)
		s.searchedBy(step.model)
		_, err := s.app.Ingesting.Drain(t.Context(), s.site.Scope()) // nothing else is begun
		s.must(err)
		s.searchedBy(step.model)
		if got := s.ask(s.session(), "How much is the Kilde Insulated Bottle?"); len(got.Products) == 0 {
			t.Errorf("%s: %+v", step.what, got)
		}
	}
}
