package message_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/message"
)

// extraction is a line of EXPECT.jsonl about a TNEF stream: what one tool takes out of it.
type extraction struct {
	File      string
	Peer      string
	Extracted []extracted
}

type extracted struct {
	Filename string
	Size     int
	SHA256   string
}

// extractions reads them, by file.
func extractions(t *testing.T, dir string) map[string][]extraction {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "EXPECT.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := make(map[string][]extraction)
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var e extraction
		if !bytes.Contains(lines.Bytes(), []byte(`"tnef-raw/`)) {
			continue
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		all[e.File] = append(all[e.File], e)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// tnefPart is a part found in TNEF, with its bytes decoded.
type tnefPart struct {
	message.Part
	span message.Span
	data []byte
}

// openTNEF reads a stream and decodes what is in it.
func openTNEF(t *testing.T, raw []byte) (found []tnefPart, broken string) {
	t.Helper()
	list, broken, opened, err := message.ReadTNEF(bytes.NewReader(raw), 1000)
	if err != nil || !opened {
		t.Fatalf("ReadTNEF: opened %v, %v", opened, err)
	}
	for _, in := range list {
		p := tnefPart{Part: in.Part, span: in.Span, data: raw[in.Span.Start:in.Span.End]}
		if p.Encoding != "" {
			var damage string
			p.data, damage, err = message.DecodePieces(p.Encoding, p.data, func(int) int { return len(raw) })
			if err != nil || damage != "" {
				t.Fatalf("%s %q: %v, %s", p.Type, p.Name, err, damage)
			}
		}
		found = append(found, p)
	}
	return found, broken
}

// tnefName is the name that both tools give a part: those of bodies are theirs.
func tnefName(p tnefPart) string {
	switch {
	case !p.Body:
		return p.Name
	case p.Type == "text/html":
		return "message.html"
	case p.Type == "application/rtf":
		return "message.rtf"
	}
	return "message.txt"
}

// tnefDeviations are what a tool takes out and we do not, by stream, name and digest, with
// the reason.
func tnefDeviations() map[string]string {
	const id = "the tool keeps the 16 bytes of the interface's GUID before the OLE object"
	return map[string]string{
		"MAPI_OBJECT.tnef Untitled_Attachment 38b6a287": id,
		"winmail.tnef Untitled Attachment 3f9e7c77":     id,
		"winmail.tnef Untitled Attachment.1 0d416943":   id,
		"winmail.tnef Untitled Attachment.2 3f9e7c77":   id,
		"christmas.tnef Untitled Attachment 62df7efa":   "an attached message, the GUID before it: opened here",
		"christmas.tnef Untitled Attachment.2 ffaf277c": "an attached message: opened here",
		"christmas.tnef Untitled Attachment.4 b70438e8": "an attached message: opened here",
		"christmas.tnef Untitled Attachment.1 75f459e8": "says that a program cannot read the attached message",
		"christmas.tnef Untitled Attachment.3 75f459e8": "likewise",
	}
}

// TestTNEFCorpus: whatever one of two tools takes out of the streams is found, byte for
// byte. Where they differ, they do in line ends, and one of them is right.
func TestTNEFCorpus(t *testing.T) {
	t.Parallel()
	dir := corpusDir(t)
	known, seen := tnefDeviations(), make(map[string]bool)
	files := 0
	for file, tools := range extractions(t, dir) {
		raw, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		found, broken := openTNEF(t, raw)
		if broken != "" {
			t.Errorf("%s: broken: %s", file, broken)
		}
		for _, tool := range tools {
			for _, want := range tool.Extracted {
				files++
				key := strings.Join([]string{filepath.Base(file), want.Filename, want.SHA256[:8]}, " ")
				_, expected := known[key]
				seen[key] = true
				missing := !slices.ContainsFunc(found, want.is) && !twin(tools, want, found)
				if missing != expected {
					t.Errorf("%s: %s, %d bytes: not found: %v, want %v", tool.Peer, key, want.Size, missing, expected)
				}
			}
		}
	}
	for key := range known {
		if !seen[key] {
			t.Errorf("%s: listed, but in no stream", key)
		}
	}
	if files < 40 {
		t.Errorf("only %d files compared", files)
	}
}

func (want extracted) is(p tnefPart) bool {
	return tnefName(p) == want.Filename && len(p.data) == want.Size && digest(p.data) == want.SHA256
}

// twin reports whether a file differs from one that was found under the other tool's line
// in nothing but the line ends.
func twin(tools []extraction, want extracted, found []tnefPart) bool {
	for _, p := range found {
		lf := bytes.ReplaceAll(p.data, []byte("\r\n"), []byte("\n"))
		if tnefName(p) != want.Filename || digest(lf) != want.SHA256 {
			continue
		}
		for _, tool := range tools {
			if slices.ContainsFunc(tool.Extracted, func(e extracted) bool { return e.is(p) }) {
				return true
			}
		}
	}
	return false
}

// TestTNEFCorpusList pins all that is found in the streams.
func TestTNEFCorpusList(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(corpusDir(t), "tnef-raw")
	var got []string
	for file := range extractions(t, corpusDir(t)) {
		raw, err := os.ReadFile(filepath.Join(dir, filepath.Base(file)))
		if err != nil {
			t.Fatal(err)
		}
		found, _ := openTNEF(t, raw)
		for _, p := range found {
			got = append(got, strings.Join([]string{filepath.Base(file), describe(p)}, ": "))
		}
	}
	slices.Sort(got)
	want := []string{
		"MAPI_ATTACH_DATA_OBJ.tnef: application/octet-stream, VIA_Nytt_1402.doc, attachment, 99559355",
		"MAPI_ATTACH_DATA_OBJ.tnef: application/octet-stream, VIA_Nytt_1402.pdf, attachment, 968c9c4a",
		"MAPI_ATTACH_DATA_OBJ.tnef: application/octet-stream, VIA_Nytt_14021.htm, attachment, c2ee04f9",
		"MAPI_ATTACH_DATA_OBJ.tnef: application/rtf, e803e31e",
		"MAPI_OBJECT.tnef: application/octet-stream, Untitled_Attachment, attachment, f89a1afb",
		"MAPI_OBJECT.tnef: application/rtf, 095da191",
		"attachments.tnef: application/octet-stream, bookmark.htm, attachment, 1e08d6e2",
		"attachments.tnef: application/octet-stream, zappa_av1.jpg, attachment, bea844f3",
		"attachments.tnef: application/rtf, 5dcd1bde",
		"body.tnef: text/html, us-ascii, 0f4e6979",
		"christmas.tnef: application/octet-stream, kitten-playing-with-a-christmas-tree.jpg, attachment, f79d79bf",
		"christmas.tnef: application/octet-stream, kitten-playing-with-a-christmas-tree.jpg, attachment, f79d79bf",
		"christmas.tnef: application/rtf, 3716ee1c",
		"christmas.tnef: application/rtf, Build a train table.rtf, attachment, 5b9d5d7f",
		"christmas.tnef: application/rtf, Christmas Celebration!.rtf, attachment, 2eb57566",
		"missing-filenames.tnef: application/octet-stream, TechlibDEC99-JAN00.doc, attachment, 360db5c1",
		"missing-filenames.tnef: application/octet-stream, TechlibDEC99.doc, attachment, d1a592c2",
		"missing-filenames.tnef: application/octet-stream, TechlibNOV99.doc, attachment, b1e6b103",
		"missing-filenames.tnef: application/octet-stream, generpts.src, attachment, 69ebd0e9",
		"missing-filenames.tnef: application/rtf, 507cd565",
		"poi-bug52400-winmail-with-attachments.dat: application/pdf, scion_tc_2007_maintenanceguide.pdf, attachment, b617b1ef",
		"poi-bug52400-winmail-with-attachments.dat: image/png, Duke_Wave.png, attachment, 7c02c733",
		"poi-bug52400-winmail-with-attachments.dat: text/html, us-ascii, 12dd0029",
		"unicode-mapi-attr-name.tnef: application/octet-stream, spaconsole2.cfg, attachment, 4d963950",
		"unicode-mapi-attr-name.tnef: image/png, image001.png, inline, image001.png@01CF8C82.F4A2A290, 037f9d1f",
		"unicode-mapi-attr-name.tnef: image/png, image002.png, inline, image002.png@01CF8C82.F4A2A290, ea179fb9",
		"unicode-mapi-attr-name.tnef: image/png, image003.png, inline, image003.png@01CF8C82.F4A2A290, 20c51557",
		"unicode-mapi-attr-name.tnef: text/html, utf-8, 3d598c5c",
		"winmail.tnef: application/octet-stream, Untitled Attachment, attachment, 385d3d54",
		"winmail.tnef: application/octet-stream, Untitled Attachment, attachment, f9586271",
		"winmail.tnef: application/rtf, cad7003a",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func describe(p tnefPart) string {
	words := []string{p.Type}
	for _, w := range []string{p.Name, p.Charset, p.Disposition, p.ContentID} {
		if w != "" {
			words = append(words, w)
		}
	}
	return strings.Join(append(words, digest(p.data)[:8]), ", ")
}
