package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Synonyms keeps which words sites take for the same. It is a [ports.Synonyms].
type Synonyms struct{ db *DB }

var _ ports.Synonyms = (*Synonyms)(nil)

// Synonyms returns the synonyms of db.
func (db *DB) Synonyms() *Synonyms { return &Synonyms{db} }

const (
	selectSynonyms = `select rules from synonyms where tenant_id = ? and site_id = ?`

	putSynonyms = `insert into synonyms (tenant_id, site_id, rules) values (?, ?, ?)
	on conflict (tenant_id, site_id) do update set rules = excluded.rules`
)

// synonymRow is a retrieval.Synonym as it is stored.
type synonymRow struct {
	Words []string `json:"words"`
	Means []string `json:"means,omitempty"`
}

// SynonymsOf implements [ports.Synonyms].
func (y *Synonyms) SynonymsOf(ctx context.Context, s tenant.Scope) ([]retrieval.Synonym, error) {
	fail := failing(ctx, "synonyms of", s.Site)
	o, err := begin(ctx, s)
	if err != nil {
		return nil, fail(err)
	}
	var stored []string
	if err := y.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &stored, selectSynonyms, o.tenant, o.site)
	}); err != nil || len(stored) == 0 {
		return nil, fail(err)
	}
	var rows []synonymRow
	if err := json.Unmarshal([]byte(stored[0]), &rows); err != nil {
		return nil, fail(fmt.Errorf("%w: %w", ports.ErrUnavailable, err))
	}
	var list []retrieval.Synonym
	for _, r := range rows {
		list = append(list, retrieval.Synonym{Words: r.Words, Means: r.Means})
	}
	return list, nil
}

// PutSynonyms implements [ports.Synonyms].
func (y *Synonyms) PutSynonyms(ctx context.Context, s tenant.Scope, list []retrieval.Synonym) error {
	fail := failing(ctx, "synonyms of", s.Site)
	o, err := begin(ctx, s)
	if err != nil {
		return fail(err)
	}
	if list, err = retrieval.ValidSynonyms(list); err != nil {
		return fail(fmt.Errorf("%w: %w", ports.ErrInvalid, err))
	}
	rows := make([]synonymRow, 0, len(list))
	for _, x := range list {
		rows = append(rows, synonymRow(x))
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return fail(fmt.Errorf("%w: %w", ports.ErrInvalid, err))
	}
	return fail(y.db.write(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, putSynonyms, o.tenant, o.site, string(text))
		return err
	}))
}
