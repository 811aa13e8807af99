package incoming_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A farm that is switched off holds everything.
func TestFarmClosed(t *testing.T) {
	t.Parallel()
	w := newBadInputWorld(t)
	w.must(w.store.SetSettings(t.Context(), map[string]string{"enabled": "false"}))
	w.drop("1.eml", mail("alice@case.test", "invoices@case.test", "open@case.test", "nobody@case.test")+letter)
	w.drain()
	want := []string{
		"held farm-closed invoices@case.test", "held farm-closed open@case.test", "held unknown-address nobody@case.test",
	}
	if diff := cmp.Diff(want, w.verdicts("1.eml")); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
}

// Rejected mail is deleted where the policy says so, on record, and only then.
func TestRejectsDelete(t *testing.T) {
	t.Parallel()
	w := newBadInputWorld(t)
	w.must(w.store.SetSettings(t.Context(), map[string]string{"rejects": "delete", "rejects.no-permission": "hold"}))
	drops := map[string]string{
		"1.eml": mail("bob@case.test", "nobody@case.test", "invoices@case.test") + letter,
		"2.eml": mail("bob@case.test", "nobody@case.test", "open@case.test") + letter,
		"3.eml": mail("bob@case.test", "strict@case.test") + attached("", "a.exe", "x"),
		"4.eml": letter,
		"5.eml": mail("bob@case.test", "open@case.test") + deep(60),
	}
	for name, content := range drops {
		w.drop(name, content)
	}
	sum := w.drain()
	if sum.Held != 1 || sum.Deleted != 4 || sum.Errors != 5 || len(sum.Failed) != 6 {
		t.Errorf("got summary %+v, want one held, four deleted and six recipients without the message", sum)
	}
	want := map[string][]string{
		"1.eml": {"deleted unknown-address nobody@case.test", "held no-permission invoices@case.test"},
		"2.eml": {"deleted unknown-address nobody@case.test", "filed open@case.test"},
		"3.eml": {"deleted blocked-type strict@case.test"},
		"4.eml": {"deleted no-envelope"},
		"5.eml": {"deleted over-limits open@case.test"},
	}
	for name := range drops {
		if diff := cmp.Diff(want[name], w.verdicts(name)); diff != "" {
			t.Errorf("%s: verdicts (-want +got):\n%s", name, diff)
		}
	}
	if held, err := w.store.HeldMail(t.Context()); err != nil || len(held) != 1 {
		t.Errorf("got %d held, %v; want one", len(held), err)
	}
	if got := len(w.events(6873)); got != 6 {
		t.Errorf("got %d events 6873, want 6", got)
	}
	w.drained()
	w.verify()
}
