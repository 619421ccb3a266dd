package woocommerce

import (
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// unescapeCell takes off the apostrophe that the exporter sets before a cell
// that a spreadsheet would run as a formula; it makes '-1 of a draft's -1
// (class-wc-csv-exporter.php, escape_data).
func unescapeCell(s string) string {
	if len(s) > 1 && s[0] == '\'' && strings.IndexByte("=+-@\t\r", s[1]) >= 0 {
		return s[1:]
	}
	return s
}

// unescapeText turns \n into line ends and \\n into \n
// (abstract-wc-product-importer.php, parse_description_field).
func unescapeText(s string) string {
	return strings.NewReplacer(`\\n`, `\n`, `\n`, "\n").Replace(s)
}

// list splits values at commas; a comma within a value is written \,
// (explode_values).
func list(s string) []string {
	var values []string
	var b strings.Builder
	end := func() {
		if v := plain(b.String()); v != "" {
			values = append(values, v)
		}
		b.Reset()
	}
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == ',':
			b.WriteByte(',')
			i++
		case s[i] == ',':
			end()
		default:
			b.WriteByte(s[i])
		}
	}
	end()
	return values
}

// categories reads paths such as "Clothing > Jackets, Sale". The separator is
// looked for before entities are decoded: a name may hold &gt;.
func categories(s string) []string {
	var paths []string
	for _, path := range listRaw(s) {
		var parts []string
		for part := range strings.SplitSeq(path, ">") {
			if part = plain(part); part != "" {
				parts = append(parts, part)
			}
		}
		if len(parts) > 0 {
			paths = append(paths, strings.Join(parts, " > "))
		}
	}
	return paths
}

func listRaw(s string) []string {
	const comma = "\x00"
	var values []string
	for v := range strings.SplitSeq(strings.ReplaceAll(s, `\,`, comma), ",") {
		if v = strings.TrimSpace(strings.ReplaceAll(v, comma, ",")); v != "" {
			values = append(values, v)
		}
	}
	return values
}

// webURLs keeps the addresses that a browser may be sent to.
func webURLs(s string) []string {
	var urls []string
	for _, v := range listRaw(s) {
		if u := webURL(v); u != "" {
			urls = append(urls, u)
		}
	}
	return urls
}

// webURL returns s if it is an absolute http or https address without
// credentials, and "" otherwise.
func webURL(s string) string {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return ""
	}
	return u.String()
}

// price reads an amount. A shop may enter more decimals than it shows (net
// prices); it shows them rounded half up (wc_price), and so do we. Three digits
// after a comma may as well be thousands: no price is better than one that is a
// thousand times too low.
func price(s, currency string, exponent uint8) (catalog.Money, error) {
	s = strings.TrimSpace(s)
	m, err := catalog.ParseMoney(s, currency, exponent)
	if err == nil {
		return m, nil
	}
	whole, frac, found := strings.Cut(s, ".")
	if !found {
		if whole, frac, found = strings.Cut(s, ","); len(frac) == 3 {
			return catalog.Money{}, err
		}
	}
	if !found || len(frac) <= int(exponent) || strings.Trim(frac, "0123456789") != "" {
		return catalog.Money{}, err
	}
	cut := whole
	if exponent > 0 {
		cut += "." + frac[:exponent]
	}
	m, err = catalog.ParseMoney(cut, currency, exponent)
	if err == nil && frac[exponent] >= '5' {
		m.Minor++
	}
	return m, err
}

// saleFrom and saleTo read the ends of a sale, in the shop's time zone. A sale
// holds through its last second, and through the whole of its last day if only
// that is given.
func saleFrom(s string, in *time.Location) (time.Time, error) {
	t, _, err := moment(s, in)
	return t, err
}

func saleTo(s string, in *time.Location) (time.Time, error) {
	t, day, err := moment(s, in)
	switch {
	case err != nil || t.IsZero():
		return time.Time{}, err
	case day:
		return t.AddDate(0, 0, 1), nil
	}
	return t.Add(time.Second), nil
}

func moment(s string, in *time.Location) (t time.Time, day bool, err error) {
	if s = strings.TrimSpace(s); s == "" {
		return time.Time{}, false, nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", time.RFC3339, time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, in); err == nil {
			return t, layout == time.DateOnly, nil
		}
	}
	return time.Time{}, false, fmt.Errorf("%q is not a date: write it as 2026-11-30 or 2026-11-30 23:59:59", s)
}

// firstYear is the first of the web's: an older date, such as Unix's zero or a
// database's, is no date at which a shop offered anything there.
const firstYear = 1990

// opened returns when a product was published; the zero time for a date that
// cannot be one.
func opened(t time.Time) time.Time {
	if t.Year() < firstYear {
		return time.Time{}
	}
	return t.UTC()
}

// rating reads an average and a number of ratings. What cannot be read is no
// rating: a product is sold all the same.
func rating(average, ratings string) catalog.Rating {
	n, err := quantity(ratings)
	if err != nil {
		return catalog.Rating{}
	}
	return catalog.NewRating(average, n)
}

// quantity reads a number of pieces. Plugins sell parts of a piece: those are
// rounded down, for what cannot be bought as a whole is not counted.
func quantity(s string) (int64, error) {
	n, ok := new(big.Rat).SetString(strings.Replace(s, ",", ".", 1))
	if !ok || strings.ContainsAny(s, "/eEpPxX_") || len(s) > 30 {
		return 0, fmt.Errorf("stock %q is not a number", s)
	}
	q := new(big.Int).Div(n.Num(), n.Denom()) // Euclidean: down, as the denominator is positive
	if !q.IsInt64() {
		return 0, fmt.Errorf("stock %q is out of range", s)
	}
	return q.Int64(), nil
}

var errNotYesNo = errors.New("is neither 1 nor 0")

func yesNo(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "1", "yes", "true":
		return true, nil
	case "0", "no", "false":
		return false, nil
	}
	return false, errNotYesNo
}

// measure writes a number with its unit, and .5 as 0.5.
func measure(s, unit string) string {
	s = strings.Replace(strings.TrimSpace(s), ",", ".", 1)
	if s == "" {
		return ""
	}
	if f, err := strconv.ParseFloat(s, 64); err != nil || f <= 0 {
		return ""
	}
	if s[0] == '.' {
		s = "0" + s
	}
	return strings.TrimSpace(s + " " + unit)
}

// dimensions writes length, width and height, or those that are given.
func dimensions(length, width, height, unit string) string {
	l, w, h := measure(length, ""), measure(width, ""), measure(height, "")
	if l != "" && w != "" && h != "" {
		return strings.TrimSpace(l + " × " + w + " × " + h + " " + unit)
	}
	var given []string
	for _, d := range []struct{ name, value string }{{"length", l}, {"width", w}, {"height", h}} {
		if d.value != "" {
			given = append(given, strings.TrimSpace(d.name+" "+d.value+" "+unit))
		}
	}
	return strings.Join(given, ", ")
}

// localeOf returns the locale that a translation plugin says; some say false for
// none.
func localeOf(lang any) string {
	tag, _ := lang.(string)
	return catalog.LocaleOf(tag)
}
