// Package postgres is the production store: Postgres 15 or newer, with
// row-level security as a second wall between tenants.
//
// Three logins share the work. The runtime login becomes, for one transaction at
// a time, app_widget (one site) or authenticated (a person or an API key), whose
// policies show it what is theirs. The ledger login may call the ledger's
// functions and touch no table. The service login becomes service_role, for what
// the platform does by itself. The schema belongs to app_owner, which nobody
// logs in as.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/aiwoochat/woochat/ports"
)

// MinVersion is the oldest major version of Postgres that woochat runs on.
const MinVersion = 15

const addressHelp = "write it as postgres://user:password@host:5432/database?sslmode=require, with special characters of the password percent-encoded"

// checkTimeout bounds a Check whose context has no earlier end.
const checkTimeout = 10 * time.Second

// Info is what Check has found.
type Info struct {
	Version  string // such as 15.18
	Major    int
	Database string
	Login    string
	TLS      bool
	// Warnings say what about the login or the connection would let one
	// tenant's data be seen, each with what to do. serve refuses to start with
	// any of them.
	Warnings []string
}

// Problem is a kind of CheckError.
type Problem uint8

// Problems. The zero Problem is invalid.
const (
	BadAddress  Problem = iota + 1 // the DSN cannot be read
	Unreachable                    // nobody answers there, or too late
	BadLogin                       // user or password is refused
	NoDatabase                     // the server has no such database
	NoTLS                          // the server and the DSN do not agree on TLS
	Busy                           // no connection is free, or it is starting or stopping
	TooOld                         // below MinVersion
	Broken                         // it answered with something else
)

// CheckError says why a database cannot be used and what to do. It holds no
// password. It matches ports.ErrUnavailable if trying again may help, and
// ports.ErrInvalid otherwise.
type CheckError struct {
	Problem Problem
	Where   string // user, host, port and database; "" if the DSN cannot be read
	Reason  string // what the server or the network said
	Do      string // what to do
}

func (e *CheckError) Error() string {
	where := ""
	if e.Where != "" {
		where = " " + e.Where
	}
	return fmt.Sprintf("postgres%s: %s: %s", where, e.Reason, e.Do)
}

// Unwrap returns ports.ErrUnavailable or ports.ErrInvalid.
func (e *CheckError) Unwrap() error {
	if e.Problem == Unreachable || e.Problem == Busy {
		return ports.ErrUnavailable
	}
	return ports.ErrInvalid
}

// Check connects to the database of dsn (a URL such as
// postgres://user:password@host:5432/database, or key=value words), asks what
// it is, and disconnects. It changes nothing, takes at most ten seconds, and
// may be called at any time. The error is a *CheckError, or that of ctx.
func Check(ctx context.Context, dsn string) (Info, error) {
	cfg, err := pq.NewConfig(dsn)
	if err != nil || strings.TrimSpace(dsn) == "" {
		// Not even the reason is passed on: it quotes the DSN, password and all.
		return Info{}, &CheckError{
			Problem: BadAddress, Reason: "the address cannot be read",
			Do: addressHelp,
		}
	}
	// With it a query with arguments takes one round trip instead of two, and
	// works through a transaction pooler.
	cfg.BinaryParameters = true
	if cfg.ApplicationName == "" {
		cfg.ApplicationName = "woochat check"
	}
	connector, err := pq.NewConnectorConfig(cfg)
	if err != nil {
		return Info{}, explain(cfg, err)
	}
	mine, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	connector.Dialer(dialer{mine})
	db := sqlx.NewDb(sql.OpenDB(connector), "postgres")
	defer func() { _ = db.Close() }() // nothing was written
	var row facts
	if err := db.GetContext(mine, &row, factsSQL); err != nil {
		if ctx.Err() != nil {
			return Info{}, fmt.Errorf("postgres %s: %w", where(cfg), ctx.Err())
		}
		if mine.Err() != nil {
			err = fmt.Errorf("no answer within %v", checkTimeout)
		}
		return Info{}, explain(cfg, err)
	}
	return row.judge(cfg)
}

// dialer closes its connections when ctx ends: while it logs in the driver does
// not look at its context, and a server that says nothing would keep it for
// ever.
type dialer struct {
	ctx context.Context //nolint:containedctx // the driver passes none; a dialer lives as long as one Check
}

// Dial implements pq.Dialer.
func (d dialer) Dial(network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(d.ctx, network, address)
	if err == nil {
		context.AfterFunc(d.ctx, func() { _ = c.Close() })
	}
	return c, err
}

// DialTimeout implements pq.Dialer.
func (d dialer) DialTimeout(network, address string, _ time.Duration) (net.Conn, error) {
	return d.Dial(network, address)
}

