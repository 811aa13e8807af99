package incoming_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/jobs/incoming"
	"mailchute/pkg/library"
	"mailchute/pkg/message"
)

// attached returns a message with one attachment, below a first field of its own.
func attached(first, name, data string) string {
	return first + "Subject: Report\r\nMessage-ID: <a@case.test>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
		"--b\r\n\r\nSee the attachment.\r\n--b\r\nContent-Type: application/octet-stream\r\n" +
		"Content-Disposition: attachment; filename=\"" + name + "\"\r\n\r\n" + data + "\r\n--b--\r\n"
}

// junk returns bytes that are nothing.
func junk() string {
	random := rand.NewChaCha8([32]byte{'j'})
	b := make([]byte, 4096)
	random.Read(b) //nolint:errcheck // it never fails
	return string(b)
}

// Whatever arrives, each recipient gets one outcome, as the explanation said before.
func TestBadInput(t *testing.T) {
	t.Parallel()
	alice := mail("alice@case.test", "invoices@case.test")
	hundred := make([]string, 100)
	unknown := make([]string, 100)
	for i := range hundred {
		hundred[i] = fmt.Sprintf("r%02d@case.test", i)
		unknown[i] = "held unknown-address " + hundred[i]
	}
	hundred[7], unknown[7] = "open@case.test", "filed open@case.test"
	slices.Sort(unknown)
	for _, row := range []struct {
		name, drop string
		want       []string // verdicts
		docs       []string // in the libraries invoices and open
	}{
		{"binary junk", junk(), []string{"held no-envelope"}, nil},
		{"junk below an envelope", alice + junk(), []string{"filed invoices@case.test"}, []string{"message.eml"}},
		{"NUL bytes", strings.Repeat("\x00", 512), []string{"held no-envelope"}, nil},
		{"no envelope", letter, []string{"held no-envelope"}, nil},
		{"no sender", "X-Receiver: open@case.test\r\n" + letter, []string{"held no-envelope"}, nil},
		{"two senders", "X-Sender: bob@case.test\r\n" + alice + letter, []string{"held no-envelope"}, nil},
		{"no recipient", "X-Sender: alice@case.test\r\n" + letter, []string{"held no-envelope"}, nil},
		{"recipient is no address", "X-Sender: alice@case.test\r\nX-Receiver: a b c\r\n" + letter, []string{"held no-envelope"}, nil},
		{"envelope only", alice, []string{"held no-envelope"}, nil},
		{"header without end", alice + "Subject: Cut\r\nFrom: a", []string{"filed invoices@case.test"}, []string{"Cut.eml"}},
		{"no body", alice + "Subject: Short\r\n\r\n", []string{"filed invoices@case.test"}, []string{"Short.eml"}},
		{"broken structure", alice + "Subject: Broken\r\nContent-Type: multipart/mixed\r\n\r\ntext\r\n", []string{"filed invoices@case.test"}, []string{"Broken.eml"}},
		{"foreign domain", mail("alice@case.test", "invoices@elsewhere.test") + letter, []string{"held foreign-domain invoices@elsewhere.test"}, nil},
		{
			"local part with ../", mail("alice@case.test", "../../etc/passwd@case.test") + letter,
			[]string{`held unknown-address "../../etc/passwd"@case.test`},
			nil,
		},
		{
			"quoted local part with ../", mail("alice@case.test", `"../../etc/passwd"@case.test`) + letter,
			[]string{`held unknown-address "../../etc/passwd"@case.test`},
			nil,
		},
		{"reserved local part", mail("alice@case.test", "postmaster@case.test") + letter, []string{"held unknown-address postmaster@case.test"}, nil},
		{"local part too long", mail("alice@case.test", strings.Repeat("l", 300)+"@case.test") + letter, []string{"held unknown-address " + strings.Repeat("l", 300) + "@case.test"}, nil},
		{"group", mail("alice@case.test", "staff@case.test") + letter, []string{"held group-address staff@case.test"}, nil},
		{"archived library", mail("alice@case.test", "old@case.test") + letter, []string{"held unknown-address old@case.test"}, nil},
		{"attachment ../../etc/passwd", alice + attached("", "../../etc/passwd", "x"), []string{"filed invoices@case.test"}, []string{"passwd"}},
		{"attachment C:\\con", alice + attached("", `C:\\con`, "x"), []string{"filed invoices@case.test"}, []string{"con_"}},
		{"attachment with ESC and U+202E", alice + attached("", "a\x1b[31m\u202egpj.exe", "x"), []string{"filed invoices@case.test"}, []string{"a[31mgpj.exe"}},
		{"null sender, contributors", mail("<>", "invoices@case.test") + letter, []string{"held no-permission invoices@case.test"}, nil},
		{"null sender, anyone", mail("<>", "open@case.test") + letter, []string{"filed open@case.test"}, []string{"unverified/report.csv"}},
		{"empty sender", mail("", "open@case.test") + letter, []string{"filed open@case.test"}, []string{"unverified/report.csv"}},
		{
			"recipient twice", mail("alice@case.test", "invoices@case.test", "INVOICES@Case.Test", `"invoices"@case.test`) + letter,
			[]string{"filed invoices@case.test"},
			[]string{"report.csv"},
		},
		{"a hundred recipients", mail("bob@case.test", hundred...) + letter, unknown, []string{"bob@case.test/report.csv"}},
		{
			"held for one, filed for another", mail("bob@case.test", "invoices@case.test", "open@case.test") + letter,
			[]string{"filed open@case.test", "held no-permission invoices@case.test"},
			[]string{"bob@case.test/report.csv"},
		},
		{"blocked type", mail("bob@case.test", "strict@case.test") + attached("", "setup.EXE", "x"), []string{"held blocked-type strict@case.test"}, nil},
		{
			"too large for one", mail("bob@case.test", "strict@case.test", "open@case.test") + attached("", "a.txt", strings.Repeat("x", 1025)),
			[]string{"filed open@case.test", "held too-large strict@case.test"},
			[]string{"bob@case.test/a.txt"},
		},
		{
			"over limits", mail("bob@case.test", "open@case.test", "nobody@case.test") + deep(60),
			[]string{"held over-limits open@case.test", "held unknown-address nobody@case.test"},
			nil,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newBadInputWorld(t)
			w.drop("1.eml", row.drop)
			explained := w.explain(filepath.Join(w.dir, "drop", "1.eml"))
			sum := w.drain()
			if sum.Processed != 1 || sum.Deferred != 0 {
				t.Errorf("got summary %+v, want the message processed", sum)
			}
			if diff := cmp.Diff(row.want, w.verdicts("1.eml")); diff != "" {
				t.Errorf("verdicts (-want +got):\n%s", diff)
			}
			docs := append(w.names("invoices"), w.names("open")...)
			if diff := cmp.Diff(append([]string{}, row.docs...), docs); diff != "" {
				t.Errorf("documents (-want +got):\n%s", diff)
			}
			w.checkExplained(explained, sum)
			w.checkHeld("1.eml", row.drop)
			w.drained()
			w.verify()
		})
	}
}

