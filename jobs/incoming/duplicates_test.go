package incoming_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/event"
	"mailchute/pkg/library"
	"mailchute/store"
)

// received is the field that a message has on top which came by SMTP.
const received = "Received: from client.test by mx.case.test; Thu, 1 Jan 2026 00:00:00 +0000\r\n"

// truth says of a second message what it is under either value of duplicates, by what it
// has in common with the first: its Message-ID (none: neither has one), the bytes, the
// file name, and the recipient; and whether the MTA wrote Received: into them. Each case
// is in one row.
const truth = `
	id     bytes  file   received recipient | key        message-id
	*      same   same   *        same      | duplicate  duplicate
	*      same   other  yes      same      | duplicate  duplicate
	same   same   other  no       same      | filed      duplicate
	none   same   other  no       same      | filed      filed
	same   other  *      *        same      | filed      duplicate
	other  other  *      *        same      | filed      filed
	none   other  *      *        same      | filed      filed
	*      *      *      *        other     | filed      filed
`

// pairing is a case of the truth table: how a second message differs from the first.
type pairing struct{ id, bytes, file, received, recipient string }

// pairings returns every case there can be. The Message-ID is among the bytes.
func pairings() (all []pairing) {
	for _, ids := range []string{"same same", "none same", "same other", "other other", "none other"} {
		for _, file := range []string{"same", "other"} {
			for _, received := range []string{"yes", "no"} {
				for _, recipient := range []string{"same", "other"} {
					id, bytes, _ := strings.Cut(ids, " ")
					all = append(all, pairing{id, bytes, file, received, recipient})
				}
			}
		}
	}
	return all
}

// becomes looks up what the second message is, in the column of a value of duplicates.
func (p pairing) becomes(t *testing.T, duplicates string) string {
	t.Helper()
	found := []string{}
	for line := range strings.Lines(truth) {
		row := strings.Fields(line)
		if len(row) < 8 || row[0] == "id" {
			continue
		}
		fits := true
		for i, is := range []string{p.id, p.bytes, p.file, p.received, p.recipient} {
			fits = fits && (row[i] == "*" || row[i] == is)
		}
		if fits {
			found = append(found, row[map[string]int{"key": 6, "message-id": 7}[duplicates]])
		}
	}
	if len(found) != 1 {
		t.Fatalf("%+v is in %d rows of the table, want one", p, len(found))
	}
	return found[0]
}

// drops returns the names and contents of the two files of a case; n tells cases apart.
func (p pairing) drops(n int) (files, contents [2]string) {
	for i := range files {
		differs := func(how string) string { return map[bool]string{true: "b", false: "a"}[i == 1 && how == "other"] }
		body := fmt.Sprintf("Subject: case %d\r\n\r\nbody %s\r\n", n, differs(p.bytes))
		if p.id != "none" {
			body = fmt.Sprintf("Message-ID: <%d%s@case.test>\r\n", n, differs(p.id)) + body
		}
		if p.received == "yes" {
			body = received + body
		}
		to := map[string]string{"a": "invoices@case.test", "b": "copies@case.test"}[differs(p.recipient)]
		files[i], contents[i] = fmt.Sprintf("%d%s.eml", n, differs(p.file)), mail("alice@case.test", to)+body
	}
	return files, contents
}

// A second message is a duplicate, or it is filed, as the table says.
func TestDuplicatesTruth(t *testing.T) {
	t.Parallel()
	for _, duplicates := range []string{"key", "message-id"} {
		t.Run(duplicates, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "eml")
			w.must(w.store.SetSettings(t.Context(), map[string]string{"duplicates": duplicates}))
			w.library(library.Library{Name: "invoices"})
			w.library(library.Library{Name: "copies"})
			second := map[string]string{}
			want := map[string]string{}
			for n, p := range pairings() {
				files, contents := p.drops(n)
				w.drop(files[0], contents[0])
				second[files[1]] = contents[1]
				want[files[1]] = fmt.Sprintf("%s: %+v", p.becomes(t, duplicates), p)
			}
			if sum := w.drain(); sum.Filed != len(second) || sum.Processed != len(second) {
				t.Fatalf("got summary %+v, want all %d first ones filed", sum, len(second))
			}
			for _, name := range slices.Sorted(maps.Keys(second)) {
				w.drop(name, second[name])
			}
			got := map[string]string{}
			for name, p := range w.processedIn(w.drain().Run) {
				n := 0
				fmt.Sscanf(name, "%d", &n) //nolint:errcheck // our own name
				got[name] = fmt.Sprintf("%s: %+v", p.State, pairings()[n])
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the second ones (-want +got):\n%s", diff)
			}
			w.drained()
			w.verify()
		})
	}
}

