package html_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/ports"
)

// Two megabytes that were made to be read for ever. Each took minutes or made a
// hundred times its size before it was bounded. What is measured is what was
// allocated, for time depends on the machine; the time is to catch what runs on
// the spot.
func TestTextIsBounded(t *testing.T) {
	if testing.Short() || raceDetector {
		t.Skip("takes some seconds, and minutes with the race detector, which has pools drop what they hold: .ci/run has a stage without it")
	}
	words := strings.Repeat("x ", 500_000)
	lines := strings.Repeat("a<br>", 400_000)
	for name, c := range map[string]struct {
		in      string
		refused bool
	}{
		"quotations":          {strings.Repeat("<blockquote>", 500) + lines, true},
		"lists":               {strings.Repeat("<ul><li>", 240) + lines, true},
		"definitions":         {strings.Repeat("<dl><dt>a<dd>", 200) + words, true},
		"superscripts":        {strings.Repeat("<sup>", 500) + strings.Repeat("1", 1_000_000), true},
		"rows that span":      {"<table><tr>" + strings.Repeat("<td rowspan=50>"+words[:20_000]+"</td>", 50) + "</tr>" + strings.Repeat("<tr><td></td></tr>", 5000) + "</table>", true},
		"columns that span":   {"<table>" + strings.Repeat("<tr><td colspan=50>x", 100_000) + "</table>", true},
		"accents":             {"<pre>" + strings.Repeat("`", 2_000_000), false},
		"questions":           {strings.Repeat("<div class=accordion-item>", 500) + strings.Repeat("<b>x</b>", 200_000), false},
		"details":             {strings.Repeat("<details><summary>q</summary>", 250) + words, false},
		"shortcodes":          {strings.Repeat("[a b='", 300_000), false},
		"raw blocks":          {strings.Repeat("[vc_raw_html]", 150_000), false},
		"formatting":          {strings.Repeat("<b><i><u><p>x", 100_000), false},
		"links":               {strings.Repeat("<a href=/x>y</a>", 130_000), false},
		"attributes":          {"<p " + strings.Repeat("a=b ", 400_000) + ">x", false},
		"comments":            {strings.Repeat("<!--", 500_000), false},
		"the text of a table": {"<table>" + strings.Repeat("x<b>", 400_000), true},
	} {
		t.Run(name, func(t *testing.T) {
			in := c.in[:min(len(c.in), html.MaxBytes)]
			text := html.New()
			page := helpPage
			page.HTML = in
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			got, err := text.Text(in, "https://shop.example.com/")
			text.FAQs(page)
			took := time.Since(began)
			runtime.ReadMemStats(&after)
			if c.refused != errors.Is(err, ports.ErrInvalid) || err != nil && got != "" {
				t.Errorf("got %d bytes, %v; refused is to be %v", len(got), err, c.refused)
			}
			if len(got) > 4*html.MaxBytes {
				t.Errorf("a text of %d bytes", len(got))
			}
			if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 800 || took > time.Minute {
				t.Errorf("took %v and %d MB", took, mb)
			}
		})
	}
}
