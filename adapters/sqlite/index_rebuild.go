package sqlite

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// NeedsRebuild reports whether the index was made or cleared and Rebuilt was
// not called since: documents that count as indexed are not in it then.
func (x *Index) NeedsRebuild(ctx context.Context) (bool, error) {
	var built bool
	err := x.file.read(ctx, func(tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &built, `select built from state`)
	})
	if err != nil {
		return false, fmt.Errorf("sqlite: read the index's state: %w", err)
	}
	return !built, nil
}

// Rebuilt notes that all documents have been put in, or will be, since they no
// longer count as indexed.
func (x *Index) Rebuilt(ctx context.Context) error {
	err := x.file.write(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `update state set built = 1`)
		return err
	})
	if err != nil {
		return fmt.Errorf("sqlite: note that the index is rebuilt: %w", err)
	}
	return nil
}

// Left notes that documents are put to another index from now on, so that
// NeedsRebuild is true for whoever comes back to this one. What it holds it
// keeps: vectors are taken over then.
func (x *Index) Left(ctx context.Context) error {
	err := x.file.write(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `update state set built = 0`)
		return err
	})
	if err != nil {
		return fmt.Errorf("sqlite: note that the index is left: %w", err)
	}
	return nil
}

// Clear takes out everything, of all sites. NeedsRebuild is true after it.
func (x *Index) Clear(ctx context.Context) error {
	err := x.file.write(ctx, func(tx *sqlx.Tx) error {
		for _, statement := range []string{
			`insert into words (words) values ('delete-all')`,
			`delete from chunks`,
			`delete from entries`,
			`update sites set change_no = change_no + 1, cleared = change_no + 1`,
			`update state set built = 0`,
		} {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sqlite: clear the index: %w", err)
	}
	return nil
}

// Drop implements [ports.Indexer].
func (x *Index) Drop(ctx context.Context, s tenant.Scope, generation int64) error {
	if err := s.Valid(); err != nil {
		return err
	}
	err := x.file.write(ctx, func(tx *sqlx.Tx) error {
		site, err := changeSite(ctx, tx, s, generation)
		if err != nil {
			return err
		}
		for _, statement := range []string{
			`delete from words where rowid in (select c.id from entries e join chunks c on c.id >= e.id << 16 and c.id < (e.id + 1) << 16 where e.site_id = ?)`,
			`delete from chunks where id in (select c.id from entries e join chunks c on c.id >= e.id << 16 and c.id < (e.id + 1) << 16 where e.site_id = ?)`,
			`delete from entries where site_id = ?`,
			`update sites set cleared = change_no where id = ?`,
		} {
			if _, err := tx.ExecContext(ctx, statement, site.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sqlite: drop generation %d: %w", generation, err)
	}
	return nil
}

// Vectors implements [ports.Indexer].
func (x *Index) Vectors(ctx context.Context, s tenant.Scope, generation int64, documents []retrieval.DocumentID) ([]retrieval.Embedded, error) {
	if err := s.Valid(); err != nil {
		return nil, err
	}
	var out []retrieval.Embedded
	err := x.file.read(ctx, func(tx *sqlx.Tx) error {
		find, err := tx.PreparexContext(ctx, `select c.text_key, c.vector
			from sites s join entries e on e.site_id = s.id
			join chunks c on c.id >= e.id << 16 and c.id < (e.id + 1) << 16
			where s.tenant = ? and s.site = ? and s.generation = ? and e.document = ? and c.text_key is not null`)
		if err != nil {
			return err
		}
		defer func() { _ = find.Close() }() // the transaction closes it anyway
		for _, id := range documents {
			var rows []struct {
				Key    string `db:"text_key"`
				Vector []byte `db:"vector"`
			}
			if err := find.SelectContext(ctx, &rows, s.Tenant, s.Site, generation, id); err != nil {
				return err
			}
			for _, r := range rows {
				out = append(out, retrieval.Embedded{Document: id, Key: retrieval.TextKey(r.Key), Vector: vectorOf(r.Vector)})
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("sqlite: vectors of the index: %w", err)
	}
	return out, nil
}
