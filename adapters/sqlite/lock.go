package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jmoiron/sqlx"
)

// LockedError says who has the data folder exclusively.
type LockedError struct {
	PID   int
	Host  string
	Since time.Time
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("the data folder is in use by process %d on host %q since %s: stop that server first, or use another data folder",
		e.PID, e.Host, e.Since.Format(time.RFC3339))
}

// lock is a lock file that names its holder. It is a tiny SQLite database of
// which the holder keeps the write lock: the system drops it when the process
// ends, however that happens, it works wherever SQLite does, and others can
// read the holder's name meanwhile.
type lock struct {
	db *sqlx.DB
	tx *sqlx.Tx
}

const lockSchema = `create table if not exists holder (
	one integer primary key check (one = 1), pid integer not null, host text not null, since integer not null)`

// takeLock takes the lock at path, or returns a *LockedError.
func takeLock(ctx context.Context, path string, now time.Time) (*lock, error) {
	return lockBy(ctx, path, now, "_busy_timeout=0")
}

// waitLock waits until it has the lock at path, a minute at most.
func waitLock(ctx context.Context, path string, now time.Time) (*lock, error) {
	return lockBy(ctx, path, now, "_busy_timeout=60000")
}

func lockBy(ctx context.Context, path string, now time.Time, timeout string) (*lock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return nil, mapped(ctx, err)
	}
	db, err := pool(path, 1, "_txlock=immediate", timeout)
	if err != nil {
		return nil, err
	}
	l, err := acquire(ctx, db, now)
	if err != nil {
		if busy(err) {
			err = holder(ctx, path, err)
		}
		return nil, errors.Join(mapped(ctx, err), db.Close())
	}
	return l, nil
}

// acquire writes this process's name, commits it so that others can read it,
// and takes the write lock again to keep it. Somebody else may come in between
// and write another name; then that is undone by writing ours once more.
func acquire(ctx context.Context, db *sqlx.DB, now time.Time) (*lock, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	// The held transaction must outlive the call that began it.
	keep := context.WithoutCancel(ctx)
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		tx, err := db.BeginTxx(keep, nil)
		if err != nil {
			return nil, err
		}
		if _, err := tx.ExecContext(keep, lockSchema); err != nil {
			return nil, errors.Join(err, tx.Rollback())
		}
		var pid int
		var since int64
		switch err := tx.QueryRowxContext(keep, `select pid, since from holder`).Scan(&pid, &since); {
		case err != nil && !errors.Is(err, sql.ErrNoRows):
			return nil, errors.Join(err, tx.Rollback())
		case err == nil && pid == os.Getpid() && since == now.UnixMicro():
			return &lock{db: db, tx: tx}, nil
		}
		_, err = tx.ExecContext(keep, `insert into holder (one, pid, host, since) values (1, ?, ?, ?)
			on conflict (one) do update set pid = excluded.pid, host = excluded.host, since = excluded.since`,
			os.Getpid(), host, now.UnixMicro())
		if err == nil {
			err = tx.Commit()
		}
		if err != nil {
			return nil, errors.Join(err, tx.Rollback())
		}
	}
}

// holder returns a *LockedError with what the lock file says, or why it says
// nothing.
func holder(ctx context.Context, path string, why error) (err error) {
	db, err := pool(path, 1, "_txlock=deferred", "_query_only=on")
	if err != nil {
		return errors.Join(why, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var e LockedError
	var since int64
	if err := db.QueryRowxContext(ctx, `select pid, host, since from holder`).Scan(&e.PID, &e.Host, &since); err != nil {
		return errors.Join(why, err)
	}
	e.Since = time.UnixMicro(since).UTC()
	return &e
}

// release gives the lock up. Releasing again does nothing.
func (l *lock) release() error {
	if err := l.tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return errors.Join(err, l.db.Close())
	}
	return l.db.Close()
}
