package retrieval

import "time"

// Totals is how much there is of a site's documents.
type Totals struct {
	Documents int64 // also those that shoppers do not see any more
	Shown     int64
	Chunks    int64
	// Waiting counts documents that are not found as they are. Those that are
	// found by words, and wait for their vectors, are not among them: see Tally.
	Waiting int64
	// Oldest and Newest are when the shop changed what waits, as far as it said
	// so; zero if nothing waits.
	Oldest time.Time
	Newest time.Time
}
