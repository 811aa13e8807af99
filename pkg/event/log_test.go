package event_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"mailchute/pkg/event"
)

// What is logged of a run is what its JSON says.
func TestSummaryLog(t *testing.T) {
	t.Parallel()
	full := event.Summary{
		EventID: event.RunSummary, TaskCategory: event.TaskEMail, Level: event.LevelInfo,
		Run: "r", Job: event.JobIncoming, Trigger: "arrival", State: "closed", Host: "mx",
		Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), ElapsedMS: 0.125,
		Processed: 15, Filed: 5, Duplicate: 4, Held: 3, Deleted: 2, Deferred: 1, Errors: 6, Documents: 7, Bytes: 1 << 40, Skipped: 8,
		MessageIDs:       []string{"<a@x>", "\"quoted\"\x1b"},
		Failed:           []event.Failure{{MessageID: "<b@x>", File: "f", Recipient: "r@x", State: "held", Reason: "loop", Detail: "d"}},
		UnknownAddresses: []string{"u@x"}, Backlog: 9, BacklogOldest: time.Date(2026, 1, 2, 0, 0, 0, 5000, time.UTC), More: map[string]int{"failed": 1},
		Digest: "abc", Previous: "def",
	}
	full.Conclude()
	sweep := event.New("r", event.JobSweep, "manual")
	sweep.Sweep = &event.Sweep{Expiring: 1, Expired: 2, Versions: 3, Runs: 4, Doomed: 5, Removed: 6, RemovedBytes: 7}
	dms := event.New("r", event.JobDirectory, "manual")
	dms.Directory = &event.Directory{Objects: 1, Created: 2, Renamed: 3, Modified: 4, Members: 5, Deleted: 6, Reported: 7, Failed: 8, Pending: 9}
	for name, s := range map[string]event.Summary{"full": full, "empty": event.New("r", event.JobIncoming, "manual"), "sweep": sweep, "dms": dms} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			s.Log(zerolog.New(&log))
			logged, want := fields(t, log.Bytes()), fields(t, marshal(t, s))
			if want["message"] == "" {
				delete(want, "message") // a log line without a sentence has no field for it
			}
			if diff := cmp.Diff(want, logged); diff != "" {
				t.Errorf("log (-JSON +log):\n%s", diff)
			}
		})
	}
}

func TestFailureLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	event.Failure{
		MessageID: "<a@x>", File: "1.eml", Sender: "a@y", Recipient: "docs@x", State: "held", Reason: "unknown-address", Detail: "nobody has it",
	}.Log(zerolog.New(&log), "r1")
	want := map[string]any{
		"level": "warn", "event_id": 6873.0, "task_category": "E-Mail", "run": "r1", "file": "1.eml", "message_id": "<a@x>",
		"recipient": "docs@x", "state": "held", "reason": "unknown-address", "detail": "nobody has it", "sender": "a@y",
		"message": "The message was not filed for this recipient.",
	}
	if diff := cmp.Diff(want, fields(t, log.Bytes())); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestLogFile(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	event.LogFile(zerolog.New(&log), "main", "1.eml", "it is empty")
	want := map[string]any{
		"level": "error", "event_id": 6872.0, "task_category": "E-Mail", "feed": "main", "file": "1.eml", "detail": "it is empty",
		"message": "A file of the drop folder could not be used.",
	}
	if diff := cmp.Diff(want, fields(t, log.Bytes())); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func fields(t *testing.T, line []byte) (m map[string]any) {
	t.Helper()
	if err := json.Unmarshal(line, &m); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return m
}
