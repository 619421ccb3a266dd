package ginhttp

import (
	"io"
	"net/http"
	"time"
)

// Bounds of how slowly a large body may come. Of a small one only the whole time
// is bounded.
const (
	pacedAfter = 1 << 20         // bytes that may come as slowly as they like
	pacedGrace = 5 * time.Second // what the rest may be late
	pacedRate  = 512 << 10       // bytes a second
)

// paced is a body whose sender must be as quick as pacedRate once it has sent
// more than pacedAfter: the place that a large body takes is not held by one that
// trickles.
type paced struct {
	io.Reader
	control *http.ResponseController
	whole   time.Time // when all of it must have come
	now     func() time.Time

	size  int64
	large time.Time // when it became a large one
}

func (p *paced) Read(b []byte) (int, error) {
	if !p.large.IsZero() {
		late := p.large.Add(pacedGrace + time.Duration((p.size-pacedAfter)*int64(time.Second)/pacedRate))
		if late.After(p.whole) {
			late = p.whole
		}
		// Not every writer has deadlines; those of net/http's servers do.
		_ = p.control.SetReadDeadline(late)
	}
	n, err := p.Reader.Read(b)
	if p.size += int64(n); p.size > pacedAfter && p.large.IsZero() {
		p.large = p.now()
	}
	return n, err
}
