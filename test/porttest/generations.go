package porttest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Generations checks an adapter of ports.Generations and
// ports.RetiredGenerations together with the Documents of the same store, which
// know what each generation lacks. open is called once for each case; it needs
// these three and Inventory.
func Generations(t *testing.T, open func(t *testing.T) DocumentsUnderTest) {
	t.Helper()
	runCases(t, generationCases, docsFixture(open))
}

// IndexModel checks an adapter of ports.IndexModel. open is called once for each
// case; it needs IndexModel. Nobody else may use the store.
func IndexModel(t *testing.T, open func(t *testing.T) DocumentsUnderTest) {
	t.Helper()
	runCases(t, indexModelCases, docsFixture(open))
}

var noGenerations retrieval.Generations

// begin asks for a generation and checks what became of the site's.
func (f docs) begin(s tenant.Scope, model string, anew bool, want retrieval.Generations) {
	f.Helper()
	got, err := f.Begin(f.Context(), s, retrieval.Rebuild{Model: model, Anew: anew, At: start()})
	f.must("Begin", err)
	f.want("Begin of "+model, got, want)
	f.wantGenerations("after it", s, want)
}

func (f docs) wantGenerations(what string, s tenant.Scope, want retrieval.Generations) {
	f.Helper()
	got, err := f.GenerationsOf(f.Context(), s)
	f.must(what+": GenerationsOf", err)
	f.want(what+": GenerationsOf", got, want)
}

// pair is a generation that is searched and one that is built.
func pair(served int64, model string, building int64, next string) retrieval.Generations {
	return retrieval.Generations{Served: retrieval.Generation{No: served, Model: model}, Building: retrieval.Generation{No: building, Model: next}}
}

// kept is a generation that is searched and the one that was before.
func kept(served int64, model string, former int64, before string) retrieval.Generations {
	return retrieval.Generations{Served: retrieval.Generation{No: served, Model: model}, Former: retrieval.Generation{No: former, Model: before}}
}

// pinned is a generation that is searched and one to which the site goes back.
func pinned(served int64, model string, back int64, before string) retrieval.Generations {
	g := pair(served, model, back, before)
	g.Pinned = true
	return g
}

// at is the stage at which a generation is complete.
func at(no int64) retrieval.Stage { return retrieval.Stage{Generation: no} }

func (f docs) note(s tenant.Scope, no int64, d retrieval.Document) {
	f.Helper()
	f.must("Indexed", f.Indexed(f.Context(), s, at(no), refOf(d)))
}

// served returns a site that is searched in generation 1, of model a, which
// holds page:1; page:2 is hidden and page:3 is not indexed yet.
func (f docs) served() (s tenant.Scope, one, hidden, waiting retrieval.Document) {
	f.Helper()
	s = f.NewScope(f.T)
	f.begin(s, "a", false, pair(1, "a", 0, ""))
	put := func(id retrieval.DocumentID) retrieval.Document {
		d, chunks := page(id, "r1")
		f.put(s, d, chunks, true)
		return d
	}
	one, hidden = put("page:1"), put("page:2")
	f.note(s, 1, one)
	hidden = f.hide(s, hidden)
	f.note(s, 1, hidden)
	return s, one, hidden, put("page:3")
}

func (f docs) wantRetired(what string, s tenant.Scope, before time.Time, want ...int64) {
	f.Helper()
	got, err := f.Retired(f.Context(), s, before)
	f.must(what+": Retired", err)
	if len(got)+len(want) > 0 {
		f.want(what+": Retired", got, want)
	}
}

