package spool

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// fill sets every field of a struct, deep, to something that is not zero.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(noon.Add(time.Duration(*n) * time.Microsecond)))
			return
		}
		for _, field := range v.Fields() {
			fill(field, n)
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("naïve ✓ \"%d\"\n\x01", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8: // an enumeration
		v.SetUint(2)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(1)<<53 + int64(*n)) // beyond what a float can hold
	default:
		panic("no value for " + v.Type().String())
	}
}

// A field that is added to usage.Event and forgotten here would be lost.
func TestARecordComesBackWhole(t *testing.T) {
	var r Record
	n := 0
	fill(reflect.ValueOf(&r).Elem(), &n)
	b, err := encode(r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode(b)
	if err != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, r)
	}
	if bytes.IndexByte(b, magic()[0]) >= 0 {
		t.Error("the magic word's first byte is in a payload")
	}
	zero, err := encode(Record{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := decode(zero); err != nil || got != (Record{}) {
		t.Errorf("got %+v, %v of an empty record", got, err)
	}
	if _, err := encode(Record{Spooled: time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC)}); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("a year that cannot be written: got %v, want ErrInvalid", err)
	}
}

// journalOf returns the bytes of a journal with the records, and where each
// ends.
func journalOf(t testing.TB, rs []Record) (b []byte, ends []int) {
	t.Helper()
	for _, r := range rs {
		payload, err := encode(r)
		if err != nil {
			t.Fatal(err)
		}
		b = appendFrame(b, payload)
		ends = append(ends, len(b))
	}
	return b, ends
}

func reservations(kept []entry) (out []usage.ReservationID) {
	for _, e := range kept {
		out = append(out, e.record.Reservation)
	}
	return out
}

// without returns the reservations of rs but for number i.
func without(rs []Record, i int) (out []usage.ReservationID) {
	for n, r := range rs {
		if n != i {
			out = append(out, r.Reservation)
		}
	}
	return out
}

// TestEveryTruncation cuts a journal at each byte: the whole records before it
// are kept, and the rest is a torn tail.
func TestEveryTruncation(t *testing.T) {
	rs := records(3)
	b, ends := journalOf(t, rs)
	for cut := range len(b) + 1 {
		n, end := 0, 0
		for _, e := range ends {
			if e <= cut {
				n, end = n+1, e
			}
		}
		kept, parts, err := read(b[:cut])
		if err != nil || !slices.Equal(reservations(kept), without(rs[:n], -1)) {
			t.Fatalf("cut at %d: got %v, %v, want the first %d", cut, reservations(kept), err, n)
		}
		var want []damage
		if end < cut {
			want = []damage{{end, cut, true}}
		}
		if !slices.Equal(parts, want) {
			t.Fatalf("cut at %d: damage %+v, want %+v", cut, parts, want)
		}
	}
}

// TestEveryFlippedByte damages each byte of a journal: the record that has it
// is lost, and no other.
func TestEveryFlippedByte(t *testing.T) {
	rs := records(3)
	b, ends := journalOf(t, rs)
	for at := range b {
		hit := slices.IndexFunc(ends, func(end int) bool { return at < end })
		from := 0
		if hit > 0 {
			from = ends[hit-1]
		}
		for _, flip := range []byte{1 << (at % 8), 0xff} {
			bad := bytes.Clone(b)
			bad[at] ^= flip
			kept, parts, err := read(bad)
			if err != nil || !slices.Equal(reservations(kept), without(rs, hit)) {
				t.Fatalf("byte %d ^ %02x: got %v, %v, want all but record %d", at, flip, reservations(kept), err, hit)
			}
			if len(parts) != 1 || parts[0].from != from || parts[0].to != ends[hit] {
				t.Fatalf("byte %d ^ %02x: damage %+v, want %d to %d", at, flip, parts, from, ends[hit])
			}
			if parts[0].torn && hit < len(rs)-1 {
				t.Fatalf("byte %d ^ %02x: damage in the middle was taken for a torn tail", at, flip)
			}
		}
	}
}

