package histories

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/test/fakes/wooshop"
)

// failure is a history after which the index was not the shop.
type failure struct {
	seed        uint64
	differences []string
	told        []string
	skipped     []int // steps that are not needed for it
}

func (f *failure) Error() string {
	return fmt.Sprintf("WOOCHAT_SEED=%d: the index is not the shop:\n\t%s\nafter this history (steps %v were left out):\n\t%s",
		f.seed, strings.Join(f.differences, "\n\t"), f.skipped, strings.Join(f.told, "\n\t"))
}

// live lives the n histories from seed on, as many at a time as atOnce, and
// returns those after which the index was not the shop. It begins no more once
// enough have failed.
func (w *world) live(ctx context.Context, seed, n uint64, atOnce int) ([]uint64, error) {
	var (
		mu     sync.Mutex
		next   = seed
		failed []uint64
		errs   []error
		lanes  sync.WaitGroup
	)
	for range atOnce {
		lanes.Go(func() {
			for {
				mu.Lock()
				mine := next
				if mine == seed+n || len(failed) >= enough || len(errs) > 0 {
					mu.Unlock()
					return
				}
				next++
				mu.Unlock()
				found, err := w.once(ctx, mine, nil)
				mu.Lock()
				if err != nil {
					errs = append(errs, fmt.Errorf("seed %d: %w", mine, err))
				}
				if found != nil {
					failed = append(failed, mine)
				}
				mu.Unlock()
			}
		})
	}
	lanes.Wait()
	return failed, errors.Join(errs...)
}

// enough histories that failed are a few to look at.
const enough = 3

// shorten lives a history that failed once more, alone, and looks for the steps
// that it fails without.
func (w *world) shorten(ctx context.Context, seed uint64) error {
	skip := map[int]bool{}
	found, err := w.once(ctx, seed, skip)
	if err != nil {
		return err
	}
	if found == nil {
		return fmt.Errorf("WOOCHAT_SEED=%d: the index was not the shop when others lived beside it; alone it is", seed)
	}
	for n := found.steps - 1; n >= 0; n-- { // without this step, too?
		skip[n] = true
		shorter, err := w.once(ctx, seed, skip)
		if err != nil || shorter == nil {
			delete(skip, n)
			continue
		}
		found = shorter
	}
	return &failure{seed: seed, differences: found.differences, told: found.told, skipped: slices.Sorted(maps.Keys(skip))}
}

// outcome is what came of a history that failed.
type outcome struct {
	steps             int
	differences, told []string
}

// once lives a history without some of its steps, in a site and a shop of its
// own, and returns nil if the index is the shop at its end.
func (w *world) once(ctx context.Context, seed uint64, skip map[int]bool) (*outcome, error) {
	r := rand.New(rand.NewPCG(seed, 2))
	h := &history{r: r, life: lifeOf(r)}
	defer func() { w.count(h.tally) }()
	o := wooshop.Options{
		OrdersTouch: r.IntN(2) == 0, Latency: pick(r, 0, 4*time.Second), PlainPermalinks: r.IntN(5) == 0, StripsAuthorization: r.IntN(8) == 0,
		Zone: time.FixedZone("", pick(r, 0, 2, -8)*3600), URL: pick(r, "", "", "/shop"),
	}
	s, err := w.open(ctx, seed, h, o)
	if err != nil {
		return nil, err
	}
	h.site = s
	s.trust = trustOf(seed)
	for range r.IntN(40) {
		h.tell("%s", s.shop.RandomEdit(r))
	}
	h.tell("connected, with %v", s.trust)
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	if have := len(s.shop.Hooks()); have != len(ingestion.Topics()) {
		return nil, fmt.Errorf("the shop has %d webhooks", have)
	}
	differences, err := h.run(ctx, skip)
	if len(differences) > 0 {
		jobs, err := s.queue.Jobs(ctx, s.scope, "", 100)
		if err != nil {
			return nil, err
		}
		for _, j := range jobs {
			h.tell("%s is in the queue, due %s, %d attempts, dead %v: %s", j.Object, j.Due.Format("Mon 15:04:05"), j.Attempts, j.Dead, j.Error)
		}
	}
	if err := s.gone(ctx); err != nil {
		return nil, err
	}
	if err != nil || len(differences) == 0 {
		return nil, err
	}
	return &outcome{steps: h.life.steps, differences: differences, told: h.story}, nil
}