var generationCases = []contractCase[docs]{
	{"none", "a site for which none was begun is searched in generation 0, which has no model", func(f docs) {
		s := f.NewScope(f.T)
		f.wantGenerations("nothing begun", s, noGenerations)
		f.begin(s, "", false, noGenerations)
		f.wantRetired("nothing begun", s, start().Add(time.Hour))
	}},
	{"first", "a site of which the index holds nothing is searched in the new generation at once, and what waits waits for it", func(f docs) {
		s := f.NewScope(f.T)
		d, chunks := page("page:1", "r1")
		f.put(s, d, chunks, true)
		f.begin(s, "a", false, pair(1, "a", 0, ""))
		f.begin(s, "a", false, pair(1, "a", 0, ""))
		f.wantPendingAt("begun", s, at(1), "page:1@r1")
		_, err := f.Pending(f.Context(), s, whole(), 10)
		f.wantErr("Pending in generation 0", err, ports.ErrConflict)
		f.begin(s, "b", false, pair(2, "b", 0, ""))
		f.wantPendingAt("begun again", s, at(2), "page:1@r1")
	}},
	{"behind", "all Shown documents are pending in a generation that is built, and what changes is pending in both, each for itself", func(f docs) {
		s, one, hidden, waiting := f.served()
		f.begin(s, "b", false, pair(1, "a", 2, "b"))
		f.begin(s, "b", false, pair(1, "a", 2, "b"))
		f.wantPendingAt("begun", s, at(1), "page:3@r1")
		f.wantPendingInAnyOrder("begun", s, 2, "page:1@r1", "page:3@r1")
		f.want("a limit of 1", len(f.pendingAt(s, at(2), 1)), 1)
		f.note(s, 2, one)
		f.note(s, 1, waiting)
		f.wantPendingAt("each noted one", s, at(1))
		f.wantPendingInAnyOrder("each noted one", s, 2, "page:3@r1")
		f.note(s, 2, waiting)
		next, chunks := page("page:1", "r2")
		f.put(s, next, chunks, true)
		back, chunks := page("page:2", "r2")
		f.put(s, back, chunks, true)
		f.hide(s, waiting)
		f.wantPendingAt("changed", s, at(1), "page:1@r2", "page:2@r2", "page:3@r1")
		f.wantPendingInAnyOrder("changed", s, 2, "page:1@r2", "page:2@r2", "page:3@r1")
		f.note(s, 2, one)
		f.note(s, 2, hidden)
		f.wantPendingInAnyOrder("older revisions noted", s, 2, "page:1@r2", "page:2@r2", "page:3@r1")
		f.wantTally("both", s, retrieval.Tally{Shown: 2, Hidden: 1, Chunks: 2, Waiting: 3, Unfound: 3, Unbuilt: 3})
		f.note(s, 2, next)
		f.note(s, 2, next)
		f.wantTally("one noted", s, retrieval.Tally{Shown: 2, Hidden: 1, Chunks: 2, Waiting: 3, Unfound: 3, Unbuilt: 2})
		f.note(s, 2, one)
		f.wantTally("an older one noted after it", s, retrieval.Tally{Shown: 2, Hidden: 1, Chunks: 2, Waiting: 3, Unfound: 3, Unbuilt: 3})
	}},
	{"switch", "Switch is a conflict while anything is pending; after it nothing is, and the other generation is retired", func(f docs) {
		s, one, hidden, waiting := f.served()
		f.begin(s, "b", false, pair(1, "a", 2, "b"))
		for _, d := range []retrieval.Document{one, waiting} {
			_, err := f.Switch(f.Context(), s, 2, start())
			f.wantErr("Switch too early", err, ports.ErrConflict)
			f.wantGenerations("Switch too early", s, pair(1, "a", 2, "b"))
			f.note(s, 2, d)
		}
		for _, no := range []int64{0, 3} {
			_, err := f.Switch(f.Context(), s, no, start())
			f.wantErr("Switch to what is not built", err, ports.ErrConflict)
		}
		for range 2 { // the second one changes nothing
			got, err := f.Switch(f.Context(), s, 2, start().Add(time.Minute))
			f.must("Switch", err)
			f.want("Switch", got, kept(2, "b", 1, "a"))
			f.wantGenerations("Switch", s, got)
			f.wantPendingAt("Switch", s, at(2))
			f.wantStates("Switch", s, "", 10, state(one, "r1", 1), state(hidden, "", 0), state(waiting, "r1", 1))
			f.wantTally("Switch", s, retrieval.Tally{Shown: 2, Hidden: 1, Chunks: 2})
		}
		_, err := f.Pending(f.Context(), s, at(1), 10)
		f.wantErr("Pending in the retired one", err, ports.ErrConflict)
		f.wantErr("Indexed in the retired one", f.Indexed(f.Context(), s, at(1), refOf(one)), ports.ErrConflict)
		_, err = f.Switch(f.Context(), s, 1, start())
		f.wantErr("Switch back", err, ports.ErrConflict)
		next, chunks := page("page:1", "r2")
		f.put(s, next, chunks, true)
		f.wantPendingAt("a change after it", s, at(2), "page:1@r2")
		f.wantTally("a change after it", s, retrieval.Tally{Shown: 2, Hidden: 1, Chunks: 2, Waiting: 1, Unfound: 1})
	}},
	{"given up", "to ask for the model that is searched gives up what is built; a number is never used again", func(f docs) {
		s, _, _, _ := f.served()
		f.begin(s, "b", false, pair(1, "a", 2, "b"))
		f.begin(s, "a", false, pair(1, "a", 0, ""))
		_, err := f.Pending(f.Context(), s, at(2), 10)
		f.wantErr("Pending in what was given up", err, ports.ErrConflict)
		f.wantTally("given up", s, retrieval.Tally{Shown: 2, Hidden: 1, Chunks: 2, Waiting: 1, Unfound: 1})
		f.must("Forget", f.Forget(f.Context(), s, 2))
		f.begin(s, "b", false, pair(1, "a", 3, "b"))
		f.wantPendingInAnyOrder("begun again", s, 3, "page:1@r1", "page:3@r1")
	}},
	{"anew", "one of the same model can be asked for, and takes the place of what is built", func(f docs) {
		s, one, _, waiting := f.served()
		f.begin(s, "a", true, pair(1, "a", 2, "a"))
		f.begin(s, "a", false, pair(1, "a", 2, "a"))
		f.note(s, 2, one)
		f.note(s, 2, waiting)
		f.begin(s, "a", true, pair(1, "a", 3, "a"))
		f.wantPendingInAnyOrder("begun anew", s, 3, "page:1@r1", "page:3@r1")
	}},
	{"retired", "Retired lists what was retired before a time, until it is forgotten", func(f docs) {
		s, one, _, waiting := f.served()
		f.begin(s, "b", false, pair(1, "a", 2, "b"))
		f.begin(s, "c", false, pair(1, "a", 3, "c"))
		f.note(s, 3, one)
		f.note(s, 3, waiting)
		_, err := f.Switch(f.Context(), s, 3, start().Add(time.Minute))
		f.must("Switch", err)
		old, err := f.Retired(f.Context(), s, start())
		f.must("Retired", err)
		for _, no := range old {
			if no >= 2 {
				f.Errorf("generation %d was not retired before the time", no)
			}
		}
		f.must("Forget", f.Forget(f.Context(), s, 0)) // of a site for which none was begun, which some note
		f.wantRetired("a moment later", s, start().Add(time.Second), 2)
		f.wantRetired("what was searched is kept", s, start().Add(time.Hour), 2)
		f.must("Forget", f.Forget(f.Context(), s, 1))
		f.must("Forget", f.Forget(f.Context(), s, 3))
		f.wantGenerations("Forget of what is searched, and was", s, kept(3, "c", 1, "a"))
		f.must("Expire", f.Expire(f.Context(), s, start().Add(time.Minute), start().Add(2*time.Hour)))
		f.wantGenerations("Expire too early", s, kept(3, "c", 1, "a"))
		for range 2 {
			f.must("Expire", f.Expire(f.Context(), s, start().Add(2*time.Minute), start().Add(2*time.Hour)))
			f.wantGenerations("Expire", s, pair(3, "c", 0, ""))
			f.wantRetired("retired just now", s, start().Add(time.Hour), 2)
		}
		got, err := f.Begin(f.Context(), s, retrieval.Rebuild{Back: true, At: start()})
		f.must("Begin", err)
		f.want("back to what has expired", got, pair(3, "c", 0, ""))
		f.wantRetired("in the end", s, start().Add(3*time.Hour), 1, 2)
		for range 2 {
			f.must("Forget", f.Forget(f.Context(), s, 1))
			f.wantRetired("forgotten", s, start().Add(3*time.Hour), 2)
		}
	}},
	{"back", "a site can go back to the one that was searched before, which lacks what has changed since, and is pinned to it", func(f docs) {
		s, one, _, waiting := f.served()
		f.must("Forget", f.Forget(f.Context(), s, 0)) // of a site for which none was begun, which some note
		put := func(id retrieval.DocumentID, rev string) retrieval.Document {
			d, chunks := page(id, rev)
			f.put(s, d, chunks, true)
			return d
		}
		gone, same, again := put("page:4", "r1"), put("page:5", "r1"), put("page:6", "r1")
		f.note(s, 1, gone)
		f.note(s, 1, same)
		f.note(s, 1, again)
		back := func(want retrieval.Generations) {
			f.Helper()
			got, err := f.Begin(f.Context(), s, retrieval.Rebuild{Back: true, At: start().Add(time.Hour)})
			f.must("Begin back", err)
			f.want("Begin back", got, want)
			f.wantGenerations("back", s, want)
		}
		back(pair(1, "a", 0, ""))
		f.begin(s, "b", false, pair(1, "a", 2, "b"))
		for _, d := range []retrieval.Document{one, waiting, gone, same, again} {
			f.note(s, 2, d)
		}
		_, err := f.Switch(f.Context(), s, 2, start())
		f.must("Switch", err)
		// What the former one lacked at the switch it lacks still: page:3. Of the others
		// one changes, one is hidden, one comes, one is shown again, and one changes and
		// is as it was at last.
		two := put("page:1", "r2")
		gone = f.hide(s, gone)
		seven, shown := put("page:7", "r1"), put("page:2", "r2")
		put("page:6", "r2")
		put("page:6", "r1")
		back(pinned(2, "b", 1, "a"))
		f.wantPendingInAnyOrder("back", s, 1, "page:1@r2", "page:2@r2", "page:3@r1", "page:4@"+gone.Revision, "page:7@r1")
		for _, model := range []string{"b", "c"} {
			f.begin(s, model, false, pinned(2, "b", 1, "a"))
		}
		back(pinned(2, "b", 1, "a"))
		_, err = f.Switch(f.Context(), s, 1, start())
		f.wantErr("Switch too early", err, ports.ErrConflict)
		for _, d := range []retrieval.Document{two, waiting, gone, seven, shown} {
			f.note(s, 1, d)
		}
		got, err := f.Switch(f.Context(), s, 1, start().Add(time.Hour))
		f.must("Switch", err)
		want := kept(1, "a", 2, "b")
		want.Pinned = true
		f.want("Switch back", got, want)
		f.wantGenerations("Switch back", s, want)
		f.wantPendingAt("Switch back", s, at(1))
		f.begin(s, "b", false, want)
		f.wantRetired("kept", s, start().Add(100*time.Hour))
		// The model that is wanted is there: nothing holds it back any more.
		want.Pinned = false
		f.begin(s, "a", false, want)
		want.Building = retrieval.Generation{No: 3, Model: "b"}
		f.begin(s, "b", false, want)
		// Asked for anew, it is pinned no longer.
		back(pinned(1, "a", 2, "b"))
		f.wantRetired("given up for it", s, start().Add(100*time.Hour), 3)
		f.begin(s, "c", true, pair(1, "a", 4, "c"))
		f.wantRetired("given up", s, start().Add(100*time.Hour), 2, 3)
	}},
	{"change or switch", "a change that comes while the generation is switched is pending in the one that is searched then", func(f docs) {
		s := f.NewScope(f.T)
		f.begin(s, "m", false, pair(1, "m", 0, ""))
		d, chunks := page("page:1", "r")
		f.put(s, d, chunks, true)
		f.note(s, 1, d)
		for round := range rounds {
			from := int64(round + 1)
			both := pair(from, "m", from+1, "m")
			if from > 1 {
				both.Former = retrieval.Generation{No: from - 1, Model: "m"}
			}
			f.begin(s, "m", true, both)
			f.note(s, from+1, d)
			next, chunks := page("page:1", fmt.Sprint("r", round))
			var switched atomic.Bool
			together(2, func(i int) {
				if i == round%2 {
					_, err := f.Switch(f.Context(), s, from+1, start())
					switched.Store(err == nil)
					if err != nil {
						f.wantErr("Switch", err, ports.ErrConflict)
					}
					return
				}
				_, err := f.Put(f.Context(), s, next, chunks)
				f.wantErr("Put", err, nil)
			})
			if !switched.Load() {
				f.wantPendingAt("put before the switch", s, at(from+1), "page:1@"+next.Revision)
				f.note(s, from+1, next)
				_, err := f.Switch(f.Context(), s, from+1, start())
				f.must("Switch", err)
			} else {
				f.wantPendingAt("put after the switch", s, at(from+1), "page:1@"+next.Revision)
				f.note(s, from+1, next)
			}
			d = next
		}
	}},
	{"together", "of several who ask for one at once all get the same", func(f docs) {
		s, _, _, _ := f.served()
		for i := range 10 {
			got := make([]retrieval.Generations, 6)
			errs := make([]error, len(got))
			together(len(got), func(n int) {
				got[n], errs[n] = f.Begin(f.Context(), s, retrieval.Rebuild{Model: fmt.Sprint("m", i), At: start()})
			})
			f.must("Begin", errors.Join(errs...))
			for _, g := range got {
				f.want("Begin", g, pair(1, "a", int64(i+2), fmt.Sprint("m", i)))
			}
		}
	}},
	{"isolation", "a site's generations are its own", func(f docs) {
		a, sibling, b := f.scopes()
		for _, s := range []tenant.Scope{a, sibling, b} {
			d, chunks := page("page:1", "r1")
			f.put(s, d, chunks, true)
			f.index(s, d)
		}
		strangers(a, sibling, b, func(mine, theirs tenant.Scope) {
			before, err := f.GenerationsOf(f.Context(), theirs)
			f.must("GenerationsOf", err)
			tally, err := f.Tally(f.Context(), theirs)
			f.must("Tally", err)
			retired, err := f.Retired(f.Context(), theirs, start().Add(time.Hour))
			f.must("Retired", err)
			g, err := f.Begin(f.Context(), mine, retrieval.Rebuild{Model: "m", Anew: true, At: start()})
			f.must("Begin", err)
			d, _ := page("page:1", "r1")
			f.note(mine, g.Building.No, d)
			_, err = f.Switch(f.Context(), mine, g.Building.No, start())
			f.must("Switch", err)
			f.wantGenerations("theirs", theirs, before)
			f.wantTally("theirs", theirs, tally)
			f.must("Expire", f.Expire(f.Context(), theirs, start().Add(time.Hour), start()))
			f.wantGenerations("mine is kept though theirs expire", mine, kept(g.Building.No, "m", g.Served.No, g.Served.Model))
			f.must("Expire", f.Expire(f.Context(), mine, start().Add(time.Hour), start()))
			f.must("Forget", f.Forget(f.Context(), theirs, g.Served.No))
			f.wantRetired("theirs", theirs, start().Add(time.Hour), drop(retired, g.Served.No)...)
			mineRetired, err := f.Retired(f.Context(), mine, start().Add(time.Hour))
			f.must("Retired", err)
			f.want("mine is there though they forgot", len(drop(mineRetired, g.Served.No)), len(mineRetired)-1)
		})
		for _, s := range mixed(a, b) {
			f.wantGenerations("a half-true scope", s, noGenerations)
			f.wantRetired("a half-true scope", s, start().Add(time.Hour))
		}
		for _, bad := range incomplete(a) {
			_, err := f.GenerationsOf(f.Context(), bad)
			f.wantErr("GenerationsOf", err, tenant.ErrNoScope)
			_, err = f.Begin(f.Context(), bad, retrieval.Rebuild{Model: "m"})
			f.wantErr("Begin", err, tenant.ErrNoScope)
			_, err = f.Switch(f.Context(), bad, 1, start())
			f.wantErr("Switch", err, tenant.ErrNoScope)
			_, err = f.Retired(f.Context(), bad, start())
			f.wantErr("Retired", err, tenant.ErrNoScope)
			f.wantErr("Forget", f.Forget(f.Context(), bad, 1), tenant.ErrNoScope)
			f.wantErr("Expire", f.Expire(f.Context(), bad, start(), start()), tenant.ErrNoScope)
		}
	}},
	{"done context", "a done context ends each call, and nothing is changed", func(f docs) {
		s, _, _, _ := f.served()
		f.begin(s, "b", false, pair(1, "a", 2, "b"))
		_, err := f.GenerationsOf(f.done(), s)
		f.wantErr("GenerationsOf", err, f.done().Err())
		_, err = f.Begin(f.done(), s, retrieval.Rebuild{Model: "c"})
		f.wantErr("Begin", err, f.done().Err())
		_, err = f.Switch(f.done(), s, 2, start())
		f.wantErr("Switch", err, f.done().Err())
		_, err = f.Retired(f.done(), s, start())
		f.wantErr("Retired", err, f.done().Err())
		f.wantErr("Forget", f.Forget(f.done(), s, 1), f.done().Err())
		f.wantErr("Expire", f.Expire(f.done(), s, start(), start()), f.done().Err())
		f.wantGenerations("after it", s, pair(1, "a", 2, "b"))
	}},
}

