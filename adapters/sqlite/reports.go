package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

var _ ports.UsageReports = (*Ledger)(nil)

// How much is read in one transaction before it is visited outside of it.
const (
	siteBatch  = 200
	eventBatch = 500
)

// readableSites is the FROM of every query of a report: the sites that a query
// covers and its caller may read.
const readableSites = `(select tenant_id, id from sites
	where (?1 or tenant_id in (select value from json_each(?2)))
	and (?3 or id in (select value from json_each(?4)))
	and (?5 = '' or tenant_id = ?5) and (?6 = '' or id = ?6))`

const selectReadable = `select tenant_id, id as site_id from ` + readableSites + `
	where (tenant_id, id) > (?7, ?8) order by tenant_id, id limit ?9`

// reader is a query and its caller as they are asked for in SQL.
type reader struct {
	args []any // ?1 to ?6 of readableSites
	q    usage.Query
}

// readerOf returns how to find what q asks for and who may read. The error, of
// an id that is none, matches tenant.ErrBadID.
func readerOf(who roles.Grants, q usage.Query) (reader, error) {
	t, err := bareOrNull(tenant.Prefix, q.Tenant)
	if err != nil {
		return reader{}, err
	}
	site, err := bareOrNull(tenant.SitePrefix, q.Site)
	if err != nil {
		return reader{}, err
	}
	ids, all := who.Where(roles.ReadUsage)
	tenants, err := bareList(tenant.Prefix, ids)
	if err != nil {
		return reader{}, err
	}
	sites, err := bareList(tenant.SitePrefix, who.Sites)
	return reader{[]any{all, tenants, who.Sites == nil, sites, t.String, site.String}, q}, err
}

// bareList returns the UUIDs of ids as JSON. What is no id of ours names
// nothing that is stored here, and is left out.
func bareList[T ~string](prefix string, ids []T) (string, error) {
	list := []string{}
	for _, id := range ids {
		if b, err := bare(prefix, id); err == nil {
			list = append(list, b)
		}
	}
	text, err := json.Marshal(list)
	return string(text), err
}

// and returns the arguments of readableSites with more behind them.
func (r reader) and(more ...any) []any { return append(slices.Clip(r.args), more...) }

type ownerRow struct {
	Tenant string `db:"tenant_id"`
	Site   string `db:"site_id"`
}

func (r ownerRow) owner() owner { return owner{r.Tenant, r.Site} }

