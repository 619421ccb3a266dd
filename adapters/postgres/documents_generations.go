package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

const (
	selectGenerations = `select generation, model, chunking, state, former, pinned from index_generations where tenant_id = $1 and site_id = $2`

	putGeneration = `insert into index_generations (tenant_id, site_id, generation, model, chunking, state, since, former) values ($1, $2, $3, $4, $5, $6, $7, $8)
	on conflict (tenant_id, site_id, generation) do update set state = excluded.state, since = excluded.since, former = excluded.former, pinned = false`

	pinGeneration = `update index_generations set pinned = generation = $3 where tenant_id = $1 and site_id = $2 and pinned <> (generation = $3)`

	anythingIndexed = `select exists (select from documents where tenant_id = $1 and site_id = $2 and (indexed_revision <> '' or worded))`

	// A generation that is begun lacks all that is shown.
	markUnbuilt = `update documents set unbuilt = shown where tenant_id = $1 and site_id = $2 and unbuilt <> shown`
	markBuilt   = `update documents set unbuilt = false where tenant_id = $1 and site_id = $2 and unbuilt`

	lacksAny = `select exists (select from documents where tenant_id = $1 and site_id = $2 and unbuilt)`

	// The former generation lacks what has changed since it was that, and what was
	// as it is now meanwhile, but without its chunks.
	markLapsed = `update documents d set unbuilt = l.lapsed
	from (select id, former_revision is distinct from case when shown then revision else '' end or shown and not exists (
			select from chunks c where c.tenant_id = $1 and c.site_id = $2 and c.document_id = documents.id and c.chunking = $3) as lapsed
		from documents where tenant_id = $1 and site_id = $2) l
	where d.tenant_id = $1 and d.site_id = $2 and d.id = l.id and d.unbuilt <> l.lapsed`

	// What waited for the old generation is in the new one; the old one holds the
	// rest as it is.
	noteSwitched = `update documents set former_revision = case when change_no is null then indexed_revision end,
		indexed_revision = case when shown then revision else '' end, change_no = null, worded = false
	where tenant_id = $1 and site_id = $2
		and (change_no is not null or indexed_revision <> case when shown then revision else '' end or former_revision is distinct from indexed_revision)`

	// Of what no generation has that the index may hold, the one that is searched
	// where none was begun included.
	deleteUnusedChunks = `delete from chunks where tenant_id = $1 and site_id = $2
		and chunking not in (select chunking from index_generations where tenant_id = $1 and site_id = $2 and state <> 'gone')
		and (chunking <> '' or exists (select from index_generations where tenant_id = $1 and site_id = $2 and state = 'served'))`

	expireFormer = `update index_generations set former = false, since = $3
	where tenant_id = $1 and site_id = $2 and state = 'retired' and former and since < $4`

	selectRetired = `select generation from index_generations
	where tenant_id = $1 and site_id = $2 and state = 'retired' and not former and since < $3 order by generation`

	forgetGeneration = `update index_generations set state = 'gone'
	where tenant_id = $1 and site_id = $2 and generation = $3 and state = 'retired' and not former`

	wantModel    = `update index_model set model = $1 where id = 1`
	wantChunking = `update index_model set chunking = $1 where id = 1`

	selectWanted = `select model, chunking from index_model where id = 1`
)

// readGenerations returns the site's generations, and the highest number that
// one of them ever had.
func readGenerations(ctx context.Context, tx *sqlx.Tx, o owner) (g retrieval.Generations, last int64, err error) {
	var rows []struct {
		No       int64  `db:"generation"`
		Model    string `db:"model"`
		Chunking string `db:"chunking"`
		State    string `db:"state"`
		Former   bool   `db:"former"`
		Pinned   bool   `db:"pinned"`
	}
	err = tx.SelectContext(ctx, &rows, selectGenerations, o.tenant, o.site)
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
func stageOf(ctx context.Context, tx *sqlx.Tx, o owner, at retrieval.Stage) (of retrieval.Generation, building bool, err error) {
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
	var g retrieval.Generations
	err := d.db.withScope(ctx, s, func(tx *sqlx.Tx, o owner) error {
		var err error
		g, _, err = readGenerations(ctx, tx, o)
		return err
	})
	return g, failing(ctx, "generations of", s.Site)(err)
}

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
	_, err := tx.ExecContext(ctx, pinGeneration, o.tenant, o.site, pinned)
	return err
}

// Begin implements [ports.Generations]. ErrNotFound if there is no such site.
func (d *Documents) Begin(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
	return d.change(ctx, s, "begin a generation of", func(tx *sqlx.Tx, o owner) (after retrieval.Generations, err error) {
		before, last, err := readGenerations(ctx, tx, o)
		if err != nil {
			return after, err
		}
		var held bool
		if err := tx.GetContext(ctx, &held, anythingIndexed, o.tenant, o.site); err != nil {
			return after, err
		}
		after = before.Begin(r, last, held)
		if after == before {
			return after, nil
		}
		if err := becomeGenerations(ctx, tx, o, before, after, r.At); err != nil || after.Building == before.Building {
			return after, err
		}
		statement, args := markUnbuilt, []any{o.tenant, o.site}
		switch after.Building.No {
		case 0:
			statement = markBuilt
		case before.Former.No:
			statement, args = markLapsed, append(args, after.Building.Chunking.Key())
		}
		_, err = tx.ExecContext(ctx, statement, args...)
		return after, err
	})
}

