package decorated

import (
	"context"
	"slices"
	"sync"
)

// Fault is what goes wrong with one call.
type Fault struct {
	Method string // "" for any
	Err    error  // nil lets the call through
	// Lost lets the call have its effect, and Err is returned all the same: as
	// when a reply is lost on the way.
	Lost bool
}

// Faulty lets calls fail by a script, for tests: each call takes the first
// fault that is left and names its method, or any. When none is left, all
// succeed.
func Faulty(script ...Fault) Around {
	var mu sync.Mutex // guards left
	left := slices.Clone(script)
	next := func(method string) (f Fault) {
		mu.Lock()
		defer mu.Unlock()
		i := slices.IndexFunc(left, func(f Fault) bool { return f.Method == "" || f.Method == method })
		if i >= 0 {
			f = left[i]
			left = slices.Delete(left, i, i+1)
		}
		return f
	}
	return func(ctx context.Context, c Call, do func(context.Context) error) error {
		f := next(c.Method)
		if f.Err == nil {
			return do(ctx)
		}
		if f.Lost {
			if err := do(ctx); err != nil {
				return err
			}
		}
		return f.Err
	}
}
