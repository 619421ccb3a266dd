package retrieval_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// campShop returns the words of a small shop.
func campShop() (retrieval.Vocabulary, *retrieval.Lexicon) {
	f := catalog.Facts{
		Categories: []string{"Jackets", "Tents"}, Brands: []string{"Nordvik"}, SKUs: []string{"TNT-XLA"},
		Attributes: []catalog.Attribute{{Name: "Material", Values: []string{"Leather", "Merino wool"}}},
		Offers:     []catalog.Offer{{Regular: catalog.Money{Minor: 100, Currency: "EUR", Exponent: 2}}},
	}
	l := &retrieval.Lexicon{}
	l.AddFacts("Storm Jacket", f)
	l.Add("A waterproof jacket, warm as a sleeping bag. Tents and stoves for trails. Fire and stick. Lederjacke, Größe, Regenjacken. Delivery to your home. " +
		"Trailhead trail trail trial. Soft boots.")
	return retrieval.NewVocabulary(f), l
}

func TestRespell(t *testing.T) {
	v, l := campShop()
	isWord := func(w string) bool { return w == "sofa" || w == "tents" || w == "tend" }
	for _, c := range []struct{ question, want string }{
		{"a jaket", "a jacket"}, // one too few
		{"a jackket?", "a jacket?"},
		{"Watterproof jakcet!", "waterproof jacket!"}, // one too many, two turned round
		{"waterprof jacket", "waterproof jacket"},
		{"a watrprof jacket", "a waterproof jacket"}, // two slips in a long word
		{"slaeping bag", "sleeping bag"},
		{"cheapest jaket under 50", "cheapest jacket under 50"},
		{"delivry to Norway", "delivery to Norway"},
		{"nordvic boots", "nordvik boots"},
		{"merino wol", "merino wol"}, // three letters
		{"lederjake", "lederjacke"},
		{"Regenjackn", "regenjacken"},

		// What is right, or no slip, stays as it is.
		{"", ""},
		{"a jacket and TENTS", "a jacket and TENTS"},
		{"a sofa", "a sofa"},
		{"a tend", "a tend"},
		{"firestick", "firestick"}, // both parts are there
		{"TNT-XLB", "TNT-XLB"},
		{"jaket2", "jaket2"},
		{"j4ket", "j4ket"},
		{"write to jaket@example.com or https://example.com/jaket", "write to jaket@example.com or https://example.com/jaket"},
		{"jaket.de", "jaket.de"},
		{"haben Sie welche", "haben Sie welche"},
		{"quanto costa questo", "quanto costa questo"},
		{"テント", "テント"},
		{"xylophone quartet", "xylophone quartet"},
		{"\xff jaket", "\xff jaket"},
	} {
		got, read := retrieval.Respell(c.question, v, l, isWord)
		if got != c.want {
			t.Errorf("%q: read as %q (%v), want %q", c.question, got, read, c.want)
		}
		if (len(read) > 0) != (got != c.question) {
			t.Errorf("%q: read as %q, and says %v", c.question, got, read)
		}
	}
}

// Of words that are equally near, that one is meant which has the right first
// letter, and then the one that the shop uses oftener.
func TestRespellPrefers(t *testing.T) {
	_, l := campShop()
	if got, _ := retrieval.Respell("trailx", retrieval.Vocabulary{}, l, nil); got != "trail" {
		t.Errorf("read as %q", got)
	}
	var two retrieval.Lexicon
	two.Add("bikes bikes bikes bikes hikes")
	if got, _ := retrieval.Respell("hiken bikex", retrieval.Vocabulary{}, &two, nil); got != "hikes bikes" {
		t.Errorf("read as %q", got)
	}
	if got, _ := retrieval.Respell("xikes", retrieval.Vocabulary{}, &two, nil); got != "bikes" {
		t.Errorf("read as %q", got)
	}
}

// A question has at most four slips.
func TestRespellIsBounded(t *testing.T) {
	v, l := campShop()
	_, read := retrieval.Respell(strings.Repeat("jaket ", 100), v, l, nil)
	if len(read) != 4 {
		t.Errorf("%d words are read as others", len(read))
	}
}

func TestLexicon(t *testing.T) {
	_, l := campShop()
	for _, w := range []string{"jacket", "jackets", "leather", "material", "nordvik", "grosse", "stove"} {
		if !l.Knows(w) {
			t.Errorf("does not know %q", w)
		}
	}
	for _, w := range []string{"jaket", "tnt", "lamp"} {
		if l.Knows(w) {
			t.Errorf("knows %q", w)
		}
	}
}

