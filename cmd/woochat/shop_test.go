package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/test/fakes/wooshop"
)

// secretKeys are two keys of WOOCHAT_SECRET_KEY.
var secretKeys = [2]string{strings.Repeat("0123456789abcdef", 4), strings.Repeat("fedcba9876543210", 4)}

func TestShopCommands(t *testing.T) {
	s, shop, key := newShopShell(t, 3, wooshop.Options{})
	s.env["WOOCHAT_SECRET_KEY"], s.env["WOOCHAT_PUBLIC_URL"], s.env["SHOP_KEY"] = secretKeys[0], "https://chat.example.com", key
	if r := s.run("shop", "show"); r.code != exitFailure || !strings.Contains(r.err, "not connected") || !strings.Contains(r.err, "woochat shop connect") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	out := s.ok("shop", "connect", "--url", shop.URL(), "--key", "env:SHOP_KEY")
	for _, want := range []string{"is connected", "product.created, product.updated, product.deleted, product.restored", "https://chat.example.com/api/ingestion/webhook/site_", "secret  "} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	half, _, _ := strings.Cut(key, ":")
	show := s.ok("shop", "show") + s.ok("shop", "show", "--json") + s.ok("ingest", "status")
	if strings.Contains(out+show, half) || !strings.Contains(show, "a key that may read") || !strings.Contains(show, "no webhook has come yet") || !strings.Contains(show, "hook_missing") {
		t.Errorf("shown:\n%s", show)
	}
	// The secret is shown when it is made.
	_, secret, _ := strings.Cut(out, "secret        ")
	secret, _, _ = strings.Cut(secret, "\n")
	if len(secret) < 40 || strings.Contains(show, secret) {
		t.Errorf("the secret %q is shown again", secret)
	}
	if again := s.ok("shop", "connect", "--url", shop.URL(), "--key", "env:SHOP_KEY"); strings.Contains(again, secret) {
		t.Error("the secret is shown again")
	}
	rotated := s.ok("shop", "rotate")
	if !strings.Contains(rotated, "--finish") || strings.Contains(rotated, secret) {
		t.Errorf("rotated: %s", rotated)
	}
	if r := s.run("shop", "rotate"); r.code != exitFailure || !strings.Contains(r.err, "--finish") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	s.ok("shop", "rotate", "--finish")
	s.ok("shop", "sync")
	if out := s.ok("ingest", "status", "--no-sources"); !strings.Contains(out, "wait") || strings.Contains(out, "SOURCE") {
		t.Errorf("status: %s", out)
	}
	if out := s.ok("shop", "invite"); !strings.Contains(out, "/wc-auth/v1/authorize?") || strings.Count(out, "\n") != 1 {
		t.Errorf("invited: %s", out)
	}
	if out := s.ok("shop", "disconnect"); !strings.Contains(out, "forgotten") || !strings.Contains(out, "by hand") {
		t.Errorf("disconnected: %s", out)
	}
	if r := s.run("shop", "sync"); r.code != exitFailure {
		t.Errorf("exit code %d", r.code)
	}
}

func TestSecretsRotate(t *testing.T) {
	s, shop, key := newShopShell(t, 1, wooshop.Options{})
	s.env["WOOCHAT_SECRET_KEY"], s.env["SHOP_KEY"] = secretKeys[0], key
	s.ok("shop", "connect", "--url", shop.URL(), "--key", "env:SHOP_KEY")
	type result = resealedRow
	for _, step := range []struct {
		keys string
		want string
	}{
		{secretKeys[0], "{1 0 2 []}"},
		{secretKeys[1], "{1 0 0 [REST key webhook secret]}"}, // the old key is gone
		{secretKeys[1] + "," + secretKeys[0], "{1 2 0 []}"},
		{secretKeys[1], "{1 0 2 []}"},
		{secretKeys[0], "{1 0 0 [REST key webhook secret]}"},
	} {
		s.env["WOOCHAT_SECRET_KEY"] = step.keys
		got := fromJSON[result](t, s.ok("secrets", "rotate", "--json"))
		var lost []string
		for _, l := range got.Lost {
			lost = append(lost, l.What)
		}
		if text := fmt.Sprintf("{%d %d %d %v}", got.Sites, got.Sealed, got.Current, lost); text != step.want {
			t.Errorf("with %.8s...: %s, want %s", step.keys, text, step.want)
		}
		out := s.ok("secrets", "rotate")
		if strings.Contains(out, secretKeys[0][:16]) || strings.Contains(out, "No older key is needed") == strings.Contains(step.want, "REST") {
			t.Errorf("with %.8s...: %s", step.keys, out)
		}
	}
	// A sync works with the key that is there.
	s.env["WOOCHAT_SECRET_KEY"] = secretKeys[1]
	s.ok("ingest", "woocommerce")
}