// processedIn returns a run's records by file name.
func (w *world) processedIn(run string) map[string]store.Processed {
	w.t.Helper()
	rows := map[string]store.Processed{}
	w.must(w.catalog.View(w.t.Context(), func(tx store.Tx) error {
		for p, err := range tx.ProcessedOf(run) {
			if err != nil {
				return err
			}
			rows[p.File] = p
		}
		return nil
	}))
	return rows
}

// One message for three libraries is three outcomes and one blob.
func TestOneBlobForAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	for _, name := range []string{"a", "b", "c"} {
		w.library(library.Library{Name: name})
	}
	w.drop("1.eml", mail("alice@case.test", "a@case.test", "b@case.test", "c@case.test")+letter)
	w.drain()
	if diff := cmp.Diff([]string{"filed a@case.test", "filed b@case.test", "filed c@case.test"}, w.verdicts("1.eml")); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	blobs := 0
	w.must(w.catalog.View(t.Context(), func(tx store.Tx) error {
		for _, err := range tx.Blobs() {
			if err != nil {
				return err
			}
			blobs++
		}
		return nil
	}))
	if blobs != 1 {
		t.Errorf("got %d blobs, want one", blobs)
	}
	w.drained()
	w.verify()
}

// What else decides whether a file is a message that was here before, by its content
// where it came by SMTP, by content and name where a person dropped it.
func TestDuplicates(t *testing.T) {
	t.Parallel()
	envelope := mail("alice@case.test", "invoices@case.test")
	type file struct{ name, content string }
	for _, row := range []struct {
		name          string
		first, second file
		duplicate     bool
	}{
		{"by hand, same name, other content", file{"1.eml", envelope + letter}, file{"1.eml", envelope + attached("", "report.csv", "c;d")}, false},
		{
			"by SMTP, odd case",
			file{"1.eml", envelope + "RECEIVED : by mx\r\n" + letter},
			file{"2.eml", envelope + "RECEIVED : by mx\r\n" + letter},
			true,
		},
		{
			"by SMTP, other content",
			file{"1.eml", envelope + attached(received, "report.csv", "a;b")},
			file{"1.eml", envelope + attached(received, "report.csv", "c;d")},
			false,
		},
		{
			"by SMTP, other sender",
			file{"1.eml", envelope + received + letter},
			file{"2.eml", mail("bob@case.test", "invoices@case.test") + received + letter},
			true,
		},
		{
			"over limits, by SMTP",
			file{"1.eml", envelope + received + deep(60)},
			file{"2.eml", envelope + received + deep(60)},
			true,
		},
		{
			"over limits, by hand",
			file{"1.eml", envelope + deep(60)},
			file{"2.eml", envelope + deep(60)},
			false,
		},
		{"no envelope, by SMTP", file{"1.eml", received + letter}, file{"2.eml", received + letter}, true},
		{"no envelope, by hand", file{"1.eml", letter}, file{"2.eml", letter}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "eml")
			w.library(library.Library{Name: "invoices"})
			w.drop(row.first.name, row.first.content)
			first := w.drain()
			if first.Duplicate != 0 || first.Filed+first.Held != 1 {
				t.Fatalf("got summary %+v, want the first one new", first)
			}
			w.drop(row.second.name, row.second.content)
			second := w.drain()
			want := counts{filed: first.Filed, held: first.Held}
			if row.duplicate {
				want = counts{duplicate: 1}
			}
			if got := countsOf(second); got != want {
				t.Errorf("got %+v of the second one, want %+v", got, want)
			}
			w.drained()
			w.verify()
		})
	}
}

// counts are those of a summary.
type counts struct{ filed, duplicate, held, deleted, deferred int }

func countsOf(s event.Summary) counts {
	return counts{s.Filed, s.Duplicate, s.Held, s.Deleted, s.Deferred}
}

// Copies that arrive together are filed once, and a copy for one recipient more is filed
// for that one only.
func TestCopiesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	w.library(library.Library{Name: "copies"})
	w.drop("1.eml", mail("alice@case.test", "invoices@case.test")+received+letter)
	w.drop("2.eml", mail("alice@case.test", "invoices@case.test")+received+letter)
	if got, want := countsOf(w.drain()), (counts{filed: 1, duplicate: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	w.drop("3.eml", mail("alice@case.test", "copies@case.test", "invoices@case.test")+received+letter)
	if got, want := countsOf(w.drain()), (counts{filed: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if diff := cmp.Diff([]string{"report.csv"}, w.names("invoices")); diff != "" {
		t.Errorf("invoices (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"report.csv"}, w.names("copies")); diff != "" {
		t.Errorf("copies (-want +got):\n%s", diff)
	}
	w.drained()
	w.verify()
}
