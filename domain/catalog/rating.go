package catalog

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Rating is what shoppers gave a product, on average, of one to five stars. The
// zero Rating is that nobody has rated it, which is not the same as a bad one.
type Rating struct {
	Hundredths int64 // of a star: 467 is 4.67
	Count      int64 // ratings
}

// NewRating reads an average as a shop writes it, such as "4.67", and how many
// ratings it is of. It is not set if nobody has rated, or if the average is none
// of one to five stars.
func NewRating(average string, count int64) Rating {
	stars, err := strconv.ParseFloat(strings.Replace(strings.TrimSpace(average), ",", ".", 1), 64)
	if err != nil || count < 1 || !(stars >= 1 && stars <= 5) {
		return Rating{}
	}
	return Rating{Hundredths: int64(math.Round(stars * 100)), Count: count}
}

// IsSet reports whether anybody has rated.
func (r Rating) IsSet() bool { return r.Count > 0 }

// String returns r in words, such as "4.67 of 5 (12 ratings)"; "" if it is not
// set.
func (r Rating) String() string {
	switch {
	case !r.IsSet():
		return ""
	case r.Count == 1:
		return fmt.Sprintf("%d.%02d of 5 (1 rating)", r.Hundredths/100, r.Hundredths%100)
	}
	return fmt.Sprintf("%d.%02d of 5 (%d ratings)", r.Hundredths/100, r.Hundredths%100, r.Count)
}
