package extractive_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/adapters/extractive"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/ports"
)

func ask(t *testing.T, question, locale string) string {
	t.Helper()
	c, err := extractive.New().Complete(t.Context(), chat.Prompt{Question: question, Evidence: shelf(), MaxTokens: 2000, Locale: locale}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Finish != chat.Complete {
		t.Errorf("finish: got %v, want %v", c.Finish, chat.Complete)
	}
	return c.Text
}

func TestAnswers(t *testing.T) {
	const (
		lead    = "From the shop's pages:\n\n"
		nearest = "Nothing on the shop's pages fits exactly. The nearest:\n\n"
		welcome = "I am this shop's AI assistant. Ask me about its products, prices, delivery or returns."
		nothing = "I could not find anything reliable about that on this shop's pages."
		storm   = "**Storm Jacket**, €97.42 (on sale, regular price €129.90), in stock [1]"
		times   = "Delivery takes 2-4 working days [5]. Country: Austria, Days: 3-5, Cost: €9.90 [5]. Country: France, Days: 4-6, Cost: €12.90 [5]."
		shell   = "**Rain Shell Jacket**, €79.00, in stock [2]"
	)
	for _, c := range []struct{ name, question, want string }{
		{"a sentence of a page", "How long does delivery take?", lead + times},
		{"another form of the word", "when will it be delivered", lead + times},
		{"a row of a table, with its columns", "How much is shipping to Austria?", lead + "Country: Austria, Days: 3-5, Cost: €9.90 [5]."},
		{"what stands below the heading that asks", "How do I return an item?", lead + "You have 30 days [6]. Write to us first, then send it unworn [6]."},
		{"a sentence with an abbreviation", "Who pays if it is broken?", lead + "We pay for faulty goods, e.g. a broken zip [6]. You pay otherwise [6]."},
		{"a product by name", "What does the Storm Jacket cost?", lead + storm},
		{"a product by code", "FJ-JKT-01", lead + storm + ". SKU: FJ-JKT-01 [1]."},
		{"a product's property", "Is the Camp Mug dishwasher safe?", lead + "**Camp Mug**, €14.90, out of stock [3]. Dishwasher safe [3]."},
		{"a product's text", "tell me about the storm jacket", lead + storm + ". Waterproof to 10,000 mm [1]."},
		{"one variation", "Is the trail shirt available in blue?", lead + "**Trail Shirt**, €49.00 – €54.00, in stock [4]. Color Blue, Size M, €49.00, in stock, SKU TR-SHT-BLU-M [4]."},
		{"several products", "Do you have a waterproof jacket?", lead + "- " + storm + ". Waterproof to 10,000 mm [1].\n- " + shell + ". A waterproof shell for summer [2]."},
		{"a bound and no word", "anything under 30 euros?", lead + "**Camp Mug**, €14.90, out of stock [3]"},
		{"a bound that some pass", "jackets under 80 euros in stock", lead + shell},
		{"a bound that none passes", "jackets under 20 euros", nearest + "- " + storm + "\n- " + shell},
		{"a product and a page", "do you ship the storm jacket to France?", lead + "- Country: France, Days: 4-6, Cost: €12.90 [5].\n- " + storm + ". Waterproof to 10,000 mm [1]."},
		{"nothing", "Do you sell laptops?", nothing},
		{"no word at all", "???", nothing},
		{"words of every question", "do you have any?", welcome},
		{"a greeting", "Good morning!", welcome},
		{"thanks", "ok, thank you very much", welcome},
		{"two products by name", "Compare the Storm Jacket and the Rain Shell Jacket", lead + "- " + shell + ". A waterproof shell for summer [2].\n- " + storm + ". Waterproof to 10,000 mm [1]."},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ask(t, c.question, "en-GB"); got != c.want {
				t.Errorf("%s\ngot:\n%s\nwant:\n%s", c.question, got, c.want)
			}
		})
	}
}

