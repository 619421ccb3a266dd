package retrieval

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// blockRows is how many vectors a block holds: few enough that a site of a
// hundred chunks wastes nothing, many enough that a search reads on and on.
const blockRows = 512

// Vectors are compared one by one up to exactRows of them, or exactNumbers
// numbers where they are short: a scan costs no more than a few milliseconds
// then. Beyond, a Vectors looks through signs first.
const (
	exactRows    = 20_000
	exactNumbers = exactRows * 384
)

// leastRescored and rescoredShare say how many of the nearest by sign are
// compared by their numbers: for each that is wanted, at least, and of all.
const (
	leastRescored = 1000
	rescoredShare = 25
)

// Vectors are the vectors of one site, of one length, that are searched by
// Nearest. They are numbered from 0 to Len. The zero Vectors is empty; it is
// not safe for concurrent use but for reading.
//
// The numbers lie one after the other in a few blocks. Above 20,000 vectors one
// bit for each number, whether it is above the mean of the site, is kept beside
// them (6 words for 384 numbers): in how many bits two vectors differ says about
// what their angle is (Charikar, "Similarity estimation techniques from rounding
// algorithms", 2002), and is counted in a few nanoseconds. The nearest by that
// count are compared by their numbers.
type Vectors struct {
	// ExactUpTo is up to how many all are compared; 0 for 20,000, and more where
	// they are shorter than 384 numbers. Set it before the first Add.
	ExactUpTo int

	dim    int
	n      int
	blocks [][]float32

	signs  []uint64  // of each vector; none before a site is large
	mean   []float32 // what signs are relative to
	meanOf int       // how many vectors it is the mean of
	since  int       // how many were added since it was taken
}

// Len returns how many vectors there are.
func (v *Vectors) Len() int { return v.n }

// Dim returns how long they are, 0 if there are none.
func (v *Vectors) Dim() int {
	if v.n == 0 {
		return 0
	}
	return v.dim
}

// At returns vector i, which must not be changed.
func (v *Vectors) At(i int) []float32 {
	at := i % blockRows * v.dim
	return v.blocks[i/blockRows][at : at+v.dim]
}

// Add copies units, which are of length 1 and Dim numbers long, or are the
// first. Their numbers are Len and on.
func (v *Vectors) Add(units ...[]float32) {
	if len(units) == 0 {
		return
	}
	if v.n == 0 {
		*v = Vectors{ExactUpTo: v.ExactUpTo, dim: len(units[0])}
	}
	for i, unit := range units {
		last := v.n / blockRows
		if last == len(v.blocks) {
			v.blocks = append(v.blocks, make([]float32, 0, min(blockRows, len(units)-i)*v.dim))
		}
		block := v.blocks[last]
		if have := cap(block); len(block) == have {
			more := min(max(2*have, have+(len(units)-i)*v.dim), blockRows*v.dim)
			block = append(make([]float32, 0, more), block...)
		}
		v.blocks[last] = append(block, unit[:v.dim]...)
		v.n++
	}
	v.sign(len(units))
}

// Remove takes out vector i; the last one has its number from now on.
func (v *Vectors) Remove(i int) {
	last := v.n - 1
	copy(v.At(i), v.At(last))
	if w := v.words(); len(v.signs) > 0 {
		copy(v.signs[i*w:(i+1)*w], v.signs[last*w:])
		v.signs = v.signs[:last*w]
	}
	b := last / blockRows
	v.blocks[b] = v.blocks[b][:last%blockRows*v.dim]
	if len(v.blocks[b]) == 0 {
		v.blocks[b] = nil
		v.blocks = v.blocks[:b]
	}
	v.n = last
	if v.n == 0 {
		*v = Vectors{ExactUpTo: v.ExactUpTo}
	}
}

func (v *Vectors) words() int { return (v.dim + 63) / 64 }

// isExact reports whether a search compares all.
func (v *Vectors) isExact() bool {
	if v.ExactUpTo > 0 {
		return v.n <= v.ExactUpTo
	}
	return v.n <= exactRows || v.n*v.dim <= exactNumbers
}

