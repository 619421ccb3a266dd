package ingestion_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/ingestion"
)

func credentials(key, secret string) ingestion.Credentials {
	return ingestion.Credentials{Key: ingestion.NewSecret(key), Secret: ingestion.NewSecret(secret)}
}

func TestCredentials(t *testing.T) {
	good := credentials("ck_0123456789abcdef", "cs_fedcba9876543210")
	got, err := ingestion.ParseCredentials(good.Plain())
	if err != nil || got != good {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []ingestion.Credentials{
		{},
		credentials("ck_1", ""), credentials("", "cs_1"), credentials("ck_", "cs_1"), credentials("ck_1", "cs_"), credentials("cs_1", "ck_1"),
		credentials("ck_1\nx", "cs_1"), credentials("ck_1", "cs_1\n"), credentials("ck_1 ", "cs_1"), credentials("ck_1:", "cs_1"),
		credentials("ck_"+strings.Repeat("a", 257), "cs_1"), credentials("ck_ä", "cs_1"),
	} {
		if err := bad.Valid(); !errors.Is(err, ingestion.ErrBadCredentials) || strings.Contains(err.Error(), "k_1") {
			t.Errorf("%q %q: %v", bad.Key.Reveal(), bad.Secret.Reveal(), err)
		}
		if got, err := ingestion.ParseCredentials(bad.Plain()); err == nil || got != (ingestion.Credentials{}) {
			t.Errorf("%q: got %v, %v", bad.Plain(), got, err)
		}
	}
}

func TestPurposesNameTheirSite(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range []string{
		ingestion.KeyPurpose("site_1"), ingestion.KeyPurpose("site_2"), ingestion.SecretPurpose("site_1"), ingestion.SecretPurpose("site_2"),
	} {
		if seen[p] {
			t.Errorf("%s twice", p)
		}
		seen[p] = true
	}
}

func TestSecretIsNotPrinted(t *testing.T) {
	c := credentials("ck_topsecret", "cs_topsecret")
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if got := fmt.Sprintf(format, []any{c, &c, c.Key}...); strings.Contains(got, "topsecret") || strings.Contains(got, "746f70") {
			t.Errorf("%s prints %s", format, got)
		}
	}
	if b, err := c.Key.MarshalText(); err != nil || string(b) != "[redacted]" {
		t.Errorf("encoded: %s, %v", b, err)
	}
}

func ExampleParseCredentials() {
	c := ingestion.Credentials{Key: ingestion.NewSecret("ck_1"), Secret: ingestion.NewSecret("cs_1")}
	fmt.Println(c.Valid(), c)
	again, err := ingestion.ParseCredentials(c.Plain())
	fmt.Println(again == c, err)
	// Output:
	// <nil> {[redacted] [redacted]}
	// true <nil>
}