// newBadInputWorld has a library for contributors, one for anyone with sender folders, a
// strict one, an archived one and a distribution group.
func newBadInputWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	w.library(library.Library{Name: "open", Settings: library.Settings{Accept: library.AcceptAnyone, Folders: library.FoldersSender}})
	w.library(library.Library{Name: "strict", Settings: library.Settings{
		Accept: library.AcceptAnyone, AutoReplies: library.AutoRepliesHold, MaxFileSize: 1024, BlockedTypes: []string{"exe"},
	}})
	w.library(library.Library{Name: "old"})
	w.must(w.store.RemoveLibrary(t.Context(), "old", true))
	w.distribution("staff")
	return w
}

// checkHeld fails where what is held of a file is not the file, byte for byte.
func (w *world) checkHeld(file, content string) {
	w.t.Helper()
	held, err := w.store.HeldMail(w.t.Context())
	w.must(err)
	for _, h := range held {
		if h.Item.File != file || h.Blob.String() != hexDigest([]byte(content)) || h.Item.Size != int64(len(content)) {
			w.t.Errorf("got %s of %d bytes with digest %s held, want the whole drop file %s", h.Item.File, h.Item.Size, h.Blob, file)
		}
	}
}

// deep returns a message of multiparts within each other.
func deep(levels int) string {
	var b strings.Builder
	for i := range levels {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	return b.String() + "\r\ntext\r\n"
}

// The limits are the job's options.
func TestLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml", with(func(o *incoming.Options) { o.Limits = message.Limits{Parts: 2} }))
	w.library(library.Library{Name: "invoices"})
	w.drop("1.eml", mail("alice@case.test", "invoices@case.test")+letter) // a multipart and two parts
	w.drop("2.eml", mail("alice@case.test", "invoices@case.test")+"Subject: Note\r\n\r\ntext\r\n")
	if sum := w.drain(); sum.Filed != 1 || sum.Held != 1 || sum.Failed[0].Reason != "over-limits" {
		t.Errorf("got summary %+v, want one filed and one over the limits", sum)
	}
	w.drained()
	w.verify()
}

