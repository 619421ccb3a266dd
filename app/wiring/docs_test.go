package wiring_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/app/wiring"
)

// TestEverySettingIsDocumented holds docs/configuration.md to Settings: the same
// settings in the same order, with flag, default and secrecy, and a sentence.
func TestEverySettingIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	code := func(s string) string {
		if s == "" {
			return ""
		}
		return "`" + s + "`"
	}
	secret := map[bool]string{true: "secret"}
	var want []string
	for _, s := range wiring.Settings() {
		want = append(want, fmt.Sprintf("%s, %s, default %q, %s", code(s.Env), code("--"+s.Flag), code(s.Default), secret[s.Secret]))
	}
	var got []string
	for _, row := range regexp.MustCompile("(?m)^\\| `[A-Z].*$").FindAllString(string(page), -1) {
		cells := strings.Split(strings.Trim(row, "|"), "|")
		if len(cells) != 5 {
			t.Errorf("a row has %d cells, want 5: %s", len(cells), row)
			continue
		}
		for i, c := range cells {
			cells[i] = strings.TrimSpace(c)
		}
		got = append(got, fmt.Sprintf("%s, %s, default %q, %s", cells[0], cells[1], cells[2], cells[3]))
		if cells[4] == "" {
			t.Errorf("nothing is said of %s", cells[0])
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("docs/configuration.md and Settings differ.\ndocs:\n%s\nSettings:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
