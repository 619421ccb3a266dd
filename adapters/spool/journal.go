package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/aiwoochat/woochat/ports"
)

// Status is how much waits in a journal.
type Status struct {
	Pending int
	Bytes   int64
	Max     int64
	Oldest  time.Time // when the first that waits was spooled; zero if none does
}

// Status returns how much waits. It reads no file.
func (j *Journal) Status() Status {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := Status{Pending: len(j.queue), Bytes: j.end, Max: j.max}
	if s.Pending > 0 {
		s.Oldest = j.queue[0].record.Spooled
	}
	return s
}

// batch is what is written and synced together.
type batch struct {
	frames  []byte
	entries []entry
	done    chan struct{}
	err     error // set before done is closed
}

// Append adds r and returns once it is on disk. Calls that come while another
// one writes share the next write and its sync. If it fails r is not there,
// and will not be: a *FullError, ErrClosed, ports.ErrInvalid for a record that
// cannot be written, or an error of the disk, which matches
// ports.ErrUnavailable. Appending a record again replays it twice, which
// changes nothing.
func (j *Journal) Append(r Record) error {
	payload, err := encode(r)
	if err != nil {
		return err
	}
	n := int64(frameHead + len(payload))
	j.mu.Lock()
	if j.broken != nil {
		j.mu.Unlock()
		return j.broken
	}
	if need := j.end + j.inFlight + n; need > j.max {
		j.mu.Unlock()
		return &FullError{Bytes: need, Max: j.max}
	}
	b, first := j.batch, j.batch == nil
	if first {
		b = &batch{done: make(chan struct{})}
		j.batch = b
	}
	b.frames = appendFrame(b.frames, payload)
	b.entries = append(b.entries, entry{r, n})
	j.inFlight += n
	j.mu.Unlock()
	if first {
		j.write(b)
	}
	<-b.done
	return b.err
}

// write puts b on disk. Records join b until the write before it is done.
func (j *Journal) write(b *batch) {
	j.io.Lock()
	defer j.io.Unlock()
	j.mu.Lock()
	j.batch = nil
	end, err := j.end, j.broken
	j.mu.Unlock()
	if err == nil {
		err = j.writeAt(b.frames, end)
	}
	j.mu.Lock()
	j.inFlight -= int64(len(b.frames))
	if err == nil {
		for _, e := range b.entries {
			j.push(e)
		}
		j.signal()
	}
	j.mu.Unlock()
	b.err = err
	close(b.done)
}

// writeAt writes frames behind end and syncs them. What it could not do it
// undoes: after a failed sync nobody knows which pages are on disk, and the
// system may take the next sync for a success of this one.
func (j *Journal) writeAt(frames []byte, end int64) error {
	_, err := j.file.WriteAt(frames, end)
	if err == nil {
		err = j.file.Sync()
	}
	if err == nil {
		return nil
	}
	err = fmt.Errorf("spool: %w: %w", ports.ErrUnavailable, err)
	if undo := errors.Join(j.file.Truncate(end), j.file.Sync()); undo != nil {
		err = errors.Join(err, undo)
		j.mu.Lock()
		j.broken = fmt.Errorf("spool: %w: %w: %w", ports.ErrUnavailable, errBroken, undo)
		j.mu.Unlock()
	}
	return err
}

// head returns the record that is to be replayed next.
func (j *Journal) head() (Record, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.queue) == 0 {
		return Record{}, false
	}
	return j.queue[0].record, true
}

// pending reports whether anything waits.
func (j *Journal) pending() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.queue) > 0
}

// holds reports whether a settlement of a reservation waits.
func (j *Journal) holds(k key) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.waiting[k] > 0
}

// pop takes the head off, which was replayed. The file is emptied with the last
// one: until then a process that dies replays all of it again, which changes
// nothing. So an error, too, loses nothing: the file keeps what was replayed.
func (j *Journal) pop() error {
	j.io.Lock()
	defer j.io.Unlock()
	j.mu.Lock()
	k := j.queue[0].record.key()
	j.queue[0] = entry{} // it may be large
	j.queue = j.queue[1:]
	if j.waiting[k]--; j.waiting[k] == 0 {
		delete(j.waiting, k)
	}
	empty, end, broken := len(j.queue) == 0, j.end, j.broken
	j.mu.Unlock()
	if !empty || end == 0 || broken != nil {
		return nil
	}
	// Nobody writes meanwhile: that takes io.
	err := j.file.Truncate(0)
	if err == nil {
		j.mu.Lock()
		j.end, j.queue = 0, nil
		j.mu.Unlock()
		err = j.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("spool: empty the journal: %w", err)
	}
	return nil
}

// Close ends the use of the journal and gives it up for others. What waits in
// it stays. Closing it again does nothing.
func (j *Journal) Close() error {
	j.io.Lock()
	defer j.io.Unlock()
	j.mu.Lock()
	closed := errors.Is(j.broken, ErrClosed)
	j.broken = ErrClosed
	j.mu.Unlock()
	if closed {
		return nil
	}
	return j.closeFiles()
}

func (j *Journal) closeFiles() error {
	var errs []error
	for _, f := range []*os.File{j.file, j.lock} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// Inspect returns what waits in the spool of dir, which another process may be
// using. It changes nothing and takes no lock; a folder without a spool has
// nothing. Max is not known to it.
func Inspect(dir string) (Status, error) {
	b, err := os.ReadFile(filepath.Join(dir, journalName))
	if errors.Is(err, os.ErrNotExist) {
		return Status{}, nil
	}
	if err != nil {
		return Status{}, fmt.Errorf("spool: %w", err)
	}
	kept, _, err := read(b)
	if err != nil {
		return Status{}, fmt.Errorf("spool: %w", err)
	}
	s := Status{Pending: len(kept), Bytes: int64(len(b))}
	if s.Pending > 0 {
		s.Oldest = kept[0].record.Spooled
	}
	return s, nil
}
