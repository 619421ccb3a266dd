package sqlite

import (
	"context"
	"database/sql"
	"sync"

	"github.com/jmoiron/sqlx"
)

// queryer is what runs statements within a transaction.
type queryer interface {
	GetContext(ctx context.Context, dest any, query string, args ...any) error
	SelectContext(ctx context.Context, dest any, query string, args ...any) error
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// statements keeps statements prepared on the writing connection: preparing them
// takes a third of the time of a message's ledger entries, and half of a small
// document's. Their texts are constants,
// so there are never more than a few.
type statements struct {
	f *file

	mu    sync.RWMutex // guards ready
	ready map[string]*sqlx.Stmt
}

func newStatements(f *file) *statements {
	return &statements{f: f, ready: map[string]*sqlx.Stmt{}}
}

// write is file.write with prepared statements.
func (s *statements) write(ctx context.Context, do func(tx queryer) error) error {
	var missed []string
	err := s.f.write(ctx, func(tx *sqlx.Tx) error {
		p := &prepared{Tx: tx, all: s}
		defer func() { missed = p.missed }()
		return do(p)
	})
	if err == nil {
		// After the transaction: it had the only connection.
		for _, query := range missed {
			s.prepare(ctx, query)
		}
	}
	return err
}

func (s *statements) find(query string) *sqlx.Stmt {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.ready[query]
}

// prepare makes query ready for the next time. If that fails, it runs
// unprepared then and says what is wrong.
func (s *statements) prepare(ctx context.Context, query string) {
	if s.find(query) != nil {
		return
	}
	stmt, err := s.f.writer.PreparexContext(ctx, query)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready[query] != nil {
		_ = stmt.Close() //nolint:sqlclosecheck // it is one too many: somebody else was faster
		return
	}
	s.ready[query] = stmt
}

// prepared is a transaction that takes the prepared statement where there is
// one.
type prepared struct {
	*sqlx.Tx
	all    *statements
	missed []string
}

func (p *prepared) stmt(ctx context.Context, query string) *sqlx.Stmt {
	if s := p.all.find(query); s != nil {
		return p.StmtxContext(ctx, s)
	}
	p.missed = append(p.missed, query)
	return nil
}

func (p *prepared) GetContext(ctx context.Context, dest any, query string, args ...any) error {
	if s := p.stmt(ctx, query); s != nil { //nolint:sqlclosecheck // it ends with the transaction
		return s.GetContext(ctx, dest, args...)
	}
	return p.Tx.GetContext(ctx, dest, query, args...)
}

func (p *prepared) SelectContext(ctx context.Context, dest any, query string, args ...any) error {
	if s := p.stmt(ctx, query); s != nil { //nolint:sqlclosecheck // it ends with the transaction
		return s.SelectContext(ctx, dest, args...)
	}
	return p.Tx.SelectContext(ctx, dest, query, args...)
}

func (p *prepared) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if s := p.stmt(ctx, query); s != nil {
		return s.ExecContext(ctx, args...)
	}
	return p.Tx.ExecContext(ctx, query, args...)
}
