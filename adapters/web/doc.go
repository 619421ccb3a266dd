// Package web reads the pages of a site as a visitor gets them: those that its
// sitemaps name and its robots.txt allows, one after the other. It is for sites
// whose pages no API gives.
package web

import (
	"context"
	"net/http"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/ports"
)

// Config of a Crawl. Client, Read and Now are required.
type Config struct {
	// Client asks. It decides what may be reached: give it one that reaches the
	// internet only, bounds bodies, and follows few redirects.
	Client *http.Client
	// Read reads one page: see the WebPage of package html. An error that
	// matches ports.ErrInvalid says why it cannot be read.
	Read func(source, address string) (page catalog.Page, faqs []catalog.FAQ, canonical string, err error)
	Now  ports.Clock

	// Agent is the name that robots.txt knows us by; "" is woochat.
	Agent string
	// MaxPages is how many pages a site may have; 0 is 5,000.
	MaxPages int
	// MaxTime bounds one call of Changes; 0 is an hour. What is not read then is
	// read by the next call.
	MaxTime time.Duration
	// Delay is the time between two requests; 0 is 250 ms. A site may ask for
	// more in its robots.txt.
	Delay time.Duration
	// Wait waits; nil waits by a timer. For tests.
	Wait func(ctx context.Context, d time.Duration) error
}

func (c Config) withDefaults() Config {
	if c.Agent == "" {
		c.Agent = "woochat"
	}
	if c.MaxPages <= 0 {
		c.MaxPages = 5000
	}
	if c.MaxTime <= 0 {
		c.MaxTime = time.Hour
	}
	if c.Delay <= 0 {
		c.Delay = 250 * time.Millisecond
	}
	if c.Wait == nil {
		c.Wait = func(ctx context.Context, d time.Duration) error {
			t := time.NewTimer(d)
			defer t.Stop()
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-t.C:
				return nil
			}
		}
	}
	return c
}
