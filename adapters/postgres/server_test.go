package postgres_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/aiwoochat/woochat/test/harness/pgtest"
)

func TestMain(m *testing.M) {
	os.Exit(pgtest.Main(m, pgtest.Options{PasswordLogins: []string{"guarded"}}))
}

// dsn returns the address of a database for a user, as words.
func dsn(s *pgtest.Server, user, database string) string {
	dir, port := s.Socket()
	return fmt.Sprintf("host=%s port=%d user=%s dbname=%s sslmode=disable", dir, port, user, database)
}
