package porttest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// LicenseStore is what an adapter's test gives to the suite Licenses.
type LicenseStore struct {
	ports.Licenses
	ports.LicenseBook
	// NewScope returns the scope of a site that the store knows and that has
	// no license.
	NewScope func(t *testing.T) tenant.Scope
	// Corrupt makes text the stored limits of the site's license, past every
	// check; nil if the store has no such text.
	Corrupt func(t *testing.T, s tenant.Scope, text string)
}

// Licenses runs the contracts of ports.Licenses and ports.LicenseBook. open
// returns an empty store; it is called once for each case.
func Licenses(t *testing.T, open func(t *testing.T) LicenseStore) {
	t.Helper()
	runCases(t, licenseCases, func(t *testing.T) *licenseFixture {
		f := &licenseFixture{T: t, LicenseStore: open(t)}
		f.a, f.b = f.NewScope(t), f.NewScope(t)
		return f
	})
}

type licenseFixture struct {
	*testing.T
	LicenseStore
	a, b tenant.Scope
}

func (f *licenseFixture) put(s tenant.Scope, l usage.License) {
	f.Helper()
	if err := f.PutLicense(f.Context(), s, l); err != nil {
		f.Fatalf("PutLicense: %v", err)
	}
}

func (f *licenseFixture) want(s tenant.Scope, want usage.License) {
	f.Helper()
	got, err := f.LicenseOf(f.Context(), s)
	if err != nil || got != want {
		f.Errorf("LicenseOf: error %v\n got %+v\nwant %+v", err, got, want)
	}
}

func license(plan string, st usage.Status) usage.License {
	return usage.License{Plan: plan, Status: st, Limits: usage.Limits{ChatTokens: 1000, ChatRequests: 10, EmbeddingTokens: 500, Cost: usage.Limit(2 * usage.USD)}}
}

