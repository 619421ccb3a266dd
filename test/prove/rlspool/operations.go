package rlspool

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/lib/pq"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// adapter reads or writes by the store's own methods, of one site.
func (r *run) adapter(ctx context.Context, random *rand.Rand, me caller) error {
	if me.kind != mixed {
		me.kind = shopper
	}
	s := me.scope()
	// Where a tenant and a site do not belong together there is nothing.
	nothing := func(err error) error {
		if me.kind == mixed && err == nil {
			r.foreign(me, "a site was found under a tenant that does not own it")
		}
		if me.kind == mixed && errors.Is(err, ports.ErrNotFound) {
			return nil
		}
		return err
	}
	switch random.IntN(6) {
	case 0:
		days, err := r.db.Ledger().Days(ctx, s, "2026-11-01", "2026-11-01")
		if err != nil {
			return err
		}
		want := number(me)
		if me.kind == mixed {
			want = 0
		}
		for _, d := range days {
			r.tally.Rows.Add(1)
			if d.PromptTokens != want {
				r.foreign(me, fmt.Sprintf("daily usage %d, want %d", d.PromptTokens, want))
			}
		}
	case 1:
		events, err := r.db.Ledger().Events(ctx, s, "2026-11-01", "2026-11-01", "", 10)
		if err != nil {
			return err
		}
		for _, e := range events {
			r.saw(me, "events", e.Model)
		}
		if len(events) == 0 && me.kind == shopper {
			r.fault("%v: its event is not there", me)
		}
	case 2:
		license, err := r.db.Licenses().LicenseOf(ctx, s)
		if err = nothing(err); err == nil && me.kind != mixed {
			r.saw(me, "license", license.Plan)
		}
		return err
	case 3:
		site, err := r.db.Accounts().Site(ctx, s)
		if err = nothing(err); err == nil && me.kind != mixed {
			r.saw(me, "site", site.Name)
		}
		return err
	case 4:
		opened, err := r.db.Conversations().Open(ctx, s, chat.Conversation{
			ID:      chat.ConversationID(chat.ConversationPrefix + porttest.NewID()),
			Visitor: chat.VisitorID(chat.VisitorPrefix + porttest.NewID()), Locale: me.mark(),
		})
		if err = nothing(err); err == nil && me.kind != mixed {
			r.saw(me, "a new conversation", opened.Locale)
			// Another shopper of the site may have deleted it: write does.
			if err = r.db.Conversations().Delete(ctx, s, opened.Visitor, opened.ID); errors.Is(err, ports.ErrNotFound) {
				return nil
			}
		}
		return err
	case 5:
		// Somebody else's conversation, asked for by its id.
		o := me.other()
		turns, err := r.db.Conversations().Last(ctx, s, chat.VisitorID(chat.VisitorPrefix+id("x")), chat.ConversationID(chat.ConversationPrefix+id("conversation", o.tenant, o.site)), 5)
		if len(turns) > 0 {
			r.foreign(me, "turns of another's conversation")
		}
		if err != nil && !errors.Is(err, ports.ErrNotFound) {
			return err
		}
	}
	return nil
}

// marked are tables with the column that holds the mark.
func marked() [][2]string {
	return [][2]string{
		{"sites", "name"},
		{"licenses", "plan"},
		{"conversations", "locale"},
		{"documents", "title"},
		{"usage_events", "model"},
		{"tenants", "name"},
		{"user_tenants", "email"},
		{"api_keys", "name"},
	}
}

// raw switches roles by hand and ends the transaction in one of many ways.
func (r *run) raw(ctx context.Context, random *rand.Rand, me caller) error {
	tx, err := r.pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	statement, args := me.become()
	if random.IntN(50) == 0 {
		// Who forgets to say who he is sees nothing, whoever was here before.
		me.kind, statement, args = mixed, "select set_config('role', $1, true)", []any{[]string{"authenticated", "app_widget"}[random.IntN(2)]}
	}
	if _, err := tx.ExecContext(ctx, statement, args...); err != nil {
		return err
	}
	if random.IntN(3) == 0 {
		err = r.write(ctx, tx, random, me)
	} else {
		err = r.read(ctx, tx, random, me)
	}
	if err != nil {
		return err
	}
	switch random.IntN(1000) {
	case 0, 1:
		r.tally.Killed.Add(1)
		if _, err := tx.ExecContext(ctx, "select pg_terminate_backend(pg_backend_pid())"); err == nil {
			r.fault("a killed backend answers")
		}
		return errPlanned
	case 2, 3, 4, 5, 6, 7, 8, 9:
		r.tally.Failed.Add(1)
		if _, err := tx.ExecContext(ctx, "select 1 / 0"); err == nil {
			r.fault("1 / 0 is a number")
		}
		return errPlanned
	}
	if random.IntN(10) == 0 {
		r.tally.RolledBack.Add(1)
		return tx.Rollback()
	}
	return tx.Commit()
}

