package retrieval

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Chunking says how documents are cut into chunks. The zero Chunking is that of
// every index that was made before there was a choice, and the default.
//
// Chunks of two Chunkings stand beside one another in the store, so that a site
// is searched in the one while an index of the other is built.
type Chunking struct {
	// Version is that of the rules in ChunkDocument: it is raised with each change
	// of them that must reach what is stored. 0 is the first.
	Version int
	Target  int64 // text is added to a chunk up to this many tokens; 0 for 256
	Max     int64 // no chunk is larger, unless a single character is; 0 for 400
}

// Sizes of the zero Chunking, in tokens.
const (
	DefaultTarget = 256
	defaultMax    = 400
)

// Bounds of what NewChunking takes. Below, a chunk has little but its title;
// above, few of them go into a prompt, and many models embed no more at once.
const (
	LeastTarget = 64
	MostTarget  = 1024
)

// ErrChunking is matched by the errors of NewChunking and ParseChunking.
var ErrChunking = errors.New("documents cannot be cut like that")

// NewChunking returns the Chunking of about target tokens a chunk, by the newest
// rules. No chunk has more than 25 for each 16 of them, as in the zero Chunking.
func NewChunking(target int64) (Chunking, error) {
	if target < LeastTarget || target > MostTarget {
		return Chunking{}, fmt.Errorf("%w: chunks of %d tokens, %d to %d can be had", ErrChunking, target, LeastTarget, MostTarget)
	}
	return Chunking{Target: target, Max: target * defaultMax / DefaultTarget}.known(), nil
}

// TargetFor returns the largest target of NewChunking by which no chunk has more
// than most tokens, which may be less than it takes.
func TargetFor(most int64) int64 {
	target := most * DefaultTarget / defaultMax
	for (target+1)*defaultMax/DefaultTarget <= most {
		target++
	}
	return target
}

// Sizes returns Target and Max as they are meant.
func (c Chunking) Sizes() (target, most int64) {
	target, most = c.Target, c.Max
	if most <= 0 {
		most = defaultMax
	}
	if target <= 0 {
		target = DefaultTarget
	}
	return min(target, most), most
}

// known returns the one way to write c.
func (c Chunking) known() Chunking {
	if target, most := c.Sizes(); target == DefaultTarget && most == defaultMax {
		return Chunking{Version: c.Version}
	}
	return c
}

// String returns c in words: 256 to 400 tokens.
func (c Chunking) String() string {
	target, most := c.Sizes()
	if c.Version == 0 {
		return fmt.Sprintf("%d to %d tokens", target, most)
	}
	return fmt.Sprintf("%d to %d tokens (rules %d)", target, most, c.Version)
}

// Key returns c as it is stored: "" for the zero Chunking, else version, target
// and maximum.
func (c Chunking) Key() string {
	if c = c.known(); c == (Chunking{}) {
		return ""
	}
	target, most := c.Sizes()
	return fmt.Sprintf("%d/%d/%d", c.Version, target, most)
}

// ParseChunking is the inverse of Key.
func ParseChunking(key string) (Chunking, error) {
	if key == "" {
		return Chunking{}, nil
	}
	fields := strings.Split(key, "/")
	var n [3]int64
	for i, f := range fields {
		v, err := strconv.ParseInt(f, 10, 32)
		if err != nil || v < 0 || len(fields) != len(n) {
			return Chunking{}, fmt.Errorf("%w: %q", ErrChunking, key)
		}
		n[i] = v
	}
	c := Chunking{Version: int(n[0]), Target: n[1], Max: n[2]}
	if c.Key() != key {
		return Chunking{}, fmt.Errorf("%w: %q", ErrChunking, key)
	}
	return c.known(), nil
}

// CutBy returns by which Chunking chunks were cut, the zero Chunking if there are
// none. The error matches ErrChunking if it was more than one.
func CutBy(chunks []Chunk) (Chunking, error) {
	var c Chunking
	for i, k := range chunks {
		if i == 0 {
			c = k.Chunking
		}
		if k.Chunking != c {
			return c, fmt.Errorf("%w: chunks of %s and of %s", ErrChunking, c, k.Chunking)
		}
	}
	return c, nil
}
