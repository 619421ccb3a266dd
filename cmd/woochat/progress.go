package main

import (
	"encoding/json"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// lineEvery is how often a step says as JSON how far it is.
const lineEvery = time.Second

// show tells how far long work is: bars on a terminal, lines of JSON for
// programs, nothing else where neither is wanted.
type show struct {
	now   func() time.Time
	bars  *mpb.Progress // nil: none
	lines *json.Encoder // nil: none
}

func (p *program) newShow(asJSON bool) *show {
	s := &show{now: p.now}
	if asJSON || !p.talks {
		s.lines = json.NewEncoder(p.stdout)
		s.lines.SetEscapeHTML(false)
	}
	if p.bars {
		s.bars = mpb.New(mpb.WithOutput(p.stderr), mpb.WithWidth(40))
	}
	return s
}

// line prints v as one line, if lines are wanted.
func (s *show) line(v any) {
	if s.lines != nil {
		// A broken pipe ends the process by itself; nothing else can fail.
		_ = s.lines.Encode(v)
	}
}

// wait lets the bars draw their last state.
func (s *show) wait() {
	if s.bars != nil {
		s.bars.Wait()
	}
}

// step is one part of the work.
type step struct {
	show     *show
	name     string
	total    int // 0: not known
	bar      *mpb.Bar
	begun    time.Time
	last     time.Time
	done     int
	rejected int
}

func (s *show) begin(name string, total int) *step {
	now := s.now()
	st := &step{show: s, name: name, total: total, begun: now, last: now}
	if s.bars != nil {
		st.bar = s.bars.AddBar(int64(max(total, 1)),
			mpb.PrependDecorators(decor.Name(name, decor.WC{W: 7, C: decor.DindentRight}), decor.CountersNoUnit("%d / %d", decor.WCSyncWidth)),
			mpb.AppendDecorators(decor.Percentage(decor.WC{W: 5}), decor.AverageSpeed(0, "  %.0f/s"), decor.Name("  ETA "), decor.AverageETA(decor.ET_STYLE_GO)),
		)
	}
	return st
}

// progressLine says how far a step is.
type progressLine struct {
	Event     string  `json:"event"`
	Step      string  `json:"step"`
	Done      int     `json:"done"`
	Total     int     `json:"total,omitempty"`
	Rejected  int     `json:"rejected"`
	PerSecond float64 `json:"per_second"`
	ETA       float64 `json:"eta_seconds,omitempty"`
}

// at says how far the step is.
func (st *step) at(done, rejected int) {
	st.done, st.rejected = done, rejected
	if st.bar != nil {
		st.bar.SetCurrent(int64(done))
	}
	if now := st.show.now(); now.Sub(st.last) >= lineEvery {
		st.last = now
		st.say()
	}
}

func (st *step) say() {
	l := progressLine{Event: "progress", Step: st.name, Done: st.done, Total: st.total, Rejected: st.rejected}
	if took := st.last.Sub(st.begun).Seconds(); took > 0 {
		l.PerSecond = float64(int(float64(st.done)/took*10)) / 10
		if left := st.total - st.done; left > 0 && l.PerSecond > 0 {
			l.ETA = float64(int(float64(left)/l.PerSecond*10)) / 10
		}
	}
	st.show.line(l)
}

// end ends the step. A whole step's bar is full, also if it had less to do than
// was thought.
func (st *step) end(whole bool) {
	st.last = st.show.now()
	st.say()
	switch {
	case st.bar == nil:
	case whole:
		st.bar.SetCurrent(int64(st.done))
		st.bar.SetTotal(-1, true)
	default:
		st.bar.Abort(false)
	}
}
