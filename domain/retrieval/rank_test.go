package retrieval_test

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/quick"
	"unicode"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

func TestTokens(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"  -- !?", ""},
		{"The Blue T-Shirts", "the blue t shirt"},
		{"Größe, GRÖSSE ﬀ", "grosse grosse ﬀ"},
		{"Café cafe\u0301 Ångström œuvre Łódź Đà Nẵng", "cafe cafe angstrom oeuvre lodz da nang"},
		{"Men's women’s children l'eau d’été don't 'quoted'", "men woman child l eau d ete dont quoted"},
		{"dresses boxes watches brushes hoodies hoodie movies ties shoes gloves glass bus", "dress box watch brush hoody hoody movy tie shoe glove glass bus"},
		{"scarves knives sizes jeans", "scarf knife size jean"},
		{"AB-12/x 3.5mm", "ab 12 x 3 5mm"},
		{"防水ブーツ 靴 size42靴", "防水 水ブ ブー ーツ 靴 size42 靴"},
		{"ΆΈΣ ёлка दुनिया", "αεσ елка दुनिया"},
		{"ＡＢ１", "ab1"},
		{`"AND (`, "and"},
	} {
		if got := strings.Join(retrieval.Tokens(c.text), " "); got != c.want {
			t.Errorf("Tokens(%q): got %q, want %q", c.text, got, c.want)
		}
	}
}

func FuzzTokens(f *testing.F) {
	for _, s := range []string{"a'b''c", "\u0301x", "\xffa\xfe", "é\u200dx", "ßẞ", "ー'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, tok := range retrieval.Tokens(text) {
			if tok == "" || strings.ContainsFunc(tok, func(r rune) bool {
				return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) || 'A' <= r && r <= 'Z'
			}) {
				t.Fatalf("Tokens(%q) has %q", text, tok)
			}
		}
		if n := len(retrieval.QueryTokens(text)); n > retrieval.MaxQueryTokens {
			t.Fatalf("QueryTokens: got %d", n)
		}
	})
}

func TestQueryTokens(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"Do you have the blue, blue jackets?", "blue jacket"},
		{"what is it", "what is it"},
		{"", ""},
	} {
		if got := strings.Join(retrieval.QueryTokens(c.text), " "); got != c.want {
			t.Errorf("QueryTokens(%q): got %q, want %q", c.text, got, c.want)
		}
	}
}

func TestKeys(t *testing.T) {
	for _, same := range [][2]string{{"AB-12", "ab12"}, {"AB 12", "ab_12"}, {"ÄB.1", "äb1"}} {
		if a, b := retrieval.CodeKey(same[0]), retrieval.CodeKey(same[1]); a != b || a == "" {
			t.Errorf("CodeKey of %q and %q: got %q and %q", same[0], same[1], a, b)
		}
	}
	if retrieval.CodeKey("--") != "" || retrieval.TitleKey("?!") != "" {
		t.Error("the key of nothing is not empty")
	}
	if a, b := retrieval.TitleKey("Blue T-Shirt"), retrieval.TitleKey("blue t shirts!"); a != b {
		t.Errorf("TitleKey: got %q and %q", a, b)
	}
}

func found(docs ...string) []retrieval.Found {
	var out []retrieval.Found
	for i, d := range docs {
		out = append(out, retrieval.Found{Ref: ref(d), Score: float64(-i)})
	}
	return out
}

func ref(doc string) retrieval.PassageRef {
	return retrieval.PassageRef{Document: retrieval.DocumentID(doc), Revision: "r"}
}

func order(ps []retrieval.Passage) string {
	var out []string
	for _, p := range ps {
		out = append(out, string(p.Ref.Document))
	}
	return strings.Join(out, " ")
}

