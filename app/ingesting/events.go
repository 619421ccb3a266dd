package ingesting

import "time"

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