func drop(list []int64, no int64) []int64 {
	var out []int64
	for _, n := range list {
		if n != no {
			out = append(out, n)
		}
	}
	return out
}

func (f docs) pendingAt(s tenant.Scope, stage retrieval.Stage, limit int) []ports.PendingDocument {
	f.Helper()
	got, err := f.Pending(f.Context(), s, stage, limit)
	f.must("Pending", err)
	return got
}

// wantPendingInAnyOrder checks what a generation that is built lacks; want is in
// the order of ids.
func (f docs) wantPendingInAnyOrder(what string, s tenant.Scope, no int64, want ...string) {
	f.Helper()
	got := map[string]bool{}
	for _, p := range f.pendingAt(s, at(no), 100) {
		got[string(p.Document.ID)+"@"+p.Document.Revision] = true
		f.want(what+": number of chunks", len(p.Chunks) > 0, p.Document.Shown)
	}
	set := map[string]bool{}
	for _, w := range want {
		set[w] = true
	}
	f.want(what+": Pending", got, set)
}

func (f docs) wantWanted(what string, model *string, c *retrieval.Chunking) {
	f.Helper()
	got, err := f.Wanted(f.Context())
	f.must(what+": Wanted", err)
	f.want(what+": Wanted", got, retrieval.Wanted{Model: model, Chunking: c})
}

