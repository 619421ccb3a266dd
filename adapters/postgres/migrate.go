package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
	"github.com/pressly/goose/v3"
	goosedb "github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"

	"github.com/aiwoochat/woochat/migrations"
	"github.com/aiwoochat/woochat/ports"
)

// versionTable is where goose notes which files have run; it is in a schema of
// its own, so that no tenant's role is ever given a right on it.
const (
	versionSchema = "woochat_migrations"
	versionTable  = versionSchema + ".goose_db_version"
)

// SchemaError means that the database's schema is not one that this program
// works on. It matches ports.ErrInvalid.
type SchemaError struct {
	Have int64 // the version of the database's schema; 0: there is none
	Know int64 // the newest version that this program knows
}

func (e *SchemaError) Error() string {
	if e.Have > e.Know {
		return fmt.Sprintf("the database has schema version %d and this program knows versions up to %d: use the newer woochat", e.Have, e.Know)
	}
	return fmt.Sprintf("the database has schema version %d and this program needs %d: run woochat migrate up", e.Have, e.Know)
}

// Unwrap returns ports.ErrInvalid.
func (e *SchemaError) Unwrap() error { return ports.ErrInvalid }

// newest returns the version of the last migration.
func newest() (int64, error) {
	names, err := fs.Glob(migrations.Postgres(), "*.sql")
	if err != nil || len(names) == 0 {
		return 0, fmt.Errorf("read the migrations: %w", err)
	}
	return goose.NumericComponent(names[len(names)-1])
}

// checkSchema returns a *SchemaError unless the schema is this program's, or a
// newer one that still works with it: a migration adds first and takes away a
// release later, so that the program of before works while it is replaced.
func checkSchema(ctx context.Context, pool *sqlx.DB) error {
	know, err := newest()
	if err != nil {
		return err
	}
	var have struct {
		Version int64 `db:"version"`
		Since   int64 `db:"works_since"`
	}
	err = pool.GetContext(ctx, &have, `select version, works_since from public.schema_version()`)
	if server, ok := errors.AsType[*pq.Error](err); ok && server.Code == pqerror.UndefinedFunction {
		return &SchemaError{Know: know}
	}
	if err != nil {
		return fmt.Errorf("the runtime login: %w", mapped(ctx, err))
	}
	if have.Version < know || know < have.Since {
		return &SchemaError{Have: have.Version, Know: know}
	}
	return nil
}

// Migration is one file of the schema.
type Migration struct {
	Version int64
	Name    string
	Applied time.Time // zero: it has not run
}

// Migrated is what Migrate has done.
type Migrated struct {
	Ran []Migration // in this order; none if there was nothing to do
	// Logins are the roles that serve logs in as, with a password for each that
	// was made now. It is told here once, and is known to nobody else.
	Logins []Login
}

// Migrate brings the database of ownerURL to the newest schema. The login must
// be a superuser, or one that may create roles (as postgres on Supabase). Of
// several processes one does it and the others wait. Each file is one
// transaction: if one fails, it has changed nothing, those before it stay, and
// the error says which. newPassword makes the passwords of roles that woochat has
// made, each once, by the first run that gets so far: of several at once only one
// tells it. nil leaves them without one, so that nobody can log in by password,
// until a run that has newPassword. Other roles of these names keep what they have.
func Migrate(ctx context.Context, ownerURL string, newPassword func() (string, error)) (Migrated, error) {
	db, err := openPool(ownerURL, "woochat migrate", 4, neverSilent)
	if err != nil {
		return Migrated{}, err
	}
	defer func() { _ = db.Close() }() // all is committed, or failed
	if err := db.PingContext(ctx); err != nil {
		return Migrated{}, explainOwner(ownerURL, err)
	}
	if err := notePending(ctx, db); err != nil {
		return Migrated{}, fmt.Errorf("postgres: migrate: %w", err)
	}
	p, err := provider(db)
	if err != nil {
		return Migrated{}, err
	}
	if err := adopt(ctx, db, p); err != nil {
		return Migrated{}, err
	}
	var done Migrated
	results, err := p.Up(ctx)
	if err != nil {
		return Migrated{}, fmt.Errorf("postgres: migrate: %w", advised(ctx, err))
	}
	for _, r := range results {
		done.Ran = append(done.Ran, Migration{Version: r.Source.Version, Name: r.Source.Path})
	}
	done.Logins, err = setPasswords(ctx, db, newPassword)
	return done, err
}

