package wiring

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/adapters/qdrant"
)

// Finding is what Doctor has found out about one server.
type Finding struct {
	What   string // "postgres", "qdrant"
	OK     bool
	Detail string
	Todo   string // what to do about it; also warnings of what is OK
}

// Supported returns an error that matches ErrConfig and names every setting of
// cfg that this version cannot serve, or nil. Start returns the same.
func Supported(cfg Config) error {
	_, err := modules(cfg, Options{}, &closers{})
	return err
}

// Doctor asks the servers that cfg names whether they can be reached and are
// new enough. It changes nothing, and names no server that cfg does not.
func Doctor(ctx context.Context, cfg Config) []Finding {
	var out []Finding
	if cfg.kind() == "postgres" {
		f := Finding{What: "postgres"}
		if info, err := postgres.Check(ctx, cfg.DatabaseURL.Reveal()); err != nil {
			f.Detail = err.Error()
			if e, ok := errors.AsType[*postgres.CheckError](err); ok {
				f.Detail, f.Todo = e.Reason, e.Do
			}
		} else {
			f.OK, f.Detail = true, fmt.Sprintf("%s, database %s as %s", info.Version, info.Database, info.Login)
			f.Todo = strings.Join(info.Warnings, "; ")
		}
		out = append(out, f)
	}
	if cfg.QdrantURL != "" {
		f := Finding{What: "qdrant"}
		if info, err := qdrant.Check(ctx, cfg.QdrantURL, cfg.QdrantAPIKey.Reveal()); err != nil {
			f.Detail = err.Error()
			if e, ok := errors.AsType[*qdrant.CheckError](err); ok {
				f.Detail, f.Todo = e.Reason, e.Do
			}
		} else {
			f.OK, f.Detail = true, fmt.Sprintf("%s, %d collections", info.Version, info.Collections)
			f.Todo = strings.Join(info.Warnings, "; ")
		}
		out = append(out, f)
	}
	return out
}
