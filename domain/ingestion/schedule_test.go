package ingestion_test

import (
	"fmt"
	"testing"
	"testing/quick"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
)

func TestNextIsWithinATenthOfTheInterval(t *testing.T) {
	every := ingestion.Intervals{Poll: 2 * time.Minute}
	want := map[string]time.Duration{
		ingestion.Poll: 2 * time.Minute, ingestion.Sweep: 30 * time.Minute, ingestion.Pages: 15 * time.Minute, ingestion.Hooks: time.Hour,
	}
	check := func(jitter float64) bool {
		for task, d := range want {
			next := every.Next(task, noon, "site", time.UTC, jitter).Sub(noon)
			first := every.First(task, noon, "site", time.UTC, jitter).Sub(noon)
			if next < d*9/10 || next > d*11/10 || first < 0 || first > d {
				t.Logf("%s: first in %v, next in %v", task, first, next)
				return false
			}
		}
		return true
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
	for _, task := range []string{ingestion.Import, ingestion.Reindex, "of a later version"} {
		if at := every.Next(task, noon, "site", time.UTC, 0.5); !at.IsZero() {
			t.Errorf("%s is planned for %v", task, at)
		}
	}
}

// TestTheDiffIsDoneEachNight: in every zone, on every day of a year, the next
// night's moment is after now, within a day and some hours, and at the same time
// of the clock on the wall; also where clocks change.
func TestTheDiffIsDoneEachNight(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Vienna", "America/Los_Angeles", "Pacific/Kiritimati", "Pacific/Niue", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		at := noon
		for range 400 {
			next := ingestion.Intervals{}.Next(ingestion.Diff, at, "site_1", zone, 0)
			if wait := next.Sub(at); wait <= 0 || wait > 26*time.Hour {
				t.Fatalf("%s: %v after %v", name, wait, at)
			}
			if hour := next.In(zone).Hour(); hour < 1 || hour > 5 {
				t.Fatalf("%s: at %v", name, next.In(zone))
			}
			if at != noon && next.Sub(at) < 22*time.Hour {
				t.Fatalf("%s: twice in a night, at %v and %v", name, at.In(zone), next.In(zone))
			}
			at = next
		}
	}
}

func TestSitesAreSpreadOverTheNight(t *testing.T) {
	hours := map[int]int{}
	for i := range 400 {
		hours[ingestion.Intervals{}.Next(ingestion.Diff, noon, fmt.Sprint("site_", i), nil, 0).Hour()]++
	}
	for hour := 1; hour < 5; hour++ {
		if hours[hour] < 60 {
			t.Errorf("of 400 sites %d are looked at after %d o'clock", hours[hour], hour)
		}
	}
}

func ExampleIntervals_Next() {
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		panic(err)
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	fmt.Println(ingestion.Intervals{}.Next(ingestion.Poll, now, "site_1", vienna, 0.5).Sub(now))
	fmt.Println(ingestion.Intervals{}.Next(ingestion.Diff, now, "site_1", vienna, 0.5).In(vienna).Format("Monday"))
	// Output:
	// 5m0s
	// Tuesday
}
