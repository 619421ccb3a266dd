package html_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestHTMLText(t *testing.T) {
	porttest.HTMLText(t, func(*testing.T) ports.HTMLText { return html.New() })
}

func TestText(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"white space":            {"<p>a\n  b&nbsp;c</p>", "a b c"},
		"inline white space":     {"<p>a <b>b </b><i> c</i>d</p>", "a b cd"},
		"line break":             {"<p>a<br>b</p>", "a\nb"},
		"emphasis is dropped":    {"<p>so <strong>very</strong> good</p>", "so very good"},
		"old and new price":      {"<p><del>€129</del> <ins>€99</ins></p>", "~~€129~~ €99"},
		"superscript":            {"<p>200 g/m<sup>2</sup></p>", "200 g/m²"},
		"nested list":            {"<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n  - b\n- c"},
		"numbers":                {"<ol start=3><li>a</li><li></li><li>b</li></ol>", "3. a\n4. b"},
		"definitions":            {"<dl><dt>Fibre</dt><dd>Wool</dd></dl>", "- Fibre: Wool"},
		"block in inline":        {"<span><p>a</p><p>b</p></span>", "a\n\nb"},
		"quotation":              {"<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b"},
		"pre":                    {"<pre>a\n  ```\n</pre>", "````\na\n  ```\n````"},
		"heading with a block":   {"<h2><div>Care</div> <span>now</span></h2>", "## Care now"},
		"details":                {"<h2>Orders</h2><details><summary>Can I?</summary><p>Yes.</p></details><details><summary>May I?</summary><p>No.</p></details>", "## Orders\n\n### Can I?\n\nYes.\n\n### May I?\n\nNo."},
		"table with a caption":   {"<table><caption>Sizes</caption><thead><tr><td>A</td><td>B</td></tr></thead><tbody><tr><td>1</td><td>2|3</td></tr></tbody></table>", "Sizes\n\n| A | B |\n| --- | --- |\n| 1 | 2\\|3 |"},
		"table without a header": {"<table><tr><th>Weight</th><td>2 kg</td></tr></table>", "|  |  |\n| --- | --- |\n| Weight | 2 kg |"},
		"spans":                  {"<table><tr><th>A</th><th>B</th></tr><tr><td rowspan=2>x</td><td>1</td></tr><tr><td>2</td></tr><tr><td colspan=2>y</td></tr></table>", "| A | B |\n| --- | --- |\n| x | 1 |\n| x | 2 |\n| y |  |"},
		"layout table":           {"<table><tr><td><h2>A</h2><p>b</p></td><td>c</td></tr></table>", "## A\n\nb\n\nc"},
		"hidden":                 {`<p>a</p><p style="display: none">b</p><div hidden>c</div><span class="screen-reader-text">d</span>`, "a"},
		"invisible characters":   {"<p>so\u00ADcks\u200B \u202Eabc\U000E0041</p>", "socks abc"},
		"joiners stay":           {"<p>👩\u200D🚀</p>", "👩\u200D🚀"},
		"link":                   {`<a href="/a(b)">the [guide]</a>`, "[the (guide)](https://shop.example.com/a%28b%29)"},
		"link in the page":       {`<a href="#top">up</a>`, "up"},
		"link that is its text":  {`<a href="https://example.com/x">https://example.com/x</a>`, "https://example.com/x"},
		"mail and phone":         {`<a href="mailto:hi@example.com?subject=x">write</a> <a href="tel:+4755123456">+47 55 12 34 56</a>`, "write (hi@example.com) +47 55 12 34 56"},
		"link with a password":   {`<a href="https://user:pw@example.com/">x</a>`, "x"},
		"builder code":           {"[vc_raw_html]JTNDc2NyaXB0[/vc_raw_html]text", "text"},
		"enclosing shortcode":    {"[su box='1']in[/su] [x]y[/x] out [z]", "in y out [z]"},
		"not UTF-8":              {"<p>M\xf6bel</p>", "M\uFFFDbel"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := html.New().Text(c.in, "https://shop.example.com/product/x/")
			if err != nil || got != c.want {
				t.Errorf("text of %s\n got %q, %v\nwant %q", c.in, got, err, c.want)
			}
		})
	}
}

func TestTextRefuses(t *testing.T) {
	for name, c := range map[string]struct{ in, base string }{
		"too large":  {strings.Repeat("x", html.MaxBytes+1), ""},
		"too deep":   {strings.Repeat("<div>", 600), ""},
		"stray tags": {strings.Repeat("x</q>", html.MaxBytes/5), ""},
		"a bad base": {"x", "http://[::1"},
	} {
		if got, err := html.New().Text(c.in, c.base); !errors.Is(err, ports.ErrInvalid) || got != "" {
			t.Errorf("%s: got %.40q, %v; want ErrInvalid", name, got, err)
		}
	}
}

// A large table is no attack, though each cell has an end tag.
func TestTextTakesLargeTables(t *testing.T) {
	in := "<table><tr><th>EAN</th><th>Size</th></tr>" + strings.Repeat("<tr><td>2000041010134</td><td>36-39 EU</td></tr>", 30_000) + "</table>"
	got, err := html.New().Text(in, "")
	if err != nil || strings.Count(got, "\n") != 30_001 {
		t.Errorf("got %d lines, %v", strings.Count(got, "\n"), err)
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"<h1>a</h1><table><tr><td>b</table>", "[vc_row a='", "<ul><ol><li><p>x", "<a href=//x>y</a>", "<pre>```", "<td rowspan=9999 colspan=9999>"} {
		f.Add(s)
	}
	text := html.New()
	f.Fuzz(func(t *testing.T, in string) {
		got, err := text.Text(in, "https://shop.example.com/")
		if err != nil {
			if !errors.Is(err, ports.ErrInvalid) || got != "" {
				t.Fatalf("got %q with %v", got, err)
			}
			return
		}
		if !utf8.ValidString(got) || strings.TrimSpace(got) != got {
			t.Fatalf("text is not clean: %q", got)
		}
		if again, _ := text.Text(in, "https://shop.example.com/"); again != got {
			t.Fatalf("the same HTML gave %q and %q", got, again)
		}
	})
}

func ExampleNew() {
	text, err := html.New().Text(`<h2>Care</h2><ul><li>Wash cold, see <a href="/care/">our guide</a></li></ul>`, "https://shop.example.com/product/socks/")
	fmt.Println(text, err)
	// Output:
	// ## Care
	//
	// - Wash cold, see [our guide](https://shop.example.com/care/) <nil>
}
