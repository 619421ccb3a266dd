package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	goosedb "github.com/pressly/goose/v3/database"

	"github.com/aiwoochat/woochat/ports"
)

// SchemaError means that the data was last used by a newer version of woochat,
// whose schema this one does not know.
type SchemaError struct {
	Have int64 // the version of the data's schema
	Know int64 // the newest version that this program knows
}

func (e *SchemaError) Error() string {
	return fmt.Sprintf("the data has schema version %d and this program knows versions up to %d: use the newer woochat, or a backup from before the update", e.Have, e.Know)
}

// migrate brings f to the newest schema of files. Of several processes one
// does it, under the lock file at lockPath, and the others wait.
func migrate(ctx context.Context, f *file, files fs.FS, lockPath string, now ports.Clock) (err error) {
	p, err := goose.NewProvider(goosedb.DialectSQLite3, f.writer.DB, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	sources := p.ListSources()
	know := sources[len(sources)-1].Version
	// Mostly there is nothing to do, and then nobody is to be waited for.
	have, err := schemaVersion(ctx, f)
	if err != nil || have == know {
		return mapped(ctx, err)
	}
	if have > know {
		return &SchemaError{Have: have, Know: know}
	}
	l, err := waitLock(ctx, lockPath, now())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.release()) }()
	if have, err = schemaVersion(ctx, f); err != nil {
		return mapped(ctx, err)
	}
	if have > know {
		return &SchemaError{Have: have, Know: know}
	}
	if _, err := p.Up(ctx); err != nil {
		return mapped(ctx, fmt.Errorf("update the schema from version %d to %d: %w", have, know, err))
	}
	return nil
}

// schemaVersion returns the newest migration that f has, 0 if it is new.
func schemaVersion(ctx context.Context, f *file) (int64, error) {
	var tables int
	if err := f.writer.GetContext(ctx, &tables, `select count(*) from sqlite_schema where type = 'table' and name = ?`, goose.DefaultTablename); err != nil || tables == 0 {
		return 0, err
	}
	var v int64
	err := f.writer.GetContext(ctx, &v, `select coalesce(max(version_id), 0) from goose_db_version where is_applied`)
	return v, err
}
