package ingesting_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// crowd is a receiver for two shops without a key, in virtual time.
type crowd struct {
	*shop
	let chan struct{}
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	c := &crowd{shop: newShop(t, "", plainSealer{}), let: make(chan struct{})}
	sealed, _ := plainSealer{}.Seal(ingestion.SecretPurpose(other.Site), []byte("secret"))
	if _, err := c.connections.SaveConnection(t.Context(), other, ingestion.Connection{URL: "https://other.example.com", Secrets: []string{sealed}}); err != nil {
		t.Fatal(err)
	}
	var err error
	c.receiver, err = ingesting.NewReceiver(ingesting.ReceiverDeps{
		Sites: c.connections, Connections: c.connections, Deliveries: c.connections, Sealer: plainSealer{}, Queue: c.queue, Health: c.health, Now: time.Now,
		Parse: func([]byte, ingestion.Connection) (catalog.Product, error) {
			return catalog.Product{ID: "7", Status: catalog.Published}, nil
		},
		Limiter: memory.NewLimiter(time.Now),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// send delivers a body of a sender, signed or not.
func (c *crowd) send(to tenant.Scope, from string, signed bool, body func() io.Reader) (ingesting.Reception, error) {
	d := ingesting.Delivery{Site: to.Site, Topic: "product.updated", Signature: "forged", From: from, Body: body()}
	if signed {
		d.Signature = signature(body())
	}
	return c.receiver.Receive(c.Context(), d)
}

// strangers begin large bodies that never end, until the test lets them.
func (c *crowd) strangers(to tenant.Scope, from ...string) {
	arrived := make(chan struct{}, 100)
	for _, f := range from {
		go func() {
			_, _ = c.send(to, f, false, func() io.Reader {
				return &stuck{Reader: described(3 << 20)(), arrived: arrived, let: c.let}
			})
		}()
	}
	synctest.Wait()
}

// Strangers who hold places for large bodies with what is not signed do not keep
// a shop's own from being taken: not those of one address, and not those who send
// to another shop.
func TestStrangersDoNotTakeAllPlaces(t *testing.T) {
	for name, strangers := range map[string]func(*crowd){
		"one address": func(c *crowd) { c.strangers(site, "203.0.113.9", "203.0.113.9", "203.0.113.9", "203.0.113.9") },
		"another shop": func(c *crowd) {
			c.strangers(other, "203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4", "203.0.113.5")
		},
		"who leaves again": func(c *crowd) {
			c.strangers(site, "203.0.113.1", "203.0.113.2")
			time.AfterFunc(2*time.Second, func() { close(c.let) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCrowd(t)
				strangers(c)
				if got, err := c.send(site, "198.51.100.7", true, described(3<<20)); got != ingesting.Hinted || err != nil || c.findings() != "" {
					t.Errorf("got %d, %v, %s", got, err, c.findings())
				}
				if name != "who leaves again" {
					close(c.let)
				}
				wait(largeWait)
			})
		})
	}
}

// largeWait is longer than anybody waits for a place.
const largeWait = 10 * time.Second

// counting counts what is read of a body.
type counting struct {
	io.Reader
	n int
}

func (r *counting) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.n += n
	return n, err
}

// Of who has sent many bad signatures large bodies are not read any more; the
// refusal is the same for sites that there are not, what is signed is taken all
// the same, and nobody else notices.
func TestBadSignaturesAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const stranger = "203.0.113.9"
		for _, to := range []tenant.Scope{site, {Tenant: site.Tenant, Site: "site_none"}} {
			c := newCrowd(t)
			read := func(from string) int {
				var body *counting
				_, err := c.send(to, from, false, func() io.Reader {
					body = &counting{Reader: described(8 << 20)()}
					return body
				})
				if !errors.Is(err, ingesting.ErrRefused) || err.Error() != ingesting.ErrRefused.Error() {
					t.Errorf("refused by %v", err)
				}
				return body.n
			}
			if n := read(stranger); n < 8<<20 {
				t.Errorf("%s: %d bytes of the first were read", to.Site, n)
			}
			for range 100 {
				if _, err := c.send(to, stranger, false, func() io.Reader { return strings.NewReader(`{"id":7}`) }); !errors.Is(err, ingesting.ErrRefused) {
					t.Fatal(err)
				}
			}
			if n := read(stranger); n > 1<<20+1<<16 {
				t.Errorf("%s: %d bytes were read after many bad signatures", to.Site, n)
			}
			if n := read("198.51.100.7"); n < 8<<20 {
				t.Errorf("%s: another sender's large body is not read: %d bytes", to.Site, n)
			}
			if to != site {
				continue
			}
			small := func() io.Reader { return strings.NewReader(`{"id":7,"type":"simple"}`) }
			if got, err := c.send(site, stranger, true, small); got != ingesting.Hinted || err != nil {
				t.Errorf("a good delivery from behind the same address: %d, %v", got, err)
			}
			// Whoever signs is a shop, whoever else is behind its address.
			if got, err := c.send(site, stranger, true, described(3<<20)); got != ingesting.Hinted || err != nil {
				t.Errorf("a large one from there: %d, %v", got, err)
			}
			if got, err := c.send(other, stranger, true, described(3<<20)); got != ingesting.Hinted || err != nil {
				t.Errorf("a large one for another shop: %d, %v", got, err)
			}
		}
	})
}

// After a while a sender begins anew, and many senders cost no more than few.
func TestBadSignaturesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		small := func() io.Reader { return strings.NewReader(`{"id":7}`) }
		for range 100 {
			_, _ = c.send(site, "203.0.113.9", false, small)
		}
		wait(3 * time.Minute)
		var body *counting
		_, _ = c.send(site, "203.0.113.9", false, func() io.Reader {
			body = &counting{Reader: described(8 << 20)()}
			return body
		})
		if body.n < 8<<20 {
			t.Errorf("%d bytes were read three minutes later", body.n)
		}
		for i := range 12_000 {
			if _, err := c.send(site, fmt.Sprint("sender ", i), false, small); !errors.Is(err, ingesting.ErrRefused) {
				t.Fatal(err)
			}
		}
	})
}
