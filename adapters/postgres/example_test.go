package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// Errors of Open say what to do; they can be shown to whoever starts the
// program.
func ExampleOpen() {
	_, err := postgres.Open(context.Background(), postgres.Config{
		URL: "", // WOOCHAT_DATABASE_URL was forgotten
		Now: time.Now, NewID: porttest.NewID,
	})
	if check, ok := errors.AsType[*postgres.CheckError](err); ok {
		fmt.Println(check.Problem == postgres.BadAddress, errors.Is(err, ports.ErrInvalid))
		fmt.Println(check.Do)
	}
	// Output:
	// true true
	// write it as postgres://user:password@host:5432/database?sslmode=require, with special characters of the password percent-encoded
}
