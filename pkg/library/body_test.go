package library_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/library"
	"mailchute/pkg/message"
)

func TestPlanBody(t *testing.T) {
	t.Parallel()
	const alternative = "multipart/alternative"
	text := func(id, mediaType, parent string) message.Part {
		return message.Part{ID: id, Type: "text/" + mediaType, Parent: parent, Alternative: parent == alternative}
	}
	deep := func(id, mediaType string) message.Part { // in an alternative, but no child of it
		return message.Part{ID: id, Type: "text/" + mediaType, Parent: "multipart/related", Alternative: true}
	}
	file := message.Part{ID: "9", Type: "application/pdf", Name: "a.pdf", Disposition: "attachment"}
	winmail := message.Part{ID: "2", Type: "application/ms-tnef", Name: "winmail.dat", Opened: message.TNEF}
	inTNEF := func(id, mediaType string) message.Part {
		return message.Part{ID: id, Within: "2", Type: mediaType, Body: true}
	}
	tests := []struct {
		what       string
		parts      []message.Part
		text, html []string
	}{
		{"plain text", []message.Part{text("1", "plain", "")}, []string{"s.txt = 1 as text"}, []string{"s.txt = 1 as text"}},
		{"HTML", []message.Part{text("1", "html", "")}, []string{"s.html = 1 as text"}, []string{"s.html = 1 as text"}},
		{
			"alternatives",
			[]message.Part{text("1", "plain", alternative), text("2", "html", alternative)},
			[]string{"s.txt = 1 as text"},
			[]string{"s.html = 2 as text"},
		},
		{
			"alternatives, with pictures for one",
			[]message.Part{text("1", "plain", alternative), deep("2.1", "html")},
			[]string{"s.txt = 1 as text"},
			[]string{"s.html = 2.1 as text"},
		},
		{
			"alternatives, one of them in pieces around a file",
			[]message.Part{text("1", "plain", alternative), deep("2.1", "html"), file, deep("2.3", "html")},
			[]string{"a.pdf = 9", "s.txt = 1 as text"},
			[]string{"a.pdf = 9", "s.html = 2.1 as text", "s (2).html = 2.3 as text"},
		},
		{
			"alternatives twice",
			[]message.Part{text("1.1", "plain", alternative), text("1.2", "html", alternative), text("2.1", "plain", alternative), text("2.2", "html", alternative)},
			[]string{"s.txt = 1.1 as text", "s (2).txt = 2.1 as text"},
			[]string{"s.html = 1.2 as text", "s (2).html = 2.2 as text"},
		},
		{
			"alternatives and a mailing list's footer",
			[]message.Part{text("1.1", "plain", alternative), text("1.2", "html", alternative), text("2", "plain", "multipart/mixed")},
			[]string{"s.txt = 1.1 as text", "s (2).txt = 2 as text"},
			[]string{"s.html = 1.2 as text", "s.txt = 2 as text"},
		},
		{
			"alternatives for other programs",
			[]message.Part{text("1", "x-amp-html", alternative), text("2", "enriched", alternative)},
			[]string{"s.txt = 2 as text"},
			[]string{"s.txt = 2 as text"},
		},
		{
			"an opened wrapper's alternatives",
			[]message.Part{{ID: "1", Type: "application/pkcs7-mime", Opened: message.SignedData}, within("1", text("1/1", "plain", alternative)), within("1", text("1/2", "html", alternative))},
			[]string{"s.txt = 1/1 as text"},
			[]string{"s.html = 1/2 as text"},
		},
		{
			"TNEF beside the text",
			[]message.Part{text("1", "plain", ""), winmail, inTNEF("2/1", "application/rtf")},
			[]string{"s.txt = 1 as text"},
			[]string{"s.txt = 1 as text"},
		},
		{"TNEF with RTF alone", []message.Part{winmail, inTNEF("2/1", "application/rtf")}, []string{"s.rtf = 2/1"}, []string{"s.rtf = 2/1"}},
		{
			"TNEF with more",
			[]message.Part{winmail, inTNEF("2/1", "application/rtf"), inTNEF("2/2", "text/html"), inTNEF("2/3", "text/plain")},
			[]string{"s.txt = 2/3 as text"},
			[]string{"s.html = 2/2 as text"},
		},
		{"no text", []message.Part{file}, []string{"a.pdf = 9"}, []string{"a.pdf = 9"}},
		{"nothing", nil, []string{"s.eml = "}, []string{"s.eml = "}},
	}
	for _, tt := range tests {
		for body, want := range map[library.Body][]string{library.BodyText: tt.text, library.BodyHTML: tt.html} {
			lib := library.Library{Settings: library.Settings{SaveBody: body}}
			got := planText(library.Plan(lib, identified("s", append([]message.Part(nil), tt.parts...)...)))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %s: want -, got +\n%s", tt.what, body, diff)
			}
		}
	}
}

// TestPlanBodyDraft pins all of a text's draft.
func TestPlanBodyDraft(t *testing.T) {
	t.Parallel()
	lib := library.Library{Settings: library.Settings{SaveBody: library.BodyText, Overwrite: true, Folders: library.FoldersSender}}
	for subject, name := range map[string]string{"": "message.txt", "a/b: c.pdf": "a_b_ c.pdf.txt"} {
		want := library.Planned{Drafts: []library.Draft{{
			Folder: "alice@example.org", Name: name, ContentType: "text/plain", Part: "1", Text: true, Overwrite: true,
		}}}
		if diff := cmp.Diff(want, library.Plan(lib, arrivalOf(subject, plain))); diff != "" {
			t.Errorf("want -, got +\n%s", diff)
		}
	}
}

func TestPlanBodyRules(t *testing.T) {
	t.Parallel()
	lib := library.Library{Name: "invoices", Settings: library.Settings{SaveBody: library.BodyText, MaxFileSize: 99, BlockedTypes: []string{"txt"}}}
	checkRefusal(t, "a text that is too large", library.Plan(lib, arrivalOf("s", plain)), "too-large", "the text of the message (part 1)")
	lib.Settings.MaxFileSize = 100
	checkRefusal(t, "a text of a type that is blocked for files", library.Plan(lib, arrivalOf("s", plain)), "", "")

	lib.Settings.MaxFileSize = 1000
	empty := arrivalOf("s", plain)
	empty.Contents[0].Size = 0
	if diff := cmp.Diff([]string{"s.eml = "}, planText(library.Plan(lib, empty))); diff != "" {
		t.Errorf("an empty text: want -, got +\n%s", diff)
	}
	lib.Settings.SaveOriginal = true
	if diff := cmp.Diff([]string{"s.txt = 1 as text", "s.eml = "}, planText(library.Plan(lib, arrivalOf("s", plain)))); diff != "" {
		t.Errorf("with the original: want -, got +\n%s", diff)
	}
	broken := arrivalOf("s", plain)
	broken.Message.Malformed, broken.Contents = "multipart without a boundary", nil
	if diff := cmp.Diff([]string{"s.eml = "}, planText(library.Plan(lib, broken))); diff != "" {
		t.Errorf("broken: want -, got +\n%s", diff)
	}
}

// within says in which wrapper a part was found.
func within(wrapper string, p message.Part) message.Part {
	p.Within = wrapper
	return p
}