// TestOpenMends opens damaged journals: what is kept is what read keeps, what
// is cut is in a file, byte by byte, and the second time nothing is to be done.
func TestOpenMends(t *testing.T) {
	rs := records(4)
	b, ends := journalOf(t, rs)
	flip := func(at int) []byte {
		bad := bytes.Clone(b)
		bad[at] ^= 0xff
		return bad
	}
	for _, c := range []struct {
		name   string
		file   []byte
		lost   int
		torn   bool
		damage [2]int
	}{
		{"the first record", flip(20), 0, false, [2]int{0, ends[0]}},
		{"a magic word", flip(ends[0]), 1, false, [2]int{ends[0], ends[1]}},
		{"a length that grows", flip(ends[1] + 7), 2, false, [2]int{ends[1], ends[2]}},
		{"the last record", flip(ends[3] - 1), 3, false, [2]int{ends[2], ends[3]}},
		{"a torn tail", b[:ends[3]-5], 3, true, [2]int{ends[2], ends[3] - 5}},
		{"zeros behind", append(bytes.Clone(b), make([]byte, 4096)...), -1, true, [2]int{ends[3], ends[3] + 4096}},
		{"something else behind", append(bytes.Clone(b), "hello"...), -1, false, [2]int{ends[3], ends[3] + 5}},
		{"something else before", append([]byte("hello"), b...), -1, false, [2]int{0, 5}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			name := filepath.Join(dir, journalName)
			if err := os.WriteFile(name, c.file, 0o600); err != nil {
				t.Fatal(err)
			}
			j, found := openAt(t, dir)
			if got := reservations(j.queue); !slices.Equal(got, without(rs, c.lost)) || found.Pending != len(got) {
				t.Errorf("kept %v", got)
			}
			if len(found.Damaged) != 1 || found.Damaged[0].Torn != c.torn {
				t.Fatalf("damage: %+v, want one part, torn %v", found.Damaged, c.torn)
			}
			aside, err := os.ReadFile(found.Damaged[0].File)
			if err != nil || !bytes.Equal(aside, c.file[c.damage[0]:c.damage[1]]) {
				t.Errorf("set aside %q, %v", aside, err)
			}
			whole := slices.Concat(c.file[:c.damage[0]], c.file[c.damage[1]:])
			if left, err := os.ReadFile(name); err != nil || !bytes.Equal(left, whole) {
				t.Errorf("the journal has %d bytes, %v, want %d", len(left), err, len(whole))
			}
			// What is appended to the mended journal is there the next time.
			if err := errors.Join(j.Append(records(5)[4]), j.Close()); err != nil {
				t.Fatal(err)
			}
			j, found = openAt(t, dir)
			if len(found.Damaged) != 0 || len(j.queue) != len(without(rs, c.lost))+1 {
				t.Errorf("opened again: %+v with %d records", found, len(j.queue))
			}
		})
	}
}

func TestFilesAreForTheirOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	j, _ := openAt(t, dir)
	if err := errors.Join(j.Append(records(1)[0]), j.bury(records(1)[0], ports.ErrInvalid, noon)); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Fatalf("the folder has %v, %v, want journal, dead letters and lock", entries, err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", e.Name(), info.Mode(), err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v, %v", info.Mode(), err)
	}
}

func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	j, _ := openAt(t, dir)
	_, _, err := Open(Config{Dir: dir, Now: fixed})
	var locked *LockedError
	if !errors.As(err, &locked) || locked.PID != os.Getpid() || !locked.Since.Equal(noon) {
		t.Fatalf("got %v, want a *LockedError that names this process", err)
	}
	if err := errors.Join(j.Close(), j.Close()); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(records(1)[0]); !errors.Is(err, ErrClosed) || !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("after Close: got %v, want ErrClosed", err)
	}
	openAt(t, dir)
}

func TestANewerJournalIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	b, _ := journalOf(t, records(1))
	b = appendFrame(b, []byte(`{"v":2,"what":"ever"}`))
	name := filepath.Join(dir, journalName)
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := Open(Config{Dir: dir, Now: fixed})
	var newer *VersionError
	if !errors.As(err, &newer) || newer.Version != 2 || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v, want a *VersionError of 2 that names the folder", err)
	}
	if left, err := os.ReadFile(name); err != nil || !bytes.Equal(left, b) {
		t.Errorf("the journal was changed: %v", err)
	}
}