// The words around the quotes are in the shopper's language, and in each one
// they pass the gate with every state of stock.
func TestLanguages(t *testing.T) {
	for _, c := range []struct{ locale, stock, none string }{
		{"de-AT", "Von den Seiten des Shops:\n\n**Camp Mug**, €14.90, nicht vorrätig [3]", "Dazu habe ich"},
		{"fr", "Extrait des pages de la boutique :\n\n**Camp Mug**, €14.90, en rupture de stock [3]", "Je n’ai rien"},
		{"es_ES", "De las páginas de la tienda:\n\n**Camp Mug**, €14.90, agotado [3]", "No he encontrado"},
		{"it", "Dalle pagine del negozio:\n\n**Camp Mug**, €14.90, esaurito [3]", "Non ho trovato"},
		{"nl-NL", "Van de pagina’s van de winkel:\n\n**Camp Mug**, €14.90, niet op voorraad [3]", "Daarover heb ik"},
		{"pt", "From the shop's pages:\n\n**Camp Mug**, €14.90, out of stock [3]", "I could not find"},
		{"", "From the shop's pages:\n\n**Camp Mug**, €14.90, out of stock [3]", "I could not find"},
	} {
		if got := ask(t, "Camp Mug €?", c.locale); got != c.stock {
			t.Errorf("%q: got %q, want %q", c.locale, got, c.stock)
		}
		if got := ask(t, "xylophone", c.locale); !strings.HasPrefix(got, c.none) {
			t.Errorf("%q: got %q, want %q...", c.locale, got, c.none)
		}
	}
	if got := ask(t, "Habt ihr das und ist es von mir?", "de"); !strings.HasPrefix(got, "Dazu habe ich") {
		t.Errorf("words that every German question has found something: %q", got)
	}
}

func TestTheSameProductIsListedOnce(t *testing.T) {
	again := shop()[0]
	again.Ref.Seq, again.Text = 1, "The jacket has two pockets."
	ev := chat.EvidenceOf(append(shop()[:1], again), now())
	c, err := extractive.New().Complete(t.Context(), chat.Prompt{Question: "jacket with a hood", Evidence: ev, MaxTokens: 2000}, nil)
	if n := strings.Count(c.Text, "Storm Jacket"); err != nil || n != 1 {
		t.Errorf("named %d times, want once: %q, %v", n, c.Text, err)
	}
}

// A source that carries a number of its own must not cite another source.
func TestNumbersOfASourceAreNotCitations(t *testing.T) {
	if got := ask(t, "Should I write to you first?", ""); strings.Contains(got, "[2]") {
		t.Errorf("the page's own [2] came through: %q", got)
	}
}

