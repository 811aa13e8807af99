package incoming_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/library"
	"mailchute/store"
)

// corpusSize is how many messages the corpus has.
const corpusSize = 665

// corpusMail is a line of MANIFEST.jsonl.
type corpusMail struct {
	File   string
	SHA256 string

	drop     string // the name of its drop file
	original string // the digest of what is filed of it as its original
	received bool   // its first field is Received
}

// agreement is a line of EXPECT.jsonl.
type agreement struct {
	File        string
	Source      string
	Attachments []agreedPart
}

type agreedPart struct {
	Filename *string
	Kind     string
	Size     int64
	SHA256   string
	SHA256LF string `json:"sha256_lf"`
	Nested   json.RawMessage
}

// disagreed are the agreed attachments that we do not store as agreed, with the reason.
var disagreed = map[string]string{
	"php-mime-mail-parser/issue250.eml #1": "the file ends inside the part's header: it is filed as its original, without an empty document",
}

// Every message of the corpus ends filed, held or as a duplicate of another, and the
// attachments that independent parsers agree on are stored with the agreed bytes.
func TestCorpus(t *testing.T) {
	t.Parallel()
	dir := shared(t, "corpus")
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "open", Settings: library.Settings{Accept: library.AcceptAnyone}})
	w.library(library.Library{Name: "originals", Settings: library.Settings{Accept: library.AcceptAnyone, SaveOriginal: true}})
	mail := w.dropCorpus(dir)

	sum := w.drain()
	if sum.Processed != corpusSize || sum.Filed+sum.Held+sum.Duplicate != corpusSize || sum.Duplicate != copies(mail) {
		t.Errorf("got summary %+v, want %d messages filed or held, %d of them copies", sum, corpusSize, copies(mail))
	}
	if bytes.Contains(w.log.Bytes(), []byte(`"poison"`)) {
		t.Error("handling a message panicked; the log has the reason poison")
	}
	w.drained()
	w.verify()

	got := w.byDropFile(sum.Run)
	checkOriginals(t, mail, got)
	checkAgreed(t, dir, mail, got)
}

// dropCorpus drops every message for both libraries.
func (w *world) dropCorpus(dir string) []corpusMail {
	w.t.Helper()
	mail := readLines[corpusMail](w.t, filepath.Join(dir, "MANIFEST.jsonl"))
	mail = slices.DeleteFunc(mail, func(m corpusMail) bool {
		return strings.HasPrefix(m.File, "tnef-raw/") || strings.HasPrefix(m.File, "outlook-msg/")
	})
	if len(mail) != corpusSize {
		w.t.Fatalf("got %d messages in the corpus, want %d", len(mail), corpusSize)
	}
	for i, m := range mail {
		raw, err := os.ReadFile(filepath.Join(dir, m.File))
		w.must(err)
		if hexDigest(raw) != m.SHA256 {
			w.t.Fatalf("%s is not what MANIFEST.jsonl says", m.File)
		}
		mail[i].drop = fmt.Sprintf("%03d.eml", i)
		mail[i].original = hexDigest(belowEnvelope(raw))
		mail[i].received = bytes.HasPrefix(bytes.ToLower(raw), []byte("received:"))
		w.drop(mail[i].drop, "X-Sender: stranger@elsewhere.test\r\nX-Receiver: open@case.test\r\nX-Receiver: originals@case.test\r\n"+string(raw))
	}
	return mail
}

// belowEnvelope returns what is left of a message below an envelope that was written
// above it: lines at its top that begin with a blank go on with the envelope's last field.
func belowEnvelope(raw []byte) []byte {
	for len(raw) > 0 && (raw[0] == ' ' || raw[0] == '\t') {
		_, raw, _ = bytes.Cut(raw, []byte("\n"))
	}
	return raw
}

// copies returns how many messages are copies of others that came by SMTP.
func copies(mail []corpusMail) (n int) {
	seen := map[string]bool{}
	for _, m := range mail {
		if m.received && seen[m.SHA256] {
			n++
		}
		seen[m.SHA256] = true
	}
	return n
}

// fate is what became of a drop file.
type fate struct {
	state store.State
	docs  map[string][]storedPart // by library
}