var licenseCases = []contractCase[*licenseFixture]{
	{"none", "a site without a license has none: not found", func(f *licenseFixture) {
		_, err := f.LicenseOf(f.Context(), f.a)
		wantErr(f.T, "LicenseOf", err, ports.ErrNotFound)
	}},
	{"round trip", "a license comes back as it was put, whatever its status and limits, its times in UTC", func(f *licenseFixture) {
		for st := usage.Active; st <= usage.Cancelled; st++ {
			f.put(f.a, license("plan", st))
			f.want(f.a, license("plan", st))
		}
		for _, limits := range []usage.Limits{
			{},
			usage.NoLimits(),
			{ChatTokens: 1 << 53, ChatRequests: usage.Unlimited, EmbeddingTokens: 0, Cost: 1},
			{ChatTokens: 0, ChatRequests: 1, EmbeddingTokens: usage.Unlimited, Cost: usage.Limit(12345 * usage.USD / 100)},
		} {
			l := license("", usage.Active)
			l.Limits = limits
			f.put(f.a, l)
			f.want(f.a, l)
		}
		l := license("plan", usage.Trialing)
		at := time.Date(2026, 3, 4, 5, 6, 7, 123456000, time.FixedZone("there", -3600))
		l.ValidFrom, l.ValidUntil = at, at.AddDate(1, 0, 0)
		f.put(f.a, l)
		l.ValidFrom, l.ValidUntil = l.ValidFrom.UTC(), l.ValidUntil.UTC()
		f.want(f.a, l)
	}},
	{"one a site", "putting a license replaces the site's one whole", func(f *licenseFixture) {
		first := license("first", usage.Active)
		first.ValidUntil = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
		f.put(f.a, first)
		f.put(f.a, license("second", usage.Suspended))
		f.want(f.a, license("second", usage.Suspended))
	}},
	{"invalid", "a license without a status, that is malformed, or whose limits are none is refused, and the old one stays", func(f *licenseFixture) {
		f.put(f.a, license("old", usage.Active))
		for what, change := range map[string]func(*usage.License){
			"no status":       func(l *usage.License) { l.Status = 0 },
			"unknown status":  func(l *usage.License) { l.Status = 99 },
			"malformed":       func(l *usage.License) { l.Malformed = "max_tokens_per_day is missing" },
			"a limit of -2":   func(l *usage.License) { l.Limits.ChatTokens = -2 },
			"a negative cost": func(l *usage.License) { l.Limits.Cost = -5 },
		} {
			l := license("new", usage.Active)
			change(&l)
			wantErr(f.T, "PutLicense, "+what, f.PutLicense(f.Context(), f.a, l), ports.ErrInvalid)
		}
		f.want(f.a, license("old", usage.Active))
	}},
	{"no such site", "there is no license of a site that is not there", func(f *licenseFixture) {
		nobody := tenant.Scope{Tenant: f.a.Tenant, Site: newID[tenant.SiteID](tenant.SitePrefix)}
		for _, s := range append(mixed(f.a, f.b), nobody) {
			wantErr(f.T, "PutLicense", f.PutLicense(f.Context(), s, license("plan", usage.Active)), ports.ErrNotFound)
			_, err := f.LicenseOf(f.Context(), s)
			wantErr(f.T, "LicenseOf", err, ports.ErrNotFound)
		}
	}},
	{"isolation", "one scope never reads or changes another's license", func(f *licenseFixture) {
		bothWays(f.a, f.b, func(me, other tenant.Scope) {
			f.put(me, license("mine", usage.Active))
			for _, s := range mixed(me, other) {
				_, err := f.LicenseOf(f.Context(), s)
				wantErr(f.T, "LicenseOf another's site", err, ports.ErrNotFound)
				if f.PutLicense(f.Context(), s, license("stolen", usage.Active)) == nil {
					f.Error("another tenant put a license of my site")
				}
			}
			f.put(other, license("theirs", usage.Expired))
			f.want(me, license("mine", usage.Active))
			f.want(other, license("theirs", usage.Expired))
		})
	}},
	{"malformed", "stored limits that cannot be read give a license that says so and admits nothing, and no error", func(f *licenseFixture) {
		if f.Corrupt == nil {
			f.Skip("the store has no text of limits")
		}
		for _, text := range []string{
			``, `null`, `[]`, `"text"`, `{`, `{}`,
			`{"max_tokens_per_day":1000,"max_chat_requests_per_day":10}`,
			`{"max_tokens_per_day":"1000","max_chat_requests_per_day":10,"max_embedding_tokens_per_day":null}`,
			`{"max_tokens_per_day":-1,"max_chat_requests_per_day":10,"max_embedding_tokens_per_day":null}`,
			`{"max_tokens_per_day":1.5,"max_chat_requests_per_day":10,"max_embedding_tokens_per_day":null}`,
			`{"max_tokens_per_day":true,"max_chat_requests_per_day":10,"max_embedding_tokens_per_day":null}`,
			`{"max_tokens_per_day":1,"max_chat_requests_per_day":10,"max_embedding_tokens_per_day":null,"max_cost_usd_per_day":2.5}`,
			`{"max_tokens_per_day":1,"max_chat_requests_per_day":10,"max_embedding_tokens_per_day":null} trailing`,
		} {
			f.put(f.a, license("plan", usage.Active))
			f.Corrupt(f.T, f.a, text)
			got, err := f.LicenseOf(f.Context(), f.a)
			if err != nil || got.Malformed == "" || got.Limits != (usage.Limits{}) || got.Plan != "plan" {
				f.Errorf("limits %s: got %+v, error %v, want a malformed license without limits", text, got, err)
			}
			if err := got.Check(time.Now()); !errors.Is(err, usage.ErrLicenseInvalid) {
				f.Errorf("limits %s: Check gives %v, want ErrLicenseInvalid", text, err)
			}
		}
		f.Corrupt(f.T, f.a, `{"max_tokens_per_day":1, "max_chat_requests_per_day": null, "max_embedding_tokens_per_day":0, "more": {"x": [1]}}`)
		l := license("plan", usage.Active)
		l.Limits = usage.Limits{ChatTokens: 1, ChatRequests: usage.Unlimited, EmbeddingTokens: 0, Cost: usage.Unlimited}
		f.want(f.a, l)
	}},
	{"no scope", "an incomplete scope is refused", func(f *licenseFixture) {
		for _, s := range incomplete(f.a) {
			_, err := f.LicenseOf(f.Context(), s)
			wantErr(f.T, "LicenseOf", err, tenant.ErrNoScope)
			wantErr(f.T, "PutLicense", f.PutLicense(f.Context(), s, license("plan", usage.Active)), tenant.ErrNoScope)
		}
	}},
	{"done context", "a done context ends the call", func(f *licenseFixture) {
		ctx, cancel := context.WithCancel(f.Context())
		cancel()
		f.put(f.a, license("plan", usage.Active))
		_, err := f.LicenseOf(ctx, f.a)
		wantErr(f.T, "LicenseOf", err, context.Canceled)
		wantErr(f.T, "PutLicense", f.PutLicense(ctx, f.a, license("other", usage.Active)), context.Canceled)
		f.want(f.a, license("plan", usage.Active))
	}},
	{"together", "concurrent calls see whole licenses", func(f *licenseFixture) {
		plans := []usage.License{license("one", usage.Active), license("two", usage.Expired)}
		plans[1].Limits = usage.NoLimits()
		f.put(f.a, plans[0])
		together(crowd, func(i int) {
			if i%4 == 0 {
				wantErr(f.T, "PutLicense", f.PutLicense(f.Context(), f.a, plans[i/4%2]), nil)
				return
			}
			if got, err := f.LicenseOf(f.Context(), f.a); err != nil || (got != plans[0] && got != plans[1]) {
				f.Errorf("LicenseOf: got %+v, error %v, want one of those that were put", got, err)
			}
		})
	}},
}
