package incoming_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/event"
	"mailchute/pkg/library"
)

// received is the field that a message has on top which came by SMTP.
const received = "Received: from client.test by mx.case.test; Thu, 1 Jan 2026 00:00:00 +0000\r\n"

// Whether a file is a message that was here before: by its content where it came by
// SMTP, by content and name where a person dropped it.
func TestDuplicates(t *testing.T) {
	t.Parallel()
	envelope := mail("alice@case.test", "invoices@case.test")
	type file struct{ name, content string }
	for _, row := range []struct {
		name          string
		first, second file
		duplicate     bool
	}{
		{"by hand, same name", file{"1.eml", envelope + letter}, file{"1.eml", envelope + letter}, true},
		{"by hand, other name", file{"1.eml", envelope + letter}, file{"2.eml", envelope + letter}, false},
		{"by hand, same name, other content", file{"1.eml", envelope + letter}, file{"1.eml", envelope + attached("", "report.csv", "c;d")}, false},
		{"by SMTP, same name", file{"1.eml", envelope + received + letter}, file{"1.eml", envelope + received + letter}, true},
		{"by SMTP, other name", file{"1.eml", envelope + received + letter}, file{"2.eml", envelope + received + letter}, true},
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
