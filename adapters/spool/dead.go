package spool

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/aiwoochat/woochat/domain/usage"
)

// deadLetter is a line of the file of settlements that the store will never
// take, for a person to read.
type deadLetter struct {
	Buried time.Time       `json:"buried_at"`
	Reason string          `json:"reason"`
	Record json.RawMessage `json:"record"`
}

// deadKey names a settlement among the dead letters.
type deadKey struct {
	key
	callNo int
	event  usage.EventID
}

func (r Record) deadKey() deadKey { return deadKey{r.key(), r.Event.CallNo, r.Event.ID} }

// bury appends r to the dead-letter file, on disk before it returns. Burying a
// record that is there, as after a crash before it was taken off the journal,
// changes nothing. Only the replayer calls it.
func (j *Journal) bury(r Record, reason error, now time.Time) error {
	name := filepath.Join(j.dir, deadName)
	if j.dead == nil {
		dead, err := readDead(name)
		if err != nil {
			return fmt.Errorf("spool: dead letters: %w", err)
		}
		j.dead = dead
	}
	if _, done := j.dead[r.deadKey()]; done {
		return nil
	}
	payload, err := encode(r)
	if err != nil {
		return err
	}
	line, err := json.Marshal(deadLetter{now.UTC(), reason.Error(), payload})
	if err == nil {
		err = appendLine(name, line)
	}
	if err != nil {
		return fmt.Errorf("spool: dead letters: %w", err)
	}
	j.dead[r.deadKey()] = struct{}{}
	return nil
}

func readDead(name string) (map[deadKey]struct{}, error) {
	all := map[deadKey]struct{}{}
	b, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for line := range bytes.SplitSeq(b, []byte("\n")) {
		var d deadLetter
		if json.Unmarshal(line, &d) != nil {
			continue // the last line of a write that was cut off
		}
		if r, err := decode(d.Record); err == nil {
			all[r.deadKey()] = struct{}{}
		}
	}
	return all, nil
}

// appendLine appends a line to a file and syncs it. What an earlier write may
// have left of a line stays a line of its own.
func appendLine(name string, line []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	last := []byte{'\n'}
	if info.Size() > 0 {
		_, err = f.ReadAt(last, info.Size()-1)
	}
	if err == nil && last[0] != '\n' {
		line = append([]byte{'\n'}, line...)
	}
	if err == nil {
		_, err = f.Write(append(line, '\n'))
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close(), syncDir(filepath.Dir(name)))
}
