package html_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/domain/catalog"
)

var helpPage = catalog.Page{
	ID: "51", Title: "Help", URL: "https://shop.example.com/help/", Status: catalog.Published,
	Updated: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
}

func faqs(t *testing.T, source string) []catalog.FAQ {
	t.Helper()
	p := helpPage
	p.HTML = source
	return html.New().FAQs(p)
}

// asText returns each question with the text of its answer.
func asText(t *testing.T, faqs []catalog.FAQ) []string {
	t.Helper()
	var out []string
	for _, f := range faqs {
		text, err := html.New().Text(f.Answer, f.URL)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f.Question+" = "+text)
	}
	return out
}

func TestFAQs(t *testing.T) {
	const ld = `<script type="application/ld+json">`
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"details":                  {`<details id="d1"><summary>Can I return it?</summary><p>Yes, <b>30 days</b>.</p><ul><li>free</li></ul></details>`, []string{"Can I return it? = Yes, 30 days.\n\n- free"}},
		"a summary with a heading": {`<details><summary><h3>Really?</h3></summary>Yes.</details>`, []string{"Really? = Yes."}},
		"no summary":               {`<details><p>Yes.</p></details>`, nil},
		"no answer":                {`<details><summary>Why?</summary> </details>`, nil},
		"details in details":       {`<details><summary>Shipping</summary><details><summary>How long?</summary>Two days.</details><details><summary>How much?</summary>5.</details></details>`, []string{"How long? = Two days.", "How much? = 5."}},
		"Yoast": {
			`<div class="schema-faq wp-block-yoast-faq-block"><div class="schema-faq-section" id="faq-question-1700000000000"><strong class="schema-faq-question">Do you gift-wrap?</strong> <p class="schema-faq-answer">Yes.<br>For free.</p> </div> <div class="schema-faq-section" id="faq-question-2"><strong class="schema-faq-question"><strong>And cards?</strong></strong> <p class="schema-faq-answer">Yes:</p><ul><li>small</li></ul></div></div>`,
			[]string{"Do you gift-wrap? = Yes.\nFor free.", "And cards? = Yes:\n\n- small"},
		},
		"Rank Math": {
			`<div id="rank-math-faq" class="rank-math-block"><div class="rank-math-list "><div id="faq-question-1" class="rank-math-list-item"><h3 class="rank-math-question ">Is it wool?</h3><div class="rank-math-answer "><p>Yes, merino.</p></div></div></div></div>`,
			[]string{"Is it wool? = Yes, merino."},
		},
		"WordPress accordion": {
			`<div class="wp-block-accordion"><div class="wp-block-accordion-item"><h3 class="wp-block-accordion-heading"><button type="button" class="wp-block-accordion-heading__toggle"><span class="wp-block-accordion-heading__toggle-title">Do you ship abroad?</span><span class="wp-block-accordion-heading__toggle-icon" aria-hidden="true">+</span></button></h3><div role="region" class="wp-block-accordion-panel" hidden="until-found"><p>To Norway.</p></div></div></div>`,
			[]string{"Do you ship abroad? = To Norway."},
		},
		"Elementor": {
			`<div class="elementor-accordion"><div class="elementor-accordion-item"><div id="elementor-tab-title-1" class="elementor-tab-title" data-tab="1" role="button"><span class="elementor-accordion-icon" aria-hidden="true"><i class="fas fa-plus">+</i></span><a class="elementor-accordion-title" tabindex="0">Opening hours?</a></div><div class="elementor-tab-content elementor-clearfix" style="display: none;"><p>Nine to five.</p></div></div></div>`,
			[]string{"Opening hours? = Nine to five."},
		},
		"Elementor, nested": {
			`<details class="e-n-accordion-item"><summary class="e-n-accordion-item-title"><span class='e-n-accordion-item-title-header'><div class="e-n-accordion-item-title-text"> Returns? </div></span><span class='e-n-accordion-item-title-icon'><svg><path/></svg></span></summary><div class="elementor-element e-con"><p>In 30 days.</p></div></details>`,
			[]string{"Returns? = In 30 days."},
		},
		"Divi":      {`<div class="et_pb_module et_pb_toggle et_pb_toggle_0 et_pb_toggle_item et_pb_toggle_close"><h5 class="et_pb_toggle_title">What size?</h5><div class="et_pb_toggle_content clearfix"><p>Measure.</p></div></div>`, []string{"What size? = Measure."}},
		"WPBakery":  {`<div class="vc_tta-panel" id="1" data-vc-content=".vc_tta-panel-body"><div class="vc_tta-panel-heading"><h4 class="vc_tta-panel-title"><a href="#1" data-vc-accordion><span class="vc_tta-title-text">Which wood?</span><i class="vc_tta-controls-icon"></i></a></h4></div><div class="vc_tta-panel-body"><div class="wpb_text_column"><p>Oak.</p></div></div></div>`, []string{"Which wood? = Oak."}},
		"Kadence":   {`<div class="wp-block-kadence-pane kt-accordion-pane"><div class="kt-accordion-header-wrap"><button class="kt-blocks-accordion-header"><span class="kt-blocks-accordion-title-wrap"><span class="kt-blocks-accordion-title">Is it safe?</span></span><span class="kt-blocks-accordion-icon-trigger"></span></button></div><div class="kt-accordion-panel kt-accordion-panel-hidden"><div class="kt-accordion-panel-inner"><p>Yes.</p></div></div></div>`, []string{"Is it safe? = Yes."}},
		"Spectra":   {`<div class="uagb-faq-child__outer-wrap"><div class="uagb-faq-item" role="tab"><div class="uagb-faq-questions-button uagb-faq-questions"><span class="uagb-icon"><svg></svg></span><span class="uagb-question">Vegan?</span></div><div class="uagb-faq-content"><p>Yes.</p></div></div></div>`, []string{"Vegan? = Yes."}},
		"Bootstrap": {`<div class="accordion-item"><h2 class="accordion-header"><button class="accordion-button" type="button">Warranty?</button></h2><div class="accordion-collapse collapse"><div class="accordion-body">Two years.</div></div></div>`, []string{"Warranty? = Two years."}},
		"microdata": {`<div itemscope itemtype="https://schema.org/FAQPage"><div itemscope itemprop="mainEntity" itemtype="https://schema.org/Question"><h3><span itemprop="name">Hot or cold?</span></h3><div itemscope itemprop="acceptedAnswer" itemtype="https://schema.org/Answer"><div itemprop="text">Cold.</div></div></div></div>`, []string{"Hot or cold? = Cold."}},
		"JSON-LD":   {ld + `{"@context":"https://schema.org","@type":"FAQPage","mainEntity":[{"@type":"Question","name":"A &amp; B?","acceptedAnswer":{"@type":"Answer","text":"<p>Both.</p>"}},{"@type":"Question","name":"C?","acceptedAnswer":[{"text":"&lt;p&gt;No.&lt;/p&gt;"}]},{"@type":"Question","name":"D?"}]}</script>`, []string{"A & B? = Both.", "C? = No."}},
		"JSON-LD graph": {
			ld + `{"@graph":[{"@type":["WebPage","FAQPage"],"mainEntity":[{"@id":"#q1"}]},{"@type":"Question","@id":"#q1","name":"One?","acceptedAnswer":{"text":"Yes."}}]}</script>`,
			[]string{"One? = Yes."},
		},
		"JSON-LD in the comments of old": {ld + "\n//<![CDATA[\n" + `{"@type":"https://schema.org/FAQPage","mainEntity":{"@type":"Question","name":"One?","acceptedAnswer":{"text":"Yes."}}}` + "\n//]]>\n</script>", []string{"One? = Yes."}},
		"a forum's":                      {ld + `{"@type":"QAPage","mainEntity":{"@type":"Question","name":"One?","acceptedAnswer":{"text":"I guess."}}}</script>`, nil},
		"broken JSON-LD":                 {ld + `{"@type":"FAQPage",</script><details><summary>A?</summary>B.</details>`, []string{"A? = B."}},
		"twice":                          {ld + `{"@type":"FAQPage","mainEntity":{"@type":"Question","name":"one","acceptedAnswer":{"text":"Hidden."}}}</script><details><summary>One?</summary>Shown.</details>`, []string{"One? = Shown."}},
		"in a menu":                      {`<nav><details><summary>Shop</summary><a href="/m/">Mugs</a></details></nav>`, nil},
		"not a question":                 {`<details><summary>` + strings.Repeat("long ", 80) + `</summary>x</details>`, nil},
		"an accordion without a header":  {`<div class="accordion-item"><p>x</p></div>`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := asText(t, faqs(t, c.in))
			if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestFAQsAreKnownByTheirPage(t *testing.T) {
	got := faqs(t, `<details id="ret urn"><summary>One?</summary>1</details><details id="two"><summary>Two?</summary>2</details>`)
	if len(got) != 2 || got[0].ID == got[1].ID || !strings.HasPrefix(got[0].ID, "51#") || !strings.HasPrefix(got[1].ID, "51#") {
		t.Fatalf("got %+v", got)
	}
	if got[0].URL != helpPage.URL || got[1].URL != helpPage.URL+"#two" || !got[0].Updated.Equal(helpPage.Updated) {
		t.Errorf("got %+v", got)
	}
	if again := faqs(t, `<details><summary>one</summary>another answer</details>`); again[0].ID != got[0].ID {
		t.Errorf("the same question is %s, then %s", got[0].ID, again[0].ID)
	}
}

func TestFAQsOfAPageThatIsNotForShoppers(t *testing.T) {
	p := helpPage
	p.HTML = `<details><summary>One?</summary>1</details>`
	for name, change := range map[string]func(*catalog.Page){
		"draft":         func(p *catalog.Page) { p.Status = catalog.Draft },
		"protected":     func(p *catalog.Page) { p.Protected = true },
		"too large":     func(p *catalog.Page) { p.HTML += strings.Repeat(" ", html.MaxBytes) },
		"a bad address": func(p *catalog.Page) { p.URL = "http://[::1" },
	} {
		hidden := p
		change(&hidden)
		if got := html.New().FAQs(hidden); got != nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := html.New().FAQs(p); len(got) != 1 {
		t.Errorf("the page itself has %d questions", len(got))
	}
}

func TestFAQsAreBounded(t *testing.T) {
	var b strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&b, "<details><summary>Question %d?</summary>Yes.</details>", i)
	}
	if got := faqs(t, b.String()); len(got) != 500 {
		t.Errorf("%d questions of one page, want 500", len(got))
	}
}

// Text has the question as a heading, whoever made the block.
func TestTextHeadsAnswersByTheirQuestions(t *testing.T) {
	for _, in := range []string{
		`<h2>FAQ</h2><div class="elementor-accordion-item"><div class="elementor-tab-title"><a>One?</a></div><div class="elementor-tab-content"><p>Yes.</p></div></div>`,
		`<h2>FAQ</h2><div class="kt-accordion-pane"><div class="kt-accordion-header-wrap"><button><span>One?</span></button></div><div><p>Yes.</p></div></div>`,
		`<h2>FAQ</h2><div class="accordion-item"><h3 class="accordion-header"><button>One?</button></h3><div>Yes.</div></div>`,
		`<h2>FAQ</h2><details><summary><h4>One?</h4></summary><p>Yes.</p></details>`,
	} {
		if got, err := html.New().Text(in, ""); err != nil || got != "## FAQ\n\n### One?\n\nYes." {
			t.Errorf("text of %s is\n%s\n%v", in, got, err)
		}
	}
}

func FuzzFAQs(f *testing.F) {
	for _, s := range []string{
		"<details><summary>a<details>b", `<div class="accordion-item"><button class="accordion-title">a</button>b`,
		`<script type="application/ld+json">{"@type":"FAQPage","mainEntity":[{"@type":"Question","name":"a","acceptedAnswer":{"text":"b"}}]}</script>`,
		`<div itemtype="http://schema.org/Question"><b itemprop=name>a</b>b`,
	} {
		f.Add(s)
	}
	text := html.New()
	f.Fuzz(func(t *testing.T, in string) {
		p := helpPage
		p.HTML = in
		seen := map[string]bool{}
		for _, q := range text.FAQs(p) {
			if !q.Shown() || seen[q.ID] || !strings.HasPrefix(q.ID, "51#") || strings.ContainsAny(q.Question, "\n\r") {
				t.Fatalf("no question: %+v", q)
			}
			seen[q.ID] = true
			if _, err := text.Text(q.Answer, q.URL); err != nil && len(q.Answer) <= html.MaxBytes {
				t.Fatalf("an answer that cannot be read: %v", err)
			}
		}
	})
}

func ExampleText_FAQs() {
	page := catalog.Page{
		ID: "51", URL: "https://shop.example.com/help/", Status: catalog.Published,
		HTML: `<h2>Orders</h2><details id="gift"><summary>Do you gift-wrap?</summary><p>Yes, for free.</p></details>`,
	}
	for _, f := range html.New().FAQs(page) {
		fmt.Println(f.Question, f.Answer, f.URL)
	}
	// Output: Do you gift-wrap? <p>Yes, for free.</p> https://shop.example.com/help/#gift
}
