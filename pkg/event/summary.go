package event

import (
	"fmt"
	"strings"
	"time"
)

// New begins the summary of a run.
func New(run, job, trigger string) Summary {
	return Summary{
		EventID: RunSummary, TaskCategory: TaskEMail, Level: LevelInfo, Run: run, Job: job, Trigger: trigger,
		MessageIDs: []string{}, Failed: []Failure{}, UnknownAddresses: []string{},
	}
}

// Conclude writes the sentence for people, in the order of SharePoint's event: elapsed
// time, messages, errors, unknown addresses.
func (s *Summary) Conclude() {
	if s.Sweep != nil {
		s.Message = s.swept()
		return
	}
	if s.Directory != nil {
		s.Message = s.published()
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "The run %s in %.1f ms: %s processed", ended(s.State), s.ElapsedMS, count(s.Processed, "message"))
	if s.Processed > 0 {
		fmt.Fprintf(&b, ", %s filed", count(s.Documents, "document"))
	}
	if s.Errors > 0 {
		fmt.Fprintf(&b, ", %s with errors", count(s.Errors, "message"))
	}
	if n := len(s.UnknownAddresses) + s.More["unknown_addresses"]; n > 0 {
		fmt.Fprintf(&b, ", %s", count(n, "unknown recipient"))
	}
	if s.Backlog > 0 {
		fmt.Fprintf(&b, ", %s still waiting", count(s.Backlog, "file"))
	}
	if age := s.BacklogAge(); age != "" {
		fmt.Fprintf(&b, ", the oldest for %s", age)
	}
	b.WriteByte('.')
	s.Message = b.String()
}

// swept is the sentence of a sweep.
func (s *Summary) swept() string {
	w := s.Sweep
	said := fmt.Sprintf("The sweep %s in %.1f ms: %s to expire within seven days, %d expired, %s removed",
		ended(s.State), s.ElapsedMS, count(w.Expiring, "held message"), w.Expired, count(w.Removed, "blob"))
	if w.Versions > 0 {
		said += fmt.Sprintf(", %s swept", count(w.Versions, "old version"))
	}
	if w.Runs > 0 {
		said += fmt.Sprintf(", %s removed", count(w.Runs, "old run"))
	}
	if w.Doomed > 0 {
		said += fmt.Sprintf(", %d marked for a later sweep", w.Doomed)
	}
	return said + "."
}

// published is the sentence of a run of the job dms.
func (s *Summary) published() string {
	d := s.Directory
	said := fmt.Sprintf("The directory run %s in %.1f ms: %s wanted", ended(s.State), s.ElapsedMS, count(d.Objects, "object"))
	for _, did := range []struct {
		n    int
		text string
	}{
		{d.Created, "created"},
		{d.Renamed, "renamed"},
		{d.Modified, "modified"},
		{d.Deleted, "removed"},
		{d.Members, "members changed"},
		{d.Failed, "failed"},
		{d.Reported, "to look at"},
	} {
		if did.n > 0 {
			said += fmt.Sprintf(", %d %s", did.n, did.text)
		}
	}
	if d.Pending > 0 {
		said += fmt.Sprintf(", %s for an approval", waiting(d.Pending))
	}
	return said + "."
}

// waiting returns "1 request waits" or "2 requests wait".
func waiting(n int) string {
	if n == 1 {
		return "1 request waits"
	}
	return fmt.Sprintf("%d requests wait", n)
}

// BacklogAge says, in words, for how long the oldest waiting file had waited when the run
// ended; "" where that is not known.
func (s *Summary) BacklogAge() string {
	if s.BacklogOldest.IsZero() {
		return ""
	}
	age := s.Started.Add(time.Duration(s.ElapsedMS * float64(time.Millisecond))).Sub(s.BacklogOldest)
	switch {
	case age < time.Minute:
		return fmt.Sprintf("%d s", max(0, age/time.Second))
	case age < time.Hour:
		return fmt.Sprintf("%d min", age/time.Minute)
	case age < 48*time.Hour:
		return fmt.Sprintf("%d h", age/time.Hour)
	}
	return count(int(age/(24*time.Hour)), "day")
}

func ended(state string) string {
	if state == "aborted" {
		return "was cut off"
	}
	return "was completed"
}

// count returns "1 message" or "2 messages".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Lists fills the lists of a summary up to a bound and counts the rest in More.
type Lists struct {
	s       *Summary
	max     int
	unknown map[string]bool
}

// NewLists fills the lists of s with at most limit entries each; 0 is no bound.
func NewLists(s *Summary, limit int) Lists {
	return Lists{s: s, max: limit, unknown: map[string]bool{}}
}

// MessageID adds a Message-ID; a message without one is not listed.
func (l Lists) MessageID(id string) {
	if id != "" && l.room("message_ids", len(l.s.MessageIDs)) {
		l.s.MessageIDs = append(l.s.MessageIDs, id)
	}
}

// Failure adds a recipient who did not get the message.
func (l Lists) Failure(f Failure) {
	if l.room("failed", len(l.s.Failed)) {
		l.s.Failed = append(l.s.Failed, f)
	}
}

// UnknownAddress adds an address that no library has, once.
func (l Lists) UnknownAddress(a string) {
	if l.unknown[a] {
		return
	}
	l.unknown[a] = true
	if l.room("unknown_addresses", len(l.s.UnknownAddresses)) {
		l.s.UnknownAddresses = append(l.s.UnknownAddresses, a)
	}
}

func (l Lists) room(list string, have int) bool {
	if l.max == 0 || have < l.max {
		return true
	}
	if l.s.More == nil {
		l.s.More = map[string]int{}
	}
	l.s.More[list]++
	return false
}
