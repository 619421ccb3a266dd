package wiring

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"time"

	"go.uber.org/fx"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/ports"
)

func postgresStore(cfg Config, o Options) fx.Option {
	return fx.Module("postgres", fx.Provide(
		func(now ports.Clock, id ports.NewID, c *closers) (*postgres.DB, error) {
			db, err := postgres.Open(context.Background(), postgres.Config{
				URL: cfg.DatabaseURL.Reveal(), LedgerURL: cfg.LedgerDatabaseURL.Reveal(), ServiceURL: cfg.ServiceDatabaseURL.Reveal(),
				Now: now, NewID: id,
			})
			if err != nil {
				return nil, explainStore(err)
			}
			c.add(db.Close)
			if o.Clock == nil {
				return db, sameTime(db)
			}
			return db, nil
		},
		fx.Annotate((*postgres.DB).Ledger, fx.As(new(ports.Ledger)), fx.As(new(ports.Checkpointer)), fx.As(new(ports.Sweeper)), fx.As(new(ports.UsageReader)), fx.As(new(ports.UsageReports))),
		fx.Annotate((*postgres.DB).AuditLog, fx.As(new(ports.AuditLog))),
		fx.Annotate((*postgres.DB).Repricings, fx.As(new(ports.Repricings))),
		fx.Annotate((*postgres.DB).Changes, fx.As(new(ports.Changes))),
		fx.Annotate((*postgres.DB).Licenses, fx.As(new(ports.Licenses)), fx.As(new(ports.LicenseBook))),
		fx.Annotate((*postgres.DB).Limiter, fx.As(new(ports.Limiter))),
		fx.Annotate((*postgres.DB).Accounts, fx.As(new(ports.Tenants)), fx.As(new(ports.Sites)), fx.As(new(ports.Keys)), fx.As(new(ports.SiteKeys)),
			fx.As(new(ports.Members)), fx.As(new(ports.PlatformUsers)), fx.As(new(ports.Grants))),
		fx.Annotate((*postgres.DB).Conversations, fx.As(new(ports.Conversations)), fx.As(new(ports.Turns)), fx.As(new(ports.Unanswered)), fx.As(new(ports.Drafts)), fx.As(new(ports.Feedback))),
		fx.Annotate((*postgres.DB).Erasure, fx.As(new(ports.Erasure))),
		fx.Annotate((*postgres.DB).Documents, fx.As(new(ports.Documents)), fx.As(new(ports.DocumentBatches)), fx.As(new(ports.Inventory)), fx.As(new(ports.DocumentTotals)), fx.As(new(ports.StoredDocuments)), fx.As(new(ports.Passages)), fx.As(new(ports.Cursors)),
			fx.As(new(ports.Generations)), fx.As(new(ports.RetiredGenerations)), fx.As(new(ports.IndexModel)), fx.As(new(ports.DocumentChunks))),
		func() backup {
			return func(context.Context, string) error {
				return fmt.Errorf("backup of a Postgres store: use pg_dump: %w", ports.ErrInvalid)
			}
		},
		func(db *postgres.DB) ready {
			return func() error {
				ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
				defer cancel()
				return db.Ping(ctx)
			}
		},
	))
}

// maxSkew is how far this machine's clock may be off the database server's: less
// than the margin after which an expired hold is swept.
const maxSkew = 5 * time.Second

// sameTime returns a configuration error if this machine's clock is wrong, or
// the server's.
func sameTime(db *postgres.DB) error {
	skew, err := db.Skew(context.Background())
	if err != nil {
		return err
	}
	if skew.Abs() <= maxSkew {
		return nil
	}
	return fmt.Errorf("%w: this machine's clock is %v off the database server's: set both by NTP; holds of calls under way would be taken for expired", ErrConfig, skew.Round(time.Millisecond))
}

// readyTimeout is how long a store may take to say that it is there.
const readyTimeout = 2 * time.Second

