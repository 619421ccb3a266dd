package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Config says where the database is and what the store needs from outside.
type Config struct {
	// URL is the runtime login's: it may become app_widget and authenticated,
	// and nothing else. Row-level security binds every statement of it.
	URL string
	// LedgerURL is the ledger login's, which may call the ledger's functions
	// and touch no table.
	LedgerURL string
	// ServiceURL is a login that may become service_role, which passes every
	// policy: for what the platform does by itself, and operators ask for. No
	// statement of a shopper's or a tenant's request runs there.
	ServiceURL string
	// MaxConns bounds the connections of the runtime login, and a quarter of it
	// those of each of the others; default 16. More are slower on few cores.
	MaxConns int
	// ConnLife is how long a connection is used, so that a server behind a
	// changed name is found in the end; default 30 minutes.
	ConnLife time.Duration
	Now      ports.Clock
	NewID    ports.NewID
}

// DB is an open database. Its methods hand out the adapters of the ports, which
// all share it. Close it once they are no longer used.
type DB struct {
	runtime, ledger, service *sqlx.DB
	commits                  *committer
	now                      ports.Clock
	newID                    ports.NewID
}

// connLife is the default of Config.ConnLife.
const connLife = 30 * time.Minute

// LoginError means that a login may do more or less than its part: the runtime
// login could see what a tenant does not own, a password would travel
// unencrypted, another login is the wrong one, or they are not of one database.
// It matches ports.ErrInvalid.
type LoginError struct{ Warnings []string }

func (e *LoginError) Error() string {
	return "the database logins are not as they must be to serve: " + strings.Join(e.Warnings, "; ")
}

// Unwrap returns ports.ErrInvalid.
func (e *LoginError) Unwrap() error { return ports.ErrInvalid }

// Open opens the database and looks whether it can serve.
//
// Errors: a *CheckError if it cannot be reached or used; a *LoginError; a
// *SchemaError if its schema is older than this program, or newer by more than
// one release; ports.ErrInvalid for an incomplete Config.
func Open(ctx context.Context, c Config) (*DB, error) {
	if c.Now == nil || c.NewID == nil {
		return nil, fmt.Errorf("postgres: open: %w: a clock and ids are needed", ports.ErrInvalid)
	}
	if c.MaxConns <= 0 {
		c.MaxConns = 16
	}
	if c.ConnLife <= 0 {
		c.ConnLife = connLife
	}
	info, err := Check(ctx, c.URL)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	if len(info.Warnings) > 0 {
		return nil, fmt.Errorf("postgres: open: %w", &LoginError{info.Warnings})
	}
	db := &DB{now: c.Now, newID: c.NewID}
	few := max(2, c.MaxConns/4)
	for _, p := range []struct {
		pool    *(*sqlx.DB)
		name    string
		dsn     string
		max     int
		silence time.Duration
	}{
		{&db.runtime, "woochat", c.URL, c.MaxConns, runtimeSilence},
		{&db.ledger, "woochat ledger", c.LedgerURL, few, ledgerSilence},
		{&db.service, "woochat service", c.ServiceURL, few, serviceSilence},
	} {
		if *p.pool, err = openPool(p.dsn, p.name, p.max, p.silence); err != nil {
			return nil, errors.Join(err, db.Close())
		}
		(*p.pool).SetConnMaxLifetime(c.ConnLife)
	}
	db.commits = newCommitter(db.ledger)
	if err := db.ready(ctx, c); err != nil {
		return nil, errors.Join(fmt.Errorf("postgres: open: %w", err), db.Close())
	}
	return db, nil
}

// openPool makes a pool; it connects at its first use. A connection that says
// nothing for silence while an answer is waited for is over; 0: never.
func openPool(dsn, name string, conns int, silence time.Duration) (*sqlx.DB, error) {
	cfg, err := pq.NewConfig(dsn)
	if err != nil || strings.TrimSpace(dsn) == "" {
		return nil, &CheckError{Problem: BadAddress, Reason: "the address of the " + name + " login cannot be read", Do: addressHelp}
	}
	cfg.BinaryParameters = true
	if cfg.ApplicationName == "" {
		cfg.ApplicationName = name
	}
	if cfg.Runtime == nil {
		cfg.Runtime = map[string]string{}
	}
	cfg.Runtime["timezone"] = "UTC"
	connector, err := pq.NewConnectorConfig(cfg)
	if err != nil {
		return nil, explain(cfg, err)
	}
	connector.Dialer(patience{silence})
	pool := sqlx.NewDb(sql.OpenDB(connector), "postgres")
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxLifetime(connLife)
	return pool, nil
}

