// Package ingestion holds what is known of a shop's connection and of the work
// that keeps an index equal to the shop: hints, jobs, attempts, findings. It
// decides what is tried again and when, what is newer than what, and what an
// operator has to be told.
package ingestion

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Object is what a job is about: a thing of the shop to be read again, or a
// task for the whole site.
type Object struct {
	Kind ObjectKind
	ID   string // the shop's own id, or the task's name
}

// ObjectKind is the kind of an Object.
type ObjectKind uint8

// Kinds of objects. The zero ObjectKind is invalid.
const (
	Product ObjectKind = iota + 1 // a product with its variations
	Task                          // one of the tasks below
)

// Tasks of a site, as ids of Objects of kind Task.
const (
	Import  = "import"  // read all that the shop shows, page by page
	Poll    = "poll"    // read what modified_after says has changed
	Sweep   = "sweep"   // compare price, stock and status of all products
	Diff    = "diff"    // compare the ids, for deletions that nobody told
	Pages   = "pages"   // read pages and posts that have changed
	Hooks   = "hooks"   // look at the shop's webhooks, and make what is missing
	Reindex = "reindex" // bring the index after the store, where nothing else asks for it
)

// ErrBadObject is matched by the errors of ParseObject.
var ErrBadObject = errors.New("not an object of a shop")

// maxID bounds a shop's id of a thing: WordPress counts in bigint.
const maxID = 64

// String returns kind:id, such as product:44, as it is stored.
func (o Object) String() string {
	switch o.Kind {
	case Product:
		return "product:" + o.ID
	case Task:
		return "task:" + o.ID
	}
	return ""
}

// ParseObject reads what String wrote.
func ParseObject(s string) (Object, error) {
	kind, id, ok := strings.Cut(s, ":")
	o := Object{ID: id}
	switch kind {
	case "product":
		o.Kind = Product
	case "task":
		o.Kind = Task
	}
	if !ok || o.Kind == 0 || id == "" || len(id) > maxID {
		return Object{}, fmt.Errorf("%w: %.80q is not product:<id> or task:<name>", ErrBadObject, s)
	}
	return o, nil
}

// Hint says that something may have changed: look at it again.
type Hint struct {
	Object Object
	// Due is when to look; the zero time is at once.
	Due time.Time
	// Payload is what the shop sent with the hint, as ingesting.EncodePayload
	// spells it, for a shop that we cannot ask; nil otherwise. Of several
	// payloads that wait, the one with the latest Modified is kept, and of
	// equals the last. A variation has none: hint at its parent.
	Payload []byte
	// Modified is when the shop changed the thing, as the payload says. A
	// deletion says no time: then it is when it was received, in whole seconds
	// as the shop counts them.
	Modified time.Time
}

// Job is a pending hint as a worker takes it.
type Job struct {
	Object   Object
	Payload  []byte
	Modified time.Time
	// Seq tells hints apart: it grows with each hint for the Object. Finishing
	// a job whose Seq has grown meanwhile leaves the newer hint pending.
	Seq      int64
	Attempts int       // failed ones so far
	Hinted   time.Time // when the oldest hint that this job answers came; the newest one's, if it came while the job was worked at
	Due      time.Time // when it is to be worked at
	Dead     bool      // no attempt is left: it waits for an operator
	Error    string    // why the last attempt failed, "" if none did
}

// Outcome is what came of a Job.
type Outcome struct {
	Object Object
	Seq    int64
	// Err is "" for work that is done, which ends the job.
	Err string
	// Again is when to try again after a failure, or when to go on with work
	// that is not done (Err is "" then). The zero Again with Err set makes the
	// job a dead letter.
	Again time.Time
}

// Action is what an operator does to a job.
type Action uint8

// Actions. The zero Action is invalid.
const (
	Retry Action = iota + 1 // due at once, with no attempts counted
	Drop                    // forgotten; the next hint or sweep makes it anew
)

// Depth is what waits in a queue.
type Depth struct {
	Pending int64     // jobs that are not dead, tasks for later left out
	Dead    int64     // dead letters
	Oldest  time.Time // the oldest Due of a job that is due; zero if none is
}
