package porttest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// SourceUnderTest is a source with something in it.
type SourceUnderTest struct {
	ports.DocumentSource
	Scope tenant.Scope
}

// DocumentSource runs the contract of ports.DocumentSource against what open
// returns. open is called once for each subtest and must return a source that
// does not change and holds at least four changes, one of them a
// catalog.Rejected that is not the last.
func DocumentSource(t *testing.T, open func(t *testing.T) SourceUnderTest) {
	t.Helper()
	for _, c := range sourceCases {
		t.Run(c.name, func(t *testing.T) {
			if err := c.check(t.Context(), open(t)); err != nil {
				t.Errorf("%v\ncontract: %s", err, c.contract)
			}
		})
	}
}

type sourceCase struct {
	name     string
	contract string
	check    func(context.Context, SourceUnderTest) error
}

var errVisit = errors.New("the visitor has had enough")

var sourceCases = []sourceCase{
	{"one of each", "exactly one of a Change's fields is set, and it says what it is about", func(ctx context.Context, s SourceUnderTest) error {
		changes, _, err := s.all(ctx, "")
		if err != nil {
			return err
		}
		if len(changes) < 4 {
			return fmt.Errorf("%d changes, the suite needs at least 4", len(changes))
		}
		for i, c := range changes {
			if err := checkChange(c); err != nil {
				return fmt.Errorf("change %d: %w", i+1, err)
			}
		}
		return nil
	}},
	{"rejected", "what cannot be read is delivered as a Rejected, and the feed goes on", func(ctx context.Context, s SourceUnderTest) error {
		changes, _, err := s.all(ctx, "")
		for i, c := range changes {
			if c.Rejected != nil && i < len(changes)-1 {
				return err
			}
		}
		return errors.Join(err, errors.New("nothing was rejected, or nothing came after it"))
	}},
	{"repeatable", "the zero Cursor is the beginning, each time", func(ctx context.Context, s SourceUnderTest) error {
		first, _, err := s.all(ctx, "")
		second, _, err2 := s.all(ctx, "")
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		if !reflect.DeepEqual(first, second) {
			return fmt.Errorf("%d changes, then %d, or others", len(first), len(second))
		}
		return nil
	}},
	{"resume", "an error of visit is returned with the cursor after the last change that visit accepted; the next call resumes there", func(ctx context.Context, s SourceUnderTest) error {
		want, _, err := s.all(ctx, "")
		if err != nil {
			return err
		}
		for stop := range want {
			var got []catalog.Change
			after, err := s.Changes(ctx, s.Scope, "", func(c catalog.Change) error {
				if len(got) == stop {
					return errVisit
				}
				got = append(got, c)
				return nil
			})
			if !errors.Is(err, errVisit) {
				return unlike("visit failed at change %d, Changes returned %v", stop+1, err)
			}
			rest, _, err := s.all(ctx, after)
			if err != nil {
				return fmt.Errorf("resume after %d changes: %w", stop, err)
			}
			// Something may come twice, nothing may be lost or out of order.
			if len(rest) < len(want)-stop || !reflect.DeepEqual(rest[len(rest)-(len(want)-stop):], want[stop:]) {
				return fmt.Errorf("after %d of %d changes, %d came", stop, len(want), len(rest))
			}
		}
		return nil
	}},
	{"stops", "after an error of visit, visit is not called again", func(ctx context.Context, s SourceUnderTest) error {
		calls := 0
		_, err := s.Changes(ctx, s.Scope, "", func(catalog.Change) error { calls++; return errVisit })
		if calls != 1 || !errors.Is(err, errVisit) {
			return unlike("%d calls, error %v", calls, err)
		}
		return nil
	}},
	{"end", "the cursor at the end can be read from", func(ctx context.Context, s SourceUnderTest) error {
		all, end, err := s.all(ctx, "")
		if err != nil {
			return err
		}
		rest, again, err := s.all(ctx, end)
		if err != nil || again == "" || len(rest) > len(all) {
			return unlike("%d changes, cursor %q, %v", len(rest), again, err)
		}
		return nil
	}},
	{"foreign cursor", "ErrInvalid if since is not a cursor of this source", func(ctx context.Context, s SourceUnderTest) error {
		for _, c := range []catalog.Cursor{"no cursor", "\x00", "csv9:x:-1"} {
			if got, _, err := s.all(ctx, c); !errors.Is(err, ports.ErrInvalid) || len(got) > 0 {
				return unlike("cursor %q: %d changes, %v", c, len(got), err)
			}
		}
		return nil
	}},
	{"scope", "an incomplete scope is tenant.ErrNoScope", func(ctx context.Context, s SourceUnderTest) error {
		for _, scope := range []tenant.Scope{{}, {Tenant: s.Scope.Tenant}, {Site: s.Scope.Site}} {
			n := 0
			_, err := s.Changes(ctx, scope, "", func(catalog.Change) error { n++; return nil })
			if !errors.Is(err, tenant.ErrNoScope) || n > 0 {
				return unlike("scope %+v: %d changes, %v", scope, n, err)
			}
		}
		return nil
	}},
	{"done context", "a done context ends the call; the error matches ctx.Err()", func(ctx context.Context, s SourceUnderTest) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		n := 0
		_, err := s.Changes(ctx, s.Scope, "", func(catalog.Change) error { n++; cancel(); return nil })
		if !errors.Is(err, context.Canceled) || n != 1 {
			return unlike("canceled in the first change: %d changes, %v", n, err)
		}
		if _, _, err := s.all(ctx, ""); !errors.Is(err, context.Canceled) {
			return unlike("canceled before: %v", err)
		}
		return nil
	}},
	{"ownership", "what is returned belongs to the caller", func(ctx context.Context, s SourceUnderTest) error {
		feed, _, err := s.all(ctx, "")
		if err != nil {
			return err
		}
		// As text, for what is shared is changed in both.
		want, err := json.Marshal(feed)
		if err != nil {
			return err
		}
		for _, c := range feed {
			scribble(c)
		}
		feed, _, err = s.all(ctx, "")
		if err != nil {
			return err
		}
		if got, err := json.Marshal(feed); err != nil || !bytes.Equal(got, want) {
			return errors.Join(err, errors.New("what one caller changed, the next one got"))
		}
		return nil
	}},
	{"concurrent", "methods are safe for concurrent use", func(ctx context.Context, s SourceUnderTest) error {
		want, _, err := s.all(ctx, "")
		if err != nil {
			return err
		}
		errs := make(chan error)
		for range 4 {
			go func() {
				got, _, err := s.all(ctx, "")
				if err == nil && !reflect.DeepEqual(got, want) {
					err = errors.New("another feed than alone")
				}
				errs <- err
			}()
		}
		for range 4 {
			err = errors.Join(err, <-errs)
		}
		return err
	}},
}

