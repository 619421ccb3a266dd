package catalog

import (
	"math"
	"strconv"
	"strings"
)

// Weight is what something weighs, exact enough to compare kilograms with
// pounds. The zero Weight is not set.
type Weight struct {
	Milligrams int64
	Unit       string // kg, g, lbs or oz, in which the shop writes it
}

// unitMilligrams returns how many milligrams one of a unit has; 0 for a unit
// that is none of WooCommerce's.
func unitMilligrams(unit string) float64 {
	switch unit {
	case "kg":
		return 1e6
	case "g":
		return 1e3
	case "lbs":
		return 453_592.37
	case "oz":
		return 28_349.523125
	}
	return 0
}

// heaviest is what nothing outweighs that is put into a parcel: a number beyond
// it is a slip.
const heaviest = 1e12 // a thousand tonnes

// ParseWeight reads a number and one of the units kg, g, lbs and oz, such as
// "1.2 kg". What it cannot read is not set.
func ParseWeight(s string) Weight {
	number, unit, _ := strings.Cut(strings.TrimSpace(s), " ")
	unit = strings.ToLower(strings.TrimSpace(unit))
	if unit == "lb" {
		unit = "lbs"
	}
	n, err := strconv.ParseFloat(number, 64)
	mg := math.Round(n * unitMilligrams(unit))
	if err != nil || !(mg >= 1 && mg <= heaviest) {
		return Weight{}
	}
	return Weight{Milligrams: int64(mg), Unit: unit}
}

// IsSet reports whether w is known.
func (w Weight) IsSet() bool { return w.Milligrams > 0 }

// String returns w in its unit, such as "1.2 kg"; "" if it is not set.
func (w Weight) String() string {
	of := unitMilligrams(w.Unit)
	if !w.IsSet() || of == 0 {
		return ""
	}
	return strconv.FormatFloat(math.Round(float64(w.Milligrams)/of*1e4)/1e4, 'f', -1, 64) + " " + w.Unit
}
