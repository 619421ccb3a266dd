package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/test/fakes/openaifake"
	"github.com/aiwoochat/woochat/test/harness/migrated"
)

// held is a way to the provider on which calls of one embedding model wait until
// they are let go.
type held struct {
	*httptest.Server
	model string
	free  chan struct{}
	came  chan struct{} // closed when the first one waits
}

func hold(t *testing.T, fake *openaifake.Server, model string) *held {
	t.Helper()
	to, err := url.Parse(fake.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = to.Scheme, to.Host
	}, FlushInterval: -1}
	h := &held{model: model, free: make(chan struct{}), came: make(chan struct{})}
	first := sync.OnceFunc(func() { close(h.came) })
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		var asked struct{ Model string }
		if json.Unmarshal(body, &asked) == nil && asked.Model == h.model {
			first()
			select {
			case <-h.free:
			case <-r.Context().Done():
				return
			}
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(h.Close)
	return h
}

// lastEmbedding returns the model of the last question's vector.
func lastEmbedding(fake *openaifake.Server) string {
	calls := callsOf(fake, embedRoute)
	return calls[len(calls)-1].Embed.Model
}

// TestChangeOfEmbeddingModel gives a shop that is searched by one model another
// one, and smaller chunks, as an operator does who restarts the server: until all of it is embedded
// again questions are embedded and searched by the old one, then by the new one,
// in this process and in one that was never told.
func TestChangeOfEmbeddingModel(t *testing.T) {
	const small, large = "text-embedding-3-small", "text-embedding-3-large"
	for _, store := range []string{"sqlite", "postgres"} {
		t.Run(store, func(t *testing.T) {
			fake := openaifake.New(t, openaifake.Options{})
			way := hold(t, fake, large)
			var env map[string]string
			s := open(t, withStore(store, migrated.Folder(t)), withEmbedder(fake), func(m *made) {
				m.env["OPENAI_BASE_URL"] = way.URL + "/v1"
				env = m.env
			})
			s.searchedBy(small)
			texts := map[string]int{}
			for _, c := range callsOf(fake, embedRoute) {
				texts[c.Embed.Model] += len(c.Embed.Input)
			}
			env = maps.Clone(env)
			if store == "sqlite" { // which one server may have open
				s.must(s.app.Stop(t.Context()))
			} else {
				env["WOOCHAT_DATA_DIR"] = t.TempDir()
			}
			env["WOOCHAT_EMBEDDING_MODEL"], env["WOOCHAT_CHUNK_TOKENS"] = large, "64"
			next := s.again(env)
			if store == "postgres" {
				// The older server leads: the newer one would be asked in half a minute.
				var draining sync.WaitGroup
				defer draining.Wait()
				draining.Go(func() {
					for more := true; more; {
						r, err := next.app.Ingesting.Drain(t.Context(), next.site.Scope())
						if more = r.More; err != nil {
							t.Error(err)
						}
					}
				})
			}
			<-way.came
			st, err := next.app.Ingesting.IndexStatus(t.Context(), next.site.Scope())
			next.must(err)
			if st.Served.Model != small || st.Building.Model != large || st.Unbuilt != st.Shown {
				t.Fatalf("while it is built: %+v", st)
			}
			admin := *next
			admin.app = &wiring.App{PublicURL: next.app.AdminURL}
			var told struct {
				Index struct {
					Model    string `json:"embedding_model"`
					Chunking struct{ Target, Max int64 }
					Building struct {
						Chunking struct{ Target, Max int64 }
						Model    string `json:"embedding_model"`
						Built    int
						Total    int
					}
				}
			}
			r := admin.call("GET", "/api/admin/ingestion/status", next.apiKey, "")
			next.must(json.Unmarshal(r.body, &told))
			if told.Index.Chunking.Target != 256 || told.Index.Chunking.Max != 400 || told.Index.Building.Chunking.Target != 64 || told.Index.Building.Chunking.Max != 100 {
				t.Errorf("chunks in the status while it is built: %s", r.body)
			}
			if told.Index.Model != small || told.Index.Building.Model != large || told.Index.Building.Built != 0 || told.Index.Building.Total != st.Shown {
				t.Errorf("status while it is built: %s", r.body)
			}
			if got := next.ask(next.session(), "How much is the Kilde Insulated Bottle?"); len(got.Products) == 0 || lastEmbedding(fake) != small {
				t.Errorf("while it is built: %+v, embedded by %s", got, lastEmbedding(fake))
			}
			close(way.free)
			next.searchedBy(large)
			processes := []*shop{next}
			if store == "postgres" {
				processes = append(processes, s)
			}
			for _, p := range processes {
				p.until("a process is searched by the new model", 50*time.Millisecond, func() bool {
					got := p.ask(p.session(), "How much is the Kilde Insulated Bottle?")
					return len(got.Products) > 0 && lastEmbedding(fake) == large
				})
				if _, err := p.app.Ingesting.Drain(t.Context(), p.site.Scope()); err != nil {
					t.Error(err)
				}
			}
			next.searchedBy(large)
			again := map[string]int{}
			for _, c := range callsOf(fake, embedRoute) {
				if len(c.Embed.Input) > 1 {
					again[c.Embed.Model] += len(c.Embed.Input)
				}
			}
			if again[large] < texts[small]-1 || again[small] > texts[small] {
				t.Errorf("%v texts at first, %v in all", texts, again)
			}
			next.checkCalls(fake)
		})
	}
}
