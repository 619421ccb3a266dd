package tenant_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/tenant"
)

func goodSite() tenant.Site {
	return tenant.Site{
		ID: "site_" + uuid, Tenant: "ten_" + uuid, Name: "Fjord & Fell", URL: "https://shop.example.com/en/",
		Origins: []string{"https://shop.example.com", "http://localhost:8080"}, TimeZone: "Europe/Oslo",
	}
}

func TestSiteValid(t *testing.T) {
	if err := goodSite().Valid(); err != nil {
		t.Fatalf("a good site: %v", err)
	}
	for name, spoil := range map[string]func(*tenant.Site){
		"name is empty":   func(s *tenant.Site) { s.Name = " \t" },
		"URL":             func(s *tenant.Site) { s.URL = "ftp://shop.example.com" },
		"is not http(s)":  func(s *tenant.Site) { s.URL = "" },
		"origin":          func(s *tenant.Site) { s.Origins = append(s.Origins, "https://shop.example.com/path") },
		`origin "*"`:      func(s *tenant.Site) { s.Origins = []string{"*"} },
		`origin "null"`:   func(s *tenant.Site) { s.Origins = []string{"null"} },
		"origin \"https:": func(s *tenant.Site) { s.Origins = []string{"https://Shop.example.com"} },
		"time zone":       func(s *tenant.Site) { s.TimeZone = "CEST+2" },
		"time zone \"\"":  func(s *tenant.Site) { s.TimeZone = "" },
		"\"Local\"":       func(s *tenant.Site) { s.TimeZone = "Local" },
	} {
		s := goodSite()
		spoil(&s)
		err := s.Valid()
		if !errors.Is(err, tenant.ErrBadSite) || !strings.Contains(err.Error(), name) {
			t.Errorf("Valid() = %v, want an ErrBadSite that says %s", err, name)
		}
	}
	s := goodSite()
	s.ID = ""
	if err := s.Valid(); !errors.Is(err, tenant.ErrNoScope) {
		t.Errorf("no id: Valid() = %v, want ErrNoScope", err)
	}
}

func TestSiteValidSaysAllAtOnce(t *testing.T) {
	err := tenant.Site{Origins: []string{"x"}}.Valid()
	for _, want := range []string{"no tenant", "name", "URL", `origin "x"`, "time zone"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Valid() = %v, want it to say %s too", err, want)
		}
	}
}

func TestAllows(t *testing.T) {
	s := goodSite()
	s.Origins = []string{"https://shop.example.com", "http://localhost:8080", "https://b\u00fccher.example.com"}
	for origin, want := range map[string]bool{
		"https://shop.example.com":             true,
		"https://SHOP.example.com":             true, // browsers send lower case, but a host has none
		"https://shop.example.com:443":         true,
		"http://localhost:8080":                true,
		"http://shop.example.com":              false, // another scheme is another origin
		"https://shop.example.com:8443":        false,
		"https://www.shop.example.com":         false,
		"https://shop.example.com.example.net": false,
		"https://evilshop.example.com":         false,
		"https://shop.example.com@example.net": false,
		"https://example.net#shop.example.com": false,
		"http://localhost":                     false,
		"null":                                 false,
		"":                                     false,
		"*":                                    false,
		"file://":                              false,
	} {
		if got := s.Allows(origin); got != want {
			t.Errorf("Allows(%q) = %v, want %v", origin, got, want)
		}
	}
	s.Origins = nil
	if s.Allows("https://shop.example.com") {
		t.Error("a site without origins allows one")
	}
}

func TestOriginsOf(t *testing.T) {
	for url, want := range map[string][]string{
		"https://example.com":            {"https://example.com", "https://www.example.com"},
		"https://www.example.com/shop/?": {"https://www.example.com", "https://example.com"},
		" https://Example.COM:443/ ":     {"https://example.com", "https://www.example.com"},
		"http://example.com:80":          {"http://example.com", "http://www.example.com"},
		"http://example.com:8080/x":      {"http://example.com:8080"},
		"http://localhost":               {"http://localhost"},
		"http://localhost:8080":          {"http://localhost:8080"},
		"http://192.0.2.7/":              {"http://192.0.2.7"},
		"http://[2001:db8::1]/":          {"http://[2001:db8::1]"},
	} {
		if got, err := tenant.OriginsOf(url); err != nil || !slices.Equal(got, want) {
			t.Errorf("OriginsOf(%q) = %q, %v, want %q", url, got, err, want)
		}
	}
	for _, url := range []string{"", "example.com", "//example.com", "https://", "ftp://example.com", "javascript:alert(1)", "https://user:secret@example.com", "https://exa mple.com", "https://%zz"} {
		if got, err := tenant.OriginsOf(url); !errors.Is(err, tenant.ErrBadSite) {
			t.Errorf("OriginsOf(%q) = %q, %v, want ErrBadSite", url, got, err)
		}
	}
}

// What OriginsOf returns is what a site may store, and what it then allows.
func FuzzOrigins(f *testing.F) {
	for _, seed := range []string{"https://example.com", "http://www.example.org:80", "https://[::1]:443/", "https://example.org/\x00", "HTTPS://EXAMPLE.ORG", "https://:443"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, url string) {
		origins, err := tenant.OriginsOf(url)
		if err != nil {
			return
		}
		s := goodSite()
		s.URL, s.Origins = url, origins
		if err := s.Valid(); err != nil {
			t.Errorf("OriginsOf(%q) = %q, which a site may not have: %v", url, origins, err)
		}
		for _, o := range origins {
			if !s.Allows(o) {
				t.Errorf("OriginsOf(%q) = %q, but %q is not allowed", url, origins, o)
			}
		}
	})
}

func ExampleOriginsOf() {
	origins, err := tenant.OriginsOf("https://shop.example.com/en/")
	fmt.Println(origins, err)
	// Output: [https://shop.example.com https://www.shop.example.com] <nil>
}
