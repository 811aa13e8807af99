package incoming_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/jobs/incoming"
	"mailchute/pkg/access"
	"mailchute/pkg/directory"
	"mailchute/pkg/library"
	"mailchute/store"
)

// Whoever has the whole local part gets the mail; else whoever has what stands before the
// detail. Recipients stay on record as the envelope has them.
func TestPlus(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		to      string
		verdict string
		want    []string // documents: library/path
	}{
		{"invoices@case.test", "filed invoices@case.test", []string{"invoices/report.csv"}},
		{"invoices+2026@case.test", "filed invoices+2026@case.test", []string{"invoices/report.csv"}},
		{"Invoices+2026+Q1@Case.Test", "filed Invoices+2026+Q1@Case.Test", []string{"invoices/report.csv"}},
		{"years+2026+q1@case.test", "filed years+2026+q1@case.test", []string{"years/2026+q1/report.csv"}},
		{"years+@case.test", "filed years+@case.test", []string{"years/report.csv"}},
		{"years+own@case.test", "filed years+own@case.test", []string{"own/report.csv"}},
		{"Years+OWN@case.test", "filed Years+OWN@case.test", []string{"own/report.csv"}},
		{"years+own+2026@case.test", "filed years+own+2026@case.test", []string{"years/own+2026/report.csv"}},
		{"staff+2026@case.test", "held group-address staff+2026@case.test", nil},
		{"nobody+2026@case.test", "held unknown-address nobody+2026@case.test", nil},
		{"+invoices@case.test", "held unknown-address +invoices@case.test", nil},
		{"invoices+2026@elsewhere.test", "held foreign-domain invoices+2026@elsewhere.test", nil},
	} {
		t.Run(row.to, func(t *testing.T) {
			t.Parallel()
			w := plusFarm(t)
			w.drop("1.eml", mail("alice@case.test", row.to)+letter)
			x := w.explain(filepath.Join(w.dir, "drop", "1.eml"))
			w.checkExplained(x, w.drain())
			if diff := cmp.Diff([]string{row.verdict}, w.verdicts("1.eml")); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(row.want, w.filedPaths()); diff != "" {
				t.Errorf("documents (-want +got):\n%s", diff)
			}
			w.verify()
		})
	}
}

// plusFarm has a library that ignores details, one that makes folders of them, one whose
// own local part looks like a detail of another's, and a distribution group.
func plusFarm(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	w.library(library.Library{Name: "years", Settings: library.Settings{Plus: library.PlusFolder}})
	w.library(library.Library{Name: "own", LocalPart: "years+own", Settings: library.Settings{Plus: library.PlusFolder}})
	w.distribution("staff")
	return w
}

// distribution adds a group with a distribution group of its name that waits for nobody.
func (w *world) distribution(name string) {
	w.t.Helper()
	ctx := w.t.Context()
	w.must(w.store.SetSettings(ctx, map[string]string{"approve_create": "false"}))
	w.must(w.store.AddGroup(ctx, access.Group{Name: name, Site: "default"}))
	_, err := w.store.AskDistribution(ctx, name, store.Ask{Want: directory.Properties{LocalPart: name}})
	w.must(err)
}

// filedPaths returns library/path of every document.
func (w *world) filedPaths() (paths []string) {
	for _, d := range w.allDocuments() {
		path, _, _ := strings.Cut(d, " ")
		paths = append(paths, path)
	}
	return paths
}

// A library has a message once, in the folder of the first of its recipients; the outcome
// of the other says so, and so does the explanation.
func TestPlusTwice(t *testing.T) {
	t.Parallel()
	w := plusFarm(t)
	w.drop("1.eml", mail("alice@case.test", "years+2026@case.test", "years+2027@case.test")+letter)
	x := w.explain(filepath.Join(w.dir, "drop", "1.eml"))
	w.checkExplained(x, w.drain())
	if diff := cmp.Diff([]string{"years/2026/report.csv"}, w.filedPaths()); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	if got := x.Recipients[1]; got.Decision != "file" || got.Detail != "filed with years+2026@case.test" {
		t.Errorf("got %+v, want it filed with the other", got)
	}
	w.verify()
}

// Held mail is released into the folder that its recipient named, also to a library that
// the operator names.
func TestPlusReleased(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ to, library, want string }{
		{"years+2026@case.test", "", "years/2026/report.csv"},
		{"years+own@case.test", "", "own/report.csv"},
		{"years+own@case.test", "years", "years/report.csv"},
		{"nobody+2026@case.test", "years", "years/2026/report.csv"},
		{"nobody@case.test", "years", "years/report.csv"},
	} {
		t.Run(row.to+" to "+row.library, func(t *testing.T) {
			t.Parallel()
			w := plusFarm(t)
			h := w.holdOne(mail("bob@case.test", row.to) + letter)
			r, err := w.release(h, incoming.Override{Library: row.library})
			w.must(err)
			if got := w.filedPaths(); !slices.Equal(got, []string{row.want}) {
				t.Errorf("got %q (%+v), want %s", got, r, row.want)
			}
			w.verify()
		})
	}
}

// That nobody has an address is asked twice where it has a detail: for the whole, and for
// what stands before it.
func TestPlusAskedOnce(t *testing.T) {
	t.Parallel()
	w := plusFarm(t)
	count := map[string]int{}
	w.watch(func(what string) error { count[what]++; return nil })
	for _, name := range []string{"1.eml", "2.eml", "3.eml"} {
		w.drop(name, mail("alice@case.test", "invoices+a@case.test", "invoices+b@case.test", "nobody+a@case.test")+letter)
	}
	w.drain()
	if want := len([]string{"invoices+a", "invoices+b", "invoices", "nobody+a", "nobody"}); count["OwnerOf"] != want {
		t.Errorf("got %d questions, want %d", count["OwnerOf"], want)
	}
	if got, want := w.verdicts("3.eml"), "held unknown-address nobody+a@case.test"; !slices.Contains(got, want) {
		t.Errorf("got %q, want %s", got, want)
	}
}