func TestStreams(t *testing.T) {
	var got []string
	c, err := extractive.New().Complete(t.Context(), chat.Prompt{Question: "waterproof jacket", Evidence: shelf(), MaxTokens: 2000},
		func(piece string) error { got = append(got, piece); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if len(got) < 10 || strings.Join(got, "") != c.Text {
		t.Errorf("%d pieces %q, want at least 10 that make up %q", len(got), got, c.Text)
	}
	if c.Tokens != (chat.Tokens{CountedBy: chat.ByProvider}) || c.Model != extractive.Name {
		t.Errorf("got %+v of model %q, want no tokens, counted, of %q", c.Tokens, c.Model, extractive.Name)
	}
}

func TestEndsWhenToldTo(t *testing.T) {
	p := chat.Prompt{Question: "waterproof jacket", Evidence: shelf(), MaxTokens: 2000}
	t.Run("by emit", func(t *testing.T) {
		full := errors.New("full")
		n := 0
		c, err := extractive.New().Complete(t.Context(), p, func(string) error {
			if n++; n == 3 {
				return full
			}
			return nil
		})
		if !errors.Is(err, full) || n != 3 || c.Finish != 0 || c.Text == "" {
			t.Errorf("got %+v, %v after %d pieces, want the error of emit after 3", c, err, n)
		}
	})
	t.Run("by the context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c, err := extractive.New().Complete(ctx, p, func(string) error { cancel(); return nil })
		if !errors.Is(err, context.Canceled) || strings.Count(c.Text, " ") > 1 {
			t.Errorf("got %q, %v, want one word and context.Canceled", c.Text, err)
		}
		if c, err := extractive.New().Complete(ctx, p, nil); !errors.Is(err, context.Canceled) || c.Text != "" {
			t.Errorf("got %q, %v, want nothing and context.Canceled", c.Text, err)
		}
	})
	t.Run("by no room", func(t *testing.T) {
		p := p
		p.MaxTokens = 0
		_, err := extractive.New().Complete(t.Context(), p, nil)
		var me *ports.ModelError
		if !errors.Is(err, ports.ErrInvalid) || !errors.As(err, &me) || !me.Unspent {
			t.Errorf("got %v, want ErrInvalid with nothing spent", err)
		}
	})
}

// Whatever the cap, it is kept in bytes; what fits whole ends Complete, and
// what is cut says nothing that the whole does not.
func TestKeepsTheCap(t *testing.T) {
	for _, question := range []string{"waterproof jacket", "How much is shipping to Austria?", "laptops?"} {
		p := chat.Prompt{Question: question, Evidence: shelf()}
		for p.MaxTokens = 1; p.MaxTokens <= 300; p.MaxTokens += 13 {
			c, err := extractive.New().Complete(t.Context(), p, nil)
			if err != nil {
				t.Fatal(err)
			}
			if int64(len(c.Text)) > p.MaxTokens {
				t.Fatalf("%d bytes at MaxTokens %d: %q", len(c.Text), p.MaxTokens, c.Text)
			}
			if whole := strings.HasSuffix(c.Text, "].") || strings.HasSuffix(c.Text, "pages."); whole != (c.Finish == chat.Complete) {
				t.Errorf("MaxTokens %d: %q ends with %v", p.MaxTokens, c.Text, c.Finish)
			}
			passes(t, p, c.Text)
		}
	}
}

// passes checks that the gate shows text as it stands, however it is cut.
func passes(t *testing.T, p chat.Prompt, text string) {
	t.Helper()
	for _, size := range []int{5, len(text) + 1} {
		g := chat.NewGate(p.Evidence, p.Question)
		var shown strings.Builder
		for rest := text; rest != ""; {
			n := min(size, len(rest))
			shown.WriteString(g.Push(rest[:n]))
			rest = rest[n:]
		}
		shown.WriteString(g.Flush())
		if shown.String() != text || g.Withheld() != 0 {
			t.Fatalf("question %q: the gate withheld %d sentences\nsaid:  %q\nshown: %q", p.Question, g.Withheld(), text, shown.String())
		}
	}
}

func ExampleNew() {
	evidence := []chat.Evidence{{
		Citation: chat.Citation{Marker: 1, Title: "Shipping"},
		Text:     "Shipping costs €4.90. Delivery takes 2-4 working days.",
	}}
	c, err := extractive.New().Complete(context.Background(), chat.Prompt{
		Question: "How long does delivery take?", Evidence: evidence, MaxTokens: 600, Locale: "en",
	}, nil)
	fmt.Println(c.Text, err)
	// Output:
	// From the shop's pages:
	//
	// Delivery takes 2-4 working days [1]. <nil>
}

// What a question takes up from before is quoted on, not its own few words.
func TestAnswersWhatIsMeant(t *testing.T) {
	p := chat.Prompt{Question: "and in blue?", Meant: "Trail Shirt in blue", Evidence: shelf(), MaxTokens: 2000, Locale: "en-GB"}
	c, err := extractive.New().Complete(t.Context(), p, nil)
	if err != nil || !strings.Contains(c.Text, "Color Blue, Size M") || strings.Contains(c.Text, "Color Red") {
		t.Errorf("%v\n%s", err, c.Text)
	}
}
