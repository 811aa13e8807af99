package event_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/event"
)

func TestConclude(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		s    event.Summary
		want string
	}{
		{"empty", event.Summary{ElapsedMS: 1.25}, "The run was completed in 1.2 ms: 0 messages processed."},
		{
			"one of each",
			event.Summary{Processed: 1, Documents: 1, Errors: 1, UnknownAddresses: []string{"a@x"}, Backlog: 1},
			"The run was completed in 0.0 ms: 1 message processed, 1 document filed, 1 message with errors, 1 unknown recipient, 1 file still waiting.",
		},
		{
			"many",
			event.Summary{
				ElapsedMS: 61234.56, Processed: 1200, Documents: 0, Errors: 2,
				UnknownAddresses: []string{"a@x", "b@x"}, More: map[string]int{"unknown_addresses": 3}, Backlog: 20,
			},
			"The run was completed in 61234.6 ms: 1200 messages processed, 0 documents filed, 2 messages with errors, 5 unknown recipients, 20 files still waiting.",
		},
		{
			"sweep",
			event.Summary{ElapsedMS: 2, Sweep: &event.Sweep{Expiring: 1, Expired: 3, Doomed: 4, Removed: 1, RemovedBytes: 100}},
			"The sweep was completed in 2.0 ms: 1 held message to expire within seven days, 3 expired, 1 blob removed, 4 marked for a later sweep.",
		},
		{
			"sweep of old versions and runs",
			event.Summary{Sweep: &event.Sweep{Versions: 2, Runs: 1}},
			"The sweep was completed in 0.0 ms: 0 held messages to expire within seven days, 0 expired, 0 blobs removed, 2 old versions swept, 1 old run removed.",
		},
		{
			"a directory run",
			event.Summary{ElapsedMS: 2, Directory: &event.Directory{Objects: 1}},
			"The directory run was completed in 2.0 ms: 1 object wanted.",
		},
		{
			"a directory run with one of each",
			event.Summary{Directory: &event.Directory{Objects: 9, Created: 1, Renamed: 2, Modified: 3, Members: 4, Deleted: 5, Reported: 6, Failed: 7, Pending: 1}},
			"The directory run was completed in 0.0 ms: 9 objects wanted, 1 created, 2 renamed, 3 modified, 5 removed, 4 members changed, 7 failed, 6 to look at, 1 request waits for an approval.",
		},
		{
			"a backlog",
			event.Summary{Started: noon, ElapsedMS: 60_000, Backlog: 2, BacklogOldest: noon.Add(-59 * time.Minute)},
			"The run was completed in 60000.0 ms: 0 messages processed, 2 files still waiting, the oldest for 1 h.",
		},
		{"aborted", event.Summary{State: "aborted"}, "The run was cut off in 0.0 ms: 0 messages processed."},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			row.s.Conclude()
			if row.s.Message != row.want {
				t.Errorf("got  %s\nwant %s", row.s.Message, row.want)
			}
		})
	}
}

// noon is when a run began.
var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestBacklogAge(t *testing.T) {
	t.Parallel()
	for age, want := range map[time.Duration]string{
		-time.Hour: "0 s", 0: "0 s", 59*time.Second + 999*time.Millisecond: "59 s", time.Minute: "1 min",
		time.Hour - 1: "59 min", time.Hour: "1 h", 48*time.Hour - 1: "47 h", 48 * time.Hour: "2 days", 1000 * 24 * time.Hour: "1000 days",
	} {
		s := event.Summary{Started: noon, BacklogOldest: noon.Add(-age)}
		if got := s.BacklogAge(); got != want {
			t.Errorf("%v: got %q, want %q", age, got, want)
		}
	}
	if got := (&event.Summary{Started: noon}).BacklogAge(); got != "" {
		t.Errorf("nothing waits: got %q, want nothing", got)
	}
}

// A list has so many entries at most; the rest is counted.
func TestLists(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		limit, listed int
		more          map[string]int
	}{
		{0, 10, nil},
		{10, 10, nil},
		{9, 9, map[string]int{"message_ids": 1, "failed": 1, "unknown_addresses": 1}},
		{1, 1, map[string]int{"message_ids": 9, "failed": 9, "unknown_addresses": 9}},
	} {
		t.Run(fmt.Sprint(row.limit), func(t *testing.T) {
			t.Parallel()
			s := event.New("r", event.JobIncoming, "manual")
			lists := event.NewLists(&s, row.limit)
			for i := range 10 {
				lists.MessageID(fmt.Sprintf("<%d@x>", i))
				lists.MessageID("") // has none: nothing to list
				lists.Failure(event.Failure{File: fmt.Sprint(i)})
				lists.UnknownAddress(fmt.Sprintf("%d@x", i))
				lists.UnknownAddress(fmt.Sprintf("%d@x", i)) // once is enough
			}
			if len(s.MessageIDs) != row.listed || len(s.Failed) != row.listed || len(s.UnknownAddresses) != row.listed {
				t.Errorf("got %d message ids, %d failures and %d unknown addresses, want %d of each",
					len(s.MessageIDs), len(s.Failed), len(s.UnknownAddresses), row.listed)
			}
			if diff := cmp.Diff(row.more, s.More); diff != "" {
				t.Errorf("more (-want +got):\n%s", diff)
			}
			if s.MessageIDs[0] != "<0@x>" || s.Failed[0].File != "0" || s.UnknownAddresses[0] != "0@x" {
				t.Errorf("got %+v, want the first ones listed", s)
			}
		})
	}
}

// The field names are a contract, and lists are never null.
func TestSummaryJSON(t *testing.T) {
	t.Parallel()
	s := event.New("20260102T030405.000Z-abcdef", event.JobIncoming, "schedule")
	s.State, s.Host, s.Started, s.ElapsedMS = "closed", "mx", time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), 41.2
	got, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"event_id":6871,"task_category":"E-Mail","level":"info","run":"20260102T030405.000Z-abcdef","job":"incoming",` +
		`"trigger":"schedule","state":"closed","host":"mx","started":"2026-01-02T03:04:05.000006Z","elapsed_ms":41.2,` +
		`"processed":0,"filed":0,"duplicate":0,"held":0,"deleted":0,"deferred":0,"errors":0,"documents":0,"bytes":0,` +
		`"message_ids":[],"failed":[],"unknown_addresses":[],"backlog":0,"message":""}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}
