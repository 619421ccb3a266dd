package sqlite

import (
	"context"
	"database/sql"
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
		No     int64  `db:"generation"`
		Model  string `db:"model"`
		State  string `db:"state"`
		Former bool   `db:"former"`
		Pinned bool   `db:"pinned"`
	}
	err = tx.SelectContext(ctx, &rows, `select generation, model, state, former, pinned from index_generations where tenant_id = ? and site_id = ?`, o.tenant, o.site)
	for _, r := range rows {
		last = max(last, r.No)
		this := retrieval.Generation{No: r.No, Model: r.Model}
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

// stageOf reports whether at is of the generation that is built. The error
// matches ports.ErrConflict if it is of none that matters.
func stageOf(ctx context.Context, tx queryer, o owner, at retrieval.Stage) (building bool, err error) {
	g, _, err := readGenerations(ctx, tx, o)
	if err == nil && !g.Has(at.Generation) {
		err = fmt.Errorf("%w: generation %d of the index is neither searched nor built", ports.ErrConflict, at.Generation)
	}
	return at.Generation != g.Served.No, err
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
		insert into index_generations (tenant_id, site_id, generation, model, state, since, former) values (?, ?, ?, ?, ?, ?, ?)
		on conflict (tenant_id, site_id, generation) do update set state = excluded.state, since = excluded.since, former = excluded.former, pinned = 0`

	pinGeneration = `update index_generations set pinned = (generation = ?1) where tenant_id = ?2 and site_id = ?3 and pinned <> (generation = ?1)`

	anythingIndexed = `select exists (select 1 from documents where tenant_id = ? and site_id = ? and (indexed_revision <> '' or worded))`

	// A generation that is begun lacks all that is shown.
	markUnbuilt = `update documents set unbuilt = shown where tenant_id = ? and site_id = ?`
	markBuilt   = `update documents set unbuilt = 0 where tenant_id = ? and site_id = ? and unbuilt = 1`

	lacksAny = `select exists (select 1 from documents where tenant_id = ? and site_id = ? and unbuilt = 1)`

	// The former generation lacks what has changed since it was that.
	markLapsed = `update documents set unbuilt = former_revision is not case when shown then revision else '' end where tenant_id = ? and site_id = ?`

	// What waited for the old generation is in the new one; the old one holds the
	// rest as it is.
	noteSwitched = `
		update documents set former_revision = case when change_no is null then indexed_revision end,
			indexed_revision = case when shown then revision else '' end, change_no = null, worded = 0
		where tenant_id = ? and site_id = ?`

	expireFormer = `
		update index_generations set former = 0, since = ?
		where tenant_id = ? and site_id = ? and state = 'retired' and former = 1 and since < ?`
)

// becomeGenerations stores what became of a site's generations.
func becomeGenerations(ctx context.Context, tx *sqlx.Tx, o owner, before, after retrieval.Generations, at time.Time) error {
	put := func(g retrieval.Generation, state string, former bool) error {
		_, err := tx.ExecContext(ctx, putGeneration, o.tenant, o.site, g.No, g.Model, state, micros(at), former)
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
		statement := markUnbuilt
		switch after.Building.No {
		case 0:
			statement = markBuilt
		case before.Former.No:
			statement = markLapsed
		}
		_, err = tx.ExecContext(ctx, statement, o.tenant, o.site)
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
		_, err := tx.ExecContext(ctx, `update index_generations set state = 'gone'
			where tenant_id = ? and site_id = ? and generation = ? and state = 'retired' and former = 0`, o.tenant, o.site, generation)
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
	err := d.db.write(ctx, func(tx *sqlx.Tx) error {
		return one(tx.ExecContext(ctx, `update index_model set model = ? where id = 1`, model))
	})
	if err != nil {
		return fmt.Errorf("note the embedding model: %w", err)
	}
	return nil
}

// WantedModel implements [ports.IndexModel].
func (d *Documents) WantedModel(ctx context.Context) (string, error) {
	var model sql.NullString
	err := d.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &model, `select model from index_model where id = 1`)
	})
	if err == nil && !model.Valid {
		err = ports.ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("embedding model: %w", err)
	}
	return model.String, nil
}
