package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
)

type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Bring the store to this version's shape. Doing it again changes nothing."`
	Status migrateStatus `cmd:"" help:"Say which store is in use and whether it opens with this version."`
}

type migrateUp struct{ jsonFlag }

func (migrateUp) showsSettings() {}

// Help implements kong.HelpProvider.
func (migrateUp) Help() string {
	return `The embedded store is brought up whenever it is opened, by "serve" too; this does it without serving. Back it up first: there is no way down.

A Postgres database is brought up by this command alone, as the login of WOOCHAT_OWNER_DATABASE_URL: a superuser, or one that may create roles (on Supabase: postgres). It makes the roles that are missing and prints the addresses to serve with, with new passwords: keep them, they are told once. Several at once are safe. What a failing file has done is undone.

Examples:

    woochat backup before.db && woochat migrate up
    WOOCHAT_OWNER_DATABASE_URL=postgres://postgres:...@db.example.com/woochat woochat migrate up
`
}

// Run opens the store, which migrates it.
func (c migrateUp) Run(ctx context.Context, p *program) error {
	cfg, _, err := p.settings(quiet())
	if err != nil {
		return err
	}
	if cfg.UsesPostgres() {
		return c.postgres(ctx, p, cfg)
	}
	return p.with(ctx, func(app *wiring.App) error {
		fmt.Fprintf(p.stdout, "The store is ready for this version: %s.\n", storeWords(app.Config))
		return nil
	})
}

func (c migrateUp) postgres(ctx context.Context, p *program, cfg wiring.Config) error {
	done, err := wiring.Migrate(ctx, cfg)
	if err != nil {
		return err
	}
	if c.JSON {
		return p.json(done)
	}
	for _, m := range done.Ran {
		fmt.Fprintf(p.stdout, "ran %s\n", m.Name)
	}
	fmt.Fprintf(p.stdout, "The database is ready for this version: %d files ran.\n\nServe with:\n", len(done.Ran))
	for _, l := range done.Logins {
		fmt.Fprintf(p.stdout, "  %s=%s\n", l.Setting, l.URL)
		if !l.New {
			fmt.Fprintf(p.stdout, "      (%s was there before: its password is the one that you have)\n", l.Role)
		}
	}
	return nil
}

type migrateStatus struct{ jsonFlag }

func (migrateStatus) showsSettings() {}

// storeStatus is what there is to say of a store without changing it.
type storeStatus struct {
	Store  string `json:"store"`
	Exists bool   `json:"exists"`
	Opens  bool   `json:"opens"`
}

// Run says which store is in use. A store that is not there is not made.
func (c migrateStatus) Run(ctx context.Context, p *program) error {
	cfg, _, err := p.settings(quiet())
	if err != nil {
		return err
	}
	if cfg.UsesPostgres() {
		return c.postgres(ctx, p, cfg)
	}
	s := storeStatus{Store: storeWords(cfg), Exists: true}
	if cfg.DatabaseURL == "" {
		entries, err := os.ReadDir(cfg.DataDir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		s.Exists = len(entries) > 0
	}
	if s.Exists {
		err = p.with(ctx, func(*wiring.App) error {
			s.Opens = true
			return nil
		})
	}
	if c.JSON {
		return errors.Join(p.json(s), err)
	}
	switch {
	case err != nil:
		return err
	case !s.Exists:
		fmt.Fprintf(p.stdout, "Store: %s. It is not there yet: the first command that needs it makes it.\n", s.Store)
	default:
		fmt.Fprintf(p.stdout, "Store: %s. It is in this version's shape.\n", s.Store)
	}
	return nil
}

func (c migrateStatus) postgres(ctx context.Context, p *program, cfg wiring.Config) error {
	list, err := wiring.MigrationStatus(ctx, cfg)
	if err != nil {
		return err
	}
	if c.JSON {
		return jsonList(p, list)
	}
	pending := 0
	for _, m := range list {
		when := "pending"
		if m.Applied.IsZero() {
			pending++
		} else {
			when = m.Applied.UTC().Format("2006-01-02 15:04:05Z")
		}
		fmt.Fprintf(p.stdout, "%-22s %s\n", when, m.Name)
	}
	if pending > 0 {
		fmt.Fprintf(p.stdout, "%d files are pending: woochat migrate up\n", pending)
	}
	return nil
}

type backupCommand struct {
	File string `arg:"" help:"The file to write. It must not be there yet."`
}

// Help implements kong.HelpProvider.
func (backupCommand) Help() string {
	return `The copy is complete and consistent although the store is in use. Put it into an empty data folder as woochat.db to restore it.

Examples:

    woochat backup woochat-$(date +%F).db
`
}

// Run writes a copy of the store.
func (c backupCommand) Run(ctx context.Context, p *program) error {
	path, err := filepath.Abs(c.File)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return withHint(fmt.Errorf("%s is there already", c.File), "name a new file, or remove that one")
	}
	return p.with(ctx, func(app *wiring.App) error {
		if err := app.Auditing.Allow(ctx, app.Operator, roles.ReadPlatform, tenant.Scope{}, "backup to "+path); err != nil {
			return err
		}
		if err := app.Backup(ctx, path); err != nil {
			return err
		}
		size := "written"
		if info, err := os.Stat(path); err == nil {
			size = grouped(info.Size()) + " bytes"
		}
		fmt.Fprintf(p.stdout, "Backup in %s: %s.\n", c.File, size)
		return nil
	})
}

