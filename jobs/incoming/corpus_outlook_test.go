package incoming_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/library"
	"mailchute/store"
)

// extraction is a line of EXPECT.jsonl: what a tool takes out of a TNEF stream.
type extraction struct {
	File      string
	Peer      string
	Extracted []peerPart
}

// The files in a TNEF stream are stored instead of it, as two tools extract them.
// testdata/corpus/tnef.txt names what we answer otherwise.
func TestCorpusTNEF(t *testing.T) {
	t.Parallel()
	dir := shared(t, "corpus")
	var mail []corpusMail
	for i, file := range corpusFiles(t, dir, "tnef-raw", 11) {
		raw := wrapped822("application/ms-tnef", "winmail.dat", readFile(t, filepath.Join(dir, file)))
		mail = append(mail, corpusMail{File: file, raw: raw, original: hexDigest(raw), drop: fmt.Sprintf("%02d.eml", i)})
	}
	w := newWorld(t, "eml")
	got := w.file(mail, library.Library{Name: "texts", Settings: library.Settings{
		Accept: library.AcceptAnyone, SaveBody: library.BodyHTML, MaxFileSize: library.Unlimited,
	}})
	w.verify()
	checkOriginals(t, mail, got)

	known, texts := readTable(t, "tnef.txt"), w.storedParts("texts")
	files := 0
	for _, e := range readLines[extraction](t, filepath.Join(dir, "EXPECT.jsonl")) {
		if !strings.HasPrefix(e.File, "tnef-raw/") {
			continue
		}
		f := got[e.File]
		files += len(e.Extracted)
		e.check(t, known, f.open, texts[f.key])
	}
	known.checkUsed(t)
	for _, m := range mail {
		if len(got[m.File].open) == 0 {
			t.Errorf("%s: nothing is stored", m.File)
		}
	}
	if files < 50 {
		t.Errorf("got %d extracted files in all, want 50", files)
	}
}

// check looks for each file that a tool extracted among the documents; none is taken
// twice.
func (e extraction) check(t *testing.T, known exceptions, docs, texts []storedPart) {
	t.Helper()
	left := slices.Clone(docs)
	for _, p := range e.Extracted {
		if at := slices.IndexFunc(left, p.isExtracted); at >= 0 {
			left = slices.Delete(left, at, at+1)
			continue
		}
		tool, _, _ := strings.Cut(e.Peer, " ")
		what := fmt.Sprintf("%s: %s", tool, *p.Filename)
		rule := known.take(e.File, what)
		is, ok := streamRules()[rule]
		if !ok || !is(p, docs, texts) {
			t.Errorf("%s\t%s\t%d %.16s is not stored (rule %q); stored: %v, texts: %v", e.File, what, *p.Size, p.SHA256, rule, docs, texts)
		}
	}
}

// isExtracted reports whether a document is a tool's file. One tool's are kept with LF for
// CRLF, and numbered where names are alike.
func (p peerPart) isExtracted(d storedPart) bool {
	numbered := strings.TrimSuffix(*p.Filename, path.Ext(*p.Filename))
	return strings.Contains(d.Part, "/") && p.hasBytes(d) && (*p.Filename == d.OriginalName || numbered == d.OriginalName)
}

func (p peerPart) hasBytes(d storedPart) bool {
	lf := bytes.ReplaceAll(d.data, []byte("\r\n"), []byte("\n"))
	return d.sha256() == p.SHA256 || hexDigest(lf) == p.SHA256
}

// streamRules are the only reasons why a file of a TNEF stream is not stored as a tool
// extracts it, each with what must be true of it.
func streamRules() map[string]func(p peerPart, docs, texts []storedPart) bool {
	return map[string]func(p peerPart, docs, texts []storedPart) bool{
		// The text of the message, stored where the library saves texts.
		"body": func(p peerPart, _, texts []storedPart) bool {
			return strings.HasPrefix(*p.Filename, "message.") && slices.ContainsFunc(texts, p.hasBytes)
		},
		// An OLE object, which the tools leave with the 16 bytes of its interface identifier
		// before it (MS-OXCDATA §2.11.1.5).
		"object": func(p peerPart, docs, _ []storedPart) bool {
			return slices.ContainsFunc(docs, func(d storedPart) bool {
				return int64(len(d.data)) == *p.Size-16 && bytes.HasPrefix(d.data, []byte{0xd0, 0xcf, 0x11, 0xe0})
			})
		},
		// An attached message, itself a TNEF stream, is replaced by its text and the files in it.
		"message": func(_ peerPart, docs, _ []storedPart) bool {
			return slices.ContainsFunc(docs, func(d storedPart) bool { return d.ContentType == "application/rtf" })
		},
		// What Outlook writes for programs that cannot open an attached message.
		"notice": func(p peerPart, _, _ []storedPart) bool {
			return p.SHA256 == hexDigest([]byte("This attachment is a MAPI 1.0 embedded message and is not supported by this mail system.\x00"))
		},
	}
}

