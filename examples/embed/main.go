// Command embed answers a shopper's question inside of a Go program of one's
// own, on the adapters in memory: no server, no database, no key. Every part
// can be put in place of its own: what New takes are the interfaces of package
// ports.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/app/answering"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

func main() {
	if err := run(context.Background(), os.Stdout, time.Now, "What does the Storm Jacket cost, and what is shipping?"); err != nil {
		log.Fatal(err)
	}
}

// run is all that it takes.
func run(ctx context.Context, w io.Writer, now ports.Clock, question string) error {
	// A shop with a license, and a model with a price: $0.15 and $0.60 for a
	// million tokens.
	stores := memory.NewStores(now, system.NewID, usage.Price{Model: "my-model", Version: "mine", Input: 150_000_000, Output: 600_000_000})
	site, err := stores.AddSite(ctx, "Trail & Tarn", "https://shop.example.com", usage.Limits{ChatRequests: 10, ChatTokens: 100_000, Cost: usage.Unlimited})
	err = errors.Join(err, fill(ctx, stores, site.Scope()))

	// The meter is the only way to a model: it reserves before, and settles
	// after.
	meter, merr := metering.New(metering.Deps{
		Ledger: stores.Ledger, Checkpointer: stores.Ledger, Sweeper: stores.Ledger, Usage: stores.Ledger, Licenses: stores.Licenses,
		Prices: stores.Prices, Sites: stores.Accounts, Tokenizer: stores.Tokenizer, Now: now, NewID: system.NewID, CallTimeout: time.Minute,
	})
	// What the shop says on a question is found by words, and by meaning with an
	// Embedder.
	search, serr := searching.New(searching.Deps{
		Meter: meter, Searcher: stores.Index, Passages: stores.Documents, Inventory: stores.Documents, Tokenizer: stores.Tokenizer, Now: now,
	}, searching.Config{Model: "my-model"})
	assistant, aerr := answering.New(answering.Deps{
		Meter: meter, Sites: stores.Accounts, Conversations: stores.Conversations, Turns: stores.Conversations, Drafts: stores.Conversations,
		Search: search, Tokenizer: stores.Tokenizer, Model: model(), Now: now, NewID: system.NewID,
	}, answering.Config{Model: "my-model"})
	if err := errors.Join(err, merr, serr, aerr); err != nil {
		return err
	}

	// Ask. The answer streams sentence by sentence, as far as the shop's data
	// bears it out.
	visitor := chat.VisitorID(chat.VisitorPrefix + system.NewID())
	answer, err := assistant.Ask(ctx, answering.Question{Scope: site.Scope(), Visitor: visitor, Text: question})
	if err != nil {
		return err // refused: the limit is spent, the license has ended ...
	}
	defer answer.Abandon()
	if err := show(ctx, w, answer); err != nil {
		return err
	}
	if err := assistant.Close(ctx); err != nil { // until the last answer is settled
		return err
	}
	today := usage.DayOf(now(), time.UTC)
	days, err := stores.Ledger.Days(ctx, site.Scope(), today, today)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nMetered: %d chat request, %d output tokens, %d held\n", days[0].Used.ChatRequests, days[0].CompletionTokens, days[0].Held.ChatTokens)
	return nil
}
