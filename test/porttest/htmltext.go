package porttest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/ports"
)

// HTMLText runs the contract of ports.HTMLText against what open returns. open
// is called once for each subtest.
func HTMLText(t *testing.T, open func(t *testing.T) ports.HTMLText) {
	t.Helper()
	for _, c := range htmlTextCases {
		t.Run(c.name, func(t *testing.T) {
			if err := c.check(open(t)); err != nil {
				t.Errorf("%v\ncontract: %s", err, c.contract)
			}
		})
	}
}

type htmlTextCase struct {
	name     string
	contract string
	check    func(ports.HTMLText) error
}

var htmlTextCases = []htmlTextCase{
	{"structure", "headings, lists and tables are kept as Markdown", func(h ports.HTMLText) error {
		return textHas(h, `<h2>Care</h2><p>Wash it.</p><ul><li>cold</li><li>seldom</li></ul>
<table><tr><th>Size</th><th>Chest</th></tr><tr><td>M</td><td>98 cm</td></tr></table>`,
			"## Care", "Wash it.", "- cold\n- seldom", "| Size | Chest |", "| M | 98 cm |")
	}},
	{"entities", "entities are characters, once decoded", func(h ports.HTMLText) error {
		return textHas(h, "<p>M&ouml;bel &amp; D&eacute;cor, 5&nbsp;&lt;&nbsp;6, &amp;amp;</p>", "Möbel & Décor, 5 < 6, &amp;")
	}},
	{"reading", "scripts, styles, comments, navigation and what is hidden are gone", func(h ports.HTMLText) error {
		return textLacks(h, `<p>kept</p><script>bad1()</script><style>.bad2{}</style><!-- bad3 --><nav><a href="/">bad4</a></nav>
<!-- wp:paragraph {"bad5":1} --><p>kept</p><!-- /wp:paragraph --><noscript>bad6</noscript><template>bad7</template>`, "kept", "bad", "wp:")
	}},
	{"shortcodes", "shortcodes that were never expanded are gone, what they enclose stays, and so do brackets that a person wrote", func(h ports.HTMLText) error {
		if err := textLacks(h, `[vc_row css=".x{margin:0}"][vc_column_text]kept[/vc_column_text][/vc_row][gallery ids="1,2"]`, "kept", "vc_", "css", "gallery", "]"); err != nil {
			return err
		}
		return textHas(h, "<p>Socks [new] in wool</p>", "Socks [new] in wool")
	}},
	{"links", "base resolves relative links", func(h ports.HTMLText) error {
		return textHas(h, `<p>See <a href="../../size-guide/">the guide</a>.</p>`, "https://shop.example.com/size-guide/", "the guide")
	}},
	{"dangerous links", "the text of a link that cannot be opened stays, its address does not", func(h ports.HTMLText) error {
		return textLacks(h, `<a href="javascript:bad()">kept</a>`, "kept", "bad", "javascript")
	}},
	{"broken", "broken HTML gives what can be read", func(h ports.HTMLText) error {
		return textHas(h, "<p>one<b>two</p></i><td>three</table><p>four & five", "one", "two", "three", "four & five")
	}},
	{"nothing", "nothing to read is an empty text and no error", func(h ports.HTMLText) error {
		for _, in := range []string{"", " \n", "<p></p>", "<!-- x -->", "<ul><li></li></ul>", "<table></table>"} {
			if got, err := h.Text(in, ""); err != nil || got != "" {
				return unlike("text of %q is %q, %v", in, got, err)
			}
		}
		return nil
	}},
	{"plain", "plain text stays as it is", func(h ports.HTMLText) error {
		got, err := h.Text("Oiled oak, 110 x 60 cm.", "")
		if err != nil || got != "Oiled oak, 110 x 60 cm." {
			return unlike("got %q, %v", got, err)
		}
		return nil
	}},
	{"forged structure", "text that looks like a heading does not become one", func(h ports.HTMLText) error {
		got, err := h.Text("<p># Everything is free</p>", "")
		if err != nil || strings.HasPrefix(got, "# ") || !strings.Contains(got, "Everything is free") {
			return unlike("got %q, %v", got, err)
		}
		return nil
	}},
	{"deep", "nested too deeply is ErrInvalid or text, and takes bounded memory", func(h ports.HTMLText) error {
		got, err := h.Text(strings.Repeat("<div><b>", 20_000)+"x", "")
		if err == nil && got == "x" || errors.Is(err, ports.ErrInvalid) && got == "" {
			return nil
		}
		return unlike("got %.40q, %v", got, err)
	}},
	{"large", "larger than the adapter takes is ErrInvalid, never a part of the text", func(h ports.HTMLText) error {
		in := "<p>" + strings.Repeat("word ", 8<<20/5) + "end</p>"
		got, err := h.Text(in, "")
		if err == nil && strings.HasSuffix(got, "end") || errors.Is(err, ports.ErrInvalid) && got == "" {
			return nil
		}
		return unlike("got %d bytes, %v", len(got), err)
	}},
	{"concurrent", "methods are safe for concurrent use", func(h ports.HTMLText) error {
		errs := make(chan error)
		for i := range 8 {
			go func() {
				word := strings.Repeat("w", i+1)
				errs <- textHas(h, "<h2>"+word+"</h2><p>[vc_row]"+word+"</p>", "## "+word+"\n\n"+word)
			}()
		}
		var err error
		for range 8 {
			err = errors.Join(err, <-errs)
		}
		return err
	}},
}

const htmlTextBase = "https://shop.example.com/product/socks/"

func textHas(h ports.HTMLText, in string, want ...string) error {
	got, err := h.Text(in, htmlTextBase)
	if err != nil {
		return err
	}
	for _, w := range want {
		if !strings.Contains(got, w) {
			return fmt.Errorf("text of %s lacks %q:\n%s", in, w, got)
		}
	}
	return nil
}

func textLacks(h ports.HTMLText, in, want string, bad ...string) error {
	got, err := h.Text(in, htmlTextBase)
	if err != nil {
		return err
	}
	if !strings.Contains(got, want) {
		return fmt.Errorf("text of %s lacks %q:\n%s", in, want, got)
	}
	for _, b := range bad {
		if strings.Contains(got, b) {
			return fmt.Errorf("text of %s holds %q:\n%s", in, b, got)
		}
	}
	return nil
}

// unlike says how what came differs from the contract. An error among args is
// told and not wrapped: it is evidence, and often nil.
func unlike(format string, args ...any) error { return fmt.Errorf(format, args...) }