func (s SourceUnderTest) all(ctx context.Context, since catalog.Cursor) ([]catalog.Change, catalog.Cursor, error) {
	var got []catalog.Change
	end, err := s.Changes(ctx, s.Scope, since, func(c catalog.Change) error { got = append(got, c); return nil })
	return got, end, err
}

func checkChange(c catalog.Change) error {
	set := 0
	id := ""
	if c.Product != nil {
		set, id = set+1, c.Product.ID
	}
	if c.Page != nil {
		set, id = set+1, c.Page.ID
	}
	if c.FAQ != nil {
		set, id = set+1, c.FAQ.ID
	}
	if c.Deleted != nil {
		set, id = set+1, c.Deleted.ID
	}
	if r := c.Rejected; r != nil {
		if set, id = set+1, r.Where; r.Reason == "" {
			return errors.New("rejected without a reason")
		}
	}
	if set != 1 || id == "" {
		return fmt.Errorf("%d fields are set, id %q", set, id)
	}
	return nil
}

// scribble changes all that c points to.
func scribble(c catalog.Change) {
	strs := func(list []string) {
		for i := range list {
			list[i] = "scribble"
		}
	}
	attrs := func(as []catalog.Attribute) {
		for _, a := range as {
			strs(a.Values)
		}
	}
	if p := c.Product; p != nil {
		p.Name = "scribble"
		strs(p.Categories)
		strs(p.Images)
		strs(p.Tags)
		attrs(p.Attributes)
		for i := range p.Variations {
			attrs(p.Variations[i].Offer.Attributes)
			p.Variations[i] = catalog.Variation{}
		}
	}
	if c.Page != nil {
		*c.Page = catalog.Page{ID: "scribble"}
	}
	if c.FAQ != nil {
		*c.FAQ = catalog.FAQ{ID: "scribble"}
	}
	if c.Rejected != nil {
		*c.Rejected = catalog.Rejected{Where: "scribble"}
	}
}
