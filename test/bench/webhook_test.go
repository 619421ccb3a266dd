package bench

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/test/harness/migrated"
)

const (
	deliveryRate   = 200 // a second
	deliveryWindow = 5 * time.Second
	deliveryTurns  = 3
	objects        = 1000 // products that deliveries are about
)

// BenchmarkWebhookAck changes 200 products a second in a shop and sends the
// deliveries, each over a connection of its own as WooCommerce does, to a whole
// server that works at them meanwhile. It tells two things:
//
//   - how long the answers take ("ack"), from the time at which each was due, so
//     that a server that falls behind is seen. "ack-p99_of_bare" is against a bare
//     server that reads the body, checks its signature and commits one row in a
//     database of the same kind with the same durability, and does nothing else;
//   - how long it takes from then until the index has what the shop shows
//     ("fresh"): delivered, read from the shop or the body, stored, indexed.
//
// "cpu-ms" is the processors' time that one delivery takes in all, that of the
// shop and the sender among it: other than the times, a busy machine does not
// change it much, and 200 a second must fit into two seconds of it.
//
// It fails if at the end the index is not what the shop shows. All three are
// measured in turns, three times, and the medians are told. The embedder is "none".
//
// The targets are an ack-p99 of 20 ms and a fresh-p95 of a second on 2 cores,
// where the shop and the sender run, too.
func BenchmarkWebhookAck(b *testing.B) {
	for _, store := range []string{"sqlite", "postgres"} {
		for _, key := range []bool{true, false} {
			b.Run(fmt.Sprintf("%s/key=%v", store, key), func(b *testing.B) {
				env := map[string]string{}
				var bareDB *sqlx.DB
				if store == "postgres" {
					d := migrated.Database(b)
					env = migrated.Settings(d.URL)
					bareDB = connect(b, d.Superuser(), 16)
				} else {
					bareDB = bareSQLite(b)
				}
				to := startReceiver(b, env, key)
				bare := bareReceiver(b, bareDB, to.secret)
				var tells [6][]float64
				for b.Loop() {
					for range deliveryTurns {
						none := deliver(b, func(i int) delivery { return delivery{url: bare, secret: to.secret, id: i%objects + 1, title: "Mug"} })
						end := timed(b)
						took, fresh := to.round(b)
						cpu := end().cpu * 1000 / float64(len(took))
						bareTail, tail := percentile(none, 99), percentile(took, 99)
						for i, v := range []float64{percentile(took, 50), tail, tail / bareTail, percentile(fresh, 50), percentile(fresh, 95), cpu} {
							tells[i] = append(tells[i], v)
						}
						b.Logf("ack p99 %.1f ms (bare %.1f), fresh p95 %.0f ms, %.2f ms of processors a delivery", tail, bareTail, percentile(fresh, 95), cpu)
					}
				}
				for i, unit := range []string{"ack-p50-ms", "ack-p99-ms", "ack-p99_of_bare", "fresh-p50-ms", "fresh-p95-ms", "cpu-ms"} {
					b.ReportMetric(median(tells[i]), unit)
				}
			})
		}
	}
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// percentile returns the p-th percentile of durations in milliseconds.
func percentile(took []time.Duration, p int) float64 {
	v := make([]float64, len(took))
	for i, d := range took {
		v[i] = millis(d)
	}
	median(v) // which sorts
	return v[len(v)*p/100]
}

// delivery is what a shop sends of a product.
type delivery struct {
	url, secret string
	id          int
	title       string
}

// deliver sends deliveries for a window, which next makes when they are due, and
// returns how long their answers took.
func deliver(b *testing.B, next func(i int) delivery) []time.Duration {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
	took := make([]time.Duration, int(deliveryWindow/time.Second)*deliveryRate)
	var all sync.WaitGroup
	start := time.Now()
	for i := range took {
		due := start.Add(time.Duration(i) * time.Second / deliveryRate)
		<-time.After(time.Until(due))
		d := next(i)
		all.Go(func() {
			if err := d.send(b.Context(), client); err != nil {
				b.Error(err)
			}
			took[i] = time.Since(due)
		})
	}
	all.Wait()
	return took
}

// delivered is a product as a webhook tells of it, about as large as a real one.
var delivered = `"type":"simple","status":"publish","catalog_visibility":"visible",` +
	`"description":"` + strings.Repeat("A mug for tea and for coffee. ", 60) + `","regular_price":"12.50","price":"12.50","stock_status":"instock",` +
	`"manage_stock":false,"categories":[{"id":1,"name":"Mugs"}],"meta_data":[` + strings.TrimSuffix(strings.Repeat(`{"id":1,"key":"_k","value":"v"},`, 30), ",") + `]}`

func (d delivery) send(ctx context.Context, client *http.Client) error {
	body := []byte(fmt.Sprintf(`{"id":%d,"name":%q,"date_modified_gmt":%q,`, d.id, d.title, time.Now().UTC().Format("2006-01-02T15:04:05")) + delivered)
	m := hmac.New(sha256.New, []byte(d.secret))
	m.Write(body)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Wc-Webhook-Topic", "product.updated")
	req.Header.Set("X-Wc-Webhook-Signature", base64.StdEncoding.EncodeToString(m.Sum(nil)))
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("answered by %d", resp.StatusCode)
	}
	return errors.Join(err, resp.Body.Close())
}
