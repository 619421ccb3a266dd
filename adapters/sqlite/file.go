package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"

	"github.com/aiwoochat/woochat/ports"
)

// readers is how many connections read one file at a time. Reading is mostly
// memory and CPU, so more than a few cores' worth gains nothing.
const readers = 4

// file is one database file with one writing connection, since SQLite has one
// writer at a time anyway, and some that read beside it.
type file struct {
	path   string
	writer *sqlx.DB
	reader *sqlx.DB
}

// openFile opens or makes the database file at path. synchronous is FULL if a
// commit must survive a power cut, and NORMAL if the file can be rebuilt.
func openFile(ctx context.Context, path, synchronous string) (*file, error) {
	// Made here and not by SQLite, which would let the group read it. The
	// files beside it (-wal, -shm) take over its mode.
	made, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = made.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ports.ErrUnavailable, err)
	}
	writer, err := pool(path, 1, "_txlock=immediate", "_journal_mode=WAL", "_synchronous="+synchronous, "_foreign_keys=on")
	if err != nil {
		return nil, err
	}
	// The file is put into WAL mode before anybody reads it.
	if err := writer.PingContext(ctx); err != nil {
		return nil, errors.Join(mapped(ctx, err), writer.Close())
	}
	reader, err := pool(path, readers, "_txlock=deferred", "_query_only=on")
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	return &file{path: path, writer: writer, reader: reader}, nil
}

// pool opens up to n connections to the file at path with the given options of
// the driver.
func pool(path string, n int, options ...string) (*sqlx.DB, error) {
	options = append(options, "_busy_timeout=10000", "_dqs=0", "_defensive=1")
	connector, err := sqlite.NewConnector(dsn(path, options...))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	}
	// The name only tells sqlx how to spell placeholders: as ?, which is what
	// all statements here do themselves.
	db := sqlx.NewDb(sql.OpenDB(connector), "sqlite")
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db, nil
}

// dsn spells path as SQLite's URI, so that ? and % in it are part of the name.
func dsn(path string, options ...string) string {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/data
	}
	u := url.URL{Scheme: "file", Path: slashed, RawQuery: strings.Join(options, "&")}
	return u.String()
}

func (f *file) close() error {
	// The writer goes last, so that it folds the write-ahead log into the file.
	return errors.Join(f.reader.Close(), f.writer.Close())
}

// read runs do in a transaction that sees one committed state and cannot
// write.
func (f *file) read(ctx context.Context, do func(tx *sqlx.Tx) error) error {
	return within(ctx, f.reader, do)
}

// write runs do in a transaction that nobody else writes beside. It commits
// unless do returns an error, which is then returned; nothing is changed.
func (f *file) write(ctx context.Context, do func(tx *sqlx.Tx) error) error {
	return within(ctx, f.writer, do)
}

func within(ctx context.Context, db *sqlx.DB, do func(tx *sqlx.Tx) error) error {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return mapped(ctx, err)
	}
	defer tx.Rollback() // does nothing after Commit
	if err := do(tx); err != nil {
		return mapped(ctx, err)
	}
	return mapped(ctx, tx.Commit())
}
