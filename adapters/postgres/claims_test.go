package postgres

import (
	"context"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
	"github.com/aiwoochat/woochat/test/porttest"
)

// TestOneSpellingOfAClaim: what the session says of a person by the old name does
// not make another one of the caller.
func TestOneSpellingOfAClaim(t *testing.T) {
	d := pgtest.Need(t).Database(t, "migrated", func(ctx context.Context, superURL string) error {
		_, err := Migrate(ctx, superURL, nil)
		return err
	})
	other, me := porttest.NewID(), roles.Subject(porttest.NewID())
	db, err := Open(t.Context(), Config{
		URL: d.URL("app_runtime") + "&options=-c%20request.jwt.claim.sub%3D" + other, LedgerURL: d.URL("app_ledger"), ServiceURL: d.URL("app_service"),
		Now: time.Now, NewID: porttest.NewID,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var session string
	if err := db.runtime.Get(&session, `select current_setting('request.jwt.claim.sub', true)`); err != nil || session != other {
		t.Fatalf("the session says %q, %v: nothing would be shown", session, err)
	}
	for who, want := range map[roles.Subject]string{me: userID(me), roles.Subject(keyPrefix + porttest.NewID()): ""} {
		if err := db.asCaller(t.Context(), who, func(tx *sqlx.Tx) error {
			var got string
			if err := tx.Get(&got, `select coalesce(private.uid()::text, '')`); err != nil {
				return err
			}
			if got != want {
				t.Errorf("%s is taken for %q, want %q", who, got, want)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
}
