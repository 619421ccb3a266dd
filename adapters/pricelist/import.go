package pricelist

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/ports"
)

// Import brings the rows of text, a price file called name, into the price file
// at path, which is made if it is not there, and says what has changed. A price
// that is or was in force keeps: a row with another price for the same model
// and beginning is refused, and a new one, with a valid_from of its own, ends
// the one before it. The first change of a model takes the shipped rows of it
// over. Importing the same text again changes nothing. With dry nothing is
// written.
//
// The file is replaced as a whole, and is on the disk when Import returns; its
// comments stay, together at its top.
//
// Errors: a *TableError with every bad row of text, or of the file at path;
// ports.ErrConflict while another import into the file is at work; those of
// reading and writing. Then the file is as it was.
func Import(path, name, text string, now time.Time, dry bool) (Imported, error) {
	if linked, err := filepath.EvalSymlinks(path); err == nil {
		path = linked // the link stays one
	}
	p, err := newPlan(path, name, text, now)
	if err != nil || dry || !p.done.Changed() {
		return p.done, err
	}
	err = replace(path, func() (string, error) {
		// Once more: somebody may have been faster.
		if p, err = newPlan(path, name, text, now); err != nil {
			return "", err
		}
		_, err = Parse(path, p.text) // never write what cannot be read
		return p.text, err
	})
	if err != nil {
		return Imported{}, fmt.Errorf("pricelist: import: %w", err)
	}
	return p.done, nil
}

// plan is what an import would make of a file.
type plan struct {
	done Imported
	text string // the whole file
}

func newPlan(path, name, text string, now time.Time) (plan, error) {
	shippedRows, err := Shipped()
	if err != nil {
		return plan{}, err
	}
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return plan{}, fmt.Errorf("pricelist: %w", err)
	}
	var own []Row
	if len(bytes.TrimSpace(old)) > 0 {
		if own, err = Parse(path, string(old)); err != nil {
			return plan{}, fmt.Errorf("pricelist: import into a broken file: %w", err)
		}
	}
	incoming, fail := parse(name, text)
	if fail == nil {
		fail = &TableError{File: name}
	}
	if len(incoming) == 0 && fail.Rows == nil {
		fail.Rows = append(fail.Rows, RowError{1, "there is no price below the line of column names"})
	}
	rows, done := merge(own, shippedRows, incoming, fail, now)
	if fail.Rows != nil {
		slices.SortStableFunc(fail.Rows, func(a, b RowError) int { return cmp.Compare(a.Line, b.Line) })
		return plan{}, fmt.Errorf("pricelist: %w", fail)
	}
	return plan{done: done, text: format(comments(string(old)), rows)}, nil
}

// comments returns the comment lines of a price file.
func comments(text string) []string {
	var out []string
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		if strings.HasPrefix(line, "#") {
			out = append(out, strings.TrimRight(line, "\r\n"))
		}
	}
	return out
}

// fileOrder is the order of the columns in files that are written here.
func fileOrder() []string {
	return []string{"model", "input", "cached_input", "output", "kind", "source", "read_on", "valid_from", "valid_until"}
}

// format writes rows as a price file.
func format(comments []string, rows []Row) string {
	var b strings.Builder
	if comments == nil {
		comments = []string{
			"# What models cost, in US dollars for a million tokens, beside the shipped table.",
			`# A model in here replaces all of its shipped rows. "woochat prices import" writes this file.`,
		}
	}
	for _, c := range comments {
		b.WriteString(c + "\n")
	}
	w := csv.NewWriter(&b)
	lines := [][]string{fileOrder()}
	for _, r := range rows {
		lines = append(lines, []string{
			r.Price.Model, r.Price.Input.String(), r.Price.CachedInput.String(), r.Price.Output.String(), r.Kind.String(),
			r.Source, string(r.ReadOn), dayText(r.From), dayText(r.Until),
		})
	}
	_ = w.WriteAll(lines) // a strings.Builder takes everything
	return b.String()
}

// replace puts what compose returns in the place of the file at path, so that
// whoever reads sees the old one or the new one, also after a power cut. The new
// one is written beside it under a name that only one can have at a time.
func replace(path string, compose func() (string, error)) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	mode := fs.FileMode(0o600)
	if info, serr := os.Stat(path); serr == nil {
		mode = info.Mode().Perm()
	}
	next := path + ".new"
	f, err := os.OpenFile(next, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there: another import is at work, or one was cut off: remove it if none is: %w", next, ports.ErrConflict)
	}
	if err != nil {
		return err
	}
	text, err := compose()
	if err == nil {
		_, err = f.WriteString(text)
	}
	if err == nil {
		err = errors.Join(f.Chmod(mode), f.Sync())
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(next))
	}
	return syncDir(dir)
}

// syncDir makes a rename in dir last.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // where a folder cannot be synced
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
