package drop_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/address"
	"mailchute/pkg/drop"
	"mailchute/pkg/durable"
	"mailchute/pkg/durable/durabletest"
	"mailchute/pkg/fault"
)

// twoRecipients is the envelope that the tests write.
func twoRecipients(t *testing.T) drop.Envelope {
	t.Helper()
	e, err := drop.NewEnvelope("alice@sender.test", []string{"invoices@drop.test", `"a b"@drop.test`}, "alice")
	ok(t, err)
	return e
}

// readBack reads one file of new/.
func readBack(t *testing.T, fsys durable.FS, name string) (drop.Envelope, string) {
	t.Helper()
	file, err := fsys.Open("new/" + name)
	ok(t, err)
	content, err := io.ReadAll(file)
	ok(t, errors.Join(err, file.Close()))
	e, err := drop.ReadEnvelope(bytes.NewReader(content), int64(len(content)), format(t, drop.WriteFormat))
	ok(t, err)
	return e, string(content[e.Zone:])
}

func TestNewEnvelope(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		sender, recipient, login string
		want                     string // part of the error; "" is none
	}{
		{"a@b.test", "c@d.test", "", ""},
		{"", "<c@d.test>", "alice", ""},
		{"<>", "<c@d.test>", "alice@b.test", ""},
		{"MAILER-DAEMON", `<"a > b"@d.test>`, "", ""},
		{"jürgen@b.test", "bücher@bücher.test", "jürgen", ""},
		{"a@b.test", strings.Repeat("l", 200) + "@d.test", "", ""},
		{"a@b.test", "-rf@[127.0.0.1]", "", ""},
		{"a", "c@d.test", "", `sender: "a" has no domain`},
		{"MAILER-DAEMON@b.test x", "c@d.test", "", `"x" after the address`},
		{"a@b.test", "", "", `recipient: "" is no address`},
		{"a@b.test", "<>", "", `recipient: "<>" is no address`},
		{"a@b.test", "postmaster", "", `recipient: "postmaster" has no domain`},
		{"a@b.test", "c@d.test\nX-Drop-Auth: ceo", "", "recipient: "},
		{"a@b.test\r", "c@d.test", "", "sender: "},
		{"a@b.test", "\"c\x00\"@d.test", "", "recipient: "},
		{"a@b.test", "c\xff@d.test", "", "recipient: "},
		{"a@b.test", "c@d.test NOTIFY=NEVER", "", `"NOTIFY=NEVER" after the address`},
		{"a@b.test", "c@d.test", "alice\nX-Receiver: <x@y.test>", "control character"},
		{"a@b.test", "c@d.test", "al\x00ice", "x-drop-auth has a control character"},
		{"a@b.test", "c@d.test", "al\xffice", "x-drop-auth is not UTF-8"},
		{"a@b.test", "c@d.test", " alice", "blanks around it"},
		{"a@b.test", "c@d.test", "alice\r", "login"},
	} {
		_, err := drop.NewEnvelope(row.sender, []string{"first@d.test", row.recipient}, row.login)
		switch {
		case row.want == "" && err != nil:
			t.Errorf("%q, %q, %q: %v", row.sender, row.recipient, row.login, err)
		case row.want != "" && (!errors.Is(err, fault.ErrInvalid) || !strings.Contains(err.Error(), row.want)):
			t.Errorf("%q, %q, %q: got %v, want %q and fault.ErrInvalid", row.sender, row.recipient, row.login, err, row.want)
		}
	}
	_, err := drop.NewEnvelope("a@b.test", nil, "")
	wantErr(t, "no recipient", err, fault.ErrInvalid)
	_, err = drop.NewEnvelope("a@b.test", slices.Repeat([]string{strings.Repeat("l", 1000) + "@d.test"}, 1100), "")
	wantErr(t, "an envelope beyond 1 MiB", err, fault.ErrInvalid)
}

func TestWriteReadsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fsys := w.fs()
	for _, row := range []struct{ in, want string }{
		{"Received: a\nSubject: x\n\nbody\n", ""},
		{"Subject: x\r\n\r\n\x00\xff\r", ""},
		{"X-Drop-Auth: ceo\n\n", ""},
		{" folded\n", ""},
		{"\n", ""},
		{"F", ""},
		{"From: a\n\nFrom the body\n", ""},
		{"From a@b.test Mon Jan  5 09:00:00 2026\nSubject: x\n\nFrom b\n", "Subject: x\n\nFrom b\n"},
		{"From " + strings.Repeat("x", 9000) + "\r\nSubject: x\n", "Subject: x\n"},
		{"Subject: x\n\n" + strings.Repeat("0123456789\n", 100_000), ""},
	} {
		if row.want == "" {
			row.want = row.in
		}
		name, err := drop.Write(t.Context(), fsys, twoRecipients(t), iotest.HalfReader(strings.NewReader(row.in)))
		ok(t, err)
		e, body := readBack(t, fsys, name)
		e.Source, e.Zone = "", 0
		if diff := cmp.Diff(twoRecipients(t), e); diff != "" {
			t.Errorf("%.20q: envelope (-want +got):\n%s", row.in, diff)
		}
		if body != row.want {
			t.Errorf("%.20q: got %.40q (%d bytes), want %.40q (%d)", row.in, body, len(body), row.want, len(row.want))
		}
	}
	if left := w.files("tmp"); len(left) > 0 {
		t.Errorf("tmp/ has %q", left)
	}
	info, err := os.Stat(filepath.Join(w.dir, "new", w.files("new")[0]))
	ok(t, err)
	if got := info.Mode().Perm(); got&^0o640 != 0 {
		t.Errorf("got mode %#o, want 0640 or less", got)
	}
}

// What Write writes can be claimed.
func TestWriteIsClaimed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	name, err := drop.Write(t.Context(), w.fs(), twoRecipients(t), strings.NewReader("Subject: x\n\n"))
	ok(t, err)
	folder := w.open(w.fs(), drop.WriteFormat)
	item := claimOne(t, folder)
	e, file, err := item.Open()
	ok(t, err)
	ok(t, file.Close())
	if item.Name != name || e.Auth != "alice" || len(e.Recipients) != 2 {
		t.Errorf("got %s with %+v, want %s for two recipients by alice", item.Name, e, name)
	}
	ok(t, item.Finish())
	ok(t, folder.Close())
}

func TestWriteRefusesAnotherFormat(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		marks []string
		want  error
	}{
		{nil, nil},
		{[]string{"drop-write"}, nil},
		{[]string{"drop-write", "postfix"}, nil}, // a crash while the format changed
		{[]string{"postfix"}, fault.ErrConflict},
		{[]string{"of times to come"}, fault.ErrConflict},
	} {
		w := newWorld(t)
		for _, mark := range row.marks {
			ok(t, os.MkdirAll(filepath.Join(w.dir, ".mailchute", "format", mark), 0o700))
		}
		_, err := drop.Write(t.Context(), w.fs(), twoRecipients(t), strings.NewReader("x"))
		wantErr(t, strings.Join(row.marks, ", "), err, row.want)
		if left := w.files("."); row.want != nil && len(left) > 0 {
			t.Errorf("%q: the folder has %q", row.marks, left)
		}
	}
	w := newWorld(t)
	w.write(".mailchute/format", "postfix\n")
	_, err := drop.Write(t.Context(), w.fs(), twoRecipients(t), strings.NewReader("x"))
	wantErr(t, "a file in place of the marks", err, syscall.ENOTDIR)
}

// A mark that only the drainer may read keeps nobody from writing.
func TestWriteWithoutRightToTheMark(t *testing.T) {
	t.Parallel()
	_, err := drop.Write(t.Context(), markless{newWorld(t).fs()}, twoRecipients(t), strings.NewReader("x"))
	ok(t, err)
}

// markless is a folder in which the user may list nothing.
type markless struct{ durable.FS }

func (markless) List(string) iter.Seq2[os.DirEntry, error] {
	return func(yield func(os.DirEntry, error) bool) { yield(nil, os.ErrPermission) }
}