// Switch implements [ports.Generations].
func (d *Documents) Switch(ctx context.Context, s tenant.Scope, generation int64, at time.Time) (retrieval.Generations, error) {
	return d.change(ctx, s, "switch the generation of", func(tx *sqlx.Tx, o owner) (after retrieval.Generations, err error) {
		before, _, err := readGenerations(ctx, tx, o)
		if err != nil {
			return after, err
		}
		after, err = before.Switch(generation)
		if err != nil {
			return after, fmt.Errorf("%w: %w", ports.ErrConflict, err)
		}
		if after == before {
			return after, nil
		}
		var lacks bool
		if err := tx.GetContext(ctx, &lacks, lacksAny, o.tenant, o.site); err != nil {
			return after, err
		}
		if lacks {
			return after, fmt.Errorf("%w: generation %d still lacks documents", ports.ErrConflict, generation)
		}
		if _, err := tx.ExecContext(ctx, noteSwitched, o.tenant, o.site); err != nil {
			return after, err
		}
		return after, becomeGenerations(ctx, tx, o, before, after, at)
	})
}

// change runs do under the lock of the site's documents.
func (d *Documents) change(ctx context.Context, s tenant.Scope, what string, do func(tx *sqlx.Tx, o owner) (retrieval.Generations, error)) (retrieval.Generations, error) {
	fail := failing(ctx, what, s.Site)
	o, err := ownerOf(s)
	if err != nil {
		return retrieval.Generations{}, fail(err)
	}
	var after retrieval.Generations
	err = d.db.asService(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, lockDocuments, o.site); err != nil {
			return err
		}
		var err error
		after, err = do(tx, o)
		return err
	})
	if err != nil {
		return retrieval.Generations{}, fail(err)
	}
	return after, nil
}

// Retired implements [ports.RetiredGenerations].
func (d *Documents) Retired(ctx context.Context, s tenant.Scope, before time.Time) ([]int64, error) {
	fail := failing(ctx, "retired generations of", s.Site)
	o, err := ownerOf(s)
	if err != nil {
		return nil, fail(err)
	}
	var list []int64
	err = d.db.asService(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &list, selectRetired, o.tenant, o.site, micros(before))
	})
	return list, fail(err)
}

// Forget implements [ports.RetiredGenerations]. Its row stays, so that its
// number is not given again.
func (d *Documents) Forget(ctx context.Context, s tenant.Scope, generation int64) error {
	fail := failing(ctx, "forget a generation of", s.Site)
	o, err := ownerOf(s)
	if err != nil {
		return fail(err)
	}
	return fail(d.db.asService(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, lockDocuments, o.site); err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, forgetGeneration, o.tenant, o.site, generation)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return err
		}
		_, err = tx.ExecContext(ctx, deleteUnusedChunks, o.tenant, o.site)
		return err
	}))
}

// Expire implements [ports.RetiredGenerations].
func (d *Documents) Expire(ctx context.Context, s tenant.Scope, before, at time.Time) error {
	fail := failing(ctx, "expire the former generation of", s.Site)
	o, err := ownerOf(s)
	if err != nil {
		return fail(err)
	}
	return fail(d.db.asService(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, expireFormer, o.tenant, o.site, micros(at), micros(before))
		return err
	}))
}

// WantModel implements [ports.IndexModel].
func (d *Documents) WantModel(ctx context.Context, model string) error {
	return d.want(ctx, wantModel, model)
}

// WantChunking implements [ports.IndexModel].
func (d *Documents) WantChunking(ctx context.Context, c retrieval.Chunking) error {
	return d.want(ctx, wantChunking, c.Key())
}

func (d *Documents) want(ctx context.Context, statement, what string) error {
	return failing(ctx, "note what is wanted of the index", what)(d.db.asService(ctx, func(tx *sqlx.Tx) error {
		return one(tx.ExecContext(ctx, statement, what))
	}))
}

// Wanted implements [ports.IndexModel].
func (d *Documents) Wanted(ctx context.Context) (w retrieval.Wanted, err error) {
	var row struct {
		Model    *string `db:"model"`
		Chunking *string `db:"chunking"`
	}
	err = d.db.asService(ctx, func(tx *sqlx.Tx) error { return tx.GetContext(ctx, &row, selectWanted) })
	w.Model = row.Model
	if err == nil && row.Chunking != nil {
		var c retrieval.Chunking
		if c, err = retrieval.ParseChunking(*row.Chunking); err != nil {
			err = fmt.Errorf("%w: %w", ports.ErrUnavailable, err)
		}
		w.Chunking = &c
	}
	if err != nil {
		return retrieval.Wanted{}, failing(ctx, "what is wanted of", "the index")(err)
	}
	return w, nil
}