// sign keeps the signs of the last so many, which were added. When as many were
// added as the mean was taken of, it is taken anew, and all signs with it: each
// vector is signed a few times at most, and the mean is of what there is.
func (v *Vectors) sign(added int) {
	if v.isExact() && len(v.signs) == 0 {
		return
	}
	w := v.words()
	if v.since += added; v.since >= v.meanOf {
		v.signs, v.mean, v.meanOf, v.since = slices.Grow(v.signs[:0], v.n*w), v.average(), v.n, 0
	}
	for i := len(v.signs) / w; i < v.n; i++ {
		v.signs = appendSigns(v.signs, v.At(i), v.mean)
	}
}

func (v *Vectors) average() []float32 {
	sums := make([]float64, v.dim)
	for i := range v.n {
		for j, x := range v.At(i) {
			sums[j] += float64(x)
		}
	}
	mean := make([]float32, v.dim)
	for j, s := range sums {
		mean[j] = float32(s / float64(v.n))
	}
	return mean
}

// appendSigns appends a bit for each number of a: 1 where it is above mean.
func appendSigns(to []uint64, a, mean []float32) []uint64 {
	mean = mean[:len(a)]
	var word uint64
	for i, x := range a {
		// The sign bit of the difference: a branch here would be guessed wrong half
		// of the time.
		word |= uint64(math.Float32bits(mean[i]-x)>>31) << (i & 63)
		if i&63 == 63 {
			to, word = append(to, word), 0
		}
	}
	if len(a)&63 != 0 {
		to = append(to, word)
	}
	return to
}

// Near is a vector that was found.
type Near struct {
	At    int     // its number
	Score float64 // the cosine of the angle
}

// Nearest returns those n of the vectors that let allows whose angle to unit,
// which is of length 1 and Dim numbers long, is smallest: the smallest first,
// ties by number. A nil let allows all. Up to ExactUpTo these are the n nearest;
// beyond, nearly all of them are among the n.
func (v *Vectors) Nearest(unit []float32, n int, let func(i int) bool) []Near {
	best := &top{n: max(0, n), tie: cmp.Compare[int32]}
	var allows func(int32) bool
	if let != nil {
		allows = func(i int32) bool { return let(int(i)) }
	}
	v.nearest(unit, best, allows)
	out := make([]Near, 0, len(best.heap))
	for _, s := range best.sorted() {
		out = append(out, Near{At: int(s.at), Score: s.score})
	}
	return out
}

// nearest offers to best those that may be nearest to unit: all, or of many the
// nearest by sign among those that let allows. Which ones it offers does not
// depend on their order.
func (v *Vectors) nearest(unit []float32, best *top, let func(i int32) bool) {
	if v.isExact() {
		for b, block := range v.blocks {
			for i := 0; i+v.dim <= len(block); i += v.dim {
				best.offer(scored{int32(b*blockRows + i/v.dim), Dot(block[i:i+v.dim], unit)}, let)
			}
		}
		return
	}
	v.rescore(unit, best, let)
}

// rescore compares the numbers of those vectors that differ in the fewest signs.
// It goes outward in rings of so many signs, each taken whole, until enough were
// allowed: a filter is asked about few where it allows much, and about all where
// it allows little.
func (v *Vectors) rescore(unit []float32, best *top, let func(i int32) bool) {
	differ, counts := v.distances(unit)
	want := max(leastRescored, v.n/rescoredShare, 4*best.n)
	inner, allowed := 0, 0
	for ring := want; inner < len(counts) && allowed < want; ring *= 2 {
		outer, in := inner, 0
		for ; outer < len(counts) && in < ring; outer++ {
			in += counts[outer]
		}
		for i, d := range differ {
			if int(d) < inner || int(d) >= outer || let != nil && !let(int32(i)) {
				continue
			}
			allowed++
			best.offer(scored{int32(i), Dot(v.At(i), unit)}, nil)
		}
		inner = outer
	}
}

// distances returns in how many signs each vector differs from unit, and how
// many differ in 0, 1, 2 and so on.
func (v *Vectors) distances(unit []float32) (differ []uint16, counts []int) {
	w := v.words()
	asked := appendSigns(make([]uint64, 0, w), unit, v.mean)
	differ, counts = make([]uint16, v.n), make([]int, v.dim+1)
	for i := range differ {
		row := v.signs[i*w : (i+1)*w]
		n := 0
		for j, x := range asked {
			n += bits.OnesCount64(x ^ row[j])
		}
		differ[i] = uint16(n)
		counts[n]++
	}
	return differ, counts
}
