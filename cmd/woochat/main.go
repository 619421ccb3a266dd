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

	_ "time/tzdata" // sites name IANA zones, and not every system has them
)

// exitInterrupted is how a shell reports a process that Ctrl-C ended.
const exitInterrupted = 130

// main is the only place that knows signals and the process's exit: the first
// signal asks for an orderly end, the second one does not wait for it.
func main() {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(exitInterrupted)
	}()
	os.Exit(run(ctx, os.Args[1:], os.LookupEnv, os.Stdin, os.Stdout, os.Stderr))
}