// advised returns the error of a file with what the file says to do about it.
// Where it is the file that refuses, what it found there must be mended first.
func advised(ctx context.Context, err error) error {
	server, ok := errors.AsType[*pq.Error](err)
	if !ok || server.Code != pqerror.RaiseException {
		return mapped(ctx, err)
	}
	return fmt.Errorf("%w: %w: %s", ports.ErrInvalid, err, server.Hint)
}

// MigrationStatus lists all migrations with when each has run. It changes
// nothing.
func MigrationStatus(ctx context.Context, ownerURL string) ([]Migration, error) {
	db, err := openPool(ownerURL, "woochat migrate", 2, neverSilent)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }() // nothing was written
	var ran []struct {
		Version int64     `db:"version_id"`
		At      time.Time `db:"tstamp"`
	}
	var there bool
	if err := db.GetContext(ctx, &there, `select to_regclass('`+versionTable+`') is not null`); err != nil {
		return nil, explainOwner(ownerURL, err)
	}
	if there {
		if err := db.SelectContext(ctx, &ran, `select version_id, max(tstamp) as tstamp from `+versionTable+` where is_applied group by version_id`); err != nil {
			return nil, fmt.Errorf("postgres: migration status: %w", mapped(ctx, err))
		}
	}
	names, err := fs.Glob(migrations.Postgres(), "*.sql")
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	list := make([]Migration, 0, len(names))
	for _, name := range names {
		v, err := goose.NumericComponent(name)
		if err != nil {
			return nil, fmt.Errorf("read the migrations: %w", err)
		}
		m := Migration{Version: v, Name: name}
		for _, r := range ran {
			if r.Version == v {
				m.Applied = r.At.UTC()
			}
		}
		list = append(list, m)
	}
	return list, nil
}

func provider(db *sqlx.DB) (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, fmt.Errorf("postgres: migrate: %w", err)
	}
	p, err := goose.NewProvider(goosedb.DialectPostgres, db.DB, migrations.Postgres(),
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true), goose.WithTableName(versionTable))
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return p, nil
}

// adopt notes the files that somebody else's tool has run, such as Supabase's
// CLI, which keeps its own account of them.
func adopt(ctx context.Context, db *sqlx.DB, p *goose.Provider) error {
	have, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("postgres: migrate: %w", mapped(ctx, err))
	}
	var there bool
	if err := db.GetContext(ctx, &there, `select to_regprocedure('public.schema_version()') is not null`); err != nil || have != 0 || !there {
		return mapped(ctx, err)
	}
	return inTx(ctx, db, func(tx *sqlx.Tx) error {
		var version int64
		if _, err := tx.ExecContext(ctx, `set local role app_owner`); err != nil {
			return err
		}
		if err := tx.GetContext(ctx, &version, `select version from public.schema_version()`); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `reset role`); err != nil {
			return err
		}
		for _, s := range p.ListSources() {
			if s.Version > version {
				break
			}
			if _, err := tx.ExecContext(ctx, `insert into `+versionTable+` (version_id, is_applied) values ($1, true)`, s.Version); err != nil {
				return err
			}
		}
		return nil
	}, `lock table `+versionTable+` in share row exclusive mode`)
}

func explainOwner(dsn string, err error) error {
	cfg, cerr := pq.NewConfig(dsn)
	if cerr != nil || errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return explain(cfg, err)
}
