package ingesting_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// While thousands of texts are embedded by a slow model, a deletion, a price and
// a new product are in the index within seconds, and nothing of the rest is lost.
func TestHintsDoNotWaitForABacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		const many = 3000
		for i := range 3 {
			w.shop.set(fmt.Sprint(90000+i), "enamel")
		}
		stop := w.run(nil)
		w.hint(site, productJob("90000"), productJob("90001"), productJob("90002"))
		wait(time.Second)
		stop()

		w.load(&feed{changes: products(many)}, ingesting.Options{})
		w.embedder.refuse = func(texts []string) error {
			<-time.After(time.Duration(len(texts)) * 20 * time.Millisecond) // 5 s for a call of 256
			return nil
		}
		defer w.run(nil)()
		w.hint(site, taskJob(ingestion.Reindex))
		wait(10 * time.Second)
		w.shop.set("90001", "turquoise") // another text: it is found by words until its vector has come
		w.shop.drop("90000")
		w.shop.set("91000", "violet")
		w.hint(site, productJob("90000"), productJob("90001"), productJob("91000"))
		begun, texts := time.Now(), w.embedder.count()
		if texts == 0 || texts >= many {
			t.Fatalf("%d of %d texts are embedded: this test is of the time in between", texts, many)
		}
		for len(w.finds("turquoise")) == 0 || len(w.finds("violet")) == 0 {
			if time.Since(begun) > time.Minute {
				break
			}
			wait(100 * time.Millisecond)
		}
		if d := time.Since(begun); d > 8*time.Second { // a call that was under way, a slice, and its own call
			t.Errorf("it took %v", d)
		}
		if n := w.embedder.count(); n >= many {
			t.Errorf("%d texts were embedded meanwhile", n)
		}
		w.found("turquoise", "product:90001")
		for range 1000 {
			if len(w.jobs(site)) == 0 {
				break
			}
			wait(time.Second)
		}
		if got := len(w.finds("enamel")); got != many+1 || len(w.jobs(site)) != 0 {
			t.Errorf("%d of %d are found in the end, jobs are %v", got, many+1, w.jobs(site))
		}
		// As fast as three calls at a time can be: 5 s for each 256 texts.
		if d := time.Since(begun); d > 40*time.Second {
			t.Errorf("all of it took %v", d)
		}
		if n := w.embedder.count(); n < many+3 || n > many+10 {
			t.Errorf("%d texts were embedded, want each once", n)
		}
		if tally, err := w.documents.Tally(t.Context(), site); err != nil || tally.Waiting != 0 {
			t.Errorf("%+v, %v", tally, err)
		}
	})
}

// slowIndex takes its time to put a document.
type slowIndex struct {
	ports.Indexer
	each time.Duration
}

func (x slowIndex) Put(ctx context.Context, s tenant.Scope, e retrieval.Entry) error {
	<-time.After(x.each)
	return x.Indexer.Put(ctx, s, e)
}

// An embedder that asks for patience is left alone, however many slices the words
// take that are put meanwhile.
func TestPatienceIsKeptOverSlices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorksWith(t, func(d *ingesting.Deps) { d.Indexer = slowIndex{d.Indexer, 10 * time.Millisecond} })
		w.load(&feed{changes: products(1500)}, ingesting.Options{})
		var asks atomic.Int64
		var mended atomic.Bool
		w.embedder.refuse = func([]string) error {
			if mended.Load() {
				return nil
			}
			asks.Add(1)
			return &ports.ModelError{Kind: ports.ModelRateLimited, Status: 429, RetryAfter: time.Minute}
		}
		defer w.run(nil)()
		w.hint(site, taskJob(ingestion.Reindex))
		wait(50 * time.Second)
		if n := len(w.finds("enamel")); n != 1500 || asks.Load() > 3 { // as many as are asked at once
			t.Errorf("%d of 1500 are found, and it was asked %d times within the minute", n, asks.Load())
		}
		mended.Store(true)
		wait(2 * time.Minute)
		if tally, err := w.documents.Tally(t.Context(), site); err != nil || tally.Waiting != 0 {
			t.Errorf("it was not asked again: %+v, %v", tally, err)
		}
	})
}

// What is put by words only, since nobody embeds now, does not hold hints either.
func TestHintsDoNotWaitForWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorksWith(t, func(d *ingesting.Deps) { d.Indexer = slowIndex{d.Indexer, 10 * time.Millisecond} })
		w.load(&feed{changes: products(2000)}, ingesting.Options{})
		w.embedder.refuse = func([]string) error { return limitError() }
		defer w.run(nil)()
		w.hint(site, taskJob(ingestion.Reindex))
		wait(3 * time.Second)
		w.shop.set("90001", "turquoise")
		w.hint(site, productJob("90001"))
		wait(4 * time.Second)
		w.found("turquoise", "product:90001")
		if n := len(w.finds("enamel")); n >= 2000 {
			t.Errorf("%d are found: this test is of the time before", n)
		}
		wait(40 * time.Second)
		if n := len(w.finds("enamel")); n != 2000 {
			t.Errorf("%d of 2000 are found", n)
		}
	})
}
