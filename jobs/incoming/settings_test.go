package incoming_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/jobs/incoming"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
)

// What a library leaves out is named in the recipient's outcome, and all of it in the
// explanation.
func TestLeftOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices", Settings: library.Settings{
		BlockedTypes: []string{"exe"}, Blocked: library.BlockedSkip, Exclude: []string{"draft*"},
	}})
	w.library(library.Library{Name: "all"})
	content := mail("alice@case.test", "invoices@case.test", "all@case.test") + "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
	for _, name := range []string{"setup.exe", "report.csv", "draft.doc", "draft.txt", "draft.pdf"} {
		content += "--b\r\nContent-Disposition: attachment; filename=" + name + "\r\n\r\n" + name + "\r\n"
	}
	w.drop("1.eml", content+"--b--\r\n")

	x := w.explain(filepath.Join(w.dir, "drop", "1.eml"))
	sum := w.drain()
	w.checkExplained(x, sum)
	if sum.Skipped != 4 {
		t.Errorf("got %d skipped, want the four", sum.Skipped)
	}
	want := incoming.RecipientExplanation{
		Address: "invoices@case.test", Decision: "file", Detail: "left out: setup.exe (blocked type), draft.doc (excluded), draft.txt (excluded) and 1 more",
		Skipped: 4, LeftOut: []incoming.ExplainedLeftOut{
			{Part: "1", Name: "setup.exe", Why: "blocked type"}, {Part: "3", Name: "draft.doc", Why: "excluded"}, {Part: "4", Name: "draft.txt", Why: "excluded"}, {Part: "5", Name: "draft.pdf", Why: "excluded"},
		},
	}
	got := x.Recipients[0]
	got.Library, got.Author, got.Documents, got.Standing = nil, "", nil, incoming.Standing{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if all := x.Recipients[1]; all.Detail != "" || all.LeftOut != nil || all.Skipped != 0 {
		t.Errorf("got %+v, want nothing left out", all)
	}
	w.verify()
}

// The text of a message is stored in UTF-8 for every library that saves it.
func TestBodySaved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	for _, name := range []string{"first", "second"} {
		w.library(library.Library{Name: name, Settings: library.Settings{SaveBody: library.BodyText}})
	}
	w.library(library.Library{Name: "none"})
	w.drop("1.eml", mail("alice@case.test", "first@case.test", "none@case.test", "second@case.test")+
		"Subject: Prices\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe")
	w.checkExplained(w.explain(filepath.Join(w.dir, "drop", "1.eml")), w.drain())
	for _, name := range []string{"first", "second"} {
		docs := w.documents(name)
		if len(docs) != 1 || docs[0].Content.Size != int64(len("Grüße")) {
			t.Fatalf("got %+v in %s, want the text", docs, name)
		}
		got, err := os.ReadFile(filepath.Join(w.dir, "libraries", docs[0].TreePath))
		if err != nil || string(got) != "Grüße" {
			t.Errorf("got %q, %v in %s; want the text in UTF-8", got, err, name)
		}
	}
	if diff := cmp.Diff([]string{"Prices.eml"}, w.names("none")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	w.verify()
}

// Texts count as documents where libraries save them: a message of few texts for few
// libraries must not become more than the memory is for.
func TestBodiesAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	for _, name := range []string{"a", "b"} {
		w.library(library.Library{Name: name, Settings: library.Settings{SaveBody: library.BodyText}})
	}
	texts := "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\ntext\r\n", 5001) + "--b--\r\n"
	w.drop("1.eml", mail("alice@case.test", "a@case.test", "b@case.test")+texts)
	w.drain()
	want := []string{"held over-limits a@case.test", "held over-limits b@case.test"}
	if diff := cmp.Diff(want, w.verdicts("1.eml")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The whole header is kept where a library asks for it, and only there; the fields that
// tie messages together are columns everywhere.
func TestHeaderKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "kept", Settings: library.Settings{SaveHeaders: true}})
	w.library(library.Library{Name: "plain"})
	const header = "In-Reply-To: <0@case.test>\r\nReferences: <a@case.test>\r\n <0@case.test>\r\nX-Mailer: Some\r\n"
	w.drop("1.eml", mail("alice@case.test", "plain@case.test", "kept@case.test")+"Bcc: secret@case.test\r\n"+header+letter)
	w.drain()
	whole, _, _ := strings.Cut(header+letter, "\r\n\r\n")
	for name, want := range map[string]string{"kept": whole + "\r\n", "plain": ""} {
		docs := w.documents(name)
		if len(docs) != 1 {
			t.Fatalf("got %d documents in %s, want one", len(docs), name)
		}
		got, err := w.store.Header(t.Context(), docs[0].Document)
		w.must(err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("header in %s (-want +got):\n%s", name, diff)
		}
		if c := docs[0].Columns; c.InReplyTo != "<0@case.test>" || c.References != "<a@case.test> <0@case.test>" {
			t.Errorf("got columns %+v in %s", c, name)
		}
	}
	w.verify()
}

