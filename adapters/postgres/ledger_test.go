package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
	"github.com/aiwoochat/woochat/test/porttest"
)

func usageStore(db *postgres.DB, d pgtest.Database) porttest.UsageStore {
	l := db.Ledger()
	return porttest.UsageStore{Ledger: l, Checkpointer: l, Sweeper: l, UsageReader: l, NewScope: newScope(d)}
}

func openUsage(t *testing.T, now ports.Clock) porttest.UsageStore {
	d := migrated(t)
	store := usageStore(opened(t, d, now), d)
	store.Replica = func(t *testing.T) porttest.UsageStore { return usageStore(opened(t, d, now), d) }
	return store
}

func TestLedger(t *testing.T)       { porttest.Ledger(t, openUsage) }
func TestCheckpointer(t *testing.T) { porttest.Checkpointer(t, openUsage) }
func TestSweeper(t *testing.T)      { porttest.Sweeper(t, openUsage) }
func TestUsageReader(t *testing.T)  { porttest.UsageReader(t, openUsage) }

func TestTwoHundredAgainstTen(t *testing.T) { porttest.TwoHundredAgainstTen(t, openUsage) }

// What a provider says is stored as it is, however it looks inside of an array of
// rows; what Postgres cannot hold is refused, or mended.
func TestTextsOfEvents(t *testing.T) {
	d := migrated(t)
	l := opened(t, d, system.Now).Ledger()
	scope := newScope(d)(t)
	now := time.Date(2026, 11, 28, 12, 0, 0, 123456000, time.UTC)
	settle := func(raw string, at time.Time) (usage.Event, error) {
		t.Helper()
		id := usage.ReservationID(usage.ReservationPrefix + porttest.NewID())
		if err := l.Reserve(t.Context(), scope, usage.Hold{
			ID: id, Day: "2026-11-28", Want: usage.Amounts{ChatRequests: 1, ChatTokens: 10},
			Limits: usage.Limits{ChatTokens: usage.Unlimited, ChatRequests: usage.Unlimited, EmbeddingTokens: usage.Unlimited, Cost: usage.Unlimited},
			Admit:  now, Expires: now.Add(time.Minute), ResetAt: now.Add(12 * time.Hour),
		}); err != nil {
			t.Fatal(err)
		}
		e := usage.Event{
			ID: usage.EventID(usage.EventPrefix + porttest.NewID()), CallNo: 1, Last: true, Kind: usage.Chat, Model: raw, ProviderModel: raw,
			ChatRequests: 1, Tokens: chat.Tokens{Input: 1, Output: 1, CountedBy: chat.ByProvider}, ErrorCode: raw, RawUsage: raw, At: at,
		}
		return e, l.Settle(t.Context(), scope, id, e)
	}
	stored := func(id usage.EventID) [4]string {
		t.Helper()
		var got [4]string
		if err := super(t, d).QueryRow(`select model, provider_model, error_code, raw_usage from usage_events where id = $1`, string(id[len(usage.EventPrefix):])).
			Scan(&got[0], &got[1], &got[2], &got[3]); err != nil {
			t.Fatal(err)
		}
		return got
	}
	for raw, want := range map[string]string{
		`{"a":"b\\\"c","d":[1,2]}`: `{"a":"b\\\"c","d":[1,2]}`,
		`"),("`:                    `"),("`,
		`\`:                        `\`,
		`"`:                        `"`,
		`null`:                     `null`,
		` , `:                      ` , `,
		"a\nb\tc":                  "a\nb\tc",
		"größer 語 🛒":               "größer 語 🛒",
		"\xffx":                    "\uFFFDx",
	} {
		e, err := settle(raw, now)
		if err != nil {
			t.Errorf("%q: %v", raw, err)
			continue
		}
		if got := stored(e.ID); got != [4]string{want, want, want, want} {
			t.Errorf("%q was stored as %q", raw, got)
		}
	}
	if _, err := settle("a\x00b", now); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("a zero byte: %v, want ErrInvalid", err)
	}
	if _, err := settle("m", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("year 10000: %v, want ErrInvalid", err)
	}
}