// A message may become as many documents as it has parts in one library, but not in many.
func TestTooManyDocuments(t *testing.T) {
	t.Parallel()
	w := newBadInputWorld(t)
	var parts strings.Builder
	for i := range 5001 {
		fmt.Fprintf(&parts, "--b\r\nContent-Disposition: attachment; filename=%d.txt\r\n\r\n\r\n", i)
	}
	w.drop("1.eml", mail("alice@case.test", "invoices@case.test", "open@case.test", "nobody@case.test")+
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n"+parts.String()+"--b--\r\n")
	for _, r := range w.explain(filepath.Join(w.dir, "drop", "1.eml")).Recipients[:2] {
		if r.Decision != "hold" || r.Reason != "over-limits" || !strings.Contains(r.Detail, "10002 documents") {
			t.Errorf("%s: explained as %s %s, %s; want it held as over-limits", r.Address, r.Decision, r.Reason, r.Detail)
		}
	}
	w.drain()
	want := []string{"held over-limits invoices@case.test", "held over-limits open@case.test", "held unknown-address nobody@case.test"}
	if diff := cmp.Diff(want, w.verdicts("1.eml")); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
	w.drained()
	w.verify()
}

// What was settled before three processes died with its drop file in hand is not held as
// well; another message in a file of that name and size is.
func TestSettledThenKilledThreeTimes(t *testing.T) {
	t.Parallel()
	filed := mail("alice@case.test", "invoices@case.test") + letter
	for name, row := range map[string]struct {
		content string
		want    []string
	}{
		"the same file":    {filed, []string{"filed invoices@case.test"}},
		"another's file":   {strings.Replace(filed, "a;b", "c;d", 1), []string{"filed invoices@case.test", "held poison invoices@case.test"}},
		"one with more in": {filed + "x", []string{"filed invoices@case.test", "held poison invoices@case.test"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newBadInputWorld(t)
			w.drop("1.eml", filed)
			w.drain()
			box := filepath.Join(w.dir, "drop", ".mailchute", "retry", "0.3.0.0.X")
			w.must(os.MkdirAll(box, 0o700))
			w.write(filepath.Join(box, "1.eml"), row.content)
			w.drain()
			if diff := cmp.Diff(row.want, w.verdicts("1.eml")); diff != "" {
				t.Errorf("verdicts (-want +got):\n%s", diff)
			}
			w.drained()
			w.verify()
		})
	}
}

// A copy that came under another name is a duplicate once it is read. Where it may not be
// read any more it is held: that it is a copy cannot be proved, and nothing is lost.
func TestCopyKilledThreeTimes(t *testing.T) {
	t.Parallel()
	content := mail("alice@case.test", "invoices@case.test") + received + "Subject: Note\r\n\r\ntext\r\n"
	for _, row := range []struct {
		crashes int // on record
		want    counts
	}{
		{2, counts{duplicate: 1}},
		{3, counts{held: 1}},
	} {
		t.Run(fmt.Sprintf("%+v", row.want), func(t *testing.T) {
			t.Parallel()
			w := newBadInputWorld(t)
			w.drop("1.eml", content)
			w.drain()
			box := filepath.Join(w.dir, "drop", ".mailchute", "retry", fmt.Sprintf("0.%d.0.0.X", row.crashes))
			w.must(os.MkdirAll(box, 0o700))
			w.write(filepath.Join(box, "2.eml"), content)
			if got := countsOf(w.drain()); got != row.want {
				t.Errorf("got %+v, want %+v", got, row.want)
			}
			w.drained()
			w.verify()
		})
	}
}

// A process that died three times with a message in hand is not killed by it again.
func TestKilledThreeTimes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		crashes int // on record
		want    string
	}{
		{1, "filed invoices@case.test"},
		{2, "filed invoices@case.test"},
		{3, "held poison invoices@case.test"},
	} {
		t.Run(row.want, func(t *testing.T) {
			t.Parallel()
			w := newBadInputWorld(t)
			box := filepath.Join(w.dir, "drop", ".mailchute", "retry", fmt.Sprintf("0.%d.0.0.X", row.crashes))
			w.must(os.MkdirAll(box, 0o700))
			w.write(filepath.Join(box, "1.eml"), mail("alice@case.test", "invoices@case.test")+letter)
			w.drain()
			if diff := cmp.Diff([]string{row.want}, w.verdicts("1.eml")); diff != "" {
				t.Errorf("verdicts (-want +got):\n%s", diff)
			}
			w.drained()
			w.verify()
		})
	}
}
