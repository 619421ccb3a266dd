package ingestion_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func product(id string) ingestion.Object {
	return ingestion.Object{Kind: ingestion.Product, ID: id}
}

// story is what happens to one object: hints, takes and outcomes, in any order.
type step struct {
	What uint8
	Wait uint16 // milliseconds before it
}

// TestNoHintIsLost: whatever happens, an object that was hinted at after it was
// last taken is live or dead, and never done; and one that is live is due within
// Quiet of the last take, or when somebody said.
// The oldest task has the last place of a turn that would have none.
func TestLastPlace(t *testing.T) {
	product := func(id string) ingestion.Job {
		return ingestion.Job{Object: ingestion.Object{Kind: ingestion.Product, ID: id}}
	}
	task := ingestion.Job{Object: ingestion.Object{Kind: ingestion.Task, ID: ingestion.Poll}}
	broken := errors.New("broken")
	two := []ingestion.Job{product("1"), product("2")}
	for name, c := range map[string]struct {
		jobs  []ingestion.Job
		limit int
		there bool
		err   error
		want  string // ids
		asked bool
	}{
		"room is left":   {two, 3, true, nil, "1 2", false},
		"no room":        {two, 2, true, nil, "1 poll", true},
		"no task is due": {two, 2, false, nil, "1 2", true},
		"one place":      {two[:1], 1, true, nil, "1", false},
		"one is there":   {[]ingestion.Job{task, product("1")}, 2, true, nil, "poll 1", false},
		"broken":         {two, 2, true, broken, "1 2", true},
		"nothing":        {nil, 2, true, nil, "", false},
	} {
		asked := false
		got, err := ingestion.LastPlace(c.jobs, c.limit, func() (ingestion.Job, bool, error) {
			asked = true
			return task, c.there && c.err == nil, c.err
		})
		var ids []string
		for _, j := range got {
			ids = append(ids, j.Object.ID)
		}
		if strings.Join(ids, " ") != c.want || asked != c.asked || !errors.Is(err, c.err) {
			t.Errorf("%s: %q, %v, asked %v; want %q, %v", name, ids, err, asked, c.want, c.asked)
		}
	}
	if two[1].Object.ID != "2" {
		t.Error("what was given was changed")
	}
}

func TestNoHintIsLost(t *testing.T) {
	check := func(story []step) bool {
		var k ingestion.Kept
		var taken ingestion.Job
		now, takenAt, seq, answered := noon, noon, int64(0), int64(0)
		for _, s := range story {
			now = now.Add(time.Duration(s.Wait) * time.Millisecond)
			switch s.What % 6 {
			case 0, 1:
				seq++
				before := k
				k = k.Hint(ingestion.Hint{Object: product("1")}, seq, now)
				if !k.Live() || k.Seq != seq || k.Latest != now || k.Due.Before(before.Quiet) {
					t.Logf("a hint makes %+v of %+v", k, before)
					return false
				}
				if k.Due.After(now) && k.Due.After(before.Quiet) && k.Due != before.Due {
					t.Logf("due only at %v", k.Due)
					return false
				}
			case 2:
				if k.Live() && !k.Due.After(now) {
					taken, takenAt = k.Job, now
				}
			default:
				if taken.Seq == 0 {
					continue
				}
				o := ingestion.Outcome{Object: taken.Object, Seq: taken.Seq}
				switch s.What % 6 {
				case 4:
					o = ingestion.Failed(taken, "no", now, 0, 0)
				case 5:
					o.Again = now.Add(time.Minute)
				}
				k = k.Finish(o, takenAt)
				if o.Err == "" && o.Again.IsZero() {
					answered = max(answered, taken.Seq)
				}
				taken = ingestion.Job{}
			}
			if seq > answered && k.Done {
				t.Logf("hint %d of %d is lost: %+v", seq, answered, k)
				return false
			}
		}
		return true
	}
	if err := quick.Check(check, &quick.Config{MaxCount: 3000}); err != nil {
		t.Error(err)
	}
}

