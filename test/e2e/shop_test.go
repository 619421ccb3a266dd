package e2e

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/aiwoochat/woochat/test/harness/migrated"
)

// lockedBuffer is a buffer for several writers.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// blueUnderThirty are the demo shop's blue products with a variation under 30
// euros in stock, as its catalogue says.
var blueUnderThirty = []string{
	"Glacier Enamel Mug", "Kilde Insulated Bottle", "Merino Hiking Socks", "Packing Cubes Set of 3", "Roll-Top Dry Bag",
}

// TestAnswers asks the demo's shop what its shoppers ask.
func TestAnswers(t *testing.T) {
	for _, store := range stores {
		t.Run(store, func(t *testing.T) {
			s := open(t, withStore(store, migrated.Folder(t)))
			token := s.session()

			got := s.ask(token, "Which blue things under 30 euros are in stock?")
			if len(got.Products) == 0 {
				t.Errorf("no products: %+v", got)
			}
			for _, p := range got.Products {
				known := false
				for _, title := range blueUnderThirty {
					known = known || strings.HasPrefix(p.Title, title)
				}
				if !known || p.Stock.Status != "instock" {
					t.Errorf("%s (%s, %s) is not blue, under 30 and in stock", p.Title, p.Price.Text, p.Stock.Status)
				}
			}

			got = s.ask(token, "What does shipping to Germany cost?")
			if len(got.Sources) == 0 || !strings.Contains(strings.ToLower(got.Answer), "ship") {
				t.Errorf("shipping: %+v", got)
			}

			got = s.ask(token, "How much does the Kilde Insulated Bottle cost?")
			if len(got.Products) == 0 || !strings.Contains(got.Products[0].Title, "Kilde") || !strings.Contains(got.Answer, "€") {
				t.Errorf("price: %+v", got)
			}

			for _, hidden := range []string{"Wholesale Wool Blanket", "PLANNER-7741"} {
				if got := s.ask(token, "Tell me about "+hidden); strings.Contains(got.Answer, hidden) || len(got.Products) > 0 && strings.Contains(got.Products[0].Title, hidden) {
					t.Errorf("%s is hidden, and was told of: %+v", hidden, got)
				}
			}
		})
	}
}