type storedPart struct {
	name, contentType, part, sha256, sha256LF string
	size                                      int64
}

// byDropFile returns the fate of each file that a run processed. A duplicate has the
// documents of the message that it is a copy of.
func (w *world) byDropFile(run string) map[string]fate {
	w.t.Helper()
	docs := map[store.Key]map[string][]storedPart{}
	for _, name := range []string{"open", "originals"} {
		for _, d := range w.documents(name) {
			if docs[d.Key] == nil {
				docs[d.Key] = map[string][]storedPart{}
			}
			docs[d.Key][name] = append(docs[d.Key][name], w.storedPart(d.Document))
		}
	}
	fates := map[string]fate{}
	w.must(w.catalog.View(w.t.Context(), func(tx store.Tx) error {
		for p, err := range tx.ProcessedOf(run) {
			if err != nil {
				return err
			}
			fates[p.File] = fate{state: p.State, docs: docs[p.Key]}
		}
		return nil
	}))
	return fates
}

func (w *world) storedPart(d store.Document) storedPart {
	w.t.Helper()
	b, err := w.store.OpenDocument(w.t.Context(), d)
	w.must(err)
	defer b.Close()
	data, err := io.ReadAll(b)
	w.must(err)
	lf := bytes.TrimRight(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")), "\n")
	return storedPart{
		name: d.OriginalName, contentType: d.ContentType, part: d.Part,
		sha256: hexDigest(data), sha256LF: hexDigest(lf), size: int64(len(data)),
	}
}

func hexDigest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// checkOriginals fails where a filed message's original is not the message byte for byte.
func checkOriginals(t *testing.T, mail []corpusMail, got map[string]fate) {
	t.Helper()
	for _, m := range mail {
		f, ok := got[m.drop]
		if !ok {
			t.Errorf("%s is in no book", m.File)
			continue
		}
		if f.state == store.Held {
			continue
		}
		isOriginal := func(p storedPart) bool { return p.part == "" && p.sha256 == m.original }
		if !slices.ContainsFunc(f.docs["originals"], isOriginal) {
			t.Errorf("%s: got %+v, want an original with the digest %s", m.File, f.docs["originals"], m.original)
		}
	}
}

// checkAgreed fails where an agreed attachment is not stored as agreed, unless disagreed
// has it, and where it is although disagreed has it.
func checkAgreed(t *testing.T, dir string, mail []corpusMail, got map[string]fate) {
	t.Helper()
	drops := map[string]string{}
	for _, m := range mail {
		drops[m.File] = m.drop
	}
	var total int
	missing := map[string]string{}
	for _, a := range readLines[agreement](t, filepath.Join(dir, "EXPECT.jsonl")) {
		if a.Source != "independent parsers agree" || drops[a.File] == "" {
			continue
		}
		stored := slices.Clone(got[drops[a.File]].docs["open"])
		for i, want := range a.Attachments {
			if want.Kind != "attachment" {
				continue
			}
			total++
			at := slices.IndexFunc(stored, want.is)
			if at < 0 {
				name := fmt.Sprintf("%s #%d", a.File, i+1)
				missing[name] = disagreed[name]
				t.Logf("%s: want %+v, stored %+v", name, want, stored)
				continue
			}
			stored = slices.Delete(stored, at, at+1)
		}
	}
	if diff := cmp.Diff(disagreed, missing); diff != "" {
		t.Errorf("attachments that are not stored as agreed (-known +got):\n%s", diff)
	}
	if total < 300 || len(missing)*100 > total {
		t.Errorf("%d of %d agreed attachments are not stored as agreed, want at most one in a hundred", len(missing), total)
	}
	t.Logf("%d of %d agreed attachments are stored as agreed", total-len(missing), total)
}

// is reports whether a document is the agreed attachment. Of an attached message only
// its presence is agreed.
func (a agreedPart) is(p storedPart) bool {
	switch {
	case p.part == "":
		return false
	case a.Nested != nil:
		return p.contentType == "message/rfc822"
	case a.SHA256LF != "":
		return p.sha256LF == a.SHA256LF
	}
	return p.sha256 == a.SHA256 && p.size == a.Size
}
