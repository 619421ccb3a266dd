package roles

import (
	"errors"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/domain/tenant"
)

// AuditID identifies an AuditEntry, as aud_ and a UUID.
type AuditID string

// AuditPrefix begins every AuditID.
const AuditPrefix = "aud_"

// AuditEntry tells of one use of a super admin's power: who did what, on whose
// data, and why. Entries are never changed or removed.
type AuditEntry struct {
	ID     AuditID
	At     time.Time
	Actor  Subject
	Action Action
	// Scope is whose data it was about: a site's, a tenant's if Site is empty,
	// the platform's if both are.
	Scope   tenant.Scope
	Reason  string // why, in the actor's words
	Details string // what exactly, in a few words; may be empty
}

// Bounds of an entry's texts, in bytes.
const (
	MaxReason  = 500
	MaxDetails = 2000
)

// ErrBadEntry is matched by the errors of AuditEntry.Valid.
var ErrBadEntry = errors.New("not an entry of the audit log")

// Valid checks that e can be recorded. The error matches ErrBadEntry and says
// what is missing.
func (e AuditEntry) Valid() error {
	_, known := matrix()[e.Action]
	for _, c := range []struct {
		bad  bool
		what string
	}{
		{e.ID == "", "it has no id"},
		{e.At.IsZero(), "it has no time"},
		{e.Actor == "", "it names nobody"},
		{!known, fmt.Sprintf("%q is no action", e.Action)},
		{e.Scope.Site != "" && e.Scope.Tenant == "", "it names a site without its tenant"},
		{e.Reason == "", "it gives no reason: say why"},
		{len(e.Reason) > MaxReason, fmt.Sprintf("its reason is longer than %d bytes", MaxReason)},
		{len(e.Details) > MaxDetails, fmt.Sprintf("its details are longer than %d bytes", MaxDetails)},
	} {
		if c.bad {
			return fmt.Errorf("%w: %s", ErrBadEntry, c.what)
		}
	}
	return nil
}
