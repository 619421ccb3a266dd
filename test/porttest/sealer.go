package porttest

import (
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/ports"
)

// Sealer checks an adapter of ports.Sealer. open returns one that has the named
// keys, of which the first seals; the same name is the same key.
func Sealer(t *testing.T, open func(t *testing.T, keys ...string) ports.Sealer) {
	t.Helper()
	runCases(t, sealerCases, func(t *testing.T) sealers { return sealers{storeT{t}, open} })
}

type sealers struct {
	storeT
	open func(t *testing.T, keys ...string) ports.Sealer
}

func (f sealers) seal(s ports.Sealer, purpose, plain string) string {
	f.Helper()
	sealed, err := s.Seal(purpose, []byte(plain))
	f.must("Seal", err)
	return sealed
}

func (f sealers) wantOpen(what string, s ports.Sealer, purpose, sealed, want string) {
	f.Helper()
	got, err := s.Open(purpose, sealed)
	f.wantErr(what+": Open", err, nil)
	f.want(what+": Open", string(got), want)
}

func (f sealers) wantShut(what string, s ports.Sealer, purpose, sealed string, want error) {
	f.Helper()
	got, err := s.Open(purpose, sealed)
	f.wantErr(what+": Open", err, want)
	f.want(what+": Open", string(got), "")
}

var sealerCases = []contractCase[sealers]{
	{"round trip", "what was sealed opens for its purpose, to the byte", func(f sealers) {
		s := f.open(f.T, "one")
		for _, plain := range []string{"cs_1", "", "\x00\xff", awkward, long(4 << 10)} {
			for _, purpose := range []string{"key of site_1", "", awkward} {
				f.wantOpen("sealed", s, purpose, f.seal(s, purpose, plain), plain)
			}
		}
	}},
	{"printable", "a sealed text is one printable word, and nothing of the plain one is in it", func(f sealers) {
		s := f.open(f.T, "one")
		for _, plain := range []string{"topsecret-topsecret", strings.Repeat("\n", 100)} {
			sealed := f.seal(s, "p", plain)
			if sealed == "" || strings.ContainsFunc(sealed, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' }) || strings.Contains(sealed, "topsecret") {
				f.Errorf("sealed as %q", sealed)
			}
		}
	}},
	{"twice", "sealing twice gives different texts, both of which open", func(f sealers) {
		s := f.open(f.T, "one")
		a, b, c := f.seal(s, "p", "x"), f.seal(s, "p", "x"), f.seal(s, "p", "y")
		if a == b {
			f.Errorf("both are %s", a)
		}
		f.wantOpen("third", s, "p", c, "y")
		f.wantOpen("first", s, "p", a, "x")
		f.wantOpen("second", s, "p", b, "x")
	}},
	{"purpose", "what was sealed for one purpose does not open for another", func(f sealers) {
		s := f.open(f.T, "one")
		sealed := f.seal(s, "key of site_1", "x")
		for _, other := range []string{"key of site_2", "key of site_", "key of site_11", "secret of site_1", "KEY of site_1", ""} {
			f.wantShut(other, s, other, sealed, ports.ErrInvalid)
		}
	}},
	{"changed", "a text that was changed anywhere does not open", func(f sealers) {
		s := f.open(f.T, "one")
		sealed := f.seal(s, "p", "four")
		for i := range sealed {
			for _, c := range []byte("A.") {
				if changed := sealed[:i] + string(c) + sealed[i+1:]; changed != sealed {
					got, err := s.Open("p", changed)
					if err == nil || len(got) > 0 {
						f.Errorf("with a %c at %d: %q, %v", c, i, got, err)
					}
				}
			}
			if got, err := s.Open("p", sealed[:i]); err == nil || len(got) > 0 {
				f.Errorf("the first %d bytes: %q, %v", i, got, err)
			}
		}
		for _, text := range []string{"", "four", sealed + "A", sealed + sealed, " " + sealed, sealed + "\n", sealed + "="} {
			f.wantShut(text, s, "p", text, ports.ErrInvalid)
		}
	}},
	{"rotation", "the first key seals, all open", func(f sealers) {
		old, both, back := f.open(f.T, "one"), f.open(f.T, "two", "one"), f.open(f.T, "one", "two")
		byOld, byNew := f.seal(old, "p", "x"), f.seal(both, "p", "y")
		f.wantOpen("sealed by the old key", both, "p", byOld, "x")
		f.wantOpen("sealed by the new key", both, "p", byNew, "y")
		f.wantOpen("sealed by the new key, the old one first", back, "p", byNew, "y")
		f.want("the old text is current", both.Current(byOld), false)
		f.want("the new text is current", both.Current(byNew), true)
		f.want("the old text is current where its key seals", old.Current(byOld), true)
	}},
	{"unknown key", "what no present key has sealed is ErrNotFound, and not current", func(f sealers) {
		one, two := f.open(f.T, "one"), f.open(f.T, "two")
		sealed := f.seal(one, "p", "x")
		f.wantShut("another key", two, "p", sealed, ports.ErrNotFound)
		f.want("current", two.Current(sealed), false)
		for _, text := range []string{"", "x", "one"} {
			f.want("current of what is not sealed", one.Current(text), false)
		}
	}},
	{"at once", "it is safe for concurrent use", func(f sealers) {
		s := f.open(f.T, "one", "two")
		together(16, func(int) {
			for range 20 {
				sealed, err := s.Seal("p", []byte("x"))
				f.wantErr("Seal", err, nil)
				got, err := s.Open("p", sealed)
				f.wantErr("Open", err, nil)
				f.want("Open", string(got), "x")
			}
		})
	}},
}
