package postgres

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

var _ ports.UsageReports = (*Ledger)(nil)

// siteBatch is how many sites are read in one transaction before they are
// visited outside of it.
const siteBatch = 200

// readableSites is what every query of a report begins with: the sites that a
// query covers and its caller may read.
const readableSites = `(select tenant_id, id from sites
	where ($1::boolean or tenant_id = any ($2::uuid[])) and ($3::boolean or id = any ($4::uuid[]))
	and ($5::uuid is null or tenant_id = $5) and ($6::uuid is null or id = $6))`

const selectReadable = `select tenant_id, id as site_id from ` + readableSites + ` r
	where $7::uuid is null or (tenant_id, id) > ($7, $8::uuid) order by tenant_id, id limit $9`

// reader is a query and its caller, as they are asked for in SQL.
type reader struct {
	db   *DB
	who  roles.Grants
	none bool  // he may read nothing
	args []any // $1 to $6 of readableSites
}

// readerOf returns how to find what q asks for and who may read. The error, of
// an id that is none, matches tenant.ErrBadID.
func (l *Ledger) readerOf(who roles.Grants, q usage.Query) (reader, error) {
	t, err := bareOrNull(tenant.Prefix, q.Tenant)
	if err != nil {
		return reader{}, err
	}
	site, err := bareOrNull(tenant.SitePrefix, q.Site)
	if err != nil {
		return reader{}, err
	}
	ids, all := who.Where(roles.ReadUsage)
	return reader{
		l.db, who, !all && len(ids) == 0,
		[]any{all, bareArray(tenant.Prefix, ids), who.Sites == nil, bareArray(tenant.SitePrefix, who.Sites), t, site},
	}, nil
}

// bareArray returns the UUIDs of ids. What is no id of ours names nothing that
// is stored here, and is left out.
func bareArray[T ~string](prefix string, ids []T) any {
	list := []string{}
	for _, id := range ids {
		if b, err := bare(prefix, id); err == nil {
			list = append(list, b)
		}
	}
	return pq.Array(list)
}

// and returns the arguments of readableSites with more behind them.
func (r reader) and(more ...any) []any { return append(slices.Clip(r.args), more...) }

// read runs do in a transaction that sees what the caller may read.
func (r reader) read(ctx context.Context, do func(tx *sqlx.Tx) error) error {
	return r.db.asGranted(ctx, r.who, roles.ReadUsage, do)
}

type ownerRow struct {
	Tenant string `db:"tenant_id"`
	Site   string `db:"site_id"`
}

func (r ownerRow) owner() owner { return owner{r.Tenant, r.Site} }

// eachSite calls do for each site that is asked for, beginning with from unless
// it is zero, until an error. No transaction is open meanwhile.
func (r reader) eachSite(ctx context.Context, from owner, do func(owner) error) error {
	if r.none {
		return nil
	}
	var tenantID, site *string
	if from.site != "" {
		if err := do(from); err != nil {
			return err
		}
		tenantID, site = &from.tenant, &from.site
	}
	for {
		var rows []ownerRow
		if err := r.read(ctx, func(tx *sqlx.Tx) error {
			return tx.SelectContext(ctx, &rows, selectReadable, r.and(tenantID, site, siteBatch)...)
		}); err != nil {
			return err
		}
		for _, row := range rows {
			if err := do(row.owner()); err != nil {
				return err
			}
		}
		if len(rows) < siteBatch {
			return ctx.Err()
		}
		last := rows[len(rows)-1]
		tenantID, site = &last.Tenant, &last.Site
	}
}

const selectDaysInOrder = selectDays + ` order by usage_daily.date`

// EachDay implements [ports.UsageReports].
func (l *Ledger) EachDay(ctx context.Context, who roles.Grants, q usage.Query, visit func(usage.SiteTotals) error) error {
	fail := failing(ctx, "each day from", q.First)
	if err := ctx.Err(); err != nil {
		return fail(err)
	}
	r, err := l.readerOf(who, q)
	if err := errors.Join(q.ValidBy(usage.ByDay), err); err != nil {
		return fail(err)
	}
	var stopped error
	err = r.eachSite(ctx, owner{}, func(o owner) error {
		var rows []dayRow
		if err := r.read(ctx, func(tx *sqlx.Tx) error {
			return tx.SelectContext(ctx, &rows, selectDaysInOrder, o.tenant, o.site, string(q.First), string(q.Last))
		}); err != nil {
			return err
		}
		for _, row := range rows {
			t := row.domain()
			if t == (usage.Totals{Day: t.Day}) {
				continue
			}
			if stopped = visit(usage.SiteTotals{Scope: o.scope(), Totals: t}); stopped != nil {
				return stopped
			}
		}
		return nil
	})
	if stopped != nil {
		return stopped // as visit returned it
	}
	return fail(err)
}

