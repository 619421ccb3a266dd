package usage_test

import (
	"errors"
	"fmt"
	"math/rand"
	"testing"
	"testing/quick"
	"time"
	_ "time/tzdata" // the same zones everywhere

	"github.com/aiwoochat/woochat/domain/usage"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	got, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Days are as long as the zone makes them, and end where it says.
func TestDaysOfUnequalLength(t *testing.T) {
	for _, c := range []struct {
		name, zone, at string
		day            usage.Day
		reset          string
	}{
		{"UTC", "UTC", "2026-11-23T12:00:00Z", "2026-11-23", "2026-11-24T00:00:00Z"},
		{"the last nanosecond is of the day", "UTC", "2026-11-23T23:59:59.999999999Z", "2026-11-23", "2026-11-24T00:00:00Z"},
		{"the first one is of the next", "UTC", "2026-11-24T00:00:00Z", "2026-11-24", "2026-11-25T00:00:00Z"},
		{"23 hours in spring", "Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29", "2026-03-29T22:00:00Z"},
		{"25 hours in autumn", "Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25", "2026-10-25T23:00:00Z"},
		{"the hour that comes twice", "Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25", "2026-10-25T23:00:00Z"},
		{"half an hour off", "Asia/Kolkata", "2026-11-23T18:29:59Z", "2026-11-23", "2026-11-23T18:30:00Z"},
		{"three quarters off", "Asia/Kathmandu", "2026-11-23T18:15:00Z", "2026-11-24", "2026-11-24T18:15:00Z"},
		{"half an hour of summer time", "Australia/Lord_Howe", "2026-04-04T13:00:00Z", "2026-04-05", "2026-04-05T13:30:00Z"},
		{"midnight is skipped", "America/Sao_Paulo", "2018-11-03T12:00:00Z", "2018-11-03", "2018-11-04T03:00:00Z"},
		{"midnight is skipped in Cairo", "Africa/Cairo", "2023-04-27T12:00:00Z", "2023-04-27", "2023-04-27T22:00:00Z"},
		{"midnight comes twice", "America/Havana", "2026-10-31T12:00:00Z", "2026-10-31", "2026-11-01T04:00:00Z"},
		{"a day is left out", "Pacific/Apia", "2011-12-29T12:00:00Z", "2011-12-29", "2011-12-30T10:00:00Z"},
		{"far in the east", "Pacific/Kiritimati", "2026-11-23T10:00:00Z", "2026-11-24", "2026-11-24T10:00:00Z"},
	} {
		cal := usage.Calendar{Zone: zone(t, c.zone)}
		now := at(t, c.at)
		if got := cal.Day(now); got != c.day {
			t.Errorf("%s: %s is on %s, want %s", c.name, c.at, got, c.day)
		}
		if got := cal.Reset(now); !got.Equal(at(t, c.reset)) {
			t.Errorf("%s: the day of %s ends at %s, want %s", c.name, c.at, got.UTC().Format(time.RFC3339), c.reset)
		}
	}
}

func TestMoveTakesEffectAtTheOldMidnight(t *testing.T) {
	cal := usage.Calendar{Zone: zone(t, "America/Los_Angeles")}
	now := at(t, "2026-11-24T05:00:00Z") // 21:00 on the 23rd
	moved := cal.Move(zone(t, "Pacific/Auckland"), now)
	for s, want := range map[string]usage.Day{
		"2026-11-24T05:00:00Z": "2026-11-23", // as before, though it is the 24th in Auckland
		"2026-11-24T07:59:59Z": "2026-11-23",
		"2026-11-24T08:00:00Z": "2026-11-24", // midnight in Los Angeles
		"2026-11-24T11:00:00Z": "2026-11-25", // midnight in Auckland
	} {
		if got := moved.Day(at(t, s)); got != want {
			t.Errorf("%s is on %s, want %s", s, got, want)
		}
	}
	// Westward: the day that has begun in Auckland is not begun again.
	back := usage.Calendar{Zone: zone(t, "Pacific/Auckland")}.Move(zone(t, "America/Los_Angeles"), now)
	for s, want := range map[string]usage.Day{
		"2026-11-24T05:00:00Z": "2026-11-24",
		"2026-11-24T11:00:00Z": "2026-11-25", // midnight in Auckland, the 24th in Los Angeles
		"2026-11-25T08:00:00Z": "2026-11-25", // midnight in Los Angeles
		"2026-11-26T08:00:00Z": "2026-11-26",
	} {
		if got := back.Day(at(t, s)); got != want {
			t.Errorf("westward, %s is on %s, want %s", s, got, want)
		}
	}
}

func TestMoveThatWaitsIsReplaced(t *testing.T) {
	now := at(t, "2026-11-23T12:00:00Z")
	cal := usage.Calendar{Zone: time.UTC}.Move(zone(t, "Asia/Tokyo"), now).Move(zone(t, "Europe/Berlin"), now.Add(time.Hour))
	if cal.Before != time.UTC || !cal.Since.Equal(at(t, "2026-11-24T00:00:00Z")) {
		t.Errorf("got %+v, want UTC until its midnight", cal)
	}
	if got := cal.Day(at(t, "2026-11-23T16:00:00Z")); got != "2026-11-23" {
		t.Errorf("the replaced zone counts: %s", got)
	}
}

// However often and whereto a shop moves, its day never goes back, and Reset is
// the first instant of a later one.
func TestADayNeverGoesBack(t *testing.T) {
	zones := []string{
		"UTC", "Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland", "Pacific/Kiritimati", "Pacific/Pago_Pago",
		"Asia/Kathmandu", "America/Havana", "Africa/Cairo", "Australia/Lord_Howe", "America/St_Johns",
	}
	check := func(seed int64) bool {
		r := rand.New(rand.NewSource(seed))
		now := time.Date(2026, time.Month(1+r.Intn(12)), 1+r.Intn(28), r.Intn(24), r.Intn(60), 0, 0, time.UTC)
		cal := usage.Calendar{Zone: zone(t, zones[r.Intn(len(zones))])}
		last := cal.Day(now)
		for range 60 {
			now = now.Add(time.Duration(r.Int63n(int64(9 * time.Hour))))
			if r.Intn(4) == 0 {
				before := cal.Day(now)
				cal = cal.Move(zone(t, zones[r.Intn(len(zones))]), now)
				if got := cal.Day(now); got != before {
					t.Logf("a move changed the day from %s to %s", before, got)
					return false
				}
			}
			today := cal.Day(now)
			if today < last {
				t.Logf("%s came after %s, at %v of %+v", today, last, now, cal)
				return false
			}
			last = today
			reset := cal.Reset(now)
			if !reset.After(now) || cal.Day(reset) <= today || cal.Day(reset.Add(-time.Nanosecond)) > today {
				t.Logf("the day %s of %v is said to end at %v; before it is %s and then %s", today, now, reset, cal.Day(reset.Add(-time.Nanosecond)), cal.Day(reset))
				return false
			}
		}
		return true
	}
	if err := quick.Check(check, &quick.Config{MaxCount: 300}); err != nil {
		t.Error(err)
	}
}

func TestParseDay(t *testing.T) {
	if d, err := usage.ParseDay("2026-02-28"); err != nil || d != "2026-02-28" {
		t.Errorf("got %q, %v", d, err)
	}
	for _, s := range []string{"", "2026-02-29", "2026-2-1", "20260201", "2026-02-01T00:00:00Z", "tomorrow"} {
		if d, err := usage.ParseDay(s); err == nil {
			t.Errorf("%q was taken as %s", s, d)
		}
	}
}

func TestDays(t *testing.T) {
	days, err := usage.Days("2028-02-28", "2028-03-01")
	if err != nil || fmt.Sprint(days) != "[2028-02-28 2028-02-29 2028-03-01]" {
		t.Errorf("got %v, %v", days, err)
	}
	if days, err := usage.Days("2026-11-23", "2026-11-23"); err != nil || len(days) != 1 {
		t.Errorf("one day: got %v, %v", days, err)
	}
	for _, r := range [][2]usage.Day{{"2026-01-02", "2026-01-01"}, {"2026-01-01", "2027-02-06"}, {"", "2026-01-01"}, {"2026-01-01", "x"}} {
		if days, err := usage.Days(r[0], r[1]); !errors.Is(err, usage.ErrBadDays) {
			t.Errorf("%v: got %d days, %v, want ErrBadDays", r, len(days), err)
		}
	}
}

func ExampleCalendar() {
	berlin, _ := time.LoadLocation("Europe/Berlin")
	cal := usage.Calendar{Zone: berlin}
	now := time.Date(2026, 11, 23, 23, 30, 0, 0, time.UTC)
	fmt.Println(cal.Day(now), "until", cal.Reset(now).UTC().Format(time.RFC3339))
	// Output: 2026-11-24 until 2026-11-24T23:00:00Z
}
