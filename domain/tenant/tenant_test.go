package tenant_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/tenant"
)

const uuid = "0197a000-0000-7000-8000-0123456789ab"

func TestScopeValid(t *testing.T) {
	for s, want := range map[tenant.Scope]error{
		{}:                       tenant.ErrNoScope,
		{Tenant: "ten_1"}:        tenant.ErrNoScope,
		{Site: "site_1"}:         tenant.ErrNoScope,
		{"ten_1", "site_1"}:      nil,
		{tenant.ID(" "), "site"}: nil, // whether ids are well formed is CheckID's
	} {
		if got := s.Valid(); !errors.Is(got, want) {
			t.Errorf("%+v.Valid() = %v, want %v", s, got, want)
		}
	}
}

func TestCheckID(t *testing.T) {
	if err := tenant.CheckID("ten_", "ten_"+uuid); err != nil {
		t.Errorf("a good id: %v", err)
	}
	for name, id := range map[string]string{
		"empty":               "",
		"no prefix":           uuid,
		"another prefix":      "site_" + uuid,
		"the prefix twice":    "ten_ten_" + uuid,
		"a prefix in capital": "TEN_" + uuid,
		"the prefix alone":    "ten_",
		"capitals":            "ten_" + strings.ToUpper(uuid),
		"too short":           "ten_" + uuid[:35],
		"too long":            "ten_" + uuid + "0",
		"no dashes":           "ten_" + strings.ReplaceAll(uuid, "-", ""),
		"dashes elsewhere":    "ten_0197a00-00000-7000-8000-0123456789ab",
		"braces":              "ten_{" + uuid + "}",
		"not hexadecimal":     "ten_" + strings.Replace(uuid, "a", "g", 1),
		"a line end":          "ten_" + uuid + "\n",
		"other digits":        "ten_" + strings.Replace(uuid, "0", "٠", 1),
	} {
		if err := tenant.CheckID("ten_", id); !errors.Is(err, tenant.ErrBadID) {
			t.Errorf("%s: CheckID(%q) = %v, want ErrBadID", name, id, err)
		} else if len(id) > len("ten_") && strings.Contains(err.Error(), id) {
			t.Errorf("%s: the error repeats what it was given: %v", name, err)
		}
	}
}

func FuzzCheckID(f *testing.F) {
	for _, seed := range []string{"", "ten_", "ten_" + uuid, "ten_" + strings.ToUpper(uuid), uuid} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if tenant.CheckID("ten_", id) != nil {
			return
		}
		var a, b, c, d, e uint64
		n, err := fmt.Sscanf(id, "ten_%08x-%04x-%04x-%04x-%012x", &a, &b, &c, &d, &e)
		if err != nil || n != 5 || fmt.Sprintf("ten_%08x-%04x-%04x-%04x-%012x", a, b, c, d, e) != id {
			t.Errorf("%q was taken for an id", id)
		}
	})
}
