// Package sqlite keeps everything in one folder on this machine: the embedded
// default, for which nothing needs to be installed. It is pure Go.
//
// woochat.db holds what must not be lost (the ledger, tenants, conversations,
// documents) and is written with synchronous=FULL: what a method has returned
// survives a power cut. One connection writes; others read the last committed
// state beside it. Each method of a port is one transaction.
//
// Several processes may open a folder. One of them may have it exclusively, in
// the sense of [Config].Exclusive: only one server runs on a folder, and
// commands run beside it.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/migrations"
	"github.com/aiwoochat/woochat/ports"
)

// Names of the files in the data folder.
const (
	mainFile    = "woochat.db"
	lockFile    = "woochat.lock"         // held while a server runs
	migrateLock = "woochat.migrate.lock" // held while the schema is changed
)

// Config says where the data is and what the store needs from outside.
type Config struct {
	// Dir is the data folder. It is made, for its owner only, if it is not
	// there.
	Dir string
	// Exclusive refuses to open the folder while another process, or another
	// DB of this one, has it exclusively; the error is then a *LockedError.
	// Others that are not exclusive may open it all the same.
	Exclusive bool
	Now       ports.Clock
	NewID     ports.NewID
}

// DB is an open data folder. Its methods hand out the adapters of the ports,
// which all share it. Close it once they are no longer used.
type DB struct {
	*file
	dir   string
	lock  *lock // nil unless exclusive
	now   ports.Clock
	newID ports.NewID
}

// Open opens the folder c.Dir, and makes or updates what is in it.
//
// Errors: a *LockedError if c.Exclusive and somebody else has it; a
// *SchemaError if a newer version of woochat has changed the folder's schema;
// ports.ErrUnavailable if a file cannot be read or written.
func Open(ctx context.Context, c Config) (*DB, error) {
	if c.Dir == "" || c.Now == nil || c.NewID == nil {
		return nil, fmt.Errorf("sqlite: open: %w: a folder, a clock and ids are needed", ports.ErrInvalid)
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", c.Dir, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("sqlite: make the data folder: %w: %w", ports.ErrUnavailable, err)
	}
	db := &DB{dir: dir, now: c.Now, newID: c.NewID}
	if c.Exclusive {
		if db.lock, err = takeLock(ctx, filepath.Join(dir, lockFile), c.Now()); err != nil {
			return nil, fmt.Errorf("sqlite: open %s: %w", dir, err)
		}
	}
	if db.file, err = openFile(ctx, filepath.Join(dir, mainFile), "FULL"); err == nil {
		err = migrate(ctx, db.file, migrations.SQLite(), filepath.Join(dir, migrateLock), c.Now)
	}
	if err == nil && c.Exclusive {
		err = db.voidLeases(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: open %s: %w", dir, err), db.Close())
	}
	return db, nil
}

// voidLeases ends the leases that are left: of a server that died, or of the one
// whose backup this is. A command beside us that loses one by it may do what we
// do, too, and nothing worse.
func (db *DB) voidLeases(ctx context.Context) error {
	return db.write(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `delete from leases`)
		return err
	})
}

// Dir returns the absolute path of the data folder.
func (db *DB) Dir() string { return db.dir }

// Close closes the files and gives up the lock. Calls under way end with an
// error. Closing again does nothing.
func (db *DB) Close() error {
	var errs []error
	if db.file != nil {
		errs = append(errs, db.close())
	}
	if db.lock != nil {
		errs = append(errs, db.lock.release())
	}
	return errors.Join(errs...)
}
