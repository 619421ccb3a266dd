package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// readGenerations returns the site's generations, and the highest number that
// one of them ever had.
func readGenerations(ctx context.Context, tx queryer, o owner) (g retrieval.Generations, last int64, err error) {
	var rows []struct {
		No       int64  `db:"generation"`
		Model    string `db:"model"`
		Chunking string `db:"chunking"`
		State    string `db:"state"`
		Former   bool   `db:"former"`
		Pinned   bool   `db:"pinned"`
	}
	err = tx.SelectContext(ctx, &rows, `select generation, model, chunking, state, former, pinned from index_generations where tenant_id = ? and site_id = ?`, o.tenant, o.site)
	for _, r := range rows {
		last = max(last, r.No)
		this := retrieval.Generation{No: r.No, Model: r.Model}
		if this.Chunking, err = retrieval.ParseChunking(r.Chunking); err != nil {
			return g, last, fmt.Errorf("generation %d: %w: %w", r.No, ports.ErrUnavailable, err)
		}
		switch {
		case r.State == "served":
			g.Served, g.Pinned = this, g.Pinned || r.Pinned
		case r.State == "building":
			g.Building, g.Pinned = this, g.Pinned || r.Pinned
		case r.State == "retired" && r.Former:
			g.Former = this
		}
	}
	return g, last, err
}

// stageOf returns the generation of at, and whether it is the one that is built.
// The error matches ports.ErrConflict if it is none that matters.
func stageOf(ctx context.Context, tx queryer, o owner, at retrieval.Stage) (of retrieval.Generation, building bool, err error) {
	g, _, err := readGenerations(ctx, tx, o)
	switch {
	case err == nil && !g.Has(at.Generation):
		err = fmt.Errorf("%w: generation %d of the index is neither searched nor built", ports.ErrConflict, at.Generation)
	case at.Generation != g.Served.No:
		return g.Building, true, err
	}
	return g.Served, false, err
}

// GenerationsOf implements [ports.Generations].
func (d *Documents) GenerationsOf(ctx context.Context, s tenant.Scope) (retrieval.Generations, error) {
	o, err := ownerOf(s)
	if err != nil {
		return retrieval.Generations{}, mapped(ctx, err)
	}
	var g retrieval.Generations
	err = d.db.read(ctx, func(tx *sqlx.Tx) error {
		var err error
		g, _, err = readGenerations(ctx, tx, o)
		return err
	})
	if err != nil {
		return retrieval.Generations{}, fmt.Errorf("generations of the index: %w", err)
	}
	return g, nil
}

const (
	putGeneration = `
		insert into index_generations (tenant_id, site_id, generation, model, chunking, state, since, former) values (?, ?, ?, ?, ?, ?, ?, ?)
		on conflict (tenant_id, site_id, generation) do update set state = excluded.state, since = excluded.since, former = excluded.former, pinned = 0`

	pinGeneration = `update index_generations set pinned = (generation = ?1) where tenant_id = ?2 and site_id = ?3 and pinned <> (generation = ?1)`

	anythingIndexed = `select exists (select 1 from documents where tenant_id = ? and site_id = ? and (indexed_revision <> '' or worded))`

	// A generation that is begun lacks all that is shown.
	markUnbuilt = `update documents set unbuilt = shown where tenant_id = ? and site_id = ?`
	markBuilt   = `update documents set unbuilt = 0 where tenant_id = ? and site_id = ? and unbuilt = 1`

	lacksAny = `select exists (select 1 from documents where tenant_id = ? and site_id = ? and unbuilt = 1)`

	// The former generation lacks what has changed since it was that, and what was
	// as it is now meanwhile, but without its chunks.
	markLapsed = `
		update documents set unbuilt = former_revision is not case when shown then revision else '' end or shown and not exists (
			select 1 from chunks c where c.tenant_id = documents.tenant_id and c.site_id = documents.site_id and c.document_id = documents.id and c.chunking = ?3)
		where tenant_id = ?1 and site_id = ?2`

	// What waited for the old generation is in the new one; the old one holds the
	// rest as it is.
	noteSwitched = `
		update documents set former_revision = case when change_no is null then indexed_revision end,
			indexed_revision = case when shown then revision else '' end, change_no = null, worded = 0
		where tenant_id = ? and site_id = ?`

	// Of what no generation has that the index may hold, the one that is searched
	// where none was begun included.
	deleteUnusedChunks = `
		delete from chunks where tenant_id = ?1 and site_id = ?2
			and chunking not in (select chunking from index_generations where tenant_id = ?1 and site_id = ?2 and state <> 'gone')
			and (chunking <> '' or exists (select 1 from index_generations where tenant_id = ?1 and site_id = ?2 and state = 'served'))`

	expireFormer = `
		update index_generations set former = 0, since = ?
		where tenant_id = ? and site_id = ? and state = 'retired' and former = 1 and since < ?`
)

