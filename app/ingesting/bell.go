package ingesting

// Bell wakes a Worker of the same process: whoever has enqueued a hint rings
// it, so that the hint is worked at now and not at the next look into the
// queue. The zero Bell is not one; make it with NewBell.
type Bell struct{ rung chan struct{} }

// NewBell returns a Bell.
func NewBell() *Bell { return &Bell{make(chan struct{}, 1)} }

// Ring wakes a Worker. It never waits; rings that nobody has heard yet are one.
func (b *Bell) Ring() {
	select {
	case b.rung <- struct{}{}:
	default:
	}
}

// drop forgets a ring: whoever calls it looks into the queue next, and sees
// what it was rung for.
func (b *Bell) drop() {
	select {
	case <-b.rung:
	default:
	}
}
