package porttest

import (
	"fmt"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// SiteHealthUnderTest is a store of findings, which cases may share.
type SiteHealthUnderTest struct {
	ports.SiteHealth

	// NewScope returns a site of a tenant that has no other, and makes both if
	// the store must know them.
	NewScope func(t *testing.T) tenant.Scope
	// NewSite returns one more site of the tenant.
	NewSite func(t *testing.T, id tenant.ID) tenant.Scope
}

type health struct {
	storeT
	SiteHealthUnderTest
}

// SiteHealth checks an adapter of ports.SiteHealth. open is called once for
// each case.
func SiteHealth(t *testing.T, open func(t *testing.T) SiteHealthUnderTest) {
	t.Helper()
	runCases(t, healthCases, func(t *testing.T) health { return health{storeT{t}, open(t)} })
}

func finding(kind ingestion.FindingKind, subject string, at time.Time) ingestion.Finding {
	return ingestion.Finding{Kind: kind, Subject: subject, Detail: "Detail of " + subject, Count: 1, First: at, Last: at}
}

func (f health) raise(s tenant.Scope, all ...ingestion.Finding) {
	f.Helper()
	for _, x := range all {
		f.must("Raise", f.Raise(f.Context(), s, x))
	}
}

func (f health) wantFindings(what string, s tenant.Scope, want ...ingestion.Finding) {
	f.Helper()
	got, err := f.Findings(f.Context(), s, 100)
	f.wantErr(what+": Findings", err, nil)
	if len(got)+len(want) > 0 {
		f.want(what+": Findings", got, want)
	}
}

var healthCases = []contractCase[health]{
	{"round trip", "a finding comes back as it was raised, its times in UTC to the microsecond", func(f health) {
		s := f.NewScope(f.T)
		f.wantFindings("at first", s)
		want := ingestion.Finding{Kind: ingestion.Rejected, Subject: awkward[:80], Detail: awkward, Count: 1 << 40, First: start(), Last: start().Add(time.Microsecond)}
		want.Subject = want.After(ingestion.Finding{}).Subject // whole characters
		f.wantNoZero(want)
		put := want
		put.First, put.Last = elsewhere(want.First), elsewhere(want.Last)
		f.raise(s, put)
		f.wantFindings("raised", s, want)
	}},
	{"counted", "one kind and subject is one finding, as After decides", func(f health) {
		s := f.NewScope(f.T)
		var want ingestion.Finding
		for i, next := range []ingestion.Finding{
			{Kind: ingestion.LostWebhook, Subject: "product:1", Detail: "one", Last: start()},
			{Kind: ingestion.LostWebhook, Subject: "product:1", Detail: "two", Count: 5, Last: start().Add(time.Hour)},
			{Kind: ingestion.LostWebhook, Subject: "product:1", Detail: "late", Last: start().Add(-time.Hour)},
			{Kind: ingestion.LostWebhook, Subject: "product:1", Detail: "", First: start().Add(time.Minute), Last: start().Add(2 * time.Hour)},
		} {
			want = next.After(want)
			f.raise(s, next)
			f.wantFindings(fmt.Sprint("after ", i), s, want)
		}
	}},
	{"apart", "another kind or another subject is another finding", func(f health) {
		s := f.NewScope(f.T)
		at := start()
		all := []ingestion.Finding{
			finding(ingestion.HookDisabled, "", at), finding(ingestion.HookDisabled, "product.created", at), finding(ingestion.HookDisabled, "product.Created", at),
			finding(ingestion.HookMissing, "product.created", at), finding("another_kind", awkward[:1], at),
		}
		f.raise(s, all...)
		f.wantFindings("raised", s, all[4], all[0], all[2], all[1], all[3])
	}},
	{"cut", "texts are stored as After cuts them, and are one finding with what they are cut to", func(f health) {
		s := f.NewScope(f.T)
		raw := ingestion.Finding{Kind: ingestion.Rejected, Subject: long(400), Detail: long(3000) + "\xff\x00", Last: start()}
		broken := ingestion.Finding{Kind: ingestion.Rejected, Subject: "a\x00b\xff", Detail: "\x00", Last: start().Add(-time.Second)}
		f.raise(s, raw, broken, raw)
		f.wantFindings("raised", s, raw.After(raw.After(ingestion.Finding{})), broken.After(ingestion.Finding{}))
	}},
	{"order", "the one that was raised last comes first, and at most limit come", func(f health) {
		s := f.NewScope(f.T)
		var want []ingestion.Finding
		for i := range 5 {
			x := finding(ingestion.Rejected, fmt.Sprint("product:", i), start().Add(-time.Duration(i)*time.Second))
			f.raise(s, x)
			want = append(want, x)
		}
		f.wantFindings("all", s, want...)
		got, err := f.Findings(f.Context(), s, 2)
		f.wantErr("Findings", err, nil)
		f.want("two", got, want[:2])
		again := want[4]
		again.Last = start().Add(time.Minute)
		f.raise(s, again)
		want = append([]ingestion.Finding{again.After(want[4])}, want[:4]...)
		f.wantFindings("one again", s, want...)
		for _, limit := range []int{0, -1} {
			none, err := f.Findings(f.Context(), s, limit)
			f.wantNone("a limit of nothing", none, err)
		}
	}},
	{"cleared", "Clear forgets that finding, or with no subject all of its kind; one that is not there is no error", func(f health) {
		s := f.NewScope(f.T)
		at := start()
		one, two, other := finding(ingestion.HookMissing, "one", at), finding(ingestion.HookMissing, "two", at), finding(ingestion.HookDisabled, "one", at)
		f.raise(s, one, two, other)
		for _, subject := range []string{"three", "One", "%", "on"} {
			f.must("Clear of nothing", f.Clear(f.Context(), s, ingestion.HookMissing, subject))
		}
		f.wantFindings("nothing was cleared", s, other, one, two)
		f.must("Clear", f.Clear(f.Context(), s, ingestion.HookMissing, "one"))
		f.wantFindings("one was cleared", s, other, two)
		f.raise(s, one)
		f.wantFindings("raised again", s, other, one, two)
		f.must("Clear", f.Clear(f.Context(), s, ingestion.HookMissing, ""))
		f.wantFindings("the kind was cleared", s, other)
		f.must("Clear", f.Clear(f.Context(), s, ingestion.HookMissing, ""))
	}},
	{"isolation", "sites neither see nor change one another's findings", func(f health) {
		a := f.NewScope(f.T)
		sibling, b := f.NewSite(f.T, a.Tenant), f.NewScope(f.T)
		x := finding(ingestion.CannotView, "", start())
		strangers(a, sibling, b, func(mine, theirs tenant.Scope) {
			f.raise(theirs, x)
			for _, s := range outsiders(mine, theirs) {
				f.wantFindings("another site", s)
				if err := f.Clear(f.Context(), s, x.Kind, ""); err != nil {
					f.wantErr("Clear", err, ports.ErrNotFound)
				}
			}
			f.raise(mine, x)
			f.wantFindings("theirs", theirs, x)
			for _, s := range []tenant.Scope{mine, theirs} {
				f.must("Clear", f.Clear(f.Context(), s, x.Kind, ""))
			}
		})
		for _, bad := range incomplete(a) {
			f.wantErr("Raise", f.Raise(f.Context(), bad, x), tenant.ErrNoScope)
			f.wantErr("Clear", f.Clear(f.Context(), bad, x.Kind, ""), tenant.ErrNoScope)
			_, err := f.Findings(f.Context(), bad, 10)
			f.wantErr("Findings", err, tenant.ErrNoScope)
		}
	}},
	{"invalid", "a finding without a kind or a time is ErrInvalid, and not stored", func(f health) {
		s := f.NewScope(f.T)
		f.wantErr("no kind", f.Raise(f.Context(), s, ingestion.Finding{Last: start()}), ports.ErrInvalid)
		f.wantErr("no time", f.Raise(f.Context(), s, ingestion.Finding{Kind: ingestion.Rejected, First: start()}), ports.ErrInvalid)
		f.wantFindings("refused", s)
	}},
	{"at once", "findings raised at the same time are all counted", func(f health) {
		s := f.NewScope(f.T)
		together(16, func(int) {
			f.wantErr("Raise", f.Raise(f.Context(), s, ingestion.Finding{Kind: ingestion.LostWebhook, Subject: "x", Last: start()}), nil)
		})
		want := ingestion.Finding{Kind: ingestion.LostWebhook, Subject: "x", Count: 16, First: start(), Last: start()}
		f.wantFindings("after all", s, want)
	}},
	{"done context", "a done context ends each call, and nothing is changed", func(f health) {
		s := f.NewScope(f.T)
		x := finding(ingestion.CannotView, "x", start())
		f.raise(s, x)
		f.wantErr("Raise", f.Raise(f.done(), s, x), f.done().Err())
		f.wantErr("Clear", f.Clear(f.done(), s, x.Kind, ""), f.done().Err())
		_, err := f.Findings(f.done(), s, 10)
		f.wantErr("Findings", err, f.done().Err())
		f.wantFindings("after it", s, x)
	}},
}
