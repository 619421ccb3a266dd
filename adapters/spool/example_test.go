package spool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/aiwoochat/woochat/adapters/decorated"
	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/adapters/spool"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// A store that loses one settlement: it waits in the spool, nothing is admitted
// meanwhile, and it is there once the replayer has run.
func ExampleNewLedger() {
	dir, err := os.MkdirTemp("", "spool")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	ctx, site, now := context.Background(), tenant.Scope{Tenant: "ten_1", Site: "site_1"}, time.Now()
	store := memory.NewLedger(time.Now, func() string { return "1" })

	journal, _, err := spool.Open(spool.Config{Dir: dir, Now: time.Now})
	if err != nil {
		panic(err)
	}
	defer journal.Close()
	ledger, err := spool.NewLedger(spool.LedgerConfig{
		Next:    decorated.Ledger(store, decorated.Faulty(decorated.Fault{Method: "Settle", Err: ports.ErrUnavailable})),
		Journal: journal, Now: time.Now,
	})
	if err != nil {
		panic(err)
	}

	hold := usage.Hold{
		ID: "res_1", Day: "2026-11-28", Want: usage.Amounts{ChatRequests: 1, ChatTokens: 500}, Limits: usage.NoLimits(),
		Admit: now, Expires: now.Add(time.Minute),
	}
	fmt.Println("admitted:", ledger.Reserve(ctx, site, hold))
	fmt.Println("settled:", ledger.Settle(ctx, site, "res_1", usage.Event{
		ID: "evt_1", CallNo: 1, Last: true, Kind: usage.Chat, Model: "m", ChatRequests: 1,
		Tokens: chat.Tokens{Input: 300, Output: 40, CountedBy: chat.ByProvider}, Success: true,
	}))
	hold.ID = "res_2"
	fmt.Println("refused:", errors.Is(ledger.Reserve(ctx, site, hold), spool.ErrPending), journal.Status().Pending)

	run, stop := context.WithCancel(ctx)
	done := make(chan error)
	go func() { done <- ledger.Run(run) }()
	for ledger.Ready() != nil {
		runtime.Gosched()
	}
	stop()
	fmt.Println("replayed:", <-done)
	days, _ := store.Days(ctx, site, "2026-11-28", "2026-11-28")
	fmt.Println("tokens:", days[0].Used.ChatTokens)
	// Output:
	// admitted: <nil>
	// settled: <nil>
	// refused: true 1
	// replayed: <nil>
	// tokens: 340
}
