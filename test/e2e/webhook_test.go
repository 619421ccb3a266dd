package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/app/connecting"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/test/fakes/wooshop"
	"github.com/aiwoochat/woochat/test/harness/migrated"
)

// TestAWebhookIsInTheNextAnswer: what a shop says by a webhook over HTTP is read
// from the shop, stored and indexed by the server's worker, and the next answer
// says it: a new product, its price as it is changed, and nothing of it once it is
// in the trash.
func TestAWebhookIsInTheNextAnswer(t *testing.T) {
	for _, store := range stores {
		t.Run(store, func(t *testing.T) {
			fake, err := wooshop.Start(wooshop.Options{Now: time.Now}, "")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = fake.Close() })
			s := open(t, withStore(store, migrated.Folder(t)), withoutGoods(), withEnv("WOOCHAT_ALLOW_HOSTS", strings.TrimPrefix(fake.URL(), "http://")))
			k := fake.AddKey("read")
			got, err := s.app.Connecting.Connect(t.Context(), administering.Operator(), s.site.Scope(), connecting.Order{
				URL: fake.URL(), Key: ingestion.Credentials{Key: ingestion.NewSecret(k.Key), Secret: ingestion.NewSecret(k.Secret)},
			})
			s.must(err)
			// What is found by the import of a new connection was told by no webhook.
			fake.Create(wooshop.Product{Name: "Wooden Spoon", Regular: "5"})
			s.until("the first import", 50*time.Millisecond, func() bool { return s.searchable("") > 0 })

			token := s.session()
			kettle := fake.Create(wooshop.Product{Name: "Turquoise Kettle", Regular: "39"})
			deliver := func(topic, body string) {
				t.Helper()
				m := hmac.New(sha256.New, []byte(got.Secret.Reveal()))
				m.Write([]byte(body))
				s.want(s.call("POST", "/api/ingestion/webhook/"+string(s.site.ID), "", body,
					"X-WC-Webhook-Topic", topic, "X-WC-Webhook-Signature", base64.StdEncoding.EncodeToString(m.Sum(nil))), http.StatusOK)
			}
			id := retrieval.DocumentID(fmt.Sprint("product:", kettle))
			said := func(price string) bool {
				a := s.ask(token, "How much does the Turquoise Kettle cost?")
				return len(a.Products) > 0 && a.Products[0].Title == "Turquoise Kettle" && strings.Contains(a.Products[0].Price.Text, price)
			}

			deliver("product.created", fmt.Sprintf(`{"id":%d,"type":"simple"}`, kettle))
			took := s.until("a new product", 50*time.Millisecond, func() bool { return s.searchable(id) == 1 })
			if !said("39") {
				t.Error("the new product is searchable and in no answer")
			}
			t.Logf("a new product was searchable after %v", took)

			fake.Edit(kettle, func(p *wooshop.Product) { p.Regular = "47" })
			deliver("product.updated", fmt.Sprintf(`{"id":%d,"type":"simple"}`, kettle))
			s.until("a price", 500*time.Millisecond, func() bool { return said("47") })

			fake.Trash(kettle)
			deliver("product.deleted", fmt.Sprintf(`{"id":%d}`, kettle))
			s.until("a deletion", 50*time.Millisecond, func() bool { return s.searchable(id) == 0 })
			if said("") {
				t.Error("what is in the trash is in an answer")
			}
		})
	}
}

// searchable returns how many shown documents the index has as they are stored:
// all, or those of one id.
func (s *shop) searchable(id retrieval.DocumentID) (n int) {
	s.Helper()
	states, err := s.app.Inventory.States(s.Context(), s.site.Scope(), "", 1000)
	s.must(err)
	for _, st := range states {
		if (id == "" || st.ID == id) && st.Shown && st.Indexed == st.Revision {
			n++
		}
	}
	return n
}