// eachSite calls do for each site that is asked for, beginning with from, until
// an error. No transaction is open meanwhile.
func (l *Ledger) eachSite(ctx context.Context, r reader, from owner, do func(owner) error) error {
	if from.site != "" {
		if err := do(from); err != nil {
			return err
		}
	}
	for {
		var rows []ownerRow
		if err := l.db.read(ctx, func(tx *sqlx.Tx) error {
			return tx.SelectContext(ctx, &rows, selectReadable, r.and(from.tenant, from.site, siteBatch)...)
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
		from = rows[len(rows)-1].owner()
	}
}

const selectDaysInOrder = selectDays + ` order by date`

// EachDay implements [ports.UsageReports].
func (l *Ledger) EachDay(ctx context.Context, who roles.Grants, q usage.Query, visit func(usage.SiteTotals) error) error {
	fail := failing(ctx, "each day from", q.First)
	if err := ctx.Err(); err != nil {
		return fail(err)
	}
	r, err := readerOf(who, q)
	if err := errors.Join(q.ValidBy(usage.ByDay), err); err != nil {
		return fail(err)
	}
	var stopped error
	err = l.eachSite(ctx, r, owner{}, func(o owner) error {
		var rows []dayRow
		if err := l.db.read(ctx, func(tx *sqlx.Tx) error {
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

const sumOfDays = `sum(chat_requests) as chat_requests, sum(embedding_requests) as embedding_requests,
	sum(chat_tokens) as chat_tokens, sum(embedding_tokens) as embedding_tokens, sum(cost) as cost,
	sum(prompt_tokens) as prompt_tokens, sum(completion_tokens) as completion_tokens
	from ` + readableSites + ` r cross join usage_daily d on d.site_id = r.id and d.tenant_id = r.tenant_id
	where d.date between ?7 and ?8`

// The cross joins fix the order: sites first, then their days or events by an
// index.
const (
	sumBySite   = `select d.tenant_id, d.site_id, '' as model, '' as day, ` + sumOfDays + ` group by d.tenant_id, d.site_id`
	sumByTenant = `select d.tenant_id, '' as site_id, '' as model, '' as day, ` + sumOfDays + ` group by d.tenant_id`
	sumByDay    = `select '' as tenant_id, '' as site_id, '' as model, d.date as day, ` + sumOfDays + ` group by d.date`

	sumByModel = `select '' as tenant_id, '' as site_id, model, '' as day, sum(chat_requests) as chat_requests,
	sum(embedding_requests) as embedding_requests, sum(chat_tokens) as chat_tokens, sum(embedding_tokens) as embedding_tokens,
	sum(cost) as cost, sum(prompt_tokens) as prompt_tokens, sum(completion_tokens) as completion_tokens
	from (
		select e.model, e.chat_requests, e.kind = 'embedding' as embedding_requests,
			iif(e.kind = 'embedding', 0, e.total_tokens) as chat_tokens, iif(e.kind = 'embedding', e.total_tokens, 0) as embedding_tokens,
			e.cost, e.prompt_tokens, e.completion_tokens
		from ` + readableSites + ` r cross join usage_events e on e.tenant_id = r.tenant_id and e.site_id = r.id
		where e.day between ?7 and ?8 and (?9 = '' or e.kind = ?9)
		union all
		select e.model, a.chat_requests, a.embedding_requests, a.chat_tokens, a.embedding_tokens, a.cost, a.prompt_tokens, a.completion_tokens
		from ` + readableSites + ` r cross join usage_adjustments a on a.tenant_id = r.tenant_id and a.site_id = r.id
		cross join usage_events e on e.site_id = a.site_id and e.id = a.event_id
		where a.day between ?7 and ?8 and (?9 = '' or e.kind = ?9)
	) group by model`
)

type sumRow struct {
	Tenant string `db:"tenant_id"`
	Site   string `db:"site_id"`
	Model  string `db:"model"`
	Day    string `db:"day"`
	amounts
	Prompt     int64 `db:"prompt_tokens"`
	Completion int64 `db:"completion_tokens"`
}

func (r sumRow) domain() usage.Sum {
	s := usage.Sum{Model: r.Model, Day: usage.Day(r.Day), Used: r.amounts.domain(), PromptTokens: r.Prompt, CompletionTokens: r.Completion}
	if r.Tenant != "" {
		s.Tenant = tenant.ID(tenant.Prefix + r.Tenant)
	}
	if r.Site != "" {
		s.Site = tenant.SiteID(tenant.SitePrefix + r.Site)
	}
	return s
}

// Summary implements [ports.UsageReports].
func (l *Ledger) Summary(ctx context.Context, who roles.Grants, q usage.Query, by usage.Grouping) ([]usage.Sum, error) {
	fail := failing(ctx, "summary from", q.First)
	if err := ctx.Err(); err != nil {
		return nil, fail(err)
	}
	r, err := readerOf(who, q)
	if err := errors.Join(q.ValidBy(by), err); err != nil {
		return nil, fail(err)
	}
	args := r.and(string(q.First), string(q.Last))
	var query string
	switch by {
	case usage.BySite:
		query = sumBySite + ` order by 1, 2`
	case usage.ByTenant:
		query = sumByTenant + ` order by 1`
	case usage.ByDay:
		query = sumByDay + ` order by 4`
	case usage.ByModel:
		query, args = sumByModel+` order by 3`, append(args, q.Kind.String())
	}
	var rows []sumRow
	if err := l.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, query, args...)
	}); err != nil {
		return nil, fail(err)
	}
	var sums []usage.Sum
	for _, row := range rows {
		if s := row.domain(); !s.IsZero() {
			sums = append(sums, s)
		}
	}
	return sums, nil
}

// One site's events are read by usage_events_by_day, the rest of a day apart
// from the days after it, so that the last page takes as long as the first:
// SQLite does not look up a pair (day, seq) in an index that ends with the
// table's own key.
const (
	selectRestOfDay = `select seq, ` + eventColumns + ` from usage_events
	where tenant_id = ? and site_id = ? and day = ? and seq > ? and (? = '' or kind = ?) order by seq limit ?`

	selectLaterDays = `select seq, ` + eventColumns + ` from usage_events
	where tenant_id = ? and site_id = ? and day > ? and day <= ? and (? = '' or kind = ?) order by day, seq limit ?`
)

const selectEventPlace = `select e.tenant_id, e.site_id, e.day, e.seq
	from ` + readableSites + ` r cross join usage_events e on e.site_id = r.id and e.tenant_id = r.tenant_id and e.id = ?7`

type eventPlace struct {
	ownerRow
	Day string `db:"day"`
	Seq int64  `db:"seq"`
}

// EachEvent implements [ports.UsageReports].
func (l *Ledger) EachEvent(ctx context.Context, who roles.Grants, q usage.Query, after usage.EventID, limit int, visit func(usage.SiteEvent) error) error {
	fail := failing(ctx, "each event after", after)
	if err := ctx.Err(); err != nil {
		return fail(err)
	}
	r, err := readerOf(who, q)
	if err := errors.Join(q.Valid(), err); err != nil {
		return fail(err)
	}
	var begin eventPlace
	if after != "" {
		id, err := bare(usage.EventPrefix, after)
		if err != nil {
			return fail(err)
		}
		if err := l.db.read(ctx, func(tx *sqlx.Tx) error {
			return tx.GetContext(ctx, &begin, selectEventPlace, r.and(id)...)
		}); err != nil {
			return fail(err)
		}
	}
	w := walk{ledger: l, q: q, left: limit, endless: limit <= 0, visit: visit}
	err = l.eachSite(ctx, r, begin.owner(), func(o owner) error {
		at := eventPlace{Day: string(q.First)} // each seq is from 1
		if o == begin.owner() && begin.Day >= at.Day {
			at = begin
		}
		return w.site(ctx, o, at)
	})
	switch {
	case w.stopped != nil:
		return w.stopped // as visit returned it
	case errors.Is(err, errEnough):
		return nil
	}
	return fail(err)
}

// errEnough ends a walk that has visited as many events as were asked for.
var errEnough = errors.New("enough")

// walk is one visit of events.
type walk struct {
	ledger  *Ledger
	q       usage.Query
	left    int // how many are still asked for, unless endless
	endless bool
	visit   func(usage.SiteEvent) error
	stopped error // what visit returned
}

type seqRow struct {
	Seq int64 `db:"seq"`
	eventRow
}

// page reads up to n of one site's events behind at.
func (w *walk) page(ctx context.Context, o owner, at eventPlace, n int) ([]seqRow, error) {
	kind := w.q.Kind.String()
	var rows, later []seqRow
	err := w.ledger.db.read(ctx, func(tx *sqlx.Tx) error {
		if err := tx.SelectContext(ctx, &rows, selectRestOfDay, o.tenant, o.site, at.Day, at.Seq, kind, kind, n); err != nil || len(rows) == n {
			return err
		}
		return tx.SelectContext(ctx, &later, selectLaterDays, o.tenant, o.site, at.Day, string(w.q.Last), kind, kind, n-len(rows))
	})
	return append(rows, later...), err
}

// site visits one site's events behind at, page by page.
func (w *walk) site(ctx context.Context, o owner, at eventPlace) error {
	for at.Day <= string(w.q.Last) {
		n := eventBatch
		if !w.endless {
			n = min(n, w.left)
		}
		rows, err := w.page(ctx, o, at, n)
		if err != nil {
			return err
		}
		for _, row := range rows {
			e, err := row.domain()
			if err != nil {
				return fmt.Errorf("event %s: %w", row.ID, err)
			}
			if w.stopped = w.visit(usage.SiteEvent{Scope: o.scope(), Event: e}); w.stopped != nil {
				return w.stopped
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if w.left--; !w.endless && w.left == 0 {
				return errEnough
			}
			at.Day, at.Seq = row.Day, row.Seq
		}
		if len(rows) < n {
			return nil
		}
	}
	return nil
}
