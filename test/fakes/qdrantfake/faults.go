package qdrantfake

import (
	"context"
	"strconv"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Fault is what goes wrong with a call. The zero Fault is nothing.
type Fault struct {
	// Method is the method's name, such as QueryBatch; "" for all.
	Method string
	// Times is how many calls it happens to; 0 for all from now on.
	Times int
	// Code and Message are what is answered in place of the result: Unavailable
	// as by a server that restarts, ResourceExhausted as by one whose strict
	// mode counts requests (operations/administration, Strict Mode).
	Code    codes.Code
	Message string
	// RetryAfter, in seconds, is sent with ResourceExhausted.
	RetryAfter int
	// Silent never answers: the call ends with its deadline.
	Silent bool
	// Done does what was asked before it fails, as when the reply is lost.
	Done bool
}

type faults struct {
	mu            sync.Mutex // guards all below
	list          []Fault
	calls         map[string]int
	ignoresFilter bool
	hook          func(method string, req any)
	answer        func(method string, req any) (reply any, ok bool)
}

// Fail makes f happen. Several are played in the order in which they were
// given.
func (s *Server) Fail(f Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = append(s.faults.list, f)
}

// Mend ends all faults, IgnoreFilters too.
func (s *Server) Mend() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list, s.faults.ignoresFilter = nil, false
}

// IgnoreFilters makes queries and scrolls return whatever is in the collection,
// as a server with a fault in its filter index would.
func (s *Server) IgnoreFilters() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.ignoresFilter = true
}

// Hook calls f with each request before it is served, nil for none. It may
// block, and must not change the request.
func (s *Server) Hook(f func(method string, req any)) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.hook = f
}

// Answer makes f answer in place of the server where it says ok, nil for none: so
// that a client is measured against a server that takes no time.
func (s *Server) Answer(f func(method string, req any) (reply any, ok bool)) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.answer = f
}

// Calls returns how often the method was called.
func (s *Server) Calls(method string) int {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	return s.faults.calls[method]
}

func (f *faults) ignoring() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ignoresFilter
}

func (f *faults) answered(method string, req any) (any, bool) {
	f.mu.Lock()
	answer := f.answer
	f.mu.Unlock()
	if answer == nil {
		return nil, false
	}
	return answer(method, req)
}

// take returns the fault that the call is to meet, and counts it.
func (f *faults) take(method string, done bool) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.list {
		fault := f.list[i]
		if fault.Method != "" && fault.Method != method || fault.Done != done {
			continue
		}
		if fault.Times == 1 {
			f.list = append(f.list[:i:i], f.list[i+1:]...)
		} else if fault.Times > 1 {
			f.list[i].Times--
		}
		return fault, true
	}
	return Fault{}, false
}

func (f *faults) before(ctx context.Context, method string, req any) error {
	f.mu.Lock()
	if f.calls == nil {
		f.calls = make(map[string]int)
	}
	f.calls[method]++
	hook := f.hook
	f.mu.Unlock()
	if hook != nil {
		hook(method, req)
	}
	return f.play(ctx, method, false)
}

func (f *faults) after(ctx context.Context, method string) error { return f.play(ctx, method, true) }

func (f *faults) play(ctx context.Context, method string, done bool) error {
	fault, ok := f.take(method, done)
	switch {
	case !ok:
		return nil
	case fault.Silent:
		<-ctx.Done()
		return status.FromContextError(ctx.Err()).Err()
	case fault.RetryAfter > 0:
		// "the server will return a retry-after header" with the error
		// (operations/administration, Strict Mode; go-client reads the trailer).
		_ = grpc.SetTrailer(ctx, metadata.Pairs("retry-after", strconv.Itoa(fault.RetryAfter)))
	}
	return status.Error(fault.Code, fault.Message)
}
