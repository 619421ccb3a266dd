package ingestion_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/domain/ingestion"
)

func TestFindingAfter(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	first := ingestion.Finding{Kind: ingestion.HookDisabled, Subject: "product.updated", Detail: "one", Last: noon}.After(ingestion.Finding{})
	if first.Count != 1 || first.First != noon || first.Last != noon {
		t.Errorf("a new one: %+v", first)
	}
	next := first
	next.Count, next.Detail, next.Last = 3, "two", noon.Add(time.Hour)
	if got := next.After(first); got.Count != 4 || got.First != noon || got.Last != next.Last || got.Detail != "two" {
		t.Errorf("one more: %+v", got)
	}
	late := ingestion.Finding{Kind: first.Kind, Subject: first.Subject, Detail: "late", Last: noon.Add(-time.Hour)}
	if got := late.After(first); got.Last != noon || got.First != late.Last || got.Detail != "late" {
		t.Errorf("one that comes late: %+v", got)
	}
}

func TestFindingTextsAreCut(t *testing.T) {
	f := ingestion.Finding{Subject: strings.Repeat("ö", 300) + "x", Detail: "x" + strings.Repeat("ö", 900) + "\xff\x00"}.After(ingestion.Finding{})
	if len(f.Subject) != 200 || len(f.Detail) != 999 || !utf8.ValidString(f.Subject+f.Detail) {
		t.Errorf("%d and %d bytes, valid: %v", len(f.Subject), len(f.Detail), utf8.ValidString(f.Subject+f.Detail))
	}
	if f := (ingestion.Finding{Detail: "a\x00b\xffc"}).After(ingestion.Finding{}); f.Detail != "ab\ufffdc" {
		t.Errorf("got %q", f.Detail)
	}
}

func TestConnectionValid(t *testing.T) {
	good := ingestion.Connection{URL: "https://shop.example.com", Auth: ingestion.Basic, Secrets: []string{"a", "b"}}
	if err := good.Valid(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*ingestion.Connection){
		"no url":          func(c *ingestion.Connection) { c.URL = "" },
		"three secrets":   func(c *ingestion.Connection) { c.Secrets = append(c.Secrets, "c") },
		"an empty secret": func(c *ingestion.Connection) { c.Secrets = []string{""} },
		"no such auth":    func(c *ingestion.Connection) { c.Auth = 4 },
	} {
		c := good
		spoil(&c)
		if c.Valid() == nil {
			t.Errorf("%s is valid", name)
		}
	}
}

func ExampleFinding_After() {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	f := ingestion.Finding{Kind: ingestion.LostWebhook, Subject: "product:44", Detail: "its price had changed", Last: at}
	old := f.After(ingestion.Finding{})
	fmt.Println(f.After(old).Count)
	// Output: 2
}
