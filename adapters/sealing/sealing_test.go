package sealing_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/adapters/sealing"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// key returns a key of its own for each id.
func key(id string) sealing.Key {
	k := sealing.Key{ID: id}
	copy(k.Secret[:], strings.Repeat(id, 32))
	return k
}

func open(t *testing.T, ids ...string) *sealing.Sealer {
	t.Helper()
	keys := make([]sealing.Key, 0, len(ids))
	for _, id := range ids {
		keys = append(keys, key(id))
	}
	s, err := sealing.New(keys)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSealer(t *testing.T) {
	porttest.Sealer(t, func(t *testing.T, keys ...string) ports.Sealer { return open(t, keys...) })
}

// Two keys of one id are two keys: what one has sealed the other does not open.
func TestSealedByAnotherKeyOfTheID(t *testing.T) {
	sealed, err := open(t, "a").Seal("p", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := sealing.New([]sealing.Key{{ID: "a", Secret: key("b").Secret}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := other.Open("p", sealed); !errors.Is(err, ports.ErrInvalid) || got != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, keys := range map[string][]sealing.Key{
		"no key": nil, "no id": {key("a"), {}}, "a dot": {key("a.b")}, "a key twice": {key("a"), key("b"), key("a")},
	} {
		if _, err := sealing.New(keys); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestKeyIsNotPrinted(t *testing.T) {
	k := key("topsecret")
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if got := fmt.Sprintf(format, []any{k, &k}...); strings.Contains(got, "746f70") || strings.Contains(got, "topsecret") || !strings.Contains(got, "[redacted]") {
			t.Errorf("%s prints %s", format, got)
		}
	}
}

// What an error says goes to logs: no purpose, text or key is in it.
func TestErrorsTellNothing(t *testing.T) {
	s := open(t, "a")
	sealed, err := s.Seal("purpose-of-site", []byte("plain-text"))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"plain-text", "v1.a.plain-text", "v2" + sealed[2:], sealed + "AAAA"} {
		_, err := s.Open("purpose-of-site", bad)
		if err == nil || strings.Contains(err.Error(), "plain-text") || strings.Contains(err.Error(), sealed) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	s, err := sealing.New([]sealing.Key{key("a"), key("b")})
	if err != nil {
		f.Fatal(err)
	}
	good, err := s.Seal("p", []byte("x"))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{good, "", "v1", "v1.a", "v1.a.", "v1..", "v1.b." + good[5:], good[:len(good)-1]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		plain, err := s.Open("p", text)
		if err == nil && (text != good || !bytes.Equal(plain, []byte("x"))) {
			t.Errorf("%q opens", text)
		}
		if err != nil && !errors.Is(err, ports.ErrInvalid) && !errors.Is(err, ports.ErrNotFound) {
			t.Errorf("%q: %v", text, err)
		}
	})
}

func ExampleNew() {
	old, key := sealing.Key{ID: "k1", Secret: [32]byte{1}}, sealing.Key{ID: "k2", Secret: [32]byte{2}}
	before, err := sealing.New([]sealing.Key{old})
	if err != nil {
		fmt.Println(err)
		return
	}
	sealed, _ := before.Seal("shop key of site_1", []byte("ck_1"))
	after, _ := sealing.New([]sealing.Key{key, old}) // a new key, before the old one
	plain, err := after.Open("shop key of site_1", sealed)
	fmt.Println(string(plain), err, after.Current(sealed))
	// Output: ck_1 <nil> false
}