func (r *run) read(ctx context.Context, tx *sql.Tx, random *rand.Rand, me caller) error {
	all := marked()
	if me.kind == shopper || me.kind == mixed {
		all = all[:6] // shoppers have no right on the others
	}
	table := all[random.IntN(len(all))]
	rows, err := tx.QueryContext(ctx, "select "+table[1]+" from "+table[0])
	if err != nil {
		var server *pq.Error
		if errors.As(err, &server) && server.Code == "42501" && me.kind == mixed {
			return errPlanned
		}
		return err
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var mark string
		if err := rows.Scan(&mark); err != nil {
			return err
		}
		n++
		if table[0] == "tenants" || table[0] == "user_tenants" {
			r.ofTenant(me, table[0], mark)
		} else {
			r.saw(me, table[0], mark)
		}
	}
	few := me.kind == mixed || me.kind == stranger || table[0] == "user_tenants" && me.kind == apiKey || table[0] == "api_keys" && me.kind == support
	if err := rows.Err(); err != nil || n > 0 || few {
		return err
	}
	r.fault("%v sees nothing in %s", me, table[0])
	return nil
}

// ofTenant checks a row of a table that belongs to tenants as a whole: a shopper
// and a key see their own, too.
func (r *run) ofTenant(me caller, where, mark string) {
	r.tally.Rows.Add(1)
	own := strings.TrimSuffix(mark, "/") == fmt.Sprint(me.tenant)
	if !own || me.kind == stranger || me.kind == mixed && where != "tenants" {
		r.foreign(me, where+": saw a row of "+mark)
	}
}

// write changes what is the caller's own, without saying which, or tries to make
// a row for somebody else.
func (r *run) write(ctx context.Context, tx *sql.Tx, random *rand.Rand, me caller) error {
	o := me.other()
	if random.IntN(2) == 0 {
		_, err := tx.ExecContext(ctx, "savepoint s")
		if err == nil {
			into := "insert into conversations (id, tenant_id, site_id, locale) values ($1, $2, $3, $4)"
			if me.kind == owner || me.kind == admin || me.kind == apiKey {
				into = "insert into documents (id, tenant_id, site_id, title, revision, kind, facts, shown) values ($1::text, $2, $3, $4, '1', 'page', '{}', true)"
			}
			_, err = tx.ExecContext(ctx, into, porttest.NewID(), o.tenantID(), o.siteID(), o.mark())
		}
		var server *pq.Error
		if !errors.As(err, &server) {
			if err == nil {
				r.foreign(me, "wrote a row of "+o.mark())
			}
			return err
		}
		if server.Code != "42501" {
			return err
		}
		r.tally.Refused.Add(1)
		_, err = tx.ExecContext(ctx, "rollback to savepoint s")
		return err
	}
	switch me.kind {
	case owner, admin, apiKey:
		rows, err := tx.QueryContext(ctx, "update documents set body = $1 where id = 'd' returning title", me.String())
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var mark string
			if err := rows.Scan(&mark); err != nil {
				return err
			}
			r.saw(me, "update", mark)
		}
		return rows.Err()
	case shopper:
		_, err := tx.ExecContext(ctx, "insert into conversations (id, tenant_id, site_id, locale) values ($1, $2, $3, $4)", porttest.NewID(), me.tenantID(), me.siteID(), me.mark())
		if err == nil {
			// Nobody's rows but the caller's are counted; his first stays.
			_, err = tx.ExecContext(ctx, "delete from conversations where id <> $1", id("conversation", me.tenant, me.site))
		}
		return err
	default:
		return r.read(ctx, tx, random, me)
	}
}
