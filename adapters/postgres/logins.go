package postgres

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// power is what a login may have beside its part.
type power uint8

const (
	nobodySpecial  power = iota // no superuser, and bound by every policy
	passesPolicies              // no superuser
)

// login is one of the three of a server.
type login struct {
	setting string // where its address comes from
	dsn     string
	pool    *sqlx.DB
	may     power
}

// checkLogins returns a *LoginError unless all logins are of the database of the
// first, have no more power than they may, and reach it in secret.
func checkLogins(ctx context.Context, all []login) error {
	var (
		first    facts
		here     string // where first is
		warnings []string
	)
	for i, l := range all {
		cfg, err := pq.NewConfig(l.dsn)
		if err != nil {
			return &CheckError{Problem: BadAddress, Reason: "the address of " + l.setting + " cannot be read", Do: addressHelp}
		}
		var f facts
		if err := l.pool.GetContext(ctx, &f, factsSQL); err != nil {
			return fmt.Errorf("the login of %s: %w", l.setting, mapped(ctx, err))
		}
		if i == 0 {
			first, here = f, where(cfg)
		}
		if f.Started != first.Started || f.OID != first.OID {
			warnings = append(warnings, fmt.Sprintf("%s and %s are not of one database: the first is %s, the second is %s: give all three the same host, port and database",
				all[0].setting, l.setting, here, where(cfg)))
		}
		for _, w := range f.excess(cfg, l.may) {
			warnings = append(warnings, l.setting+": "+w)
		}
	}
	if len(warnings) > 0 {
		return &LoginError{warnings}
	}
	return nil
}

// excess says what a login may do beside its part, or who could listen.
func (f facts) excess(cfg pq.Config, may power) []string {
	var all []string
	if f.Super {
		all = append(all, f.superWarning())
	}
	if f.Bypass && may < passesPolicies {
		all = append(all, f.bypassWarning())
	}
	if !f.TLS && !local(cfg) {
		all = append(all, plainWarning(cfg))
	}
	return all
}

func (f facts) superWarning() string {
	return fmt.Sprintf("%s is a superuser, whom row-level security does not bind: use a login of its own, or: alter role %s nosuperuser", f.Login, pq.QuoteIdentifier(f.Login))
}

func (f facts) bypassWarning() string {
	return fmt.Sprintf("%s may bypass row-level security: alter role %s nobypassrls", f.Login, pq.QuoteIdentifier(f.Login))
}

func plainWarning(cfg pq.Config) string {
	return fmt.Sprintf("the connection to %s is not encrypted: add sslmode=verify-full to the address", cfg.Host)
}
