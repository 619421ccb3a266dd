package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/aiwoochat/woochat/ports"
)

// Backup writes the last committed state of woochat.db to a new file at path,
// for its owner only, while others go on reading and writing. The file is
// whole, without a log beside it, and on disk when Backup returns. An index is
// not part of it, since it can be rebuilt.
//
// Errors: ports.ErrConflict if there is a file at path, which is then left as
// it is; ports.ErrUnavailable if it cannot be written, and then it is removed.
func (db *DB) Backup(ctx context.Context, path string) (err error) {
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("sqlite: backup: %w: %s is there already: name a new file", ports.ErrConflict, path)
	case err != nil:
		return fmt.Errorf("sqlite: backup: %w: %w", ports.ErrUnavailable, err)
	}
	defer func() {
		if err = errors.Join(err, out.Close()); err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	// A connection of its own: a copy of a large file must not keep the few
	// readers busy, and query_only ones may not copy.
	src, err := pool(db.path, 1, "_txlock=deferred")
	if err != nil {
		return fmt.Errorf("sqlite: backup: %w", err)
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	if _, err := src.ExecContext(ctx, `vacuum into ?`, path); err != nil {
		return fmt.Errorf("sqlite: backup to %s: %w", path, mapped(ctx, err))
	}
	if err := out.Sync(); err != nil {
		return fmt.Errorf("sqlite: backup to %s: %w: %w", path, ports.ErrUnavailable, err)
	}
	return nil
}