type doctorCommand struct {
	jsonFlag
}

func (doctorCommand) showsSettings() {}

// Help implements kong.HelpProvider.
func (doctorCommand) Help() string {
	return `Looks at the configuration, the data folder, the store, the model and the addresses to serve on, and asks the Postgres and the Qdrant server that the configuration names, if any, whether they let woochat in and are new enough, which takes ten seconds each at most. Says what to do about what is wrong, and exits with 1 if something is. No model is called.
`
}

// finding is one thing that doctor looked at.
type finding struct {
	What   string `json:"check"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Todo   string `json:"todo,omitempty"`
}

// Run looks at each part.
func (c doctorCommand) Run(ctx context.Context, p *program) error {
	findings := p.examine(ctx)
	if err := ctx.Err(); err != nil {
		return err // what was still to be looked at would be called bad
	}
	bad := 0
	for _, f := range findings {
		if !f.OK {
			bad++
		}
		if c.JSON {
			continue
		}
		mark := "ok  "
		if !f.OK {
			mark = "BAD "
		}
		fmt.Fprintf(p.stdout, "%s %-14s %s\n", mark, f.What, printable(f.Detail))
		if f.Todo != "" {
			fmt.Fprintf(p.stdout, "     %-14s %s\n", "", printable(f.Todo))
		}
	}
	if c.JSON {
		if err := jsonList(p, findings); err != nil {
			return err
		}
	}
	switch {
	case bad == 1:
		return errors.New("one thing is wrong: see above")
	case bad > 0:
		return fmt.Errorf("%d things are wrong: see above", bad)
	}
	return nil
}

func (p *program) examine(ctx context.Context) []finding {
	var out []finding
	cfg, _, err := p.settings(quiet())
	if err != nil {
		for _, line := range flatten(err) {
			out = append(out, finding{What: "configuration", Detail: line, Todo: `see "woochat config show --origin"`})
		}
		return out
	}
	out = append(out, finding{What: "configuration", OK: true, Detail: "every setting can be read"})
	if cfg.DatabaseURL == "" {
		out = append(out, folder(cfg.DataDir))
	}
	// That a server can be reached does not mean that it is served from: what
	// follows says so.
	for _, f := range wiring.Doctor(ctx, cfg) {
		out = append(out, finding(f))
	}
	model := finding{What: "model"}
	err = p.with(ctx, func(app *wiring.App) error {
		model.OK, model.Detail = true, app.Model
		if _, err := app.Metering.Price(ctx, cfg.ChatModel); cfg.ChatModel != "" && err != nil {
			model.OK, model.Todo = false, "set WOOCHAT_PRICE_CEILING or WOOCHAT_PRICES_FILE: a model of unknown price is not called"
			model.Detail += ": " + err.Error()
		}
		sites, err := allSites(ctx, app)
		if err != nil {
			return err
		}
		f := finding{What: "sites", OK: true, Detail: fmt.Sprintf("%d", len(sites))}
		foreign := 0
		for _, s := range sites {
			if !wiring.KnowsLanguage(cfg.EmbeddingModel, s.Locale) {
				foreign++
			}
		}
		switch {
		case len(sites) == 0:
			f.Todo = `"woochat init" creates the first one`
		case foreign > 0:
			f.Detail += fmt.Sprintf(", %d not in English", foreign)
			f.Todo = cfg.EmbeddingModel + " knows English only, so these are searched by words alone: WOOCHAT_EMBEDDING_MODEL names a model that knows their language"
		}
		out = append(out, f)
		return nil
	})
	if err != nil {
		out = append(out, unopened(err)...)
	} else {
		out = append(out, model, finding{What: "store", OK: true, Detail: storeWords(cfg)})
	}
	secret := finding{What: "secret key", OK: true, Detail: "set"}
	if cfg.SecretKey == "" {
		secret = finding{What: "secret key", OK: true, Detail: `not set: "serve" needs one, the other commands do not`, Todo: "export WOOCHAT_SECRET_KEY=$(woochat config secret)"}
	}
	return append(out, secret, address(ctx, "public address", cfg.Addr), address(ctx, "admin address", cfg.AdminAddr))
}

// unopened says what kept the store from opening: the index is opened with it,
// and each is to be mended by itself.
func unopened(err error) []finding {
	var out []finding
	for _, bad := range settingErrors(err) {
		f := finding{What: "store", Detail: bad.Name + ": " + bad.Reason, Todo: `"woochat config show --origin" shows where it is set`}
		if bad.Name == "WOOCHAT_QDRANT_URL" {
			f.What = "index"
		}
		out = append(out, f)
	}
	if len(out) == 0 {
		return []finding{{What: "store", Detail: strings.Join(flatten(err), "; "), Todo: hintOf(err)}}
	}
	return out
}

// settingErrors returns all errors of settings that err holds.
func settingErrors(err error) []*wiring.SettingError {
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		var out []*wiring.SettingError
		for _, child := range list.Unwrap() {
			out = append(out, settingErrors(child)...)
		}
		return out
	}
	if inner := errors.Unwrap(err); inner != nil {
		return settingErrors(inner)
	}
	if bad, ok := errors.AsType[*wiring.SettingError](err); ok {
		return []*wiring.SettingError{bad}
	}
	return nil
}

// folder tries to write into dir, or the nearest folder above it that exists.
func folder(dir string) finding {
	f := finding{What: "data folder", Detail: dir}
	at := dir
	for {
		info, err := os.Stat(at)
		if err == nil && !info.IsDir() {
			f.Detail, f.Todo = at+" is not a folder", "name another one with WOOCHAT_DATA_DIR"
			return f
		}
		if err == nil {
			break
		}
		parent := filepath.Dir(at)
		if parent == at {
			break
		}
		at = parent
	}
	file, err := os.CreateTemp(at, ".woochat-doctor-*")
	if err != nil {
		f.Detail, f.Todo = err.Error(), "make it writable, or name another one with WOOCHAT_DATA_DIR"
		return f
	}
	f.OK = true
	if err := errors.Join(file.Close(), os.Remove(file.Name())); err != nil {
		f.OK, f.Detail = false, err.Error()
	}
	return f
}

// address tries to listen. That somebody does already is no fault: it may be
// the service itself.
func address(ctx context.Context, what, addr string) finding {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return finding{What: what, OK: true, Detail: addr + " cannot be opened now: " + err.Error(), Todo: "that is well if woochat is what serves there"}
	}
	f := finding{What: what, OK: true, Detail: addr + " is free"}
	if err := l.Close(); err != nil {
		f.OK, f.Detail = false, err.Error()
	}
	return f
}
