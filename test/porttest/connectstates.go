package porttest

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// stateHash returns a hash of a state.
func stateHash() string { return strings.ReplaceAll(NewID()+NewID(), "-", "") }

func fullNote() ingestion.ConnectNote {
	return ingestion.ConnectNote{URL: "https://shop.example.com/" + awkward, Return: "https://woochat.example.com/?a=b", By: "user_" + awkward}
}

func (f connections) saveState(s tenant.Scope, hash string, note ingestion.ConnectNote, after time.Duration) {
	f.Helper()
	f.must("SaveState", f.SaveState(f.Context(), s, hash, note, f.Now().Add(after)))
}

func (f connections) wantTaken(what, hash string, s tenant.Scope, note ingestion.ConnectNote) {
	f.Helper()
	scope, got, err := f.TakeState(f.Context(), hash)
	f.wantErr(what+": TakeState", err, nil)
	f.want(what+": scope", scope, s)
	f.want(what+": note", got, note)
}

func (f connections) wantNoState(what, hash string) {
	f.Helper()
	scope, note, err := f.TakeState(f.Context(), hash)
	f.wantErr(what+": TakeState", err, ports.ErrNotFound)
	f.want(what+": scope", scope, tenant.Scope{})
	f.want(what+": note", note, ingestion.ConnectNote{})
}

var connectStateCases = []contractCase[connections]{
	{"round trip", "what is saved is taken as it is, with its scope", func(f connections) {
		a, sibling, b := f.scopes()
		f.wantNoZero(fullNote())
		for _, note := range []ingestion.ConnectNote{fullNote(), {}} {
			hashes := map[tenant.Scope]string{}
			for _, s := range []tenant.Scope{a, sibling, b} {
				hashes[s] = stateHash()
				f.saveState(s, hashes[s], note, time.Hour)
			}
			for s, hash := range hashes {
				f.wantTaken("saved", hash, s, note)
			}
		}
	}},
	{"once", "a state is taken once", func(f connections) {
		s, hash := f.NewScope(f.T), stateHash()
		f.saveState(s, hash, fullNote(), time.Hour)
		f.wantTaken("first", hash, s, fullNote())
		f.wantNoState("second", hash)
	}},
	{"at once", "of several callers one takes a state", func(f connections) {
		s := f.NewScope(f.T)
		for range rounds / 6 {
			hash := stateHash()
			f.saveState(s, hash, fullNote(), time.Hour)
			var taken atomic.Int64
			together(6, func(int) {
				_, _, err := f.TakeState(f.Context(), hash)
				if err == nil {
					taken.Add(1)
					return
				}
				f.wantErr("TakeState", err, ports.ErrNotFound)
			})
			if n := taken.Load(); n != 1 {
				f.Fatalf("%d of 6 took it", n)
			}
		}
	}},
	{"unknown", "only the whole hash counts", func(f connections) {
		s, hash := f.NewScope(f.T), stateHash()
		f.saveState(s, hash, fullNote(), time.Hour)
		for _, near := range []string{"", stateHash(), hash[:63], hash + "0", strings.ToUpper(hash) + "x", hash + " ", "%", "'" + hash} {
			f.wantNoState(near, near)
		}
		f.wantTaken("the hash", hash, s, fullNote())
	}},
	{"expired", "a state is not taken at the time at which it expires, or later", func(f connections) {
		s := f.NewScope(f.T)
		for _, after := range []time.Duration{-time.Hour, -time.Microsecond, 0} {
			hash := stateHash()
			f.saveState(s, hash, fullNote(), after)
			f.wantNoState(after.String(), hash)
		}
		hash := stateHash()
		f.saveState(s, hash, fullNote(), time.Minute)
		f.saveState(s, stateHash(), fullNote(), -time.Minute)
		f.wantTaken("one that has not", hash, s, fullNote())
	}},
	{"refused", "no hash is ErrInvalid, and one that is there is ErrConflict and stays", func(f connections) {
		s, other, hash := f.NewScope(f.T), f.NewScope(f.T), stateHash()
		f.wantErr("no hash", f.SaveState(f.Context(), s, "", fullNote(), f.Now().Add(time.Hour)), ports.ErrInvalid)
		f.saveState(s, hash, fullNote(), time.Hour)
		f.wantErr("again", f.SaveState(f.Context(), other, hash, ingestion.ConnectNote{}, f.Now().Add(time.Hour)), ports.ErrConflict)
		f.wantTaken("the first", hash, s, fullNote())
		for _, bad := range incomplete(s) {
			f.wantErr("SaveState", f.SaveState(f.Context(), bad, stateHash(), fullNote(), f.Now().Add(time.Hour)), tenant.ErrNoScope)
		}
	}},
	{"done context", "a done context ends each call, and nothing is saved or taken", func(f connections) {
		s, hash, never := f.NewScope(f.T), stateHash(), stateHash()
		f.saveState(s, hash, fullNote(), time.Hour)
		f.wantErr("SaveState", f.SaveState(f.done(), s, never, fullNote(), f.Now().Add(time.Hour)), f.done().Err())
		_, _, err := f.TakeState(f.done(), hash)
		f.wantErr("TakeState", err, f.done().Err())
		f.wantNoState("never saved", never)
		f.wantTaken("not taken", hash, s, fullNote())
	}},
}

