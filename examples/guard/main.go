// Command guard shows how work that costs money is kept within a license, four
// ways: a model of one's own wrapped (Metered), an embedder wrapped
// (MeteredEmbedder), any other work (Guard), and whole HTTP routes
// (RequireUsage), which answer 403 before a handler runs.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/aiwoochat/woochat/adapters/ginhttp"
	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

func main() {
	gin.SetMode(gin.ReleaseMode)
	if err := run(context.Background(), os.Stdout, time.Now); err != nil {
		log.Fatal(err)
	}
}

// shop is a site with a license for three chat requests a day.
type shop struct {
	meter *metering.Service
	scope tenant.Scope
	out   io.Writer
}

func run(ctx context.Context, w io.Writer, now ports.Clock) error {
	stores := memory.NewStores(now, system.NewID,
		usage.Price{Model: "my-model", Version: "mine", Input: 150_000_000, Output: 600_000_000},
		usage.Price{Model: "my-embedder", Version: "mine", Input: 20_000_000},
		usage.Price{Model: "my-reranker", Version: "mine", Input: 50_000_000},
	)
	site, err := stores.AddSite(ctx, "Trail & Tarn", "https://shop.example.com", usage.Limits{
		ChatRequests: 3, ChatTokens: 1_000_000, EmbeddingTokens: 100_000, Cost: usage.Unlimited,
	})
	if err != nil {
		return err
	}
	meter, err := metering.New(metering.Deps{
		Ledger: stores.Ledger, Checkpointer: stores.Ledger, Sweeper: stores.Ledger, Usage: stores.Ledger, Licenses: stores.Licenses,
		Prices: stores.Prices, Sites: stores.Accounts, Tokenizer: stores.Tokenizer, Now: now, NewID: system.NewID, CallTimeout: time.Minute,
	})
	if err != nil {
		return err
	}
	s := shop{meter, site.Scope(), w}
	if err := errors.Join(s.model(ctx), s.embedder(ctx), s.anything(ctx), s.routes(ctx)); err != nil {
		return err
	}
	today := usage.DayOf(now(), time.UTC)
	days, err := stores.Ledger.Days(ctx, site.Scope(), today, today)
	if err != nil {
		return err
	}
	used := days[0].Used
	fmt.Fprintf(w, "Used: %d chat requests, %d embedding request, %d chat tokens, %d embedding tokens\n",
		used.ChatRequests, used.EmbeddingRequests, used.ChatTokens, used.EmbeddingTokens)
	return nil
}

// model wraps a model: no call goes out without a hold.
func (s shop) model(ctx context.Context) error {
	model := metering.Metered(s.meter, s.scope, memory.NewModel("We ship on Mondays."))
	c, err := model.Complete(ctx, chat.Prompt{
		Model: "my-model", MaxTokens: 100, Messages: []chat.Message{{Speaker: chat.Shopper, Text: "When do you ship?"}},
	}, nil)
	fmt.Fprintf(s.out, "Metered: %q, %d + %d tokens\n", c.Text, c.Tokens.Input, c.Tokens.Output)
	return err
}

// embedder wraps an embedder.
func (s shop) embedder(ctx context.Context) error {
	embedder := metering.MeteredEmbedder(s.meter, s.scope, "my-embedder", memory.NewEmbedder(8))
	e, err := embedder.Embed(ctx, []string{"a waterproof jacket", "a sun hat"})
	fmt.Fprintf(s.out, "MeteredEmbedder: %d vectors, %d tokens\n", len(e.Vectors), e.Tokens)
	return err
}

// anything guards what is neither: it says what it may spend at most, and
// returns what it has spent.
func (s shop) anything(ctx context.Context) error {
	work := metering.Work{Kind: usage.Rerank, Model: "my-reranker", Input: 1000}
	e, err := metering.Guard(ctx, s.meter, s.scope, work, func(_ context.Context, hold usage.Hold) (usage.Event, error) {
		fmt.Fprintf(s.out, "Guard: %d tokens are held\n", hold.Want.ChatTokens)
		return usage.Event{Tokens: chat.Tokens{Input: 420, CountedBy: chat.ByProvider}}, nil
	})
	fmt.Fprintf(s.out, "Guard: %d tokens were settled\n", e.Tokens.Total())
	return err
}

// routes guards a route of a Gin server of one's own. The license has room for
// two more requests; the third is answered 403 and its handler never runs.
func (s shop) routes(ctx context.Context) error {
	r := gin.New()
	scopeOf := func(*gin.Context) (tenant.Scope, error) { return s.scope, nil } // from a session, a key ...
	r.POST("/ask", ginhttp.RequireUsage(s.meter, usage.Amounts{ChatRequests: 1, ChatTokens: 500, Cost: 1_000_000}, scopeOf), func(c *gin.Context) {
		prompt := chat.Prompt{Model: "my-model", MaxTokens: 100, Messages: []chat.Message{{Speaker: chat.Shopper, Text: "Hello?"}}}
		call, err := s.meter.ChatCall(c, prompt)
		if err != nil {
			ginhttp.ErrorBody(c, s.meter, err)
			return
		}
		running, err := ginhttp.AdmittedBy(c).Start(c, call, usage.Amounts{})
		if err != nil {
			ginhttp.ErrorBody(c, s.meter, err)
			return
		}
		got, err := running.Complete(c, memory.NewModel("Hello!"), prompt, nil)
		_, serr := running.Settle(c, running.OutcomeOf(prompt, got, err), true)
		if err := errors.Join(err, serr); err != nil {
			ginhttp.ErrorBody(c, s.meter, err)
			return
		}
		c.String(http.StatusOK, got.Text)
	})
	for range 3 {
		req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/ask", nil)
		req.Header.Set("X-Request-Id", "example")
		rec := httptest.NewRecorder()
		r.ServeHTTP(rec, req)
		body := rec.Body.Bytes()
		var pretty bytes.Buffer
		if json.Indent(&pretty, body, "", "  ") == nil {
			body = pretty.Bytes()
		}
		fmt.Fprintf(s.out, "RequireUsage: %d %s\n", rec.Code, body)
	}
	return nil
}
