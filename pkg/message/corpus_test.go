package message_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailchute/pkg/message"
)

// expectation is a line of EXPECT.jsonl.
type expectation struct {
	File        string
	Source      string
	Subject     *string
	Attachments *[]expectedPart
}

type expectedPart struct {
	Filename         *string
	FilenameDisputed json.RawMessage `json:"filename_disputed"`
	ContentType      string          `json:"content_type"`
	Kind             string
	Nested           json.RawMessage
	SHA256           string
	SHA256LF         string `json:"sha256_lf"`
}

// corpusDir returns the corpus beside the checkout.
func corpusDir(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	dir = filepath.Join(dir, "..", "shared", "corpus")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no ../shared/corpus beside the checkout")
	}
	return dir
}

// agreed reads what independent parsers agree on.
func agreed(t *testing.T, dir string) []expectation {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "EXPECT.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []expectation
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var e expectation
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		if e.Source == "independent parsers agree" {
			all = append(all, e)
		}
	}
	if err := lines.Err(); err != nil || len(all) == 0 {
		t.Fatalf("EXPECT.jsonl: %d lines, %v", len(all), err)
	}
	return all
}

// leaf is a part of ours that the corpus's rule lists, with its bytes.
type leaf struct {
	part message.Part
	data []byte
}

// leaves parses a message and lists its own parts by the rule of the corpus's README.
func leaves(t *testing.T, p *message.Parser, raw []byte) (*message.Message, []leaf) {
	t.Helper()
	m, err := p.Parse(t.Context(), bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	var listed []leaf
	for i, part := range m.Parts {
		var data bytes.Buffer
		if _, err := m.Decode(t.Context(), i, &data); err != nil {
			t.Fatalf("Decode part %s: %v", part.ID, err)
		}
		if part.Within == "" && isListed(part) {
			listed = append(listed, leaf{part, data.Bytes()})
		}
	}
	return m, listed
}

// isListed is the corpus's rule.
func isListed(p message.Part) bool {
	text := slices.Contains([]string{"text/plain", "text/html", "text/enriched", "text/richtext"}, p.Type)
	return !strings.HasPrefix(p.Type, "multipart/") && (!text || p.Disposition == "attachment" || p.Name != "")
}

// deviations are the messages that we read otherwise than the parsers agree, with the
// reason why ours stands.
func deviations() map[string]string {
	return map[string]string{
		"nodemailer-mailparser/nodemailer.eml":                 "list: text/watch-html is none of the types that count as text",
		"php-mime-mail-parser/m0027.eml":                       "cut off inside the header, which the parsers take for an empty attachment",
		"php-mime-mail-parser/m0124.eml":                       "cut off inside the header, likewise",
		"mime-is-broken/hide-filename__1652610582.ZNJ1_2_.eml": "name: UTF-16 without a byte order mark is big-endian (RFC 2781 §4.3)",
		"mime-is-broken/hide-filename__1652610582.1jWr_2_.eml": "name: likewise",
		"php-mime-mail-parser/issue250.eml":                    "name: the line end of a folded name is not part of it (RFC 5322 §2.2.3)",
	}
}

// TestCorpus compares with what independent parsers agree on: the parts and their
// order, every attachment's bytes, its name, and the subject.
func TestCorpus(t *testing.T) {
	t.Parallel()
	dir := corpusDir(t)
	p := message.NewParser(message.Limits{})
	known := deviations()
	total := 0
	for _, e := range agreed(t, dir) {
		raw, err := os.ReadFile(filepath.Join(dir, e.File))
		if err != nil {
			t.Fatal(err)
		}
		m, listed := leaves(t, p, raw)
		differs := compare(e, m, listed)
		_, expected := known[e.File]
		delete(known, e.File)
		if len(differs) > 0 && !expected {
			t.Errorf("%s:\n%s", e.File, strings.Join(differs, "\n"))
		}
		if len(differs) == 0 && expected {
			t.Errorf("%s: agrees after all: take it from the list", e.File)
		}
		if e.Attachments != nil {
			total += len(*e.Attachments)
		}
	}
	for file := range known {
		t.Errorf("%s: listed, but not in the corpus", file)
	}
	if total < 900 {
		t.Errorf("only %d attachments compared", total)
	}
}

// compare says in what our reading of a message differs from what is expected.
func compare(e expectation, m *message.Message, listed []leaf) []string {
	var differs []string
	if e.Subject != nil && oneBlank(m.Header.Subject) != oneBlank(*e.Subject) {
		differs = append(differs, fmt.Sprintf("subject %q, want %q", m.Header.Subject, *e.Subject))
	}
	if e.Attachments == nil {
		return differs
	}
	if len(listed) != len(*e.Attachments) {
		differs = append(differs, fmt.Sprintf("%d parts, want %d", len(listed), len(*e.Attachments)))
	}
	if m.Malformed != "" && len(*e.Attachments) > 0 {
		differs = append(differs, fmt.Sprintf("%s, but it has %d parts", m.Malformed, len(*e.Attachments)))
	}
	for n, want := range *e.Attachments {
		i := slices.IndexFunc(listed, want.is)
		if i < 0 {
			differs = append(differs, fmt.Sprintf("part %d, %s %q, not found", n, want.Kind, want.name()))
			continue
		}
		if want.FilenameDisputed == nil && listed[i].part.Name != want.name() {
			differs = append(differs, fmt.Sprintf("name %q, want %q", listed[i].part.Name, want.name()))
		}
		listed = listed[i+1:]
	}
	return differs
}

func oneBlank(s string) string { return strings.Join(strings.Fields(s), " ") }

func (want expectedPart) name() string {
	if want.Filename == nil {
		return ""
	}
	return *want.Filename
}

// is reports whether a leaf has the expected bytes.
func (want expectedPart) is(l leaf) bool {
	switch {
	case want.Nested != nil:
		return strings.HasPrefix(l.part.Type, "message/")
	case want.SHA256 != "":
		return digest(l.data) == want.SHA256
	}
	lf := bytes.TrimRight(bytes.ReplaceAll(l.data, []byte("\r\n"), []byte("\n")), "\n")
	return digest(lf) == want.SHA256LF
}

// No file of the corpus, message or not, breaks anything.
func TestCorpusSurvives(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(corpusDir(t), "*", "*"))
	if err != nil || len(files) < 665 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	p := message.NewParser(message.Limits{})
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		leaves(t, p, raw)
	}
}
