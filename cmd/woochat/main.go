// Command woochat is a shop's assistant: it answers shoppers' questions from
// the shop's own products and pages, and counts what that costs.
//
//	woochat demo      opens a shop whose assistant answers
//	woochat init      creates the first tenant, site, license and key
//	woochat serve     serves the widget, its API and the admin API
//	woochat --help    lists all commands
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	_ "time/tzdata" // sites name IANA zones, and not every system has them

	"github.com/aiwoochat/woochat/app/wiring"
)

// hurryGrace is what a command has left after a second signal, to take away
// what it should not leave behind.
const hurryGrace = time.Second

// twiceIsOnce is the time within which a second signal is the first one again:
// some senders signal a process and its group.
const twiceIsOnce = 300 * time.Millisecond

// main is the only place that knows signals and the process's exit: the first
// signal asks for an orderly end, the second one does not wait for it.
func main() {
	wiring.RunPDFReader(os.Args[1:])
	ctx, cancel := context.WithCancel(context.Background())
	hurry := make(chan struct{})
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		first := time.Now()
		cancel()
		for {
			<-signals
			if time.Since(first) > twiceIsOnce {
				break
			}
		}
		close(hurry)
		time.AfterFunc(hurryGrace, func() { os.Exit(exitInterrupted) })
	}()
	p := newProgram(os.LookupEnv, os.Stdin, os.Stdout, os.Stderr)
	p.hurry = hurry
	os.Exit(p.run(ctx, os.Args[1:]))
}