// becomeGenerations stores what became of a site's generations.
func becomeGenerations(ctx context.Context, tx *sqlx.Tx, o owner, before, after retrieval.Generations, at time.Time) error {
	put := func(g retrieval.Generation, state string, former bool) error {
		_, err := tx.ExecContext(ctx, putGeneration, o.tenant, o.site, g.No, g.Model, g.Chunking.Key(), state, micros(at), former)
		return err
	}
	for _, no := range before.Without(after) { // first, since each state has one at every moment
		gone := before.Served
		for _, g := range []retrieval.Generation{before.Building, before.Former} {
			if g.No == no {
				gone = g
			}
		}
		if err := put(gone, "retired", false); err != nil {
			return err
		}
	}
	if after.Former != before.Former && after.Former.No != 0 {
		if err := put(after.Former, "retired", true); err != nil {
			return err
		}
	}
	if after.Served != before.Served {
		if err := put(after.Served, "served", false); err != nil {
			return err
		}
	}
	if after.Building != before.Building && after.Building.No != 0 {
		if err := put(after.Building, "building", false); err != nil {
			return err
		}
	}
	pinned := int64(-1)
	if after.Pinned {
		pinned = after.Head().No
	}
	_, err := tx.ExecContext(ctx, pinGeneration, pinned, o.tenant, o.site)
	return err
}

// Begin implements [ports.Generations]. ErrNotFound if there is no such site.
func (d *Documents) Begin(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
	o, err := ownerOf(s)
	if err != nil {
		return retrieval.Generations{}, mapped(ctx, err)
	}
	var after retrieval.Generations
	err = d.db.write(ctx, func(tx *sqlx.Tx) error {
		before, last, err := readGenerations(ctx, tx, o)
		if err != nil {
			return err
		}
		var held bool
		if err := tx.GetContext(ctx, &held, anythingIndexed, o.tenant, o.site); err != nil {
			return err
		}
		after = before.Begin(r, last, held)
		if after == before {
			return nil
		}
		if err := becomeGenerations(ctx, tx, o, before, after, r.At); err != nil || after.Building == before.Building {
			return err
		}
		statement, args := markUnbuilt, []any{o.tenant, o.site}
		switch after.Building.No {
		case 0:
			statement = markBuilt
		case before.Former.No:
			statement, args = markLapsed, append(args, after.Building.Chunking.Key())
		}
		_, err = tx.ExecContext(ctx, statement, args...)
		return err
	})
	if err != nil {
		return retrieval.Generations{}, fmt.Errorf("begin a generation of the index: %w", err)
	}
	return after, nil
}

// Switch implements [ports.Generations].
func (d *Documents) Switch(ctx context.Context, s tenant.Scope, generation int64, at time.Time) (retrieval.Generations, error) {
	o, err := ownerOf(s)
	if err != nil {
		return retrieval.Generations{}, mapped(ctx, err)
	}
	var after retrieval.Generations
	err = d.db.write(ctx, func(tx *sqlx.Tx) error {
		before, _, err := readGenerations(ctx, tx, o)
		if err != nil {
			return err
		}
		if after, err = before.Switch(generation); err != nil || after == before {
			return errors.Join(err, conflictIf(err != nil))
		}
		var lacks bool
		if err := tx.GetContext(ctx, &lacks, lacksAny, o.tenant, o.site); err != nil {
			return err
		}
		if lacks {
			return fmt.Errorf("%w: it still lacks documents", ports.ErrConflict)
		}
		if _, err := tx.ExecContext(ctx, noteSwitched, o.tenant, o.site); err != nil {
			return err
		}
		return becomeGenerations(ctx, tx, o, before, after, at)
	})
	if err != nil {
		return retrieval.Generations{}, fmt.Errorf("switch to generation %d of the index: %w", generation, err)
	}
	return after, nil
}

