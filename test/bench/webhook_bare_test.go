package bench

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/jmoiron/sqlx"
	_ "modernc.org/sqlite" // the bare server's store
)

// bareSQLite is a database file with the durability of woochat's.
func bareSQLite(b *testing.B) *sqlx.DB {
	b.Helper()
	db, err := sqlx.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "bare.db")+"?_txlock=immediate&_journal_mode=WAL&_synchronous=FULL&_busy_timeout=10000")
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	b.Cleanup(func() { _ = db.Close() })
	return db
}

// bareReceiver does what no receiver can do without.
func bareReceiver(b *testing.B, db *sqlx.DB, secret string) string {
	b.Helper()
	if _, err := db.ExecContext(b.Context(), `create table bare_hints (id integer primary key, n integer not null)`); err != nil {
		b.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m := hmac.New(sha256.New, []byte(secret))
		body, err := io.ReadAll(io.TeeReader(r.Body, m))
		if err == nil && !hmac.Equal([]byte(base64.StdEncoding.EncodeToString(m.Sum(nil))), []byte(r.Header.Get("X-Wc-Webhook-Signature"))) {
			err = errors.New("not signed")
		}
		var id int
		if err == nil {
			_, err = fmt.Sscanf(string(body), `{"id":%d`, &id)
		}
		if err == nil {
			_, err = db.ExecContext(r.Context(), `insert into bare_hints (id, n) values ($1, 1) on conflict (id) do update set n = bare_hints.n + 1`, id)
		}
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	b.Cleanup(s.Close)
	return s.URL
}
