// Package auditing lets callers do what their grants allow, and records each
// use of a super admin's power before it happens: who, what, on whose data, and
// why. What cannot be recorded is not done. Tenants' owners can read it.
package auditing

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Deps are what a Service needs. All are required.
type Deps struct {
	Log   ports.AuditLog
	Now   ports.Clock
	NewID ports.NewID
}

// Service decides and records. Make one with New; it is safe for concurrent
// use.
type Service struct{ deps Deps }

// New returns a Service. It reports everything that is missing at once.
func New(d Deps) (*Service, error) {
	var errs []error
	need := func(ok bool, what string) {
		if !ok {
			errs = append(errs, fmt.Errorf("auditing: Deps.%s is missing", what))
		}
	}
	need(d.Log != nil, "Log")
	need(d.Now != nil, "Now")
	need(d.NewID != nil, "NewID")
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Service{deps: d}, nil
}

// Allow returns nil if who may do a on what sc owns. Where that rests on a super
// admin's power alone it is recorded first, with who.Reason and the details.
// The error matches roles.ErrForbidden, or is that of Record.
func (s *Service) Allow(ctx context.Context, who roles.Grants, a roles.Action, sc tenant.Scope, details string) error {
	if err := who.Can(a, sc); err != nil {
		return err
	}
	if !who.BySuperAdmin(a, sc) {
		return nil
	}
	return s.Record(ctx, who, a, sc, details)
}

// Record records that who does a on what sc owns as a super admin; for what
// Allow cannot see. The error matches ports.ErrInvalid if who gives no reason,
// and is the log's if it cannot be recorded; then a must not be done.
func (s *Service) Record(ctx context.Context, who roles.Grants, a roles.Action, sc tenant.Scope, details string) error {
	e := roles.AuditEntry{
		ID: roles.AuditID(roles.AuditPrefix + s.deps.NewID()), At: s.deps.Now(), Actor: who.Subject, Action: a, Scope: sc,
		Reason: strings.TrimSpace(who.Reason), Details: cut(details, roles.MaxDetails),
	}
	if err := e.Valid(); err != nil {
		return fmt.Errorf("%s as a super admin: %w: %w", a, ports.ErrInvalid, err)
	}
	if err := s.deps.Log.Record(ctx, e); err != nil {
		return fmt.Errorf("%s is not done, since it cannot be recorded: %w", a, err)
	}
	return nil
}

// List returns at most limit entries about sc, the newest first, after the
// given one; see ports.AuditLog. That a super admin reads them is recorded,
// too. The error matches roles.ErrForbidden if who may not, and
// ports.ErrNotFound if there is no such entry.
func (s *Service) List(ctx context.Context, who roles.Grants, sc tenant.Scope, after roles.AuditID, limit int) ([]roles.AuditEntry, error) {
	if err := s.Allow(ctx, who, roles.ReadAudit, sc, ""); err != nil {
		return nil, err
	}
	return s.deps.Log.List(ctx, who, sc, after, limit)
}

// cut returns at most n bytes of text, and no half characters.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "")
}