// A fragment of a message is held, and is filed as it is when somebody releases it. Held
// mail keeps its header too.
func TestPartialReleased(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices", Settings: library.Settings{SaveHeaders: true}})
	const fragment = "Subject: Part 1\r\nContent-Type: message/partial; id=x; number=1; total=2\r\n\r\nSubject: Whole\r\n\r\nfirst half"
	h := w.holdOne(mail("alice@case.test", "invoices@case.test") + fragment)
	if h.Outcome.Reason != fault.PartialMessage {
		t.Errorf("got reason %s, want %s", h.Outcome.Reason, fault.PartialMessage)
	}
	r, err := w.release(h, incoming.Override{})
	w.must(err)
	docs := w.documents("invoices")
	if len(docs) != 1 || docs[0].Name != "Part 1.eml" || docs[0].Content.Size != int64(len(fragment)) {
		t.Fatalf("got %+v (%+v), want the fragment", docs, r)
	}
	header, err := w.store.Header(t.Context(), docs[0].Document)
	if err != nil || !strings.HasPrefix(header, "Subject: Part 1\r\n") {
		t.Errorf("got header %q, %v", header, err)
	}
	w.verify()
}

// Policy may have fragments deleted.
func TestPartialDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	w.must(w.store.SetSettings(t.Context(), map[string]string{"rejects": "delete"}))
	w.drop("1.eml", mail("alice@case.test", "invoices@case.test")+"Content-Type: message/partial; id=x; number=1\r\n\r\nhalf")
	w.drain()
	if diff := cmp.Diff([]string{"deleted partial-message invoices@case.test"}, w.verdicts("1.eml")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Force lifts the size of the message, and blocked types, those that the bytes show too.
func TestForceLiftsTheNewLimits(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name     string
		settings library.Settings
		reason   fault.Reason
	}{
		{"message", library.Settings{MaxMessageSize: 100}, fault.TooLarge},
		{"type", library.Settings{BlockedTypes: []string{library.PresetSharePoint}}, fault.BlockedType},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "eml")
			w.library(library.Library{Name: "invoices", Settings: row.settings})
			h := w.holdOne(mail("alice@case.test", "invoices@case.test") + attached("", "plan.pdf", program))
			if _, err := w.release(h, incoming.Override{}); fault.ReasonOf(err) != row.reason {
				t.Errorf("got %v, want %s", err, row.reason)
			}
			_, err := w.release(h, incoming.Override{Force: true})
			w.must(err)
			if diff := cmp.Diff([]string{"plan.pdf"}, w.names("invoices")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// program is the beginning of a program for Windows, as far as anybody looks.
const program = "MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00This program cannot be run in DOS mode."

// A message without a date has that of its drop file; held mail that of when it was held.
func TestReceivedDatesMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices", Settings: library.Settings{NameTemplate: "{date} {name}{ext}"}})
	arrived := time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)
	for name, to := range map[string]string{"1.eml": "invoices@case.test", "2.eml": "later@case.test"} {
		w.drop(name, mail("alice@case.test", to)+letter)
		w.must(os.Chtimes(filepath.Join(w.dir, "drop", name), arrived, arrived))
	}
	w.checkedExplanation("1.eml")
	w.drain()
	if diff := cmp.Diff([]string{"2026-03-09 report.csv"}, w.names("invoices")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	held, err := w.store.HeldMail(t.Context(), store.HeldWaiting)
	w.must(err)
	r, err := w.release(held[0], incoming.Override{Library: "invoices"})
	w.must(err)
	if want := fmt.Sprintf("%s report.csv", held[0].Since.UTC().Format(time.DateOnly)); len(r.Paths) != 1 || r.Paths[0] != want {
		t.Errorf("got %q, want %s", r.Paths, want)
	}
}

// checkedExplanation fails the test where the explanation of a waiting file names other
// documents than w.names will find.
func (w *world) checkedExplanation(file string) {
	w.t.Helper()
	for _, r := range w.explain(filepath.Join(w.dir, "drop", file)).Recipients {
		for _, d := range r.Documents {
			if !strings.HasPrefix(d.Name, "2026-03-09 ") {
				w.t.Errorf("explained: got %s, want it dated by the file", d.Name)
			}
		}
	}
}