// Sums of bigint are numeric, and come back as what they are of.
const sums = `sum(chat_requests)::bigint as chat_requests, sum(embedding_requests)::bigint as embedding_requests,
	sum(chat_tokens)::bigint as chat_tokens, sum(embedding_tokens)::bigint as embedding_tokens, sum(cost)::bigint as cost,
	sum(prompt_tokens)::bigint as prompt_tokens, sum(completion_tokens)::bigint as completion_tokens`

const sumOfDays = sums + ` from ` + readableSites + ` r join usage_daily d on d.tenant_id = r.tenant_id and d.site_id = r.id
	where d.date between $7 and $8`

const (
	sumBySite   = `select d.tenant_id, d.site_id, '' as model, '' as day, ` + sumOfDays + ` group by d.tenant_id, d.site_id order by d.tenant_id, d.site_id`
	sumByTenant = `select d.tenant_id, null as site_id, '' as model, '' as day, ` + sumOfDays + ` group by d.tenant_id order by d.tenant_id`
	sumByDay    = `select null as tenant_id, null as site_id, '' as model, to_char(d.date, 'YYYY-MM-DD') as day, ` + sumOfDays + ` group by d.date order by d.date`

	sumByModel = `select null as tenant_id, null as site_id, model, '' as day, ` + sums + `
	from (
		select e.model, e.chat_requests, case when e.kind = 'embedding' then 1 else 0 end as embedding_requests,
			case when e.kind = 'embedding' then 0 else e.total_tokens end as chat_tokens,
			case when e.kind = 'embedding' then e.total_tokens else 0 end as embedding_tokens,
			e.cost, e.prompt_tokens, e.completion_tokens
		from ` + readableSites + ` r join usage_events e on e.tenant_id = r.tenant_id and e.site_id = r.id
		where e.day between $7 and $8 and ($9 = '' or e.kind = $9)
		union all
		select e.model, a.chat_requests, a.embedding_requests, a.chat_tokens, a.embedding_tokens, a.cost, a.prompt_tokens, a.completion_tokens
		from ` + readableSites + ` r join usage_adjustments a on a.tenant_id = r.tenant_id and a.site_id = r.id
		join usage_events e on e.tenant_id = a.tenant_id and e.site_id = a.site_id and e.id = a.event_id
		where a.day between $7 and $8 and ($9 = '' or e.kind = $9)
	) x group by model order by model collate "C"`
)

type sumRow struct {
	Tenant sql.NullString `db:"tenant_id"`
	Site   sql.NullString `db:"site_id"`
	Model  string         `db:"model"`
	Day    string         `db:"day"`
	amounts
	Prompt     int64 `db:"prompt_tokens"`
	Completion int64 `db:"completion_tokens"`
}

func (r sumRow) domain() usage.Sum {
	return usage.Sum{
		Tenant: full[tenant.ID](tenant.Prefix, r.Tenant), Site: full[tenant.SiteID](tenant.SitePrefix, r.Site),
		Model: r.Model, Day: usage.Day(r.Day), Used: r.amounts.domain(), PromptTokens: r.Prompt, CompletionTokens: r.Completion,
	}
}

// Summary implements [ports.UsageReports].
func (l *Ledger) Summary(ctx context.Context, who roles.Grants, q usage.Query, by usage.Grouping) ([]usage.Sum, error) {
	fail := failing(ctx, "summary from", q.First)
	if err := ctx.Err(); err != nil {
		return nil, fail(err)
	}
	r, err := l.readerOf(who, q)
	if err := errors.Join(q.ValidBy(by), err); err != nil {
		return nil, fail(err)
	}
	if r.none {
		return nil, nil
	}
	args := r.and(string(q.First), string(q.Last))
	var query string
	switch by {
	case usage.BySite:
		query = sumBySite
	case usage.ByTenant:
		query = sumByTenant
	case usage.ByDay:
		query = sumByDay
	case usage.ByModel:
		query, args = sumByModel, append(args, q.Kind.String())
	}
	var rows []sumRow
	if err := r.read(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, query, args...)
	}); err != nil {
		return nil, fail(err)
	}
	var all []usage.Sum
	for _, row := range rows {
		if s := row.domain(); !s.IsZero() {
			all = append(all, s)
		}
	}
	return all, nil
}
