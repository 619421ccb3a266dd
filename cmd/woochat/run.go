package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/aiwoochat/woochat/app/wiring"
)

// program is one run of woochat: what it was asked for, and where it reads and
// writes.
type program struct {
	env            func(name string) (string, bool)
	stdin          io.Reader
	stdout, stderr io.Writer
	now            func() time.Time

	asks   bool // a person can be asked: stdin and stderr are a terminal
	talks  bool // stdout is a terminal: what is printed is for a person
	bars   bool // stderr is a terminal, on which a line can be drawn anew
	colour bool // stdout is a terminal that wants colours

	// hurry is closed when nothing is to be waited for any more; nil: never.
	hurry <-chan struct{}

	flags      map[string]string // settings given as flags, by flag name
	configFile string
	command    string // what was asked for, such as "license set"
	reason     string // --reason
}

func newProgram(env func(string) (string, bool), stdin io.Reader, stdout, stderr io.Writer) *program {
	noColour, _ := env("NO_COLOR")
	kind, _ := env("TERM")
	talks, bars := isTerminal(stdout), isTerminal(stderr)
	return &program{
		env: env, stdin: stdin, stdout: stdout, stderr: stderr, now: time.Now,
		asks: isTerminal(stdin) && bars, talks: talks, bars: bars, colour: talks && noColour == "" && kind != "dumb",
	}
}

// run runs woochat in this process and returns its exit code: 0, 1 for a
// failure, 2 for bad flags or a bad configuration, 130 if ctx ended it early.
// It ends when ctx does.
func run(ctx context.Context, args []string, env func(string) (string, bool), stdin io.Reader, stdout, stderr io.Writer) int {
	return newProgram(env, stdin, stdout, stderr).run(ctx, args)
}

func (p *program) run(ctx context.Context, args []string) int {
	command, err := p.parse(args)
	if err == nil && command != nil {
		command.BindTo(ctx, (*context.Context)(nil))
		err = command.Run(p)
	}
	return p.report(err)
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// settings returns the configuration; defaults, by environment name, go before
// the table's own.
func (p *program) settings(defaults map[string]string) (wiring.Config, []wiring.Value, error) {
	cfg, values, err := wiring.Load(wiring.Sources{
		Defaults: defaults, File: p.configFile, Env: p.env, Flags: p.flags, ReadFile: os.ReadFile,
	})
	cfg.Version = versionOf(readBuild()).Version
	return cfg, values, err
}

// quiet are the defaults of commands that are not servers: their output is not
// to be mixed with a log of what went well.
func quiet() map[string]string { return map[string]string{"WOOCHAT_LOG_LEVEL": "warn"} }

func (p *program) logger(cfg wiring.Config) *slog.Logger {
	return wiring.NewLogger(p.stderr, cfg, p.bars && p.colour)
}

// stopTimeout bounds the end of a command that served nobody.
const stopTimeout = 10 * time.Second

// with runs do on the configured store, which is closed afterwards.
func (p *program) with(ctx context.Context, do func(*wiring.App) error) error {
	cfg, _, err := p.settings(quiet())
	if err != nil {
		return err
	}
	app, err := wiring.Start(ctx, cfg, wiring.Options{Log: p.logger(cfg), Operator: p.operator()})
	if err != nil {
		return storeHint(cfg, err)
	}
	err = do(app)
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return errors.Join(err, app.Stop(end))
}