// ready checks that each login can do its part and no other's, that all are of
// one database, and that the schema is ours.
func (db *DB) ready(ctx context.Context, c Config) error {
	if err := checkSchema(ctx, db.runtime); err != nil {
		return err
	}
	if err := checkLogins(ctx, []login{
		{"WOOCHAT_DATABASE_URL", c.URL, db.runtime, nobodySpecial},
		{"WOOCHAT_LEDGER_DATABASE_URL", c.LedgerURL, db.ledger, nobodySpecial},
		{"WOOCHAT_SERVICE_DATABASE_URL", c.ServiceURL, db.service, passesPolicies},
	}); err != nil {
		return err
	}
	var may bool
	if err := db.ledger.GetContext(ctx, &may, `select has_function_privilege('public.ledger_checkpoint(json)', 'execute')`); err != nil {
		return fmt.Errorf("the ledger login: %w", mapped(ctx, err))
	}
	if !may {
		return &LoginError{[]string{"the login of WOOCHAT_LEDGER_DATABASE_URL may not use the ledger: it must be app_ledger"}}
	}
	if err := db.service.GetContext(ctx, &may, `select pg_has_role(current_user, 'service_role', 'member')`); err != nil {
		return fmt.Errorf("the service login: %w", mapped(ctx, err))
	}
	if !may {
		return &LoginError{[]string{"the login of WOOCHAT_SERVICE_DATABASE_URL may not become service_role: it must be app_service, or: grant service_role to it"}}
	}
	return nil
}

// Ping reports whether the database answers the runtime and the ledger login.
// It returns when ctx ends, whatever the network does. The error matches
// ports.ErrUnavailable.
func (db *DB) Ping(ctx context.Context) error {
	done := make(chan error, 1) // who has left is not waited for
	go func() {
		done <- errors.Join(db.runtime.PingContext(ctx), db.ledger.PingContext(ctx))
	}()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("postgres: ping: %w: %w", ports.ErrUnavailable, err)
	}
	return nil
}

// Close waits for the ledger's commits under way and closes all connections. A
// server that says nothing holds it up no longer than a connection is waited
// for. Calls that come later fail. Closing again does nothing.
func (db *DB) Close() error {
	if db.commits != nil {
		db.commits.close()
	}
	var errs []error
	for _, p := range []*sqlx.DB{db.runtime, db.ledger, db.service} {
		if p != nil {
			errs = append(errs, p.Close())
		}
	}
	return errors.Join(errs...)
}

// inTx runs do in a transaction of a pool that begins with a statement of
// settings, which last as long as the transaction.
func inTx(ctx context.Context, pool *sqlx.DB, do func(tx *sqlx.Tx) error, settings string, args ...any) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	tx, err := pool.BeginTxx(ctx, nil)
	if err != nil {
		return mapped(ctx, err)
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback() // what went wrong is err
		}
	}()
	if _, err := tx.ExecContext(ctx, settings, args...); err != nil {
		return mapped(ctx, err)
	}
	if err := do(tx); err != nil {
		return mapped(ctx, err)
	}
	return mapped(ctx, tx.Commit())
}

const becomeWidget = `select set_config('role', 'app_widget', true), set_config('app.tenant_id', $1, true), set_config('app.site_id', $2, true)`

// withScope runs do in a transaction that sees what s owns, and nothing else:
// the one way in which a shopper's or a site's data is reached.
func (db *DB) withScope(ctx context.Context, s tenant.Scope, do func(tx *sqlx.Tx, o owner) error) error {
	o, err := ownerOf(s)
	if err != nil {
		return mapped(ctx, err)
	}
	return inTx(ctx, db.runtime, func(tx *sqlx.Tx) error { return do(tx, o) }, becomeWidget, o.tenant, o.site)
}

// withTenant is withScope for what belongs to a tenant as a whole.
func (db *DB) withTenant(ctx context.Context, id tenant.ID, do func(tx *sqlx.Tx, tenant string) error) error {
	t, err := bare(tenant.Prefix, id)
	if err != nil {
		return mapped(ctx, err)
	}
	return inTx(ctx, db.runtime, func(tx *sqlx.Tx) error { return do(tx, t) }, becomeWidget, t, "")
}

// Both spellings of a claim are set: private.uid() believes the old one first.
const (
	becomePerson = `select set_config('role', 'authenticated', true), set_config('request.jwt.claims', $1, true), set_config('request.jwt.claim.sub', '', true), set_config('app.key_id', '', true)`
	becomeKey    = `select set_config('role', 'authenticated', true), set_config('request.jwt.claims', '', true), set_config('request.jwt.claim.sub', '', true), set_config('app.key_id', $1, true)`
)

// asCaller runs do in a transaction that sees what who may see: an API key's
// site, or a person's tenants. Whether the grants are real is looked up by the
// policies, once more.
func (db *DB) asCaller(ctx context.Context, who roles.Subject, do func(tx *sqlx.Tx) error) error {
	if id, ok := strings.CutPrefix(string(who), keyPrefix); ok {
		if err := tenant.CheckID(keyPrefix, string(who)); err != nil {
			return mapped(ctx, err)
		}
		return inTx(ctx, db.runtime, do, becomeKey, id)
	}
	claims, err := json.Marshal(map[string]string{"sub": userID(who)})
	if err != nil {
		return fmt.Errorf("claims: %w", err)
	}
	return inTx(ctx, db.runtime, do, becomePerson, string(claims))
}

// asService runs do in a transaction that sees everything: for the platform's
// own work. Every statement in it carries its scope.
func (db *DB) asService(ctx context.Context, do func(tx *sqlx.Tx) error) error {
	return inTx(ctx, db.service, do, `select set_config('role', 'service_role', true)`)
}
