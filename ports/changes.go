package ports

import "context"

// Changes tells that what is stored has changed, so that a process may keep in
// memory what it looks up again and again.
type Changes interface {
	// Numbers returns the present number of each kind. A number grows with
	// each committed change of its kind that is made through a port of the
	// same store, by whichever process; it never goes back, and stands still
	// while nothing of its kind changes. Who has been given the number of a
	// change finds the change when he reads after that.
	Numbers(ctx context.Context) (ChangeNumbers, error)
}

// ChangeNumbers has a number for each kind of stored thing. Only whether two
// of them differ means anything.
type ChangeNumbers struct {
	Licenses int64
	Keys     int64 // site keys and API keys
	Sites    int64 // sites, and the tenants whose Disabled they take on
	// Prices stands still in a store that keeps no prices.
	Prices int64
	// Generations is of sites' generations, from which on visitor tokens are
	// good; Sites grows with such a change, too.
	Generations int64
	// Indexes is of the index generations that sites are searched in and that
	// are built.
	Indexes int64
}
