package incoming_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/access"
	"mailchute/pkg/fault"
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
	w.must(w.store.SetSettings(t.Context(), map[string]string{
		"rejects": "delete", "rejects.no-permission": "hold", "rejects.over-limits": "delete",
	}))
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
	if sum.Held != 2 || sum.Deleted != 3 || sum.Errors != 5 || len(sum.Failed) != 6 {
		t.Errorf("got summary %+v, want two held, three deleted and six recipients without the message", sum)
	}
	want := map[string][]string{
		"1.eml": {"deleted unknown-address nobody@case.test", "held no-permission invoices@case.test"},
		"2.eml": {"deleted unknown-address nobody@case.test", "filed open@case.test"},
		"3.eml": {"deleted blocked-type strict@case.test"},
		"4.eml": {"held no-envelope"},
		"5.eml": {"deleted over-limits open@case.test"},
	}
	for name := range drops {
		if diff := cmp.Diff(want[name], w.verdicts(name)); diff != "" {
			t.Errorf("%s: verdicts (-want +got):\n%s", name, diff)
		}
	}
	if held, err := w.store.HeldMail(t.Context()); err != nil || len(held) != 2 {
		t.Errorf("got %d held, %v; want two", len(held), err)
	}
	if got := len(w.events(6873)); got != 6 {
		t.Errorf("got %d events 6873, want 6", got)
	}
	w.drained()
	w.verify()
}

// What failed here is never deleted, nor is mail that nobody decided about.
func TestRejectsDeleteNamesWhatItDeletes(t *testing.T) {
	t.Parallel()
	for _, r := range fault.Reasons() {
		w := newBadInputWorld(t)
		w.must(w.store.SetSettings(t.Context(), map[string]string{"rejects": "delete"}))
		p, err := w.store.Policy(t.Context())
		w.must(err)
		kept := slices.Contains([]fault.Reason{
			fault.Poisoned, fault.TooManyAttempts, fault.NoEnvelope, fault.OverLimits, fault.FarmClosed,
		}, r)
		if deleted := p.ActionFor(r) == access.ActionDelete; deleted == kept {
			t.Errorf("%s: got deleted %v", r, deleted)
		}
		err = w.store.SetSettings(t.Context(), map[string]string{"rejects." + string(r): "delete"})
		never := r == fault.Poisoned || r == fault.TooManyAttempts
		if refused := err != nil; refused != never {
			t.Errorf("rejects.%s=delete: got error %v", r, err)
		}
	}
}
