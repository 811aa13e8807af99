package incoming_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
)

// corpusSize is how many messages the corpus has.
const corpusSize = 665

// corpusMail is a line of MANIFEST.jsonl.
type corpusMail struct {
	File   string
	SHA256 string

	raw      []byte
	drop     string // the name of its drop file
	original string // the digest of what is filed of it as its original
}

// Every message of the corpus ends filed, held or as a duplicate of another; what
// independent parsers agree on is what is stored.
func TestCorpus(t *testing.T) {
	t.Parallel()
	dir := shared(t, "corpus")
	mail := corpus(t, dir, func(string) bool { return true })
	if len(mail) != corpusSize {
		t.Fatalf("got %d messages in the corpus, want %d", len(mail), corpusSize)
	}
	w := newWorld(t, "eml")
	got := w.file(mail)
	w.drained()
	w.verify()
	checkOriginals(t, mail, got)
	checkAgreed(t, dir, mail, got)
}

// corpus returns the messages of the corpus that are wanted; all else in it is no mail.
func corpus(t *testing.T, dir string, wanted func(file string) bool) []corpusMail {
	t.Helper()
	mail := readLines[corpusMail](t, filepath.Join(dir, "MANIFEST.jsonl"))
	mail = slices.DeleteFunc(mail, func(m corpusMail) bool {
		return strings.HasPrefix(m.File, "tnef-raw/") || strings.HasPrefix(m.File, "outlook-msg/") || !wanted(m.File)
	})
	for i, m := range mail {
		raw, err := os.ReadFile(filepath.Join(dir, m.File))
		if err != nil {
			t.Fatal(err)
		}
		if hexDigest(raw) != m.SHA256 {
			t.Fatalf("%s is not what MANIFEST.jsonl says", m.File)
		}
		mail[i].raw, mail[i].original = raw, hexDigest(belowEnvelope(raw))
		mail[i].drop = fmt.Sprintf("%03d.eml", i)
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

// file drops the messages for a library that saves all it can, for one that saves
// originals, and for others, and returns what became of each, by the message's file.
func (w *world) file(mail []corpusMail, also ...library.Library) map[string]fate {
	w.t.Helper()
	w.library(library.Library{Name: "open", Settings: library.Settings{
		Accept: library.AcceptAnyone, Inline: library.InlineSave, SaveMeetings: true, MaxFileSize: library.Unlimited,
	}})
	w.library(library.Library{Name: "originals", Settings: library.Settings{
		Accept: library.AcceptAnyone, SaveOriginal: true, MaxFileSize: library.Unlimited,
	}})
	to := []string{"open@" + domain, "originals@" + domain}
	for _, l := range also {
		w.library(l)
		to = append(to, l.Name+"@"+domain)
	}
	for _, m := range mail {
		w.drop(m.drop, envelopeTo(to)+string(m.raw))
	}
	sum := w.drain()
	if n := len(mail); sum.Processed != n || sum.Filed+sum.Held+sum.Duplicate != n || sum.Duplicate != copies(mail) {
		w.t.Errorf("got summary %+v, want %d messages filed or held, %d of them copies", sum, n, copies(mail))
	}
	if bytes.Contains(w.log.Bytes(), []byte(`"poison"`)) {
		w.t.Error("handling a message panicked; the log has the reason poison")
	}
	byDrop := w.fates(sum.Run)
	byFile := map[string]fate{}
	for _, m := range mail {
		f, ok := byDrop[m.drop]
		if !ok {
			w.t.Errorf("%s is in no book", m.File)
		}
		byFile[m.File] = f
	}
	return byFile
}

// envelopeTo returns the envelope of a drop file from a stranger.
func envelopeTo(to []string) string { return mail("stranger@elsewhere.test", to...) }

// copies returns how many messages are copies of others that came by SMTP.
func copies(mail []corpusMail) (n int) {
	seen := map[string]bool{}
	for _, m := range mail {
		if bytes.HasPrefix(bytes.ToLower(m.raw), []byte("received:")) && seen[m.SHA256] {
			n++
		}
		seen[m.SHA256] = true
	}
	return n
}

// fate is what became of a drop file.
type fate struct {
	key    store.Key
	state  store.State
	reason fault.Reason // in library open
	open   []storedPart // documents in library open, in the order of the parts
	all    []storedPart // documents in library originals
}

// storedPart is a document with its bytes.
type storedPart struct {
	store.Document
	data []byte
}

func (p storedPart) sha256() string { return hexDigest(p.data) }

// sha256LF is the digest that the corpus's README calls sha256_lf.
func (p storedPart) sha256LF() string {
	return hexDigest(bytes.TrimRight(bytes.ReplaceAll(p.data, []byte("\r\n"), []byte("\n")), "\n"))
}

func (p storedPart) String() string {
	return fmt.Sprintf("%s %q %s %d %.16s", p.Part, p.OriginalName, p.ContentType, len(p.data), p.sha256())
}

func hexDigest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// fates returns the fate of each drop file of a run. A duplicate has the documents of the
// message that it is a copy of.
func (w *world) fates(run string) map[string]fate {
	w.t.Helper()
	open, all := w.storedParts("open"), w.storedParts("originals")
	fates := map[string]fate{}
	w.must(w.catalog.View(w.t.Context(), func(tx store.Tx) error {
		for p, err := range tx.ProcessedOf(run) {
			if err != nil {
				return err
			}
			f := fate{key: p.Key, state: p.State, open: open[p.Key], all: all[p.Key]}
			outcomes, err := tx.Outcomes(p.Key)
			if err != nil {
				return err
			}
			for _, o := range outcomes {
				if strings.HasPrefix(o.RecipientKey, "open@") || o.Recipient == "" {
					f.reason = o.Reason
				}
			}
			fates[p.File] = f
		}
		return nil
	}))
	return fates
}

// storedParts returns a library's documents by message, in the order of the parts.
func (w *world) storedParts(name string) map[store.Key][]storedPart {
	w.t.Helper()
	parts := map[store.Key][]storedPart{}
	for _, d := range w.documents(name) {
		b, err := w.store.OpenDocument(w.t.Context(), d.Document)
		w.must(err)
		data, err := io.ReadAll(b)
		w.must(err)
		w.must(b.Close())
		parts[d.Key] = append(parts[d.Key], storedPart{d.Document, data})
	}
	for _, of := range parts {
		for _, p := range of {
			if !isSafe(p.Name) {
				w.t.Errorf("part %s is stored under the name %q", p.Part, p.Name)
			}
		}
		slices.SortFunc(of, func(a, b storedPart) int { return comparePartIDs(a.Part, b.Part) })
	}
	return parts
}

// isSafe reports whether a name is one of a file, on every system that people copy it to.
func isSafe(name string) bool {
	odd := func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }
	return name != "" && name == strings.Trim(name, " ") && !strings.HasSuffix(name, ".") && len(name) <= 255 &&
		utf8.ValidString(name) && !strings.ContainsAny(name, `/\:*?"<>|`) && !strings.ContainsFunc(name, odd)
}

// comparePartIDs orders parts as they stand in their message, the original last.
func comparePartIDs(a, b string) int {
	if a == "" || b == "" {
		return strings.Compare(b, a)
	}
	return strings.Compare(padded(a), padded(b))
}

// padded returns a part's number in the form that sorts like numbers do.
func padded(id string) string {
	var b strings.Builder
	for n := range strings.FieldsFuncSeq(id, func(r rune) bool { return r == '.' || r == '/' }) {
		fmt.Fprintf(&b, "%6s", n)
	}
	return b.String()
}

// hasOriginal reports whether the message itself, byte for byte, is among its documents.
func (m corpusMail) hasOriginal(docs []storedPart) bool {
	return slices.ContainsFunc(docs, func(p storedPart) bool { return p.Part == "" && p.sha256() == m.original })
}

// checkOriginals fails where a filed message's original is not the message byte for byte.
func checkOriginals(t *testing.T, mail []corpusMail, got map[string]fate) {
	t.Helper()
	for _, m := range mail {
		if f := got[m.File]; f.state != store.Held && !m.hasOriginal(f.all) {
			t.Errorf("%s: got %v, want an original with the digest %s", m.File, f.all, m.original)
		}
	}
}