// TestFinishAgainChangesNothing: an outcome whose reply was lost may be told
// once more.
func TestFinishAgainChangesNothing(t *testing.T) {
	k := ingestion.Kept{}.Hint(ingestion.Hint{Object: product("1")}, 1, noon)
	done := ingestion.Outcome{Object: product("1"), Seq: 1}
	k = k.Finish(done, noon)
	if !k.Done || k.Live() {
		t.Fatalf("got %+v", k)
	}
	if again := k.Finish(done, noon); fmt.Sprint(again) != fmt.Sprint(k) {
		t.Errorf("told again it is %+v, not %+v", again, k)
	}
	k = k.Hint(ingestion.Hint{Object: product("1")}, 2, noon.Add(time.Millisecond))
	if again := k.Finish(done, noon); !again.Live() {
		t.Error("the hint after it is lost")
	}
}

func TestDepth(t *testing.T) {
	kept := func(kind ingestion.ObjectKind, due time.Duration, dead, done bool) ingestion.Kept {
		return ingestion.Kept{Job: ingestion.Job{Object: ingestion.Object{Kind: kind, ID: "x"}, Due: noon.Add(due), Dead: dead}, Done: done}
	}
	var d ingestion.Depth
	for _, k := range []ingestion.Kept{
		kept(ingestion.Product, -time.Minute, false, false), kept(ingestion.Product, time.Hour, false, false), kept(ingestion.Task, time.Hour, false, false),
		kept(ingestion.Task, 0, false, false), kept(ingestion.Product, -time.Hour, true, false), kept(ingestion.Product, -2*time.Hour, false, true),
	} {
		d = d.With(k, noon)
	}
	if want := (ingestion.Depth{Pending: 3, Dead: 1, Oldest: noon.Add(-time.Minute)}); d != want {
		t.Errorf("got %+v, want %+v", d, want)
	}
}

func TestObjects(t *testing.T) {
	for _, o := range []ingestion.Object{product("44"), {Kind: ingestion.Task, ID: ingestion.Poll}, product("a:b"), product(strings.Repeat("9", 64))} {
		back, err := ingestion.ParseObject(o.String())
		if err != nil || back != o || o.Valid() != nil {
			t.Errorf("%q comes back as %+v, %v, %v", o.String(), back, err, o.Valid())
		}
	}
	for _, text := range []string{"", "44", "product", "product:", "page:1", "task:", "product:" + strings.Repeat("9", 65)} {
		if o, err := ingestion.ParseObject(text); !errors.Is(err, ingestion.ErrBadObject) {
			t.Errorf("%q is %+v, %v", text, o, err)
		}
	}
	for _, o := range []ingestion.Object{{}, {ID: "1"}, {Kind: 9, ID: "1"}, {Kind: ingestion.Product}} {
		if err := ingestion.CheckHints([]ingestion.Hint{{Object: product("1")}, {Object: o}}); !errors.Is(err, ingestion.ErrBadObject) {
			t.Errorf("%+v: got %v", o, err)
		}
	}
	if err := ingestion.CheckHints(make([]ingestion.Hint, ingestion.MaxHints+1)); !errors.Is(err, ingestion.ErrBadObject) {
		t.Errorf("too many: got %v", err)
	}
}

func ExampleKept_Hint() {
	hint := ingestion.Hint{Object: ingestion.Object{Kind: ingestion.Product, ID: "44"}}
	k := ingestion.Kept{}.Hint(hint, 1, noon)
	taken := k.Job

	// The product is saved once more while it is read from the shop.
	k = k.Hint(hint, 2, noon.Add(300*time.Millisecond))
	k = k.Finish(ingestion.Outcome{Object: taken.Object, Seq: taken.Seq}, noon)
	fmt.Println(k.Live(), k.Due.Sub(noon))
	// Output: true 1s
}