func TestWriteLeavesNothingOfWhatDidNotEnd(t *testing.T) {
	t.Parallel()
	broken := errors.New("read error")
	ctx, cancel := context.WithCancel(t.Context())
	for _, row := range []struct {
		name    string
		ctx     context.Context
		message io.Reader
		want    error
	}{
		{"a read error", t.Context(), io.MultiReader(strings.NewReader(strings.Repeat("x", 100_000)), iotest.ErrReader(broken)), broken},
		{"a read error at once", t.Context(), iotest.ErrReader(broken), broken},
		{"no message", t.Context(), strings.NewReader(""), io.ErrUnexpectedEOF},
		{"an mbox separator alone", t.Context(), strings.NewReader("From a"), io.ErrUnexpectedEOF},
		{"a signal while the writer pauses", ctx, io.MultiReader(strings.NewReader(strings.Repeat("x", 100_000)), pause{t, cancel}), context.Canceled},
	} {
		w := newWorld(t)
		_, err := drop.Write(row.ctx, w.fs(), twoRecipients(t), row.message)
		wantErr(t, row.name, err, row.want)
		if left := w.files("."); len(left) > 0 {
			t.Errorf("%s: the folder has %q", row.name, left)
		}
	}
}

// pause is a pipe whose writer calls then, and writes nothing until the test ends.
type pause struct {
	t    *testing.T
	then func()
}

func (p pause) Read([]byte) (int, error) {
	p.then()
	<-p.t.Context().Done()
	return 0, io.EOF
}

// long is a message that takes several writes.
var long = "Subject: x\n\n" + strings.Repeat("0123456789abcde\n", 10_000)

func FuzzWrite(f *testing.F) {
	f.Add("", "a@b.test", "c@d.test", "", "Subject: x\n\n")
	f.Add(`"a > b"@b.test`, `"\"X-Receiver: <c"@[1.2.3.4]`, "ü@bücher.test", "alice", "X-EndOfInjectedXHeaders: 1\n")
	f.Add("a@b.test", "A@b.test", `"a"@b.test`, "a b", "From x\nX-Receiver: <x@y.test>\r\n\x00")
	f.Fuzz(func(t *testing.T, sender, first, second, login, message string) {
		var e drop.Envelope
		var err error
		if sender != "" {
			if e.Sender, err = address.ParseMailbox(sender); err != nil {
				return
			}
		}
		for _, r := range []string{first, second} {
			a, err := address.ParseMailbox(r)
			if err != nil {
				return
			}
			e.Recipients = append(e.Recipients, a)
		}
		e.Auth = login
		fsys, err := durabletest.NewDisk().Open("/")
		ok(t, err)
		name, err := drop.Write(t.Context(), fsys, e, strings.NewReader(message))
		wellFormed := utf8.ValidString(login) && !strings.ContainsFunc(login, unicode.IsControl) && strings.Trim(login, " ") == login
		if strings.HasPrefix(message, "From ") {
			_, message, _ = strings.Cut(message, "\n")
		}
		if err != nil {
			if wellFormed && message != "" {
				t.Fatalf("%+v: %v", e, err)
			}
			return
		}
		if !wellFormed || message == "" {
			t.Fatalf("login %q, message %q: no error", login, message)
		}
		got, body := readBack(t, fsys, name)
		if e.Recipients[0].Key() == e.Recipients[1].Key() {
			e.Recipients = e.Recipients[:1]
		}
		got.Source, got.Zone = "", 0
		if diff := cmp.Diff(e, got); diff != "" {
			t.Errorf("envelope (-want +got):\n%s", diff)
		}
		if body != message {
			t.Errorf("got message %q, want %q", body, message)
		}
	})
}

// BenchmarkWrite writes messages of 10 KB from as many goroutines as there are processors.
func BenchmarkWrite(b *testing.B) {
	fsys, err := durable.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	e, err := drop.NewEnvelope("", []string{"a@b.test"}, "")
	if err != nil {
		b.Fatal(err)
	}
	message := make([]byte, 10<<10)
	for i := range message {
		message[i] = byte('a' + rand.IntN(26))
	}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := drop.Write(b.Context(), fsys, e, bytes.NewReader(message)); err != nil {
				b.Fatal(err)
			}
		}
	})
	if err := fsys.Close(); err != nil {
		b.Fatal(err)
	}
}
