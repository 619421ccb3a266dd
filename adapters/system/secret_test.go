package system_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/adapters/system"
)

// counting returns the 32 bytes from, from+1, ...
func counting(from byte) []byte {
	b := make([]byte, 32)
	for i := range b {
		b[i] = from + byte(i)
	}
	return b
}

func TestParseSecretKey(t *testing.T) {
	raw := counting(200) // its base64 has + and /, its padding one =
	forms := map[string]string{
		"base64":          base64.StdEncoding.EncodeToString(raw),
		"base64 unpadded": base64.RawStdEncoding.EncodeToString(raw),
		"base64url":       base64.URLEncoding.EncodeToString(raw),
		"hex":             hex.EncodeToString(raw),
		"HEX":             strings.ToUpper(hex.EncodeToString(raw)),
		"spaces around":   "  " + hex.EncodeToString(raw) + "\n",
	}
	sum := sha256.Sum256(raw)
	for name, text := range forms {
		keys, err := system.ParseSecretKey(text)
		if err != nil || len(keys) != 1 || keys[0].ID() != hex.EncodeToString(sum[:])[:8] {
			t.Errorf("%s: got %d keys, %v, want the one of id %x", name, len(keys), err, sum[:4])
		}
	}
	other := hex.EncodeToString(counting(1))
	keys, err := system.ParseSecretKey(forms["base64"] + ", " + other)
	if err != nil || len(keys) != 2 || keys[0].ID() == keys[1].ID() {
		t.Fatalf("two keys: got %d, %v", len(keys), err)
	}
	first, err := system.ParseSecretKey(forms["hex"])
	if err != nil || keys[0].Derive("a") != first[0].Derive("a") {
		t.Errorf("the order is lost, or base64 and hex are not one key: %v", err)
	}
}

func TestParseSecretKeyRefuses(t *testing.T) {
	good := hex.EncodeToString(counting(7))
	for _, c := range []struct{ name, text, says string }{
		{"empty", " ", "empty"},
		{"too short", base64.StdEncoding.EncodeToString(counting(3)[:31]), "31 bytes"},
		{"too long", base64.StdEncoding.EncodeToString(append(counting(3), 9)), "33 bytes"},
		{"not base64", "correct horse battery staple!", "neither base64 nor"},
		{"bad hex", strings.Repeat("zq", 32), "neither base64 nor"},
		{"one byte", strings.Repeat("ab", 32), "guess"},
		{"comma at the end", good + ",", "key 2 is empty"},
		{"the same twice", good + "," + base64.StdEncoding.EncodeToString(counting(7)), "key 2 is key 1 again"},
		{"two bad ones", "short,alsoshort", "key 2"},
	} {
		keys, err := system.ParseSecretKey(c.text)
		if !errors.Is(err, system.ErrBadSecretKey) || keys != nil {
			t.Errorf("%s: got %d keys, %v, want ErrBadSecretKey", c.name, len(keys), err)
			continue
		}
		if !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %q does not say %q", c.name, err, c.says)
		}
		for part := range strings.SplitSeq(c.text, ",") {
			if part = strings.TrimSpace(part); len(part) > 3 && strings.Contains(err.Error(), part) {
				t.Errorf("%s: the error holds the key: %v", c.name, err)
			}
		}
	}
}

func TestNewSecretKey(t *testing.T) {
	a, b := system.NewSecretKey(), system.NewSecretKey()
	keys, err := system.ParseSecretKey(a + "," + b)
	if err != nil || len(keys) != 2 {
		t.Errorf("got %d keys, %v, want two different ones", len(keys), err)
	}
}

// Derive is HKDF of RFC 5869 without salt, here computed from HMAC.
func TestDerive(t *testing.T) {
	raw := counting(40)
	keys, err := system.ParseSecretKey(hex.EncodeToString(raw))
	if err != nil {
		t.Fatal(err)
	}
	extract := hmac.New(sha256.New, make([]byte, 32))
	extract.Write(raw)
	expand := hmac.New(sha256.New, extract.Sum(nil))
	expand.Write([]byte("visitor-token\x01"))
	if got := keys[0].Derive("visitor-token"); !bytes.Equal(got[:], expand.Sum(nil)) {
		t.Errorf("got %x, want %x", got, expand.Sum(nil))
	}
	if keys[0].Derive("a") == keys[0].Derive("b") {
		t.Error("two purposes have one key")
	}
}

func TestSecretKeyNeverShows(t *testing.T) {
	keys, err := system.ParseSecretKey(hex.EncodeToString(counting(65)))
	if err != nil {
		t.Fatal(err)
	}
	k := keys[0]
	var logs bytes.Buffer
	slog.New(slog.NewJSONHandler(&logs, nil)).Info("x", "k", k, "p", &k, "in", struct{ K system.SecretKey }{k})
	slog.New(slog.NewTextHandler(&logs, nil)).Info("x", "k", k, "p", &k, "in", struct{ K system.SecretKey }{k})
	j, err := json.Marshal(map[string]any{"k": k, "p": &k, "all": keys})
	if err != nil {
		t.Fatal(err)
	}
	derived := k.Derive("x")
	all := logs.String() + string(j)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c", "%t"} {
		got := fmt.Sprintf(verb, k)
		if got != "[redacted]" {
			t.Errorf("%s prints %q", verb, got)
		}
		all += got + fmt.Sprintf(verb, &k) + fmt.Sprintf(verb, keys) + fmt.Sprintf(verb, struct{ K system.SecretKey }{k})
	}
	all = strings.ToLower(all)
	for _, secret := range []string{"abcdefgh", hex.EncodeToString(counting(65)), base64.StdEncoding.EncodeToString(counting(65)), "65 66 67", hex.EncodeToString(derived[:])} {
		if strings.Contains(all, strings.ToLower(secret)) {
			t.Errorf("%q shows in %s", secret, all)
		}
	}
}

func ExampleParseSecretKey() {
	text := base64.StdEncoding.EncodeToString(counting(1)) // of WOOCHAT_SECRET_KEY
	keys, err := system.ParseSecretKey(text)
	if err != nil {
		fmt.Println(err)
		return
	}
	tokens := keys[0].Derive("visitor-token")
	fmt.Println(keys[0].ID(), keys[0], tokens == keys[0].Derive("webhooks"))
	// Output: ae216c2e [redacted] false
}
