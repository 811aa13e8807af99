package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/fault"
	"mailchute/store"
)

// tell writes what is known of messages, a line each.
func tell(all []store.History) (lines []string) {
	for _, h := range all {
		for _, p := range h.Seen {
			lines = append(lines, fmt.Sprintf("processed %s %s", p.File, p.State))
		}
		for _, o := range h.Outcomes {
			lines = append(lines, fmt.Sprintf("%s %s", o.State, o.Recipient))
		}
		for _, held := range h.Held {
			lines = append(lines, fmt.Sprintf("%d %s", held.ID, held.State))
		}
		for _, d := range h.Documents {
			lines = append(lines, fmt.Sprintf("document %s v%d at %q", d.Name, d.Version, d.TreePath))
		}
	}
	return lines
}

func TestTrace(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.settle(letter{key: "1", names: []string{"a"}, overwrite: true})
	f.settle(letter{key: "1", to: "nobody@case.test", held: fault.UnknownAddress})
	renamed := f.settlement(letter{key: "1", names: []string{"a"}})
	renamed.Item.File = "copy.eml"
	_, err := f.Settle(t.Context(), renamed)
	f.must(err)
	f.settle(letter{key: "2", names: []string{"A"}, overwrite: true})
	_, err = f.Settle(t.Context(), store.Settlement{
		Run: f.book.ID, Item: store.Item{Feed: "main", File: "bad.eml"}, Waiting: []string{""}, Detail: "it cannot be read",
	})
	f.must(err)

	first := []string{
		"processed 1.eml filed", "processed 1.eml held", "processed copy.eml duplicate",
		"filed in@case.test", "held nobody@case.test", "1 held", `document a v1 at ""`,
	}
	for what, want := range map[string][]string{
		"<1>":      first,
		"1":        first,
		"1.eml":    first,
		"copy.eml": first,
		"2":        {"processed 2.eml filed", "filed in@case.test", `document a v2 at "default/in/a"`},
		"bad.eml":  {"processed bad.eml deferred"},
	} {
		all, err := f.Trace(t.Context(), what)
		f.must(err)
		if diff := cmp.Diff(want, tell(all)); diff != "" {
			t.Errorf("trace of %s (-want +got):\n%s", what, diff)
		}
	}
	for _, what := range []string{"", "<>", "3", "<1", "1>", "a"} {
		if all, err := f.Trace(t.Context(), what); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("trace of %q: got %s and error %v, want not found", what, strings.Join(tell(all), ", "), err)
		}
	}

	// What is left of a message when its run was swept.
	f.closeRun()
	f.change(func(tx store.Tx) error { return tx.DeleteRuns(1) })
	all, err := f.Trace(t.Context(), "1")
	f.must(err)
	if diff := cmp.Diff(first[3:], tell(all)); diff != "" {
		t.Errorf("trace after the sweep (-want +got):\n%s", diff)
	}
}
