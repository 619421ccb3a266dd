package administering

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// PutMember gives the person with this e-mail address a role in the tenant.
// The address, in lower case, is the subject until an identity provider names
// it otherwise.
func (s *Service) PutMember(ctx context.Context, who roles.Grants, id tenant.ID, email string, role roles.Role) (roles.Member, error) {
	subject, err := subjectOf(email)
	if err := errors.Join(who.CanGrant(role, id), err); err != nil {
		return roles.Member{}, err
	}
	m := roles.Member{Subject: subject, Email: strings.TrimSpace(email), Role: role}
	if err := m.Valid(); err != nil {
		return roles.Member{}, &FieldError{"role", "must be owner, admin or support"}
	}
	if err := s.audit.Allow(ctx, who, roles.WriteMembers, tenant.Scope{Tenant: id}, fmt.Sprintf("%s is to be %s", subject, role)); err != nil {
		return roles.Member{}, err
	}
	if err := s.deps.Members.PutMember(ctx, id, m); err != nil {
		return roles.Member{}, fmt.Errorf("member: %w", err)
	}
	return m, nil
}

// ListMembers returns the tenant's members.
func (s *Service) ListMembers(ctx context.Context, who roles.Grants, id tenant.ID) ([]roles.Member, error) {
	if err := s.audit.Allow(ctx, who, roles.ReadMembers, tenant.Scope{Tenant: id}, ""); err != nil {
		return nil, err
	}
	return s.deps.Members.ListMembers(ctx, id)
}

// RemoveMember takes a member's role in the tenant.
func (s *Service) RemoveMember(ctx context.Context, who roles.Grants, id tenant.ID, email string) error {
	subject, err := subjectOf(email)
	if err := errors.Join(who.Can(roles.WriteMembers, tenant.Scope{Tenant: id}), err); err != nil {
		return err
	}
	if err := s.audit.Allow(ctx, who, roles.WriteMembers, tenant.Scope{Tenant: id}, "remove "+string(subject)); err != nil {
		return err
	}
	return s.deps.Members.RemoveMember(ctx, id, subject)
}

// PutPlatformUser makes a person a super admin. Only a super admin may.
func (s *Service) PutPlatformUser(ctx context.Context, who roles.Grants, email string) (roles.Subject, error) {
	subject, err := subjectOf(email)
	if err := errors.Join(who.Can(roles.WritePlatform, tenant.Scope{}), err); err != nil {
		return "", err
	}
	if err := s.audit.Allow(ctx, who, roles.WritePlatform, tenant.Scope{}, string(subject)+" is to be a super admin"); err != nil {
		return "", err
	}
	return subject, s.deps.PlatformUsers.PutPlatformUser(ctx, subject, strings.TrimSpace(email))
}

// ListPlatformUsers returns the super admins.
func (s *Service) ListPlatformUsers(ctx context.Context, who roles.Grants) ([]roles.Member, error) {
	if err := s.audit.Allow(ctx, who, roles.ReadPlatform, tenant.Scope{}, "list super admins"); err != nil {
		return nil, err
	}
	return s.deps.PlatformUsers.ListPlatformUsers(ctx)
}

// RemovePlatformUser takes a super admin's rights.
func (s *Service) RemovePlatformUser(ctx context.Context, who roles.Grants, email string) error {
	subject, err := subjectOf(email)
	if err := errors.Join(who.Can(roles.WritePlatform, tenant.Scope{}), err); err != nil {
		return err
	}
	if err := s.audit.Allow(ctx, who, roles.WritePlatform, tenant.Scope{}, string(subject)+" is no super admin any more"); err != nil {
		return err
	}
	return s.deps.PlatformUsers.RemovePlatformUser(ctx, subject)
}

func subjectOf(email string) (roles.Subject, error) {
	e := strings.ToLower(strings.TrimSpace(email))
	name, host, ok := strings.Cut(e, "@")
	if !ok || name == "" || !strings.Contains(host, ".") || len(e) > 254 || strings.ContainsAny(e, " \t\r\n,;<>\"") {
		return "", &FieldError{"email", "is not an e-mail address"}
	}
	return roles.Subject(e), nil
}
