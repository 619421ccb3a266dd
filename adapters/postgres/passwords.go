package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Login is a role that serve logs in as.
type Login struct {
	Role     string
	Password string // "": it was there before, and keeps what it has
	Setting  string // the environment variable that wants its address
}

// logins are the roles of a server in the order of their settings.
func logins() []Login {
	return []Login{
		{Role: "app_runtime", Setting: "WOOCHAT_DATABASE_URL"},
		{Role: "app_ledger", Setting: "WOOCHAT_LEDGER_DATABASE_URL"},
		{Role: "app_service", Setting: "WOOCHAT_SERVICE_DATABASE_URL"},
	}
}

// passwordTable notes the roles that woochat has made in this database, and when
// each got its password: by it a run knows what one that failed, or one beside
// it, has left to do.
const passwordTable = versionSchema + ".logins"

// onlyOne makes those who begin a transaction with it wait for each other.
const onlyOne = `select pg_advisory_xact_lock(7119084216035801907)`

// notePending notes the roles that are missing as waiting for a password, before
// anybody makes them. It makes the schema of our notes if it is not there.
func notePending(ctx context.Context, db *sqlx.DB) error {
	var names []string
	for _, l := range logins() {
		names = append(names, l.Role)
	}
	return inTx(ctx, db, func(tx *sqlx.Tx) error {
		for _, q := range []string{
			`create schema if not exists ` + versionSchema,
			`create table if not exists ` + passwordTable + ` (role text primary key, password_at timestamptz)`,
		} {
			if _, err := tx.ExecContext(ctx, q); err != nil {
				return err
			}
		}
		// A role that was dropped has lost its password.
		_, err := tx.ExecContext(ctx, `
			insert into `+passwordTable+` (role)
			select n from unnest($1::text[]) n where not exists (select from pg_catalog.pg_roles where rolname = n)
			on conflict (role) do update set password_at = null`, pq.Array(names))
		return err
	}, onlyOne)
}

// setPasswords gives each role that waits for it a password, all or none, and
// returns all logins. Without newPassword they go on waiting.
func setPasswords(ctx context.Context, db *sqlx.DB, newPassword func() (string, error)) ([]Login, error) {
	all := logins()
	if newPassword == nil {
		return all, nil
	}
	err := inTx(ctx, db, func(tx *sqlx.Tx) error {
		var waiting []string
		if err := tx.SelectContext(ctx, &waiting, `update `+passwordTable+` set password_at = now() where password_at is null returning role`); err != nil {
			return err
		}
		for i, l := range all {
			if !slices.Contains(waiting, l.Role) {
				continue
			}
			secret, err := newPassword()
			if err != nil {
				return fmt.Errorf("make a password: %w", err)
			}
			// A role's name and password cannot be parameters. Neither comes from
			// outside.
			if _, err := tx.ExecContext(ctx, "alter role "+pq.QuoteIdentifier(l.Role)+" password "+pq.QuoteLiteral(secret)); err != nil {
				return fmt.Errorf("set the password of %s: %w", l.Role, err)
			}
			all[i].Password = secret
		}
		return nil
	}, onlyOne)
	if err != nil {
		return nil, fmt.Errorf("postgres: migrate: %w", err)
	}
	return all, nil
}
