package spool

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Names of the files in the spool's folder.
const (
	journalName = "settlements.journal"
	deadName    = "settlements.dead.jsonl"
	lockName    = "spool.lock"
)

// DefaultMaxBytes is the cap of a journal: about a hundred thousand settlements.
const DefaultMaxBytes = 64 << 20

// Config says where a journal is and how large it may become.
type Config struct {
	Dir      string // made, with mode 0700, if it is not there
	MaxBytes int64  // 0 for DefaultMaxBytes
	Now      ports.Clock
}

// Recovered is what Open found. It is a ports.Event, for whoever opens a journal
// to publish.
type Recovered struct {
	Pending int // whole records, which wait to be replayed
	// Damaged are the parts that are no whole record. Each was moved to a file
	// of its own; what lies behind it was kept.
	Damaged []Damaged
}

// EventName implements ports.Event.
func (Recovered) EventName() string { return "usage.spool_recovered" }

// Damaged is a part of a journal that could not be read.
type Damaged struct {
	Offset int
	Bytes  int
	// Torn says that it is the end of a journal whose process died in the
	// middle of a write: nobody had been told that it was spooled. Otherwise
	// the disk or somebody has changed it, and a settlement may be lost to it.
	Torn bool
	File string // where it was set aside
}

// Journal is an append-only file of settlements that wait for the store. Make
// one with Open; it is safe for concurrent use.
type Journal struct {
	dir  string
	max  int64
	lock *os.File
	file *os.File
	wake chan struct{} // holds a token while there may be something to replay

	dead map[deadKey]struct{} // of the replayer alone; nil until it buries one

	io sync.Mutex // guards writes to file, and is taken before mu
	mu sync.Mutex // guards all below

	queue    []entry // in file, to be replayed, in order
	waiting  map[key]int
	end      int64  // of what is in file and on disk
	inFlight int64  // bytes of batches that are not on disk yet
	batch    *batch // takes more records, nil if none is open
	broken   error  // why nothing can be written any more
}

// entry is a record of the queue.
type entry struct {
	record Record
	bytes  int64
}

// key names a reservation.
type key struct {
	scope tenant.Scope
	id    usage.ReservationID
}

func (r Record) key() key { return key{r.Scope, r.Reservation} }

// Open takes the journal in c.Dir for this process and reads what an earlier
// one has left in it. A *LockedError if another process has it, a *VersionError
// if a newer program wrote it; then nothing is changed.
func Open(c Config) (*Journal, Recovered, error) {
	if c.MaxBytes <= 0 {
		c.MaxBytes = DefaultMaxBytes
	}
	j, found, err := open(c)
	if err != nil {
		return nil, Recovered{}, fmt.Errorf("spool %s: %w", c.Dir, err)
	}
	return j, found, nil
}

func open(c Config) (*Journal, Recovered, error) {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, Recovered{}, err
	}
	if err := syncDir(filepath.Dir(c.Dir)); err != nil {
		return nil, Recovered{}, err
	}
	lock, err := takeLock(filepath.Join(c.Dir, lockName), c.Now())
	if err != nil {
		return nil, Recovered{}, err
	}
	j := &Journal{dir: c.Dir, max: c.MaxBytes, lock: lock, wake: make(chan struct{}, 1), waiting: map[key]int{}}
	found, err := j.recover()
	if err == nil {
		j.file, err = os.OpenFile(filepath.Join(c.Dir, journalName), os.O_CREATE|os.O_RDWR, 0o600)
	}
	if err == nil {
		// What is there may not be on disk yet: its writer died.
		err = errors.Join(j.file.Sync(), syncDir(c.Dir))
	}
	if err != nil {
		return nil, Recovered{}, errors.Join(err, j.closeFiles())
	}
	if len(j.queue) > 0 {
		j.signal()
	}
	return j, found, nil
}

// recover reads the journal, and mends it if it is damaged: it first sets aside
// what is no record, and then writes the others anew. Done again it does the
// same.
func (j *Journal) recover() (Recovered, error) {
	name := filepath.Join(j.dir, journalName)
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Recovered{}, nil
	}
	if err != nil {
		return Recovered{}, err
	}
	var found Recovered
	kept, parts, err := read(b)
	if err != nil {
		return Recovered{}, err
	}
	for _, e := range kept {
		j.push(e)
	}
	found.Pending = len(kept)
	for _, p := range parts {
		d := Damaged{Offset: p.from, Bytes: p.to - p.from, Torn: p.torn}
		sum := sha256.Sum256(b[p.from:p.to])
		d.File = filepath.Join(j.dir, fmt.Sprintf("settlements.%x.corrupt", sum[:8]))
		if err := replaceFile(d.File, b[p.from:p.to]); err != nil {
			return Recovered{}, err
		}
		found.Damaged = append(found.Damaged, d)
	}
	if len(parts) == 0 {
		return found, nil
	}
	whole, at := make([]byte, 0, j.end), 0
	for _, p := range parts {
		whole = append(whole, b[at:p.from]...)
		at = p.to
	}
	return found, replaceFile(name, append(whole, b[at:]...))
}

// read returns the records of a journal and what lies between them.
func read(b []byte) ([]entry, []damage, error) {
	var kept []entry
	var newer *VersionError
	parts := scan(b, func(payload []byte) bool {
		r, err := decode(payload)
		if errors.As(err, &newer) || err != nil {
			return false
		}
		kept = append(kept, entry{r, int64(frameHead + len(payload))})
		return true
	})
	if newer != nil {
		return nil, nil, newer
	}
	return kept, parts, nil
}

// push appends e to the queue; the caller has mu, or nobody else has j.
func (j *Journal) push(e entry) {
	j.queue = append(j.queue, e)
	j.waiting[e.record.key()]++
	j.end += e.bytes
}

// signal wakes the replayer.
func (j *Journal) signal() {
	select {
	case j.wake <- struct{}{}:
	default: // it has been woken
	}
}

// holder is what the lock file says.
type holder struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

// takeLock takes the lock and writes this process's name into it.
func takeLock(name string, now time.Time) (*os.File, error) {
	f, held, err := lockFile(name)
	if held {
		var h holder
		b, rerr := os.ReadFile(name)
		if rerr == nil {
			rerr = json.Unmarshal(b, &h) // it may not have its holder's name yet
		}
		if rerr != nil {
			h.Host = "unknown"
		}
		return nil, &LockedError{PID: h.PID, Host: h.Host, Since: h.Since}
	}
	if err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	b, err := json.Marshal(holder{os.Getpid(), host, now.UTC()})
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt(b, 0)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
