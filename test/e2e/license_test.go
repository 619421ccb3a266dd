package e2e

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/harness/migrated"
	"github.com/aiwoochat/woochat/test/porttest"
)

// licensed asks for an answer, as JSON and as a stream, and fails unless it is
// given (want "") or refused as LICENSE_INACTIVE with the status want.
func (s *shop) licensed(what, token, want string) {
	s.Helper()
	for _, accept := range []string{"application/json", "text/event-stream"} {
		r := s.call("POST", "/api/chat/message", token, question("What does shipping cost?"), "Accept", accept)
		if want == "" {
			if r.status != http.StatusOK {
				s.Errorf("%s: got %d %s, want an answer", what, r.status, r.body)
			}
			continue
		}
		var got struct {
			Error struct {
				Code    string `json:"code"`
				Details struct {
					Status string `json:"status"`
					Reason string `json:"reason"`
				} `json:"details"`
			} `json:"error"`
		}
		if err := json.Unmarshal(r.body, &got); err != nil || r.status != http.StatusForbidden ||
			got.Error.Code != "LICENSE_INACTIVE" || got.Error.Details.Status != want || got.Error.Details.Reason == "" {
			s.Errorf("%s, %s: got %d %s, want 403 LICENSE_INACTIVE with the status %s and a reason", what, accept, r.status, r.body, want)
		}
	}
}

// TestLicenseStates asks under every state that a license can have, and under
// none.
func TestLicenseStates(t *testing.T) {
	for _, store := range stores {
		t.Run(store, func(t *testing.T) {
			s := open(t, withStore(store, migrated.Folder(t)))
			answers := 0
			for st, want := range map[usage.Status]string{
				usage.Active: "", usage.Trialing: "", usage.Suspended: "suspended", usage.Expired: "expired", usage.Cancelled: "cancelled",
			} {
				s.license(st, usage.NoLimits())
				s.licensed(st.String(), s.session(), want)
				if want == "" {
					answers += 2
				}
			}
			if total, _ := s.balance(); total.Used.ChatRequests != int64(answers) {
				t.Errorf("%d chat requests, want %d: a refused one costs nothing", total.Used.ChatRequests, answers)
			}

			bare, err := s.app.Administering.CreateSite(t.Context(), administering.Operator(), s.site.Tenant, administering.NewSite{Name: "Bare", URL: s.origin, TimeZone: "UTC"})
			s.must(err)
			_, s.siteKey, err = s.app.Administering.CreateKey(t.Context(), administering.Operator(), bare.Scope(), tenant.SiteKey, "widget", 0)
			s.must(err)
			s.licensed("no license", s.session(), "none")
		})
	}
}

// TestLicenseWindow walks over both ends of a license's time, for each status.
// Nothing is written meanwhile: the window is looked at with each message.
func TestLicenseWindow(t *testing.T) {
	clock := porttest.NewClock(time.Now().UTC().Truncate(time.Second))
	s := open(t, withStore("sqlite", migrated.Folder(t)), withClock(clock.Now), withoutGoods())
	var answers int64
	for _, st := range []usage.Status{usage.Active, usage.Trialing, usage.Suspended} {
		from := clock.Now().Add(time.Minute)
		until := from.Add(time.Hour)
		l := usage.License{Plan: "test", Status: st, Limits: usage.NoLimits(), ValidFrom: from, ValidUntil: until}
		s.must(s.app.Administering.SetLicense(t.Context(), administering.Operator(), s.site.Scope(), l))
		for _, step := range []struct {
			name   string
			at     time.Time
			inside bool
		}{
			{"a minute before valid_from", clock.Now(), false},
			{"a microsecond before valid_from", from.Add(-time.Microsecond), false},
			{"at valid_from", from, true},
			{"a microsecond before valid_until", until.Add(-time.Microsecond), true},
			{"at valid_until", until, false},
			{"a day after valid_until", until.AddDate(0, 0, 1), false},
		} {
			clock.Advance(step.at.Sub(clock.Now()))
			want := st.String()
			if step.inside && st != usage.Suspended {
				want = ""
				answers += 2
			}
			s.licensed(st.String()+", "+step.name, s.session(), want)
		}
	}
	var admitted int64
	days, err := s.app.Metering.Usage.Days(t.Context(), s.site.Scope(), usage.DayOf(clock.Now().AddDate(0, 0, -7), time.UTC), usage.DayOf(clock.Now(), time.UTC))
	s.must(err)
	for _, d := range days {
		admitted += d.Used.ChatRequests + d.Held.ChatRequests
	}
	if admitted != answers {
		t.Errorf("%d chat requests, want %d: a refused one costs nothing", admitted, answers)
	}
}