// FuzzRespell: whatever is asked, what comes out is text of about that length,
// words of the shop stay, and what was read is found in both.
// The words of another language than English are known to nobody here, so that
// what begins with another letter, or is short, is left alone.
func TestRespellInAnotherLanguage(t *testing.T) {
	v, l := campShop()
	for language, want := range map[string]string{"en": "jacket waterproof soft", "de": "hacket waterproof soff"} {
		if got, _ := retrieval.Respell("hacket waterprof soff", v.For(language), l, nil); got != want {
			t.Errorf("%s: %q, want %q", language, got, want)
		}
	}
}

func FuzzRespell(f *testing.F) {
	v, l := campShop()
	for _, s := range []string{"a jaket", "Watterproof jakcet under 30", "TNT-XLA jaket", "jäcket ŧ", "l'jaket's", strings.Repeat("jaket ", 30)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, question string) {
		got, read := retrieval.Respell(question, v, l, nil)
		if again, _ := retrieval.Respell(question, v, l, nil); again != got {
			t.Fatalf("%q is read as %q and as %q", question, got, again)
		}
		if len(read) > 4 || len(read) == 0 && got != question || utf8.ValidString(question) != utf8.ValidString(got) {
			t.Fatalf("%q: read as %q, %v", question, got, read)
		}
		for _, r := range read {
			if !strings.Contains(question, r.From) || !strings.Contains(got, r.To) || !l.Knows(r.To) || l.Knows(strings.ToLower(r.From)) {
				t.Fatalf("%q: %v", question, r)
			}
		}
		if n, m := utf8.RuneCountInString(got), utf8.RuneCountInString(question); n > m+8 || m > n+8 {
			t.Fatalf("%q: read as %q", question, got)
		}
	})
}

// Every slip of one letter in a long word is read as that word again, if no other
// is as near.
func TestRespellMendsEverySlip(t *testing.T) {
	var l retrieval.Lexicon
	l.Add("waterproof")
	r := rand.New(rand.NewPCG(1, 2))
	word := []rune("waterproof")
	for at := range word {
		for range 20 {
			letter := rune('a' + r.IntN(26))
			for _, wrong := range []string{
				string(word[:at]) + string(word[at+1:]),
				string(word[:at]) + string(letter) + string(word[at:]),
				string(word[:at]) + string(letter) + string(word[at+1:]),
				string(word[:at]) + string(word[min(at+1, len(word)-1)]) + string(word[at]) + string(word[min(at+2, len(word)):]),
			} {
				if got, _ := retrieval.Respell(wrong, retrieval.Vocabulary{}, &l, nil); got != "waterproof" {
					t.Fatalf("%q is read as %q", wrong, got)
				}
			}
		}
	}
}

func ExampleRespell() {
	var shop retrieval.Lexicon
	shop.Add("A waterproof jacket.")
	question, read := retrieval.Respell("a waterprof jaket", retrieval.Vocabulary{}, &shop, nil)
	fmt.Println(question)
	for _, r := range read {
		fmt.Println(r)
	}
	// Output:
	// a waterproof jacket
	// read waterprof as waterproof
	// read jaket as jacket
}

// manyWords returns n words that look like words.
func manyWords(n int) []string {
	parts := []string{"ka", "re", "sto", "li", "ven", "mar", "do", "pla", "ter", "shi", "no", "gra", "bu", "sen", "tic", "wel"}
	r := rand.New(rand.NewPCG(3, 4))
	out := make([]string, n)
	for i := range out {
		var b strings.Builder
		for range 2 + r.IntN(4) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		out[i] = b.String() + string(rune('a'+r.IntN(26)))
	}
	return out
}

// BenchmarkRespell puts one word right among 100,000.
func BenchmarkRespell(b *testing.B) {
	var l retrieval.Lexicon
	l.Add(strings.Join(manyWords(150_000), " "))
	for _, word := range []string{"stovenqx", "marterplaxshiq"} {
		b.Run(fmt.Sprintf("%s of %d", word, l.Len()), func(b *testing.B) {
			start := time.Now()
			for b.Loop() {
				retrieval.Respell("do you have "+word, retrieval.Vocabulary{}, &l, nil)
			}
			b.ReportMetric(float64(time.Since(start).Microseconds())/float64(b.N), "µs/question")
		})
	}
}