func TestFuse(t *testing.T) {
	exact := []retrieval.PassageRef{ref("z")}
	scored := func(pairs ...any) []retrieval.Found {
		var out []retrieval.Found
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, retrieval.Found{Ref: ref(pairs[i].(string)), Score: pairs[i+1].(float64)})
		}
		return out
	}
	for _, c := range []struct {
		name  string
		f     retrieval.Finds
		w     retrieval.FusionWeights
		limit int
		want  string
	}{
		{name: "nothing", limit: 5},
		{name: "words alone keep their order", f: retrieval.Finds{Lexical: found("b", "a", "c"), Possible: 1}, limit: 5, want: "b a c"},
		{name: "meaning alone keeps its order", f: retrieval.Finds{Dense: found("b", "a", "c")}, limit: 5, want: "b a c"},
		{
			name: "meaning has no say where words find all", limit: 5, want: "a b c d",
			f: retrieval.Finds{Lexical: scored("a", 10.0, "b", 9.9), Possible: 10, Dense: scored("c", 0.9, "b", 0.8, "d", 0.1)},
		},
		{
			name: "and leads where they find little", limit: 5, want: "c b a d",
			f: retrieval.Finds{Lexical: scored("a", 1.0, "b", 0.9), Possible: 10, Dense: scored("c", 0.9, "b", 0.7, "d", 0.1)},
		},
		{
			name: "both arms beat one", limit: 5, want: "b a c",
			f: retrieval.Finds{Lexical: scored("a", 4.0, "b", 3.9), Possible: 10, Dense: scored("b", 0.9, "c", 0.1)},
		},
		{
			name: "a weight of nothing silences meaning", limit: 5, want: "a b c",
			f: retrieval.Finds{Lexical: scored("a", 1.0, "b", 0.9), Possible: 10, Dense: scored("c", 0.9, "b", 0.8)}, w: retrieval.FusionWeights{Lexical: 1},
		},
		{name: "equal scores tie by document", f: retrieval.Finds{Dense: scored("c", 0.5, "b", 0.5, "a", 0.5)}, limit: 5, want: "a b c"},
		{
			name: "exact first, found or not", limit: 5, want: "z a b",
			f: retrieval.Finds{Lexical: scored("a", 10.0, "b", 9.0), Possible: 10, Dense: scored("a", 0.9), Exact: exact},
		},
		{name: "of the exact, the better first", limit: 5, want: "b z", f: retrieval.Finds{Lexical: scored("b", 1.0), Exact: append(exact, ref("b"))}},
		{
			name: "less than nothing is last, and in order", limit: 5, want: "a b c",
			f: retrieval.Finds{Lexical: scored("a", -1.0, "b", -2.0, "c", -3.0), Possible: 10},
		},
		{name: "limit", f: retrieval.Finds{Lexical: found("a", "b", "c")}, limit: 2, want: "a b"},
		{name: "no limit to speak of", f: retrieval.Finds{Lexical: found("a")}, limit: -1, want: ""},
	} {
		if got := order(retrieval.Fuse(c.f, c.w, c.limit)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	ps := retrieval.Fuse(retrieval.Finds{Lexical: scored("a", 5.0, "b", 4.0), Possible: 10, Dense: scored("b", 0.5), Exact: exact}, retrieval.FusionWeights{}, 5)
	want := map[string]retrieval.Arms{"z": {Exact: true}, "b": {Lexical: 2, Dense: 1, Words: 0.4, Cosine: 0.5}, "a": {Lexical: 1, Words: 0.5}}
	for _, p := range ps {
		if p.Arms != want[string(p.Ref.Document)] {
			t.Errorf("Arms of %s: got %+v", p.Ref.Document, p.Arms)
		}
	}
	// Half of the question is found: 4/10 by words, and meaning times (1/2)^4.
	if a, b := ps[1], ps[2]; a.Ref.Document != "a" || math.Abs(a.Score-0.5) > 1e-12 || math.Abs(b.Score-(0.4+1.0/16)) > 1e-12 {
		t.Errorf("scores: got %v of %s and %v, want 0.5 and 0.4 + 1/16", a.Score, a.Ref.Document, b.Score)
	}
}

func TestConfidence(t *testing.T) {
	one := []retrieval.Found{{Score: 3}}
	for _, c := range []struct {
		name string
		f    retrieval.Finds
		want float64
	}{
		{"no words", retrieval.Finds{Possible: 10}, 0},
		{"three of ten", retrieval.Finds{Lexical: one, Possible: 10}, 0.3},
		{"more than is possible", retrieval.Finds{Lexical: one, Possible: 2}, 1},
		{"not known", retrieval.Finds{Lexical: one}, 0.5},
		{"less than nothing", retrieval.Finds{Lexical: []retrieval.Found{{Score: -1}}, Possible: 10}, 0},
	} {
		if got := c.f.Confidence(); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// TestPossible: no chunk has more, and a word that is nowhere counts, too.
func TestPossible(t *testing.T) {
	c := retrieval.Collection{Chunks: 100, Tokens: 1000}
	most := c.BM25(10, 1e9, 0) + c.BM25(3, 1e9, 0)
	if got := c.Possible(10, 3); got < most || got > most*1.01 {
		t.Errorf("got %v, want %v", got, most)
	}
	if c.Possible(10, 0) <= c.Possible(10) || c.Possible(0) != c.Possible(1) || c.Possible() != 0 {
		t.Error("a word that is nowhere is not counted as one that is in one chunk")
	}
	if got := (retrieval.Collection{}).Possible(0); math.IsNaN(got) || math.IsInf(got, 0) || got < 0 {
		t.Errorf("of an empty site: got %v", got)
	}
}

func TestFuseIsSortedAndUnique(t *testing.T) {
	pick := func(which []uint8) []retrieval.Found {
		var out []retrieval.Found
		for _, w := range which {
			out = append(out, retrieval.Found{Ref: retrieval.PassageRef{Document: retrieval.DocumentID('a' + rune(w%8)), Seq: int(w / 64)}, Score: float64(w) - 20})
		}
		return retrieval.Best(out, len(out))
	}
	err := quick.Check(func(a, b, e []uint8, possible, limit uint8) bool {
		f := retrieval.Finds{Lexical: pick(a), Possible: float64(possible), Dense: pick(b)}
		for _, h := range pick(e) {
			f.Exact = append(f.Exact, h.Ref)
		}
		ps := retrieval.Fuse(f, retrieval.FusionWeights{}, int(limit))
		seen := map[retrieval.PassageRef]bool{}
		for i, p := range ps {
			if seen[p.Ref] || i > 0 && p.Score > ps[i-1].Score || i > 0 && p.Arms.Exact && !ps[i-1].Arms.Exact || p.Arms == (retrieval.Arms{}) {
				return false
			}
			seen[p.Ref] = true
		}
		return len(ps) <= int(limit)
	}, nil)
	if err != nil {
		t.Error(err)
	}
}

func TestBest(t *testing.T) {
	in := []retrieval.Found{{Ref: ref("b"), Score: 1}, {Ref: ref("c"), Score: 2}, {Ref: ref("a"), Score: 1}}
	var got []string
	for _, f := range retrieval.Best(in, 2) {
		got = append(got, string(f.Ref.Document))
	}
	if !slices.Equal(got, []string{"c", "a"}) {
		t.Errorf("got %v, want c a", got)
	}
}

func TestBM25(t *testing.T) {
	c := retrieval.Collection{Chunks: 100, Tokens: 1000}
	base := c.BM25(10, 1, 10)
	for _, tt := range []struct {
		name string
		got  float64
		more bool
	}{
		{"a rarer word", c.BM25(2, 1, 10), true},
		{"a word in a better field", c.BM25(10, retrieval.FieldTitle.Weight(), 10), true},
		{"a shorter chunk", c.BM25(10, 1, 5), true},
		{"a word in every chunk", c.BM25(100, 1, 10), false},
		{"a longer chunk", c.BM25(10, 1, 50), false},
	} {
		if (tt.got > base) != tt.more || tt.got <= 0 {
			t.Errorf("%s: got %v beside %v", tt.name, tt.got, base)
		}
	}
	// idf ln(1 + 90.5/10.5) and a length of the mean: 2.2 * 1 / (1 + 1.2).
	if want := math.Log(1 + 90.5/10.5); math.Abs(base-want) > 1e-12 {
		t.Errorf("got %v, want %v", base, want)
	}
	if (retrieval.Collection{}).BM25(1, 1, 1) != 0 || c.BM25(0, 1, 1) != 0 || c.BM25(1, 0, 1) != 0 {
		t.Error("nothing scores more than nothing")
	}
}

func TestVectors(t *testing.T) {
	u := retrieval.Unit([]float32{3, 4, 0, 0, 0})
	if math.Abs(retrieval.Dot(u, u)-1) > 1e-6 || u[0] != 0.6 {
		t.Errorf("Unit: got %v", u)
	}
	if z := retrieval.Unit(make([]float32, 3)); retrieval.Dot(z, z) != 0 {
		t.Errorf("Unit of zeros: got %v", z)
	}
	big := retrieval.Unit([]float32{math.MaxFloat32, math.MaxFloat32})
	if !retrieval.Finite(big) || math.Abs(retrieval.Dot(big, big)-1) > 1e-6 {
		t.Errorf("Unit of large numbers: got %v", big)
	}
	if retrieval.Finite([]float32{1, float32(math.NaN())}) || retrieval.Finite([]float32{float32(math.Inf(-1))}) || !retrieval.Finite(nil) {
		t.Error("Finite is wrong")
	}
}

func TestPack(t *testing.T) {
	passage := func(doc string, seq int, kind catalog.Kind, text string) retrieval.Passage {
		return retrieval.Passage{Ref: retrieval.PassageRef{Document: retrieval.DocumentID(doc), Seq: seq}, Kind: kind, Text: text}
	}
	long := strings.Repeat("long text here ", 10)
	ps := []retrieval.Passage{
		passage("a", 0, catalog.KindPage, "returns within thirty days of the delivery"),
		passage("a", 1, catalog.KindPage, "refunds go to the card that paid"),
		passage("a", 2, catalog.KindPage, "exchanges are free in our stores"),
		passage("b", 0, catalog.KindPage, "Returns within 30 days of the delivery, thirty days"),
		passage("c", 0, catalog.KindPage, long),
		passage("d", 0, catalog.KindProduct, "a mug that holds a lot of tea"),
		passage("e", 0, catalog.KindProduct, "a mug that holds a lot of tea"),
		passage("d", 0, catalog.KindProduct, "the same again"),
	}
	cost := func(p retrieval.Passage) int64 { return int64(len(strings.Fields(p.Text))) }
	show := func(ps []retrieval.Passage) string {
		var out []string
		for _, p := range ps {
			out = append(out, string(p.Ref.Document)+string(rune('0'+p.Ref.Seq)))
		}
		return strings.Join(out, " ")
	}
	for _, c := range []struct {
		name   string
		budget int64
		o      retrieval.PackOptions
		want   string
	}{
		{"two of a document, no repetition, products stay apart", 1000, retrieval.PackOptions{Similar: 0.7}, "a0 a1 c0 d0 e0"},
		{"what is too large is passed over", 33, retrieval.PackOptions{Similar: 0.7}, "a0 a1 d0 e0"},
		{"one of a document", 1000, retrieval.PackOptions{PerDocument: 1, Similar: 0.7}, "a0 c0 d0 e0"},
		{"at most", 1000, retrieval.PackOptions{Passages: 2}, "a0 a1"},
		{"no room", 2, retrieval.PackOptions{}, ""},
	} {
		if got := show(retrieval.Pack(ps, c.budget, cost, c.o)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestInterleave(t *testing.T) {
	list := func(docs ...string) []retrieval.Passage {
		var out []retrieval.Passage
		for _, d := range docs {
			out = append(out, retrieval.Passage{Ref: ref(d)})
		}
		return out
	}
	if got := order(retrieval.Interleave(list("a", "b", "c"), list("x", "a"), nil)); got != "a x b c" {
		t.Errorf("got %q", got)
	}
}

func TestFieldTokens(t *testing.T) {
	e := retrieval.Entry{Title: "Mug", Facts: catalog.Facts{
		Brands: []string{"Pot"}, Categories: []string{"Kitchen > Mugs"}, Tags: []string{"gift"},
		Attributes: []catalog.Attribute{{Name: "Colour", Values: []string{"Red"}}},
	}}
	c := retrieval.Chunk{Heading: "Care", Text: "Wash it"}
	var got [][]string
	for _, f := range retrieval.Fields() {
		got = append(got, retrieval.FieldTokens(f, e, c))
	}
	want := [][]string{{"mug"}, {"pot"}, {"red"}, {"kitchen", "mug", "gift"}, {"care", "wash", "it"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func ExampleFuse() {
	lexical := []retrieval.Found{{Ref: retrieval.PassageRef{Document: "product:1"}, Score: 9}, {Ref: retrieval.PassageRef{Document: "product:2"}, Score: 4}}
	dense := []retrieval.Found{{Ref: retrieval.PassageRef{Document: "product:2"}, Score: 0.8}}
	found := retrieval.Finds{Lexical: lexical, Possible: 40, Dense: dense}
	for _, p := range retrieval.Fuse(found, retrieval.DefaultFusionWeights(), 10) {
		fmt.Println(p.Ref.Document, p.Arms.Lexical, p.Arms.Dense)
	}
	// Output:
	// product:2 2 1
	// product:1 1 0
}

func ExamplePack() {
	passages := []retrieval.Passage{
		{Ref: retrieval.PassageRef{Document: "page:returns"}, Text: "Send it back within thirty days."},
		{Ref: retrieval.PassageRef{Document: "page:terms"}, Text: "Send it back within thirty days!"},
		{Ref: retrieval.PassageRef{Document: "page:shipping"}, Text: "We ship to Austria."},
	}
	cost := func(p retrieval.Passage) int64 { return int64(len(p.Text)) }
	for _, p := range retrieval.Pack(passages, 60, cost, retrieval.PackOptions{}) {
		fmt.Println(p.Ref.Document)
	}
	// Output:
	// page:returns
	// page:shipping
}