// Outlook's own files are documents like all others, byte for byte.
func TestCorpusOutlookFiles(t *testing.T) {
	t.Parallel()
	dir := shared(t, "corpus")
	files := corpusFiles(t, dir, "outlook-msg", 19)
	var mail []corpusMail
	for i, file := range files {
		raw := wrapped822("application/vnd.ms-outlook", path.Base(file), readFile(t, filepath.Join(dir, file)))
		mail = append(mail, corpusMail{File: file, raw: raw, original: hexDigest(raw), drop: fmt.Sprintf("%02d.eml", i)})
	}
	w := newWorld(t, "eml")
	got := w.file(mail)
	for _, file := range files {
		want := []string{fmt.Sprintf("2 %q application/vnd.ms-outlook %s", path.Base(file), hexDigest(readFile(t, filepath.Join(dir, file))))}
		var stored []string
		for _, p := range got[file].open {
			stored = append(stored, fmt.Sprintf("%s %q %s %s", p.Part, p.Name, p.ContentType, p.sha256()))
		}
		if diff := cmp.Diff(want, stored); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

// Outlook's own file that somebody puts into the drop folder is no mail: nobody sent it,
// and nothing in it is read as a header or as a message without one.
func TestCorpusOutlookFilesDropped(t *testing.T) {
	t.Parallel()
	dir := shared(t, "corpus")
	files := corpusFiles(t, dir, "outlook-msg", 19)
	for _, format := range []string{"eml", "iis", "exchange", "pickup", "exim-files"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, format)
			for i, file := range files {
				w.drop(fmt.Sprintf("%02d.eml", i), string(readFile(t, filepath.Join(dir, file))))
			}
			sum := w.drain()
			if sum.Processed != len(files) || sum.Held != len(files) {
				t.Errorf("got summary %+v, want %d messages held", sum, len(files))
			}
			for i, file := range files {
				if diff := cmp.Diff([]string{"held no-envelope"}, w.verdicts(fmt.Sprintf("%02d.eml", i))); diff != "" {
					t.Errorf("%s (-want +got):\n%s", file, diff)
				}
			}
			w.heldWhole(dir, files)
		})
	}
}

// heldWhole fails unless the held mail is these files, byte for byte.
func (w *world) heldWhole(dir string, files []string) {
	w.t.Helper()
	var got, want []string
	all, err := w.store.HeldMail(w.t.Context(), store.HeldWaiting)
	w.must(err)
	for _, h := range all {
		got = append(got, fmt.Sprintf("%s %s", h.Item.File, h.Blob))
	}
	for i, file := range files {
		want = append(want, fmt.Sprintf("%02d.eml %s", i, hexDigest(readFile(w.t, filepath.Join(dir, file)))))
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("held mail (-want +got):\n%s", diff)
	}
}

// corpusFiles returns the n files of a folder of the corpus, without its SOURCE.md.
func corpusFiles(t *testing.T, dir, folder string, n int) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, folder))
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, e := range entries {
		if e.Name() != "SOURCE.md" {
			files = append(files, folder+"/"+e.Name())
		}
	}
	if len(files) != n {
		t.Fatalf("got %d files in %s, want %d", len(files), folder, n)
	}
	return files
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// wrapped822 makes a message with an empty text and an attachment.
func wrapped822(contentType, name string, data []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: stranger@elsewhere.test\r\nTo: open@%s\r\nSubject: %s\r\nMIME-Version: 1.0\r\n", domain, name)
	fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=next\r\n\r\n--next\r\nContent-Type: text/plain\r\n\r\n\r\n--next\r\n")
	fmt.Fprintf(&b, "Content-Type: %s; name=%q\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=%q\r\n\r\n", contentType, name, name)
	encoded := base64.StdEncoding.EncodeToString(data)
	for line := range slices.Chunk([]byte(encoded), 76) {
		fmt.Fprintf(&b, "%s\r\n", line)
	}
	fmt.Fprint(&b, "--next--\r\n")
	return b.Bytes()
}
