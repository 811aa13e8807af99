package incoming_test

import (
	"encoding/base64"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/library"
	"mailchute/testdata"
)

// outlookMail returns the header and, in parts, the text and the winmail.dat of a message
// as Outlook sends it.
func outlookMail(stream []byte) (header, content string) {
	header = "Subject: Outlook\r\nMessage-ID: <o@case.test>\r\nContent-Type: multipart/mixed; boundary=b\r\n"
	return header, header + "\r\n--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n" +
		"--b\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		base64.StdEncoding.EncodeToString(stream) + "\r\n--b--\r\n"
}

// outlookStream has a text, two files, and a message with another.
func outlookStream() []byte {
	return testdata.TNEFMessage{
		Text: "Hello",
		Files: []testdata.TNEFFile{
			{Name: "Prices für März.csv", Data: []byte("a;b\n")},
			{Name: "plan.pdf", Type: "application/pdf", Data: []byte("%PDF-1.4\n")},
			{Name: "Inner", Message: &testdata.TNEFMessage{Subject: "Inner", Files: []testdata.TNEFFile{{Name: "inner.txt", Data: []byte("inner")}}}},
		},
	}.Bytes()
}

// Of a winmail.dat the files in it are filed, nested ones too; the original has it still.
func TestTNEF(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	w.library(library.Library{Name: "originals", Settings: library.Settings{SaveOriginal: true}})
	stream := outlookStream()
	header, content := outlookMail(stream)
	w.drop("1.eml", mail("alice@case.test", "invoices@case.test", "originals@case.test")+content)

	x := w.explain(filepath.Join(w.dir, "drop", "1.eml"))
	sum := w.drain()
	w.checkExplained(x, sum)
	if diff := cmp.Diff([]string{"inner.txt", "plan.pdf", "Prices für März.csv"}, w.names("invoices")); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"inner.txt", "Outlook.eml", "plan.pdf", "Prices für März.csv"}, w.names("originals")); diff != "" {
		t.Errorf("documents with the original (-want +got):\n%s", diff)
	}
	for _, d := range w.documents("originals") {
		if d.Part == "" && d.Content.Digest.String() != hexDigest([]byte(content)) {
			t.Error("the original is not the message as it was sent")
		}
		if d.Part != "" && !strings.HasPrefix(d.Part, "2/") {
			t.Errorf("got %s as part %s, want it in part 2", d.Name, d.Part)
		}
	}
	if len(x.Notes) == 0 || x.Notes[0] != "part 2: opened as tnef" {
		t.Errorf("got notes %q, want to hear that part 2 was opened", x.Notes)
	}
	if got, want := w.keys(sum.Run)["1.eml"], keyByDefinition("1.eml", header, len(content), "Hello", string(stream)); got != want {
		t.Errorf("got key %s, want %s as defined", got, want)
	}
	w.verify()
}

// The key of a message for nobody is the same, though nothing in it was opened for long.
func TestKeyForNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	stream := outlookStream()
	header, content := outlookMail(stream)
	w.drop("1.eml", mail("bob@case.test", "invoices@case.test")+content)
	sum := w.drain()
	if diff := cmp.Diff([]string{"held no-permission invoices@case.test"}, w.verdicts("1.eml")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, want := w.keys(sum.Run)["1.eml"], keyByDefinition("1.eml", header, len(content), "Hello", string(stream)); got != want {
		t.Errorf("got key %s, want %s as defined", got, want)
	}
}

// A winmail.dat that was cut off is filed beside what was found in it.
func TestTNEFCutOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	stream := testdata.TNEF(testdata.TNEFFile{Name: "a.txt", Data: []byte("a")}, testdata.TNEFFile{Name: "b.txt", Data: []byte(strings.Repeat("b", 500))})
	_, content := outlookMail(stream[:len(stream)-300])
	w.drop("1.eml", mail("alice@case.test", "invoices@case.test")+content)
	x := w.explain(filepath.Join(w.dir, "drop", "1.eml"))
	w.checkExplained(x, w.drain())
	names := strings.Join(w.names("invoices"), " ")
	if !strings.Contains(names, "a.txt") || !strings.Contains(names, "winmail.dat") {
		t.Errorf("got %s, want the file that is whole, and the stream", names)
	}
	if len(x.Notes) == 0 || !strings.HasPrefix(x.Notes[0], "part 2: opened as tnef, but ") {
		t.Errorf("got notes %q, want to hear that part 2 is broken", x.Notes)
	}
	w.verify()
}

// A type that a library blocks is found in what was opened, too, by its bytes.
func TestBlockedInTNEF(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "hold", Settings: library.Settings{BlockedTypes: []string{library.PresetSharePoint}}})
	w.library(library.Library{Name: "skip", Settings: library.Settings{BlockedTypes: []string{"exe"}, Blocked: library.BlockedSkip}})
	_, content := outlookMail(testdata.TNEF(testdata.TNEFFile{Name: "a.txt", Data: []byte("a")}, testdata.TNEFFile{Name: "plan.pdf", Data: []byte(program)}))
	w.drop("1.eml", mail("alice@case.test", "hold@case.test", "skip@case.test")+content)
	w.checkExplained(w.explain(filepath.Join(w.dir, "drop", "1.eml")), w.drain())
	if diff := cmp.Diff([]string{"filed skip@case.test", "held blocked-type hold@case.test"}, w.verdicts("1.eml")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a.txt"}, w.names("skip")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	w.verify()
}
