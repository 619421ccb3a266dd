package retrieval

import (
	"cmp"
	"slices"
)

// scored is something that has a number, and its score.
type scored struct {
	at    int32
	score float64
}

// top keeps the best n of what it is offered: higher scores first, ties by tie,
// which compares two that are not the same and is asked for those only.
type top struct {
	n    int
	tie  func(a, b int32) int
	heap []scored // the worst is the first
}

func (t *top) compare(a, b scored) int {
	if a.score != b.score {
		return cmp.Compare(b.score, a.score)
	}
	return t.tie(a.at, b.at)
}

// offer takes s in if it is among the best so far and let, asked for these only,
// allows it; nil allows all.
func (t *top) offer(s scored, let func(at int32) bool) {
	full := len(t.heap) == t.n
	if full && (t.n == 0 || t.compare(s, t.heap[0]) >= 0) || let != nil && !let(s.at) {
		return
	}
	if full {
		t.heap[0] = s
		t.sink()
		return
	}
	t.heap = append(t.heap, s)
	for i := len(t.heap) - 1; i > 0; {
		parent := (i - 1) / 2
		if t.compare(t.heap[i], t.heap[parent]) <= 0 {
			break
		}
		t.heap[i], t.heap[parent] = t.heap[parent], t.heap[i]
		i = parent
	}
}

// sink puts the first where it belongs.
func (t *top) sink() {
	for i := 0; ; {
		worst := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(t.heap); child++ {
			if t.compare(t.heap[child], t.heap[worst]) > 0 {
				worst = child
			}
		}
		if worst == i {
			return
		}
		t.heap[i], t.heap[worst] = t.heap[worst], t.heap[i]
		i = worst
	}
}

// sorted returns them, the best first. Nothing may be offered after it.
func (t *top) sorted() []scored {
	slices.SortFunc(t.heap, t.compare)
	return t.heap
}
