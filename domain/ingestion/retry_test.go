package ingestion_test

import (
	"fmt"
	"testing"
	"testing/quick"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
)

func TestDelayGrowsAndIsBounded(t *testing.T) {
	check := func(failures uint16, jitter float64) bool {
		n := int(failures) + 1
		d := ingestion.Delay(n, jitter)
		full := ingestion.Delay(n, 0)
		return d >= full/2 && d <= full && full <= time.Hour && ingestion.Delay(n+1, 0) >= full &&
			(full == time.Hour || ingestion.Delay(n+1, 0) == min(2*full, time.Hour))
	}
	if err := quick.Check(check, &quick.Config{MaxCount: 2000}); err != nil {
		t.Error(err)
	}
	if got := ingestion.Delay(1, 0); got != 5*time.Second {
		t.Errorf("the first delay is %v", got)
	}
}

func TestRestIsNeverLessThanTheShopAsksFor(t *testing.T) {
	check := func(failures uint8, seconds int32, jitter float64) bool {
		asked := time.Duration(seconds) * time.Second
		d := ingestion.Rest(int(failures)+1, asked, jitter)
		return d > 0 && d >= min(asked, time.Hour) && d <= max(5*time.Minute, min(asked, time.Hour))
	}
	if err := quick.Check(check, &quick.Config{MaxCount: 2000}); err != nil {
		t.Error(err)
	}
}

func TestFailed(t *testing.T) {
	check := func(attempts uint8, seconds uint16, jitter float64) bool {
		j := ingestion.Job{Object: product("1"), Seq: 7, Attempts: int(attempts) % 30}
		asked := time.Duration(seconds) * time.Second
		o := ingestion.Failed(j, "", noon, asked, jitter)
		dead := j.Attempts+1 >= ingestion.MaxAttempts
		if o.Object != j.Object || o.Seq != 7 || o.Err == "" || o.Again.IsZero() != dead {
			return false
		}
		return dead || !o.Again.Before(noon.Add(min(asked, time.Hour))) && o.Again.After(noon)
	}
	if err := quick.Check(check, &quick.Config{MaxCount: 2000}); err != nil {
		t.Error(err)
	}
	for _, task := range ingestion.Periodic() {
		j := ingestion.Job{Object: ingestion.Object{Kind: ingestion.Task, ID: task}, Attempts: 1000}
		if o := ingestion.Failed(j, "no", noon, 0, 0); o.Again.IsZero() {
			t.Errorf("%s dies, and nobody would revive it", task)
		}
	}
	once := ingestion.Job{Object: ingestion.Object{Kind: ingestion.Task, ID: ingestion.Import}, Attempts: 1000}
	if o := ingestion.Failed(once, "no", noon, 0, 0); !o.Again.IsZero() {
		t.Error("an import is tried for ever")
	}
}

func ExampleDelay() {
	for failures := range 5 {
		fmt.Print(ingestion.Delay(failures+1, 0), " ")
	}
	fmt.Println(ingestion.Delay(20, 0))
	// Output: 5s 10s 20s 40s 1m20s 1h0m0s
}
