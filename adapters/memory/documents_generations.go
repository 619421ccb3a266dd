package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// siteGenerations are a site's, those included that nobody asks for any more.
type siteGenerations struct {
	retrieval.Generations
	last    int64 // the highest number that was given
	retired map[int64]retiredGeneration
	former  time.Time // since when Former is that
}

// retiredGeneration is one that the index may still hold.
type retiredGeneration struct {
	at       time.Time
	chunking retrieval.Chunking
}

// of returns the generations of s. The caller holds the lock.
func (d *Documents) of(s tenant.Scope) retrieval.Generations {
	if g := d.generations[s]; g != nil {
		return g.Generations
	}
	return retrieval.Generations{}
}

func noGeneration(no int64) error {
	return fmt.Errorf("%w: generation %d of the index is neither searched nor built", ports.ErrConflict, no)
}

// GenerationsOf implements [ports.Generations].
func (d *Documents) GenerationsOf(ctx context.Context, s tenant.Scope) (retrieval.Generations, error) {
	if err := begin(ctx, s); err != nil {
		return retrieval.Generations{}, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.of(s), nil
}

// Begin implements [ports.Generations].
func (d *Documents) Begin(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
	if err := begin(ctx, s); err != nil {
		return retrieval.Generations{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	held := false
	for _, doc := range d.sites[s] {
		held = held || doc.indexed != "" || doc.worded
	}
	var last int64
	if g := d.generations[s]; g != nil {
		last = g.last
	}
	before := d.of(s)
	after := before.Begin(r, last, held)
	if after == before {
		return after, nil
	}
	d.become(s, after, r.At)
	for _, doc := range d.sites[s] {
		switch after.Building.No {
		case before.Building.No:
		case 0:
			doc.unbuilt = false
		case before.Former.No:
			doc.unbuilt = doc.former == nil || *doc.former != doc.held() || doc.Shown && len(doc.chunks[after.Building.Chunking]) == 0
		default:
			doc.unbuilt = doc.Shown
		}
	}
	return after, nil
}

// become stores the generations of s, and retires at at those that were before
// and are not among them.
func (d *Documents) become(s tenant.Scope, after retrieval.Generations, at time.Time) {
	g := d.generations[s]
	if g == nil {
		g = &siteGenerations{retired: map[int64]retiredGeneration{}}
		d.generations[s] = g
	}
	for _, no := range g.Without(after) {
		for _, old := range []retrieval.Generation{g.Served, g.Building, g.Former} {
			if old.No == no {
				g.retired[no] = retiredGeneration{at, old.Chunking}
			}
		}
	}
	if after.Former.No != g.Former.No {
		g.former = at
	}
	g.Generations, g.last = after, max(g.last, after.Served.No, after.Building.No)
	d.indexes++
}

// Switch implements [ports.Generations].
func (d *Documents) Switch(ctx context.Context, s tenant.Scope, generation int64, at time.Time) (retrieval.Generations, error) {
	if err := begin(ctx, s); err != nil {
		return retrieval.Generations{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.of(s)
	after, err := before.Switch(generation)
	if err != nil {
		return before, fmt.Errorf("%w: %w", ports.ErrConflict, err)
	}
	if after == before {
		return after, nil
	}
	for _, doc := range d.sites[s] {
		if doc.unbuilt {
			return before, fmt.Errorf("%w: generation %d of the index still lacks %s", ports.ErrConflict, generation, doc.ID)
		}
	}
	for _, doc := range d.sites[s] {
		doc.former = nil
		if doc.pending == 0 {
			held := doc.indexed
			doc.former = &held
		}
		doc.pending, doc.worded, doc.indexed = 0, false, doc.held()
	}
	d.become(s, after, at)
	return after, nil
}

// Retired implements [ports.RetiredGenerations].
func (d *Documents) Retired(ctx context.Context, s tenant.Scope, before time.Time) ([]int64, error) {
	if err := begin(ctx, s); err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	g := d.generations[s]
	if g == nil {
		return nil, nil
	}
	var list []int64
	for _, no := range slices.Sorted(maps.Keys(g.retired)) {
		if g.retired[no].at.Before(before) {
			list = append(list, no)
		}
	}
	return list, nil
}

// Forget implements [ports.RetiredGenerations].
func (d *Documents) Forget(ctx context.Context, s tenant.Scope, generation int64) error {
	if err := begin(ctx, s); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	g := d.generations[s]
	if g == nil {
		return nil
	}
	if _, ok := g.retired[generation]; !ok {
		return nil
	}
	delete(g.retired, generation)
	used := map[retrieval.Chunking]bool{g.Served.Chunking: true}
	for _, one := range []retrieval.Generation{g.Building, g.Former} {
		if one.No != 0 {
			used[one.Chunking] = true
		}
	}
	for _, old := range g.retired {
		used[old.chunking] = true
	}
	for _, doc := range d.sites[s] {
		maps.DeleteFunc(doc.chunks, func(c retrieval.Chunking, _ []retrieval.Chunk) bool { return !used[c] })
	}
	return nil
}

// Expire implements [ports.RetiredGenerations].
func (d *Documents) Expire(ctx context.Context, s tenant.Scope, before, at time.Time) error {
	if err := begin(ctx, s); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if g := d.generations[s]; g != nil && g.Former.No != 0 && g.former.Before(before) {
		g.retired[g.Former.No] = retiredGeneration{at, g.Former.Chunking}
		g.Former = retrieval.Generation{}
		d.indexes++
	}
	return nil
}

// held is the revision that an index holds which has come as far as doc.
func (doc *storedDocument) held() string {
	if doc.Shown {
		return doc.Revision
	}
	return ""
}

// WantModel implements [ports.IndexModel].
func (d *Documents) WantModel(ctx context.Context, model string) error {
	return d.want(ctx, func(w *retrieval.Wanted) { w.Model = &model })
}

// WantChunking implements [ports.IndexModel].
func (d *Documents) WantChunking(ctx context.Context, c retrieval.Chunking) error {
	return d.want(ctx, func(w *retrieval.Wanted) { w.Chunking = &c })
}

func (d *Documents) want(ctx context.Context, note func(*retrieval.Wanted)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	note(&d.wanted)
	return nil
}

// Wanted implements [ports.IndexModel].
func (d *Documents) Wanted(ctx context.Context) (retrieval.Wanted, error) {
	if err := ctx.Err(); err != nil {
		return retrieval.Wanted{}, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.wanted, nil // nobody writes to what it points to
}
