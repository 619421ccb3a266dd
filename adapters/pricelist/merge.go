package pricelist

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/usage"
)

// Imported says what an import has changed in a price file. Each row is as it
// is there now.
type Imported struct {
	Added     []Row // a model's first price, or a new one
	Replaced  []Row // it was to come into force later, and has another price now
	Confirmed []Row // the same price, read again
	Ended     []Row // it got another end: mostly where a new price begins
	Copied    []Row // of the shipped table, since a file replaces all rows of its models
	Unchanged int   // rows that said nothing new
}

// Changed reports whether there is anything to write.
func (i Imported) Changed() bool {
	return len(i.Added)+len(i.Replaced)+len(i.Confirmed)+len(i.Ended) > 0
}

// merging brings new rows into those of a file.
type merging struct {
	rows []Row // of the file, and what is copied of the shipped table
	done Imported
	fail *TableError
	now  time.Time
}

// merge returns own with the rows of incoming in it. A price that is or was in
// force is never changed: what it was at a time stays.
func merge(own, shipped, incoming []Row, fail *TableError, now time.Time) ([]Row, Imported) {
	m := &merging{rows: slices.Clone(own), fail: fail, now: now}
	in := slices.Clone(incoming)
	slices.SortStableFunc(in, func(a, b Row) int {
		if c := strings.Compare(a.Price.Model, b.Price.Model); c != 0 {
			return c
		}
		return a.From.Compare(b.From)
	})
	for i, r := range in {
		if i == 0 || in[i-1].Price.Model != r.Price.Model {
			m.copyShipped(own, shipped, r.Price.Model)
		}
		m.take(r)
	}
	m.dropCopies()
	slices.SortStableFunc(m.rows, byModelAndTime)
	return m.rows, m.done
}

func byModelAndTime(a, b Row) int {
	if c := strings.Compare(a.Price.Model, b.Price.Model); c != 0 {
		return c
	}
	return a.From.Compare(b.From)
}

// copyShipped takes over the shipped rows of a model that the file does not
// have, so that its older prices are not lost with the first new one.
func (m *merging) copyShipped(own, shipped []Row, model string) {
	of := func(r Row) bool { return r.Price.Model == model }
	if slices.ContainsFunc(own, of) {
		return
	}
	for _, r := range shipped {
		if of(r) {
			m.rows = append(m.rows, r)
			m.done.Copied = append(m.done.Copied, r)
		}
	}
}

// dropCopies leaves the shipped rows where they are for each model of which
// nothing changed.
func (m *merging) dropCopies() {
	changed := map[string]bool{}
	for _, rows := range [][]Row{m.done.Added, m.done.Replaced, m.done.Confirmed, m.done.Ended} {
		for _, r := range rows {
			changed[r.Price.Model] = true
		}
	}
	unchanged := func(r Row) bool { return r.File == "" && !changed[r.Price.Model] }
	m.rows = slices.DeleteFunc(m.rows, unchanged)
	m.done.Copied = slices.DeleteFunc(m.done.Copied, unchanged)
}

func (m *merging) bad(r Row, format string, args ...any) {
	m.fail.Rows = append(m.fail.Rows, RowError{r.Line, fmt.Sprintf(format, args...)})
}

// take brings one row in.
func (m *merging) take(r Row) {
	if today := usage.DayOf(m.now, time.UTC); r.ReadOn > today {
		m.bad(r, "read_on: %s is after today, %s", r.ReadOn, today)
		return
	}
	same := slices.IndexFunc(m.rows, func(o Row) bool { return o.Price.Model == r.Price.Model && o.From.Equal(r.From) })
	if same < 0 {
		m.add(r)
		return
	}
	old := &m.rows[same]
	switch {
	case samePrice(*old, r):
		m.confirm(old, r)
	case !m.now.Before(old.From):
		m.bad(r, "%s costs something else %s by version %s, which is or was in force: a changed price needs a new dated version: say valid_from, the day from which it holds",
			r.Price.Model, since(old.From), old.Price.Version)
	default:
		r.Until = earlier(r.Until, old.Until)
		*old = r
		m.done.Replaced = append(m.done.Replaced, r)
	}
}

func samePrice(a, b Row) bool {
	return a.Kind == b.Kind && a.Price.Input == b.Price.Input && a.Price.CachedInput == b.Price.CachedInput && a.Price.Output == b.Price.Output
}

func since(t time.Time) string {
	if t.IsZero() {
		return "from ever"
	}
	return "since " + dayText(t)
}

// earlier returns the earlier end; a zero one is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// confirm is told the price that it has.
func (m *merging) confirm(old *Row, r Row) {
	end := !r.Until.IsZero() && !r.Until.Equal(old.Until)
	if end {
		switch {
		case !r.Until.After(m.now):
			m.bad(r, "valid_until: %s has cost that until now: an end that has passed would change what was in force", r.Price.Model)
			return
		case !old.Until.IsZero() && (r.Until.After(old.Until) || !old.Until.After(m.now)):
			m.bad(r, "valid_until: version %s of %s ends on %s: a row from that day on says what it costs then", old.Price.Version, r.Price.Model, dayText(old.Until))
			return
		}
		old.Until = r.Until
		m.done.Ended = append(m.done.Ended, *old)
	}
	switch {
	case r.ReadOn > old.ReadOn:
		old.ReadOn, old.Source, old.Price.Version, old.File = r.ReadOn, r.Source, r.Price.Version, r.File
		m.done.Confirmed = append(m.done.Confirmed, *old)
	case !end:
		m.done.Unchanged++
	}
}

// add makes room for a row with a beginning of its own.
func (m *merging) add(r Row) {
	for i := range m.rows {
		o := &m.rows[i]
		if o.Price.Model != r.Price.Model {
			continue
		}
		if o.From.After(r.From) {
			if !r.Until.IsZero() && r.Until.After(o.From) {
				m.bad(r, "valid_until: %s has another price from %s on, by version %s", r.Price.Model, dayText(o.From), o.Price.Version)
				return
			}
			r.Until = earlier(r.Until, o.From)
		}
	}
	for i := range m.rows {
		o := &m.rows[i]
		if o.Price.Model == r.Price.Model && o.From.Before(r.From) && (o.Until.IsZero() || o.Until.After(r.From)) {
			o.Until = r.From
			m.done.Ended = append(m.done.Ended, *o)
		}
	}
	m.rows = append(m.rows, r)
	m.done.Added = append(m.done.Added, r)
}
