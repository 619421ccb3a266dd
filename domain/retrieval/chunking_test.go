package retrieval_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

func TestChunking(t *testing.T) {
	for target, want := range map[int64]retrieval.Chunking{
		256: {}, 64: {Target: 64, Max: 100}, 1024: {Target: 1024, Max: 1600}, 257: {Target: 257, Max: 401},
	} {
		c, err := retrieval.NewChunking(target)
		if err != nil || c != want {
			t.Errorf("%d: got %+v, %v", target, c, err)
		}
		back, err := retrieval.ParseChunking(c.Key())
		if err != nil || back != c {
			t.Errorf("%q is read as %+v, %v", c.Key(), back, err)
		}
		wantTarget, wantMax := target, target*25/16
		if a, b := c.Sizes(); a != wantTarget || b != wantMax {
			t.Errorf("%d: sizes %d and %d", target, a, b)
		}
	}
	for _, target := range []int64{63, 1025, 0, -1} {
		if c, err := retrieval.NewChunking(target); !errors.Is(err, retrieval.ErrChunking) || c != (retrieval.Chunking{}) {
			t.Errorf("%d: got %+v, %v", target, c, err)
		}
	}
	if key := (retrieval.Chunking{Target: 256, Max: 400}).Key(); key != "" {
		t.Errorf("the default that was written out is kept as %q", key)
	}
	// What a newer program has stored is kept as it is.
	newer, err := retrieval.ParseChunking("7/256/400")
	if err != nil || newer.Key() != "7/256/400" || newer == (retrieval.Chunking{}) {
		t.Errorf("got %+v, %v", newer, err)
	}
	for _, bad := range []string{"0/256/400", "1", "1/2", "1/2/3/4", "a/b/c", "0/64/-1", "0/064/100", "0/64/9999999999", " ", "0/64/100 "} {
		if c, err := retrieval.ParseChunking(bad); !errors.Is(err, retrieval.ErrChunking) || c != (retrieval.Chunking{}) {
			t.Errorf("%q: got %+v, %v", bad, c, err)
		}
	}
}

func TestTargetFor(t *testing.T) {
	for _, most := range []int64{100, 101, 400, 512, 513, 8191} {
		target := retrieval.TargetFor(most)
		if _, got := (retrieval.Chunking{Target: target, Max: target * 25 / 16}).Sizes(); got > most || (target+1)*25/16 <= most {
			t.Errorf("of at most %d: a target of %d, by which there are %d", most, target, got)
		}
	}
}

func TestCutBy(t *testing.T) {
	small := retrieval.Chunking{Target: 64, Max: 100}
	if c, err := retrieval.CutBy(nil); err != nil || c != (retrieval.Chunking{}) {
		t.Errorf("none: %+v, %v", c, err)
	}
	if c, err := retrieval.CutBy([]retrieval.Chunk{{Chunking: small}, {Chunking: small, Seq: 1}}); err != nil || c != small {
		t.Errorf("one: %+v, %v", c, err)
	}
	if _, err := retrieval.CutBy([]retrieval.Chunk{{Chunking: small}, {Seq: 1}}); !errors.Is(err, retrieval.ErrChunking) {
		t.Errorf("two: %v", err)
	}
}

// TestRulesOfChunking fails when the rules of cutting have changed: raise the
// version that NewChunking gives then, so that what shops have stored is cut anew,
// beside what is searched, and not in parts.
func TestRulesOfChunking(t *testing.T) {
	var body strings.Builder
	for i := range 12 {
		fmt.Fprintf(&body, "# Section %d\n\nIt is said here, in words, what holds of %d. Then it is said again.\n\n- one\n- two\n\n| a | b |\n| --- | --- |\n| %d | x |\n| y | z |\n\n", i, i, i)
	}
	facts := catalog.Facts{SKUs: []string{"M-1"}, Brands: []string{"Pot"}, Categories: []string{"Kitchen > Mugs"}, Tags: []string{"new"}}
	all := ""
	for _, kind := range []catalog.Kind{catalog.KindProduct, catalog.KindPage, catalog.KindFAQ} {
		for _, c := range []retrieval.Chunking{{}, {Target: 64, Max: 100}, {Target: 512, Max: 800}} {
			d := retrieval.Document{Kind: kind, Title: "Red mug", Body: body.String(), Facts: facts}
			all += fmt.Sprintf("%q\n", texts(retrieval.ChunkDocument(d, countWords, c)))
		}
	}
	if key := retrieval.KeyOf(all); key != "4b08dfd762f507392e17926e3a9c2309" {
		t.Errorf("documents are cut by other rules than version 0: %s", key)
	}
}

func ExampleNewChunking() {
	c, err := retrieval.NewChunking(512)
	fmt.Println(c, err)
	_, err = retrieval.NewChunking(10)
	fmt.Println(err)
	// Output:
	// 512 to 800 tokens <nil>
	// documents cannot be cut like that: chunks of 10 tokens, 64 to 1024 can be had
}