func postgresIndex(cfg Config, o Options) fx.Option {
	return fx.Module("postgres-index", fx.Provide(
		fx.Annotate(func(db *postgres.DB) (*postgres.Index, error) {
			x := db.Index(postgres.IndexConfig{})
			return x, follow(context.Background(), x, db.Documents(), wantedIndex(cfg, o))
		}, fx.As(new(ports.Searcher)), fx.As(new(ports.Indexer)), fx.As(new(ports.IndexBatches))),
	))
}

// explainStore makes the configuration's errors of what only it can mend.
func explainStore(err error) error {
	var (
		check  *postgres.CheckError
		login  *postgres.LoginError
		schema *postgres.SchemaError
	)
	if errors.As(err, &login) || errors.As(err, &schema) || errors.As(err, &check) && errors.Is(err, ports.ErrInvalid) {
		return fmt.Errorf("%w: %w", ErrConfig, &SettingError{Name: "WOOCHAT_DATABASE_URL", Origin: "tried", Reason: err.Error()})
	}
	return err
}

// Migration is one file of a database's schema.
type Migration struct {
	Version int64     `json:"version"`
	Name    string    `json:"name"`
	Applied time.Time `json:"applied,omitzero"` // zero: it has not run
}

// Login is a database role that serve logs in as, and the setting that wants its
// address.
type Login struct {
	Role    string `json:"role"`
	Setting string `json:"setting"`
	// URL is the whole address, with the password if the role was made now: it is
	// told once, and is known to nobody else. Otherwise its password is "...".
	URL string `json:"url"`
	New bool   `json:"new"`
}

// Migrated is what Migrate has done.
type Migrated struct {
	Ran    []Migration `json:"ran"`
	Logins []Login     `json:"logins"`
}

// passwordBytes is the entropy of a role's password.
const passwordBytes = 24

// Migrate brings the Postgres database of Config.OwnerDatabaseURL to this
// version's schema. Of several processes one does it; doing it again changes
// nothing; a file that fails has changed nothing.
func Migrate(ctx context.Context, cfg Config) (Migrated, error) {
	if err := needOwner(cfg); err != nil {
		return Migrated{}, err
	}
	done, err := postgres.Migrate(ctx, cfg.OwnerDatabaseURL.Reveal(), func() (string, error) {
		raw := make([]byte, passwordBytes)
		if _, err := rand.Read(raw); err != nil {
			return "", err
		}
		return base64.RawURLEncoding.EncodeToString(raw), nil
	})
	if err != nil {
		return Migrated{}, err
	}
	out := Migrated{Ran: make([]Migration, 0, len(done.Ran))}
	for _, m := range done.Ran {
		out.Ran = append(out.Ran, Migration(m))
	}
	for _, l := range done.Logins {
		out.Logins = append(out.Logins, Login{Role: l.Role, Setting: l.Setting, URL: loginURL(cfg.OwnerDatabaseURL.Reveal(), l), New: l.Password != ""})
	}
	return out, nil
}

// loginURL returns the owner's address with another user.
func loginURL(owner string, l postgres.Login) string {
	u, err := url.Parse(owner)
	if err != nil {
		return "" // not so: it has just been connected to
	}
	password := l.Password
	if password == "" {
		password = "..."
	}
	u.User = url.UserPassword(l.Role, password)
	return u.String()
}

// MigrationStatus lists the files of the schema with when each has run.
func MigrationStatus(ctx context.Context, cfg Config) ([]Migration, error) {
	if err := needOwner(cfg); err != nil {
		return nil, err
	}
	list, err := postgres.MigrationStatus(ctx, cfg.OwnerDatabaseURL.Reveal())
	if err != nil {
		return nil, err
	}
	out := make([]Migration, 0, len(list))
	for _, m := range list {
		out = append(out, Migration(m))
	}
	return out, nil
}

// UsesPostgres reports whether cfg asks for a Postgres store.
func (c Config) UsesPostgres() bool { return c.kind() == "postgres" || c.OwnerDatabaseURL != "" }

func needOwner(cfg Config) error {
	if cfg.OwnerDatabaseURL != "" {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrConfig, &SettingError{
		Name: "WOOCHAT_OWNER_DATABASE_URL", Origin: "not set",
		Reason: "is needed to migrate: the address of the same database with a login that may create roles, such as postgres",
	})
}
