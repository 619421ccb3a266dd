package porttest

import (
	"fmt"
	"testing"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// Cursors checks an adapter of ports.Cursors. open is called once for each
// case; it needs Cursors.
func Cursors(t *testing.T, open func(t *testing.T) DocumentsUnderTest) {
	t.Helper()
	runCases(t, cursorCases, docsFixture(open))
}

func (f docs) wantCursor(what string, s tenant.Scope, source string, want catalog.Cursor) {
	f.Helper()
	got, err := f.Cursor(f.Context(), s, source)
	f.wantErr(what+": Cursor", err, nil)
	f.want(what+": Cursor", got, want)
}

func (f docs) saveCursor(s tenant.Scope, source string, c catalog.Cursor) {
	f.Helper()
	f.must("SaveCursor", f.SaveCursor(f.Context(), s, source, c))
}

var cursorCases = []contractCase[docs]{
	{"round trip", "a source's cursor is the zero one until one is stored, and then the one stored last, whole, also one of 2 MiB", func(f docs) {
		s := f.NewScope(f.T)
		f.wantCursor("never stored", s, "csv", "")
		for _, c := range []catalog.Cursor{"1", awkward, catalog.Cursor(long(2 << 20)), "1", ""} {
			f.saveCursor(s, "csv", c)
			f.saveCursor(s, "csv", c)
			f.wantCursor("stored", s, "csv", c)
		}
	}},
	{"sources", "each source of a site has its own cursor", func(f docs) {
		s := f.NewScope(f.T)
		sources := []string{"csv", "CSV", "csv ", "pages", "%", awkward, ""}
		for i, source := range sources {
			f.saveCursor(s, source, catalog.Cursor(fmt.Sprint("c", i)))
		}
		for i, source := range sources {
			f.wantCursor(source, s, source, catalog.Cursor(fmt.Sprint("c", i)))
		}
		f.wantCursor("another source", s, "c", "")
	}},
	{"isolation", "each site has its own cursor of a source", func(f docs) {
		a, sibling, b := f.scopes()
		strangers(a, sibling, b, func(mine, theirs tenant.Scope) {
			source := NewID()
			f.saveCursor(theirs, source, "theirs")
			for _, s := range outsiders(mine, theirs) {
				f.wantCursor("another site", s, source, "")
			}
			f.saveCursor(mine, source, "mine")
			f.wantCursor("theirs", theirs, source, "theirs")
			f.wantCursor("mine", mine, source, "mine")
		})
		for _, bad := range incomplete(a) {
			_, err := f.Cursor(f.Context(), bad, "csv")
			f.wantErr("Cursor", err, tenant.ErrNoScope)
			f.wantErr("SaveCursor", f.SaveCursor(f.Context(), bad, "csv", "c"), tenant.ErrNoScope)
		}
	}},
	{"concurrent", "cursors of several sources stored at the same time are all kept", func(f docs) {
		s := f.NewScope(f.T)
		together(16, func(i int) {
			f.wantErr("SaveCursor", f.SaveCursor(f.Context(), s, fmt.Sprint("source", i/2), catalog.Cursor(fmt.Sprint("c", i/2))), nil)
		})
		for i := range 8 {
			f.wantCursor("stored", s, fmt.Sprint("source", i), catalog.Cursor(fmt.Sprint("c", i)))
		}
	}},
	{"done context", "a done context ends each call, and nothing is stored", func(f docs) {
		s := f.NewScope(f.T)
		f.wantErr("SaveCursor", f.SaveCursor(f.done(), s, "csv", "c"), f.done().Err())
		_, err := f.Cursor(f.done(), s, "csv")
		f.wantErr("Cursor", err, f.done().Err())
		f.wantCursor("after it", s, "csv", "")
	}},
}
