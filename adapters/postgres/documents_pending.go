package postgres

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

const (
	// One statement, so that a document and its chunks are of one revision.
	pendingDocuments = `select d.id, d.revision, d.kind, d.source, d.title, d.url, d.body, d.locale, d.facts, d.shown, d.updated_at, d.read_at,
		c.seqs, c.headings, c.texts
	from documents d cross join lateral (
		select array_agg(c.seq order by c.seq) as seqs, array_agg(c.heading order by c.seq) as headings, array_agg(c.text order by c.seq) as texts
		from chunks c where c.tenant_id = d.tenant_id and c.site_id = d.site_id and c.document_id = d.id and c.chunking = $4
	) c
	where d.tenant_id = $1 and d.site_id = $2 and `

	pendingWhole   = pendingDocuments + `d.change_no is not null order by d.change_no limit $3`
	pendingByWords = pendingDocuments + `d.change_no is not null and not d.worded order by d.change_no limit $3`
	pendingToBuild = pendingDocuments + `d.unbuilt order by d.id limit $3`

	// An older revision that is noted late makes the document pending again,
	// since the index holds the wrong one.
	noteIndexed = `update documents d set
		indexed_revision = case when d.revision <> r.revision then r.revision when not d.shown then '' when $6 then d.indexed_revision else d.revision end,
		worded = d.revision = r.revision and d.shown and $6 and d.change_no is not null,
		change_no = case when d.revision <> r.revision then coalesce(d.change_no, $5 + r.n - 1) when d.shown and $6 then d.change_no end
	from unnest($3::text[], $4::text[]) with ordinality as r (id, revision, n)
	where d.tenant_id = $1 and d.site_id = $2 and d.id = r.id`

	noteUnbuilt = `update documents d set unbuilt = d.revision <> r.revision
	from unnest($3::text[], $4::text[]) as r (id, revision)
	where d.tenant_id = $1 and d.site_id = $2 and d.id = r.id`
)

// Pending implements [ports.Documents].
func (d *Documents) Pending(ctx context.Context, s tenant.Scope, at retrieval.Stage, limit int) ([]ports.PendingDocument, error) {
	fail := failing(ctx, "pending documents of", s.Site)
	o, err := ownerOf(s)
	if err != nil {
		return nil, fail(err)
	}
	var rows []struct {
		documentRow
		chunkArrays
	}
	var of retrieval.Generation
	if err := d.db.asService(ctx, func(tx *sqlx.Tx) (err error) {
		var building bool
		if of, building, err = stageOf(ctx, tx, o, at); err != nil {
			return err
		}
		query := pendingWhole
		switch {
		case building:
			query = pendingToBuild
		case at.Words:
			query = pendingByWords
		}
		return tx.SelectContext(ctx, &rows, query, o.tenant, o.site, max(0, limit), of.Chunking.Key())
	}); err != nil {
		return nil, fail(err)
	}
	var list []ports.PendingDocument
	for _, r := range rows {
		doc, err := r.document()
		if err != nil {
			return nil, fail(fmt.Errorf("document %s: %w", r.ID, err))
		}
		list = append(list, ports.PendingDocument{Document: doc, Chunks: r.chunks(of.Chunking)})
	}
	return list, nil
}

// Indexed implements [ports.Documents].
func (d *Documents) Indexed(ctx context.Context, s tenant.Scope, at retrieval.Stage, done []retrieval.DocumentRef) error {
	fail := failing(ctx, "note what is indexed of", s.Site)
	o, err := ownerOf(s)
	if err != nil {
		return fail(err)
	}
	var ids, revisions pq.StringArray
	seen := make(map[retrieval.DocumentID]int, len(done))
	for _, ref := range done {
		if !storable(string(ref.ID)) || !storable(ref.Revision) {
			continue // nothing of that name can be there
		}
		if i, ok := seen[ref.ID]; ok { // a statement changes a row once
			revisions[i] = ref.Revision
			continue
		}
		seen[ref.ID] = len(ids)
		ids, revisions = append(ids, string(ref.ID)), append(revisions, ref.Revision)
	}
	return fail(d.db.asService(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, lockDocuments, o.site); err != nil {
			return err
		}
		_, building, err := stageOf(ctx, tx, o, at)
		if err != nil || len(ids) == 0 {
			return err
		}
		if building {
			_, err = tx.ExecContext(ctx, noteUnbuilt, o.tenant, o.site, ids, revisions)
			return err
		}
		no, err := nextChange(ctx, tx, o)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, noteIndexed, o.tenant, o.site, ids, revisions, no, at.Words)
		return err
	}))
}

const (
	selectSitesOfDocuments = `select distinct tenant_id, site_id from documents order by tenant_id, site_id`

	// Two steps, by way of numbers below zero, since numbers are unique within a
	// site at every moment.
	numberAll = `with numbered as (
		select id, row_number() over (order by coalesce(change_no, 0), id) as no from documents where tenant_id = $1 and site_id = $2
	)
	update documents d set indexed_revision = '', former_revision = null, worded = false, change_no = -numbered.no,
		unbuilt = d.shown and exists (select from index_generations g where g.tenant_id = $1 and g.site_id = $2 and g.state = 'building')
	from numbered where d.tenant_id = $1 and d.site_id = $2 and d.id = numbered.id`

	queueAll = `update documents set change_no = -change_no where tenant_id = $1 and site_id = $2 and change_no < 0`
)

// RequeueAll makes all documents of all sites pending again, in the generation
// that is searched and in one that is built, as an index needs that has lost
// them. It goes from site to site: if it fails, some are done and the others not.
// It may be called again.
func (d *Documents) RequeueAll(ctx context.Context) error {
	fail := failing(ctx, "queue all documents for", "the index")
	var sites []struct {
		Tenant string `db:"tenant_id"`
		Site   string `db:"site_id"`
	}
	if err := d.db.asService(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &sites, selectSitesOfDocuments)
	}); err != nil {
		return fail(err)
	}
	for _, site := range sites {
		if err := d.db.asService(ctx, func(tx *sqlx.Tx) error {
			if _, err := tx.ExecContext(ctx, lockDocuments, site.Site); err != nil {
				return err
			}
			for _, statement := range []string{numberAll, queueAll} {
				if _, err := tx.ExecContext(ctx, statement, site.Tenant, site.Site); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return fail(err)
		}
	}
	return nil
}
