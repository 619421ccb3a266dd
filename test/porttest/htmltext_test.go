package porttest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/ports"
)

type textFunc func(html, base string) (string, error)

func (f textFunc) Text(html, base string) (string, error) { return f(html, base) }

// TestHTMLTextCatches runs the suite against adapters that are wrong in one
// way each.
func TestHTMLTextCatches(t *testing.T) {
	tags := regexp.MustCompile(`<[^>]*>`)
	for name, c := range map[string]struct {
		adapter textFunc
		caught  string
	}{
		"gives the HTML back":     {func(h, _ string) (string, error) { return h, nil }, "structure"},
		"strips tags and no more": {func(h, _ string) (string, error) { return tags.ReplaceAllString(h, ""), nil }, "reading"},
		"gives nothing":           {func(string, string) (string, error) { return "", nil }, "plain"},
		"fails on nothing":        {func(h, _ string) (string, error) { return "", fmt.Errorf("%w: no text", ports.ErrInvalid) }, "nothing"},
		"cuts what is too large":  {func(h, _ string) (string, error) { return h[:min(len(h), 100)], nil }, "large"},
		"strips every bracket": {func(h, _ string) (string, error) {
			return strings.NewReplacer("[new]", "", "[", "", "]", "").Replace(h), nil
		}, "shortcodes"},
		"forgets the base": {func(h, _ string) (string, error) {
			return strings.Replace(h, "../../size-guide/", "/size-guide/", 1), nil
		}, "links"},
		"fails with an untyped error": {func(string, string) (string, error) { return "", fmt.Errorf("too deep") }, "deep"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, k := range htmlTextCases {
				if k.name == c.caught && k.check(c.adapter) == nil {
					t.Errorf("case %q passes", c.caught)
				}
			}
		})
	}
}