const factsSQL = `
select current_setting('server_version_num')::int as number, current_setting('server_version') as version,
       current_database()::text as database, current_user::text as login, r.rolsuper as super, r.rolbypassrls as bypass,
       (select count(*) from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'public' and c.relkind in ('r', 'p') and c.relowner = r.oid) as owned,
       exists (select from pg_catalog.pg_roles o where o.rolname in ('service_role', 'app_owner', 'app_ledger')
         and not r.rolsuper and pg_has_role(current_user, o.oid, 'member')) as becomes,
       coalesce((select s.ssl from pg_catalog.pg_stat_ssl s where s.pid = pg_catalog.pg_backend_pid()), false) as tls,
       extract(epoch from pg_catalog.pg_postmaster_start_time())::text as started,
       (select d.oid::bigint from pg_catalog.pg_database d where d.datname = current_database()) as oid
  from pg_catalog.pg_roles r
 where r.rolname = current_user`

type facts struct {
	Number   int
	Version  string
	Database string
	Login    string
	Super    bool
	Bypass   bool
	Owned    int
	Becomes  bool
	TLS      bool
	Started  string // the server, as it spells it
	OID      int64  // of the database
}

func (f facts) judge(cfg pq.Config) (Info, error) {
	version, _, _ := strings.Cut(f.Version, " ") // distributions add their own
	info := Info{Version: version, Major: f.Number / 10_000, Database: f.Database, Login: f.Login, TLS: f.TLS}
	if info.Major < MinVersion {
		return info, &CheckError{
			Problem: TooOld, Where: where(cfg), Reason: "it is Postgres " + version,
			Do: fmt.Sprintf("woochat needs %d or newer: upgrade the server, or leave WOOCHAT_DATABASE_URL empty for the embedded store", MinVersion),
		}
	}
	warn := func(format string, args ...any) { info.Warnings = append(info.Warnings, fmt.Sprintf(format, args...)) }
	if f.Super {
		warn("%s", f.superWarning())
	}
	if f.Bypass {
		warn("%s", f.bypassWarning())
	}
	if f.Owned > 0 {
		warn("%s owns %d tables of schema public and could switch off their row-level security: use another login to serve than to migrate", f.Login, f.Owned)
	}
	if f.Becomes {
		warn("%s may become service_role, app_owner or app_ledger, to whom no policy applies: revoke service_role, app_owner, app_ledger from %s", f.Login, pq.QuoteIdentifier(f.Login))
	}
	if !f.TLS && !local(cfg) {
		warn("%s", plainWarning(cfg))
	}
	return info, nil
}

// explain turns an error of the driver into what to do about it.
func explain(cfg pq.Config, err error) error {
	e := &CheckError{Where: where(cfg), Reason: scrub(cfg, err.Error())}
	var server *pq.Error
	switch {
	case errors.Is(err, pq.ErrSSLNotSupported):
		e.Problem, e.Do = NoTLS, "add sslmode=disable to the address if the server is on this machine or network, or turn TLS on there"
	case !errors.As(err, &server):
		e.Problem, e.Do = Unreachable, "check host and port, and that the server runs and may be reached from here"
	case server.Code == pqerror.InvalidPassword, server.Code.Class() == "28":
		e.Problem, e.Do = BadLogin, "check user and password, and that pg_hba.conf lets this login in from here"
	case server.Code == pqerror.InvalidCatalogName:
		e.Problem, e.Do = NoDatabase, "create it: createdb "+strconv.Quote(cfg.Database)
	case server.Code.Class() == "53", server.Code.Class() == "57":
		e.Problem, e.Do = Busy, "wait, or raise max_connections"
	default:
		e.Problem, e.Do = Broken, "is this a Postgres server, and may the login read the system catalogues?"
	}
	return e
}

// where names the place without the password.
func where(cfg pq.Config) string {
	address := cfg.Host
	if !strings.HasPrefix(cfg.Host, "/") {
		address = net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port)))
	}
	return fmt.Sprintf("%s@%s/%s", cfg.User, address, cfg.Database)
}

// local reports whether the connection stays on this machine, whichever of its
// hosts it goes to.
func local(cfg pq.Config) bool {
	for _, h := range append([]pq.ConfigMultihost{{Host: cfg.Host, Hostaddr: cfg.Hostaddr}}, cfg.Multi...) {
		if !localHost(h) {
			return false
		}
	}
	return true
}

func localHost(h pq.ConfigMultihost) bool {
	if h.Hostaddr.IsValid() {
		return h.Hostaddr.IsLoopback()
	}
	if h.Host == "localhost" || strings.HasPrefix(h.Host, "/") || strings.HasPrefix(h.Host, "@") {
		return true
	}
	ip := net.ParseIP(h.Host)
	return ip != nil && ip.IsLoopback()
}

// scrub takes the password out of text, as it is and as URLs spell it.
func scrub(cfg pq.Config, text string) string {
	if cfg.Password == "" {
		return text
	}
	for _, secret := range []string{cfg.Password, url.QueryEscape(cfg.Password), url.PathEscape(cfg.Password), url.UserPassword("", cfg.Password).String()[1:]} {
		text = strings.ReplaceAll(text, secret, "[redacted]")
	}
	return text
}
