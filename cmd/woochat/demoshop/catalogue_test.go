package demoshop

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestList(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string][]string{
		"":                           nil,
		"Blue":                       {"Blue"},
		"Blue, Red":                  {"Blue", "Red"},
		`Wool 60%\, silk 40%`:        {"Wool 60%, silk 40%"},
		`Care\, Repair > A, B`:       {"Care, Repair > A", "B"},
		`a\b, c`:                     {`a\b`, "c"},
		`ends with a backslash \`:    {`ends with a backslash \`},
		"Clothing, Clothing > Socks": {"Clothing", "Clothing > Socks"},
	} {
		if got := list(cell); !slices.Equal(got, want) {
			t.Errorf("list(%q) = %q, want %q", cell, got, want)
		}
	}
}

func TestSlugify(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Ultralight Tarp 3 x 3":    "ultralight-tarp-3-x-3",
		"Cook & Carry Kitchen Set": "cook-carry-kitchen-set",
		"  --A  b!! ":              "a-b",
		"Fjellstøvel":              "fjellst-vel",
		"":                         "",
	} {
		if got := slugify(name); got != want {
			t.Errorf("slugify(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestDisplayHTML(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`<p>a</p>\n<p>b</p>`:                          "<p>a</p>\n<p>b</p>",
		`<p>a</p><p>[size_chart id="14"]</p><p>b</p>`: "<p>a</p><p>b</p>",
		`[vc_row]text[/vc_row]`:                       "text",
		`an open [ bracket`:                           "an open [ bracket",
		ExportedURL + `/size-guide/`:                  "/size-guide/",
	} {
		if got := displayHTML(in); got != want {
			t.Errorf("displayHTML(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestReadCents(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]cents{"": -1, "0": 0, "49": 4900, "49.9": 4990, "49.90": 4990, "0.05": 5} {
		if got, err := readCents(in); err != nil || got != want {
			t.Errorf("readCents(%q) = %d, %v, want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"-1", "1,50", "1.234", "free", "1.-5", "99999999999999"} {
		if got, err := readCents(in); err == nil {
			t.Errorf("readCents(%q) = %d, want an error", in, got)
		}
	}
}

func TestSaleHoldsFromItsFirstToItsLastSecond(t *testing.T) {
	t.Parallel()
	from, to := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 2, 28, 23, 59, 59, 0, time.UTC)
	o := offer{regular: 3200, sale: 2400, from: from, to: to}
	for at, want := range map[time.Time]cents{
		from.Add(-time.Second): 3200, from: 2400, to: 2400, to.Add(time.Second): 3200,
	} {
		if got := o.price(at); got != want {
			t.Errorf("at %s: %s, want %s", at.Format(time.DateTime), got, want)
		}
	}
	if o = (offer{regular: 3200, sale: 3200}); o.onSale(from) {
		t.Error("a sale price that is no reduction counts as a sale")
	}
}

func TestReadCatalogueNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	const head = "ID,Type,SKU,Name,Published,Visibility in catalog,In stock?,Stock,Regular price,Parent,Images\n"
	for in, want := range map[string]string{
		"":                                       "header",
		head + "1,simple\n":                      "wrong number of fields",
		head + "1,simple,A,a,1,visible,1,,x,,\n": "product 1",
		head + "1,simple,A,a,1,visible,1,many,1,,\n": "stock",
		head + "2,variation,A,a,1,visible,1,,1,B,\n": `no product "B"`,
	} {
		if _, err := readCatalogue([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("readCatalogue(%q): error %v, want one with %q", in, err, want)
		}
	}
}
