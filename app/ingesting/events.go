package ingesting

import (
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// Imported is published when an Import has read its source to the end.
type Imported struct {
	Source  string
	Counts  Progress
	Resumed bool
}

// EventName implements ports.Event.
func (Imported) EventName() string { return "ingestion.imported" }

// Paused is published when a Drain could not embed: documents are found by
// words until it can.
type Paused struct {
	Err      error
	ResumeAt time.Time // zero: as soon as the cause is mended
}

// EventName implements ports.Event.
func (Paused) EventName() string { return "ingestion.paused" }

// QueueAway is published when a Worker finds that the queue's store does not
// answer, and with a nil Err when it does again.
type QueueAway struct{ Err error }

// EventName implements ports.Event.
func (QueueAway) EventName() string { return "ingestion.queue_away" }

// ShopAway is published when a site's shop, or its key, cannot be used: what
// has changed there waits.
type ShopAway struct {
	Err      error
	Failures int           // in a row, as this process has seen them
	Rests    time.Duration // for how long nothing is asked
}

// EventName implements ports.Event.
func (ShopAway) EventName() string { return "ingestion.shop_away" }

// JobFailed is published when a job failed that is not the whole shop's fault.
type JobFailed struct {
	Object   ingestion.Object
	Attempts int // with this one
	Dead     bool
	Err      string
}

// EventName implements ports.Event.
func (JobFailed) EventName() string { return "ingestion.job_failed" }

// WorkFailed is published when a site could not be worked at for a reason of our
// own, such as an index that cannot be written. Its jobs wait a little.
type WorkFailed struct{ Err error }

// EventName implements ports.Event.
func (WorkFailed) EventName() string { return "ingestion.work_failed" }

// LeaseLost is published when a Worker had to give a batch up because somebody
// else works at the site now.
type LeaseLost struct{}

// EventName implements ports.Event.
func (LeaseLost) EventName() string { return "ingestion.lease_lost" }

// Switched is published when a generation of the index is complete and searched
// from then on.
type Switched struct{ Generation retrieval.Generation }

// EventName implements ports.Event.
func (Switched) EventName() string { return "ingestion.index_switched" }
