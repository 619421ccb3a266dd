package porttest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// sliceSource is a right source, but for what wrong says.
type sliceSource struct {
	wrong string
	kept  []catalog.Change
}

func sliceFeed() []catalog.Change {
	product := func(id string) catalog.Change {
		return catalog.Change{Product: &catalog.Product{ID: id, Categories: []string{"a"}}}
	}
	return []catalog.Change{product("1"), {Rejected: &catalog.Rejected{Where: "row 3", Reason: "bad"}}, {Page: &catalog.Page{ID: "2"}}, product("3")}
}

func (s *sliceSource) Changes(ctx context.Context, scope tenant.Scope, since catalog.Cursor, visit func(catalog.Change) error) (catalog.Cursor, error) {
	if err := scope.Valid(); err != nil && s.wrong != "asks for no scope" {
		return since, err
	}
	at := 0
	if since != "" {
		n, err := strconv.Atoi(string(since))
		if err != nil && s.wrong != "takes any cursor" {
			return since, fmt.Errorf("%w: cursor", ports.ErrInvalid)
		}
		at = n
	}
	feed := sliceFeed()
	if s.wrong == "shares memory" {
		feed = s.kept
	}
	var failed error
	for ; at < len(feed); at++ {
		if err := ctx.Err(); err != nil && s.wrong != "ignores the context" {
			return cursorOf(at), err
		}
		c := feed[at]
		if c.Rejected != nil && s.wrong == "ends at what it cannot read" {
			return cursorOf(at), nil
		}
		if c.Rejected != nil && s.wrong == "skips what it cannot read" {
			continue
		}
		if s.wrong == "sets two fields" {
			c.Deleted = &catalog.Deleted{ID: "1"}
		}
		if err := visit(c); err != nil {
			switch s.wrong {
			case "swallows the error":
				return cursorOf(at), nil
			case "loses the change that failed":
				return cursorOf(at + 1), err
			case "goes on after an error":
				failed = err
				continue
			}
			return cursorOf(at), err
		}
	}
	if s.wrong == "has no end" {
		return "", failed
	}
	return cursorOf(at), failed
}

func cursorOf(n int) catalog.Cursor { return catalog.Cursor(strconv.Itoa(n)) }

func TestDocumentSourceAcceptsARightOne(t *testing.T) {
	DocumentSource(t, func(*testing.T) SourceUnderTest {
		return SourceUnderTest{&sliceSource{}, tenant.Scope{Tenant: "ten_1", Site: "site_1"}}
	})
}

func TestDocumentSourceCatches(t *testing.T) {
	for _, wrong := range []string{
		"asks for no scope", "takes any cursor", "shares memory", "ignores the context", "ends at what it cannot read",
		"skips what it cannot read", "sets two fields", "swallows the error", "loses the change that failed", "goes on after an error", "has no end",
	} {
		t.Run(wrong, func(t *testing.T) {
			var caught error
			for _, c := range sourceCases {
				s := SourceUnderTest{&sliceSource{wrong: wrong, kept: sliceFeed()}, tenant.Scope{Tenant: "ten_1", Site: "site_1"}}
				caught = errors.Join(caught, c.check(t.Context(), s))
			}
			if caught == nil {
				t.Error("no case fails")
			}
		})
	}
}