func conflictIf(so bool) error {
	if so {
		return ports.ErrConflict
	}
	return nil
}

// Retired implements [ports.RetiredGenerations].
func (d *Documents) Retired(ctx context.Context, s tenant.Scope, before time.Time) ([]int64, error) {
	o, err := ownerOf(s)
	if err != nil {
		return nil, mapped(ctx, err)
	}
	var list []int64
	err = d.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &list, `select generation from index_generations
			where tenant_id = ? and site_id = ? and state = 'retired' and former = 0 and since < ? order by generation`, o.tenant, o.site, micros(before))
	})
	if err != nil {
		return nil, fmt.Errorf("retired generations of the index: %w", err)
	}
	return list, nil
}

// Forget implements [ports.RetiredGenerations]. Its row stays, so that its
// number is not given again.
func (d *Documents) Forget(ctx context.Context, s tenant.Scope, generation int64) error {
	o, err := ownerOf(s)
	if err != nil {
		return mapped(ctx, err)
	}
	err = d.db.write(ctx, func(tx *sqlx.Tx) error {
		done, err := tx.ExecContext(ctx, `update index_generations set state = 'gone'
			where tenant_id = ? and site_id = ? and generation = ? and state = 'retired' and former = 0`, o.tenant, o.site, generation)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return err
		}
		_, err = tx.ExecContext(ctx, deleteUnusedChunks, o.tenant, o.site)
		return err
	})
	if err != nil {
		return fmt.Errorf("forget generation %d of the index: %w", generation, err)
	}
	return nil
}

// Expire implements [ports.RetiredGenerations].
func (d *Documents) Expire(ctx context.Context, s tenant.Scope, before, at time.Time) error {
	o, err := ownerOf(s)
	if err != nil {
		return mapped(ctx, err)
	}
	err = d.db.write(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, expireFormer, micros(at), o.tenant, o.site, micros(before))
		return err
	})
	if err != nil {
		return fmt.Errorf("expire the former generation of the index: %w", err)
	}
	return nil
}

// WantModel implements [ports.IndexModel].
func (d *Documents) WantModel(ctx context.Context, model string) error {
	return d.want(ctx, `update index_model set model = ? where id = 1`, model)
}

// WantChunking implements [ports.IndexModel].
func (d *Documents) WantChunking(ctx context.Context, c retrieval.Chunking) error {
	return d.want(ctx, `update index_model set chunking = ? where id = 1`, c.Key())
}

func (d *Documents) want(ctx context.Context, statement, what string) error {
	err := d.db.write(ctx, func(tx *sqlx.Tx) error { return one(tx.ExecContext(ctx, statement, what)) })
	if err != nil {
		return fmt.Errorf("note what is wanted of the index: %w", err)
	}
	return nil
}

// Wanted implements [ports.IndexModel].
func (d *Documents) Wanted(ctx context.Context) (w retrieval.Wanted, err error) {
	var row struct {
		Model    *string `db:"model"`
		Chunking *string `db:"chunking"`
	}
	err = d.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &row, `select model, chunking from index_model where id = 1`)
	})
	w.Model = row.Model
	if err == nil && row.Chunking != nil {
		var c retrieval.Chunking
		if c, err = retrieval.ParseChunking(*row.Chunking); err != nil {
			err = errors.Join(ports.ErrUnavailable, err)
		}
		w.Chunking = &c
	}
	if err != nil {
		return retrieval.Wanted{}, fmt.Errorf("what is wanted of the index: %w", err)
	}
	return w, nil
}