var indexModelCases = []contractCase[docs]{
	{"model", "Wanted returns the model that was noted last, and none before that", func(f docs) {
		f.wantWanted("nothing noted", nil, nil)
		for _, model := range []string{"text-embedding-3-small", "", awkward, awkward} {
			f.must("WantModel", f.WantModel(f.Context(), model))
			f.wantWanted("noted", &model, nil)
		}
	}},
	{"chunking", "Wanted returns the Chunking that was noted last, whatever model is", func(f docs) {
		for _, c := range []retrieval.Chunking{smaller(), {}, {Version: 3, Target: 900, Max: 1 << 20}, smaller()} {
			f.must("WantChunking", f.WantChunking(f.Context(), c))
			f.wantWanted("noted", nil, &c)
		}
		model, c := "m", smaller()
		f.must("WantModel", f.WantModel(f.Context(), model))
		f.wantWanted("both noted", &model, &c)
	}},
	{"done context", "a done context ends each call, and nothing is changed", func(f docs) {
		f.wantErr("WantModel", f.WantModel(f.done(), "m"), f.done().Err())
		f.wantErr("WantChunking", f.WantChunking(f.done(), smaller()), f.done().Err())
		_, err := f.Wanted(f.done())
		f.wantErr("Wanted", err, f.done().Err())
		f.wantWanted("after it", nil, nil)
	}},
}