func (f connections) wantShown(what string, s tenant.Scope, want ingestion.Shown) {
	f.Helper()
	got, err := f.Shown(f.Context(), s)
	f.wantErr(what+": Shown", err, nil)
	f.want(what+": Shown", got, want)
}

func (f connections) hear(s tenant.Scope, at time.Time) {
	f.Helper()
	f.must("Heard", f.Heard(f.Context(), s, at))
}

var deliveryCases = []contractCase[connections]{
	{"shown", "Shown is the connection without its secrets, as it was saved last", func(f connections) {
		s := f.NewScope(f.T)
		_, err := f.Shown(f.Context(), s)
		f.wantErr("not connected: Shown", err, ports.ErrNotFound)
		for _, c := range []ingestion.Connection{fullConnection(), bareConnection(), {URL: "https://b.example.com", Key: "k", Secrets: []string{"one"}}} {
			if have, err := f.Connection(f.Context(), s); err == nil {
				c.Version = have.Version
			}
			f.save(s, c)
			f.wantShown("saved", s, c.Shown(s, time.Time{}))
		}
	}},
	{"heard", "of several times the latest stays, in UTC to the microsecond, and no save changes it", func(f connections) {
		s := f.NewScope(f.T)
		c := f.save(s, fullConnection())
		at := start()
		f.hear(s, elsewhere(at))
		f.wantShown("once", s, c.Shown(s, at))
		f.hear(s, at.Add(-time.Hour))
		f.wantShown("an earlier one", s, c.Shown(s, at))
		f.hear(s, at.Add(time.Microsecond))
		f.wantShown("a later one", s, c.Shown(s, at.Add(time.Microsecond)))
		c.URL = "https://other.example.com"
		c = f.save(s, c)
		f.wantShown("saved again", s, c.Shown(s, at.Add(time.Microsecond)))
		f.wantConnection("heard", s, c)
	}},
	{"forgotten", "what was heard is forgotten with the connection; without one Heard is ErrNotFound", func(f connections) {
		s := f.NewScope(f.T)
		f.wantErr("not connected: Heard", f.Heard(f.Context(), s, start()), ports.ErrNotFound)
		f.save(s, fullConnection())
		f.hear(s, start())
		f.must("RemoveConnection", f.RemoveConnection(f.Context(), s))
		_, err := f.Shown(f.Context(), s)
		f.wantErr("removed: Shown", err, ports.ErrNotFound)
		f.wantErr("removed: Heard", f.Heard(f.Context(), s, start()), ports.ErrNotFound)
		c := f.save(s, bareConnection())
		f.wantShown("connected again", s, c.Shown(s, time.Time{}))
	}},
	{"isolation", "sites neither see nor change one another's", func(f connections) {
		a, sibling, b := f.scopes()
		saved := map[tenant.Scope]ingestion.Connection{}
		for _, s := range []tenant.Scope{a, sibling, b} {
			saved[s] = f.save(s, fullConnection())
		}
		at := start()
		strangers(a, sibling, b, func(mine, theirs tenant.Scope) {
			at = at.Add(time.Hour)
			f.hear(theirs, at)
			f.hear(mine, at.Add(time.Minute))
			f.wantShown("theirs", theirs, saved[theirs].Shown(theirs, at))
			f.wantShown("mine", mine, saved[mine].Shown(mine, at.Add(time.Minute)))
			for _, s := range outsiders(mine, theirs) {
				if s == mine {
					continue
				}
				_, err := f.Shown(f.Context(), s)
				f.wantErr("half-true: Shown", err, ports.ErrNotFound)
				f.wantErr("half-true: Heard", f.Heard(f.Context(), s, at.Add(24*time.Hour)), ports.ErrNotFound)
			}
			f.wantShown("theirs, after a half-true scope", theirs, saved[theirs].Shown(theirs, at))
		})
		for _, bad := range incomplete(a) {
			_, err := f.Shown(f.Context(), bad)
			f.wantErr("Shown", err, tenant.ErrNoScope)
			f.wantErr("Heard", f.Heard(f.Context(), bad, start()), tenant.ErrNoScope)
		}
	}},
	{"at once", "of times noted at the same time the latest stays", func(f connections) {
		s := f.NewScope(f.T)
		c := f.save(s, bareConnection())
		for round := range rounds / 3 {
			at := start().Add(time.Duration(round) * time.Minute)
			together(8, func(i int) {
				f.wantErr("Heard", f.Heard(f.Context(), s, at.Add(time.Duration((i*5)%8)*time.Second)), nil)
			})
			f.wantShown("after all", s, c.Shown(s, at.Add(7*time.Second)))
		}
	}},
	{"done context", "a done context ends each call, and nothing is noted", func(f connections) {
		s := f.NewScope(f.T)
		c := f.save(s, bareConnection())
		f.wantErr("Heard", f.Heard(f.done(), s, start()), f.done().Err())
		_, err := f.Shown(f.done(), s)
		f.wantErr("Shown", err, f.done().Err())
		f.wantShown("after it", s, c.Shown(s, time.Time{}))
	}},
}