func TestTheCap(t *testing.T) {
	dir := t.TempDir()
	_, ends := journalOf(t, records(2))
	j, _, err := Open(Config{Dir: dir, MaxBytes: int64(ends[1]), Now: fixed})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	rs := records(3)
	if err := errors.Join(j.Append(rs[0]), j.Append(rs[1])); err != nil {
		t.Fatal(err)
	}
	var full *FullError
	if err := j.Append(rs[2]); !errors.As(err, &full) || full.Max != int64(ends[1]) || !errors.Is(err, ports.ErrUnavailable) || !strings.Contains(err.Error(), "WOOCHAT_SPOOL_MAX_BYTES") {
		t.Errorf("got %v, want a *FullError that names the setting", err)
	}
	if err := errors.Join(j.pop(), j.pop(), j.Append(rs[2])); err != nil {
		t.Errorf("after it was emptied: %v", err)
	}
}

// TestAppendsShareASync appends from many at once: all are on disk, and those
// of one goroutine in its order.
func TestAppendsShareASync(t *testing.T) {
	const writers, each = 16, 20
	dir := t.TempDir()
	j, _ := openAt(t, dir)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				r := Record{Reservation: usage.ReservationID(fmt.Sprintf("res_%d", w)), Event: usage.Event{CallNo: i + 1}}
				if err := j.Append(r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j, found := openAt(t, dir)
	if found.Pending != writers*each || len(found.Damaged) != 0 {
		t.Fatalf("found %+v, want %d", found, writers*each)
	}
	next := map[usage.ReservationID]int{}
	for _, e := range j.queue {
		if next[e.record.Reservation]++; e.record.Event.CallNo != next[e.record.Reservation] {
			t.Fatalf("call %d of %s is number %d", e.record.Event.CallNo, e.record.Reservation, next[e.record.Reservation])
		}
	}
}

// TestAFailedWriteLeavesNothing takes the file away from the journal: the
// append fails, and so does every later one, since what is on disk is not known.
func TestAFailedWriteLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	j, _ := openAt(t, dir)
	rs := records(3)
	if err := j.Append(rs[0]); err != nil {
		t.Fatal(err)
	}
	whole := j.file
	readOnly, err := os.Open(whole.Name())
	if err != nil {
		t.Fatal(err)
	}
	j.file = readOnly
	for _, r := range rs[1:] {
		if err := j.Append(r); !errors.Is(err, ports.ErrUnavailable) {
			t.Errorf("got %v, want an error that matches ErrUnavailable", err)
		}
	}
	if s := j.Status(); s.Pending != 1 || j.inFlight != 0 {
		t.Errorf("status %+v with %d bytes in flight, want the first record", s, j.inFlight)
	}
	if err := errors.Join(readOnly.Close(), j.lock.Close()); err != nil {
		t.Fatal(err)
	}
	j.file, j.lock = whole, nil
	again, found := openAt(t, dir)
	if found.Pending != 1 || len(found.Damaged) != 0 || again.queue[0].record != rs[0] {
		t.Errorf("found %+v, want the first record", found)
	}
}

func TestDeadLettersAreWrittenOnce(t *testing.T) {
	dir := t.TempDir()
	j, _ := openAt(t, dir)
	rs := records(2)
	if err := errors.Join(j.bury(rs[0], ports.ErrNotFound, noon), j.bury(rs[0], ports.ErrNotFound, noon)); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, deadName)
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"buried_at":`); err != nil { // a write that was cut off
		t.Fatal(err)
	}
	if err := errors.Join(f.Close(), j.Close()); err != nil {
		t.Fatal(err)
	}
	j, _ = openAt(t, dir)
	for range 2 {
		if err := errors.Join(j.bury(rs[0], ports.ErrNotFound, noon), j.bury(rs[1], ports.ErrInvalid, noon)); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(name)
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if err != nil || len(lines) != 3 || !strings.Contains(lines[0], "not found") || !strings.Contains(lines[2], `"reservation_id":"res_1"`) {
		t.Errorf("%v, the file has\n%s", err, b)
	}
}

func TestInspect(t *testing.T) {
	dir := t.TempDir()
	if s, err := Inspect(dir); err != nil || s != (Status{}) {
		t.Errorf("without a spool: %+v, %v", s, err)
	}
	j, _ := openAt(t, dir)
	rs := records(2)
	if err := errors.Join(j.Append(rs[0]), j.Append(rs[1])); err != nil {
		t.Fatal(err)
	}
	want := j.Status()
	want.Max = 0
	if s, err := Inspect(dir); err != nil || s != want || s.Pending != 2 || !s.Oldest.Equal(noon) {
		t.Errorf("beside its process: %+v, %v, want %+v", s, err, want)
	}
}
