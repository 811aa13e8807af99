package library_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/pkg/message"
)

// Parts of the tests.
var (
	plain    = message.Part{Type: "text/plain"}
	html     = message.Part{Type: "text/html", Alternative: true}
	pdf      = message.Part{Type: "application/pdf", Disposition: "attachment", Name: "a.pdf"}
	logo     = message.Part{Type: "image/png", Disposition: "inline", Name: "logo.png", ContentID: "logo@x", Referenced: true}
	request  = message.Part{Type: "text/calendar", Method: "REQUEST", Alternative: true}
	smime    = message.Part{Type: "application/pkcs7-signature", Name: "smime.p7s"}
	original = "message/rfc822"
)

// arrivalOf is a message with these parts, each of 100 bytes.
func arrivalOf(subject string, parts ...message.Part) library.Arrival {
	a := library.Arrival{
		Message:  &message.Message{Header: message.Header{Subject: subject}, Parts: parts},
		Original: message.Content{Size: 1000},
		Sender:   "alice@example.org",
	}
	for i := range parts {
		parts[i].ID = fmt.Sprint(i + 1)
		a.Contents = append(a.Contents, message.Content{Size: 100})
	}
	return a
}

func TestPlan(t *testing.T) {
	t.Parallel()
	var (
		silent     library.Settings
		bySubject  = library.Settings{Folders: library.FoldersSubject}
		bySender   = library.Settings{Folders: library.FoldersSender}
		withMail   = library.Settings{SaveOriginal: true}
		withImages = library.Settings{Inline: library.InlineSave}
		meetings   = library.Settings{SaveMeetings: true}
	)
	attached := func(p message.Part) message.Part {
		p.Disposition = "attachment"
		return p
	}
	named := func(p message.Part, name string) message.Part {
		p.Name = name
		return p
	}
	unreferenced, withoutID := logo, logo
	unreferenced.Referenced = false
	withoutID.ContentID = ""
	inlinePDF := message.Part{Type: "application/pdf", Disposition: "inline", Name: "a.pdf", ContentID: "pdf@x", Referenced: true}
	published := message.Part{Type: "text/calendar"}

	tests := []struct {
		what     string
		settings library.Settings
		subject  string
		parts    []message.Part
		want     []string // folder/name of the drafts
		skipped  library.Skipped
	}{
		{"attachment", silent, "s", []message.Part{plain, pdf}, []string{"a.pdf"}, library.Skipped{}},
		{"two of one name", silent, "s", []message.Part{pdf, pdf, pdf}, []string{"a.pdf", "a (2).pdf", "a (3).pdf"}, library.Skipped{}},
		{
			"twins by case and composition", silent, "s",
			[]message.Part{named(pdf, "\u00e9.PDF"), named(pdf, "e\u0301.pdf"), named(pdf, "E\u0301.pdf")},
			[]string{"\u00e9.PDF", "\u00e9 (2).pdf", "\u00c9 (3).pdf"},
			library.Skipped{},
		},
		{
			"a number that is taken", silent, "s",
			[]message.Part{named(pdf, "a (2).pdf"), pdf, pdf, named(pdf, "A (2).pdf")},
			[]string{"a (2).pdf", "a.pdf", "a (3).pdf", "A (2) (2).pdf"},
			library.Skipped{},
		},
		{
			"twins after cutting", silent, "s",
			[]message.Part{named(pdf, strings.Repeat("x", 200)+"1.pdf"), named(pdf, strings.Repeat("x", 200)+"2.pdf")},
			[]string{strings.Repeat("x", 124) + ".pdf", strings.Repeat("x", 120) + " (2).pdf"},
			library.Skipped{},
		},
		{"no name", silent, "s", []message.Part{plain, pdf, attached(message.Part{Type: "image/gif"})}, []string{"a.pdf", "attachment-2.gif"}, library.Skipped{}},
		{"hostile name", silent, "s", []message.Part{named(pdf, "../../etc/passwd")}, []string{"passwd"}, library.Skipped{}},

		{"text attached", silent, "s", []message.Part{plain, attached(plain)}, []string{"attachment-1.txt"}, library.Skipped{}},
		{"text with a name", silent, "s", []message.Part{plain, named(plain, "log.txt")}, []string{"log.txt"}, library.Skipped{}},
		{"odd disposition", silent, "s", []message.Part{{Type: "text/html", Disposition: "foo"}}, []string{"attachment-1.html"}, library.Skipped{}},
		{"other types of text", silent, "s", []message.Part{{Type: "text/csv"}}, []string{"attachment-1.csv"}, library.Skipped{}},
		{"attached message", silent, "s", []message.Part{plain, {Type: "message/rfc822"}}, []string{"attachment-1.eml"}, library.Skipped{}},

		{"text only", silent, "s", []message.Part{plain}, []string{"s.eml"}, library.Skipped{}},
		{"text and HTML", silent, "s", []message.Part{plain, html, {Type: "text/x-amp-html"}}, []string{"s.eml"}, library.Skipped{}},
		{"no parts", silent, "", nil, []string{"message.eml"}, library.Skipped{}},
		{"subject with a path", silent, "a/b: ../c", []message.Part{plain}, []string{"a_b_ ._c.eml"}, library.Skipped{}},
		{"long subject", silent, strings.Repeat("s", 200), []message.Part{plain}, []string{strings.Repeat("s", 124) + ".eml"}, library.Skipped{}},
		{"device as subject", silent, "con", []message.Part{plain}, []string{"con_.eml"}, library.Skipped{}},

		{"original too", withMail, "a", []message.Part{plain, pdf}, []string{"a.pdf", "a.eml"}, library.Skipped{}},
		{"original only once", withMail, "a", []message.Part{plain}, []string{"a.eml"}, library.Skipped{}},
		{"original as a twin", withMail, "a", []message.Part{named(pdf, "A.EML")}, []string{"A.EML", "a (2).eml"}, library.Skipped{}},

		{"picture", silent, "s", []message.Part{html, logo, pdf}, []string{"a.pdf"}, library.Skipped{Pictures: 1}},
		{"picture saved", withImages, "s", []message.Part{html, logo, pdf}, []string{"logo.png", "a.pdf"}, library.Skipped{}},
		{"pictures only", silent, "s", []message.Part{html, logo}, []string{"s.eml"}, library.Skipped{Pictures: 1}},
		{"picture nobody refers to", silent, "s", []message.Part{html, unreferenced}, []string{"logo.png"}, library.Skipped{}},
		{"picture without an id", silent, "s", []message.Part{html, withoutID}, []string{"logo.png"}, library.Skipped{}},
		{"picture attached", silent, "s", []message.Part{html, attached(logo)}, []string{"logo.png"}, library.Skipped{}},
		{"PDF that claims to be a picture", silent, "s", []message.Part{html, named(logo, "a.PDF")}, []string{"a.PDF"}, library.Skipped{}},
		{"PDF marked inline", silent, "s", []message.Part{html, inlinePDF}, []string{"a.pdf"}, library.Skipped{}},

		{"invitation", silent, "s", []message.Part{plain, html, request}, nil, library.Skipped{Invitations: 1}},
		{"invitation beside a file", silent, "s", []message.Part{request, pdf}, []string{"a.pdf"}, library.Skipped{Invitations: 1}},
		{"invitation and original", withMail, "s", []message.Part{request}, []string{"s.eml"}, library.Skipped{Invitations: 1}},
		{"invitation saved", meetings, "s", []message.Part{plain, request}, []string{"invitation.ics"}, library.Skipped{}},
		{"invitation with a name", meetings, "s", []message.Part{named(request, "meet.ics")}, []string{"meet.ics"}, library.Skipped{}},
		{"invitation sent as a file", silent, "s", []message.Part{attached(named(request, "meet.ics"))}, []string{"meet.ics"}, library.Skipped{}},
		{"calendar without a method", silent, "s", []message.Part{published}, []string{"attachment-1.ics"}, library.Skipped{}},

		{"signature", silent, "s", []message.Part{pdf, smime}, []string{"a.pdf"}, library.Skipped{Signatures: 1}},
		{"signature only", silent, "s", []message.Part{plain, smime}, []string{"s.eml"}, library.Skipped{Signatures: 1}},
		{"signature attached", silent, "s", []message.Part{plain, attached(smime)}, []string{"smime.p7s"}, library.Skipped{}},

		{"subject folder", bySubject, "Re: 7/2024", []message.Part{pdf}, []string{"Re_ 7_2024/a.pdf"}, library.Skipped{}},
		{"no subject", bySubject, " ", []message.Part{pdf}, []string{"no subject/a.pdf"}, library.Skipped{}},
		{"sender folder", bySender, "s", []message.Part{plain}, []string{"alice@example.org/s.eml"}, library.Skipped{}},
	}
	for _, tt := range tests {
		lib := library.Library{Name: "invoices", Settings: tt.settings}
		planned := library.Plan(lib, arrivalOf(tt.subject, append([]message.Part(nil), tt.parts...)...))
		var got []string
		for _, d := range planned.Drafts {
			got = append(got, strings.TrimPrefix(d.Folder+"/"+d.Name, "/"))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: drafts: want -, got +\n%s", tt.what, diff)
		}
		if diff := cmp.Diff(tt.skipped, planned.Skipped); diff != "" {
			t.Errorf("%s: skipped: want -, got +\n%s", tt.what, diff)
		}
		if planned.Reason != "" {
			t.Errorf("%s: refused: %s, %s", tt.what, planned.Reason, planned.Detail)
		}
	}
}

func TestPlanDraft(t *testing.T) {
	t.Parallel()
	a := arrivalOf("s", plain, message.Part{Type: "application/pdf", Name: "x/ä?.pdf"})
	a.Contents[1] = message.Content{Size: 7, Digest: message.Digest{1}, Damaged: "cut short"}
	a.Original = message.Content{Size: 9, Digest: message.Digest{2}}
	lib := library.Library{Settings: library.Settings{Folders: library.FoldersSender, Overwrite: true, SaveOriginal: true}}
	want := library.Planned{Drafts: []library.Draft{
		{
			Folder: "alice@example.org", Name: "ä_.pdf", OriginalName: "x/ä?.pdf", ContentType: "application/pdf", Part: "2",
			Content: a.Contents[1], Overwrite: true,
		},
		{Folder: "alice@example.org", Name: "s.eml", ContentType: original, Content: a.Original, Overwrite: true},
	}}
	if diff := cmp.Diff(want, library.Plan(lib, a)); diff != "" {
		t.Errorf("want -, got +\n%s", diff)
	}
}

func TestPlanMalformed(t *testing.T) {
	t.Parallel()
	a := arrivalOf("s", pdf)
	a.Message.Malformed = "multipart without a boundary"
	a.Contents = nil
	got := library.Plan(library.Library{Settings: library.Settings{BlockedTypes: []string{"pdf", "eml"}}}, a)
	want := library.Planned{Drafts: []library.Draft{{Name: "s.eml", ContentType: original, Content: a.Original}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +\n%s", diff)
	}
}

func TestPlanTooLarge(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	tests := []struct {
		limit, part, original int64
		parts                 []message.Part
		want                  fault.Reason
	}{
		{0, 50 * mb, 70 * mb, []message.Part{pdf}, ""},
		{0, 50*mb + 1, 70 * mb, []message.Part{pdf}, fault.TooLarge},
		{mb, mb + 1, mb, []message.Part{pdf}, fault.TooLarge},
		{library.Unlimited, 5000 * mb, 7000 * mb, []message.Part{pdf}, ""},
		{mb, mb, 2 * mb, []message.Part{pdf}, ""},               // the original beside its parts
		{mb, mb, 2 * mb, []message.Part{plain}, fault.TooLarge}, // alone
		{mb, 2 * mb, mb, []message.Part{plain}, ""},             // body text is no document
		{mb, 2 * mb, mb, []message.Part{logo}, ""},              // nor is a picture that is skipped
	}
	for _, tt := range tests {
		a := arrivalOf("s", append([]message.Part(nil), tt.parts...)...)
		a.Contents[0].Size, a.Original.Size = tt.part, tt.original
		lib := library.Library{Name: "invoices", Settings: library.Settings{MaxFileSize: tt.limit, SaveOriginal: true}}
		checkRefusal(t, fmt.Sprintf("%+v", tt), library.Plan(lib, a), tt.want, "invoices")
	}
}

func TestPlanBlockedType(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		want fault.Reason
	}{
		{"x.exe", fault.BlockedType},
		{"X.EXE", fault.BlockedType},
		{"x.exe.", fault.BlockedType},
		{"x.exe . .", fault.BlockedType},
		{"x.{exe}", fault.BlockedType},
		{"x.e\u200bxe", fault.BlockedType},
		{"x.exe\u00a0", fault.BlockedType},
		{"x\u202etxt.exe", fault.BlockedType},
		{"dir/x.exe/", fault.BlockedType},
		{"readme.txt:x.exe", fault.BlockedType},
		{strings.Repeat("x", 300) + ".exe", fault.BlockedType},
		{strings.Repeat("x", 124) + ".exe" + strings.Repeat("y", 20), fault.BlockedType}, // ends in .exe when cut
		{"x.ms-one-stub", fault.BlockedType},
		{"x.exe.txt", ""},
		{"exe", ""},
		{"x.exes", ""},
		{"x.", ""},
	}
	lib := library.Library{Name: "invoices", Settings: library.Settings{BlockedTypes: []string{"exe", "ms-one-stub"}}}
	for _, tt := range tests {
		part := pdf
		part.Name = tt.name
		checkRefusal(t, tt.name, library.Plan(lib, arrivalOf("s", plain, part)), tt.want, "part 2")
	}
}

// checkRefusal fails unless the message was refused for that reason, with no draft and
// a detail that holds mention, or was filed where want is "".
func checkRefusal(t *testing.T, what string, got library.Planned, want fault.Reason, mention string) {
	t.Helper()
	switch {
	case got.Reason != want:
		t.Errorf("%s: got %q (%s), want %q", what, got.Reason, got.Detail, want)
	case want == "" && (len(got.Drafts) == 0 || got.Detail != ""):
		t.Errorf("%s: got %+v, want drafts", what, got)
	case want != "" && (len(got.Drafts) != 0 || !strings.Contains(got.Detail, mention)):
		t.Errorf("%s: got %+v, want no drafts and a detail with %q", what, got, mention)
	}
}

func TestCandidate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		part message.Part
		want bool
	}{
		{plain, false},
		{html, false},
		{message.Part{Type: "text/plain", Name: "a.txt"}, true},
		{message.Part{Type: "text/plain", Disposition: "attachment"}, true},
		{pdf, true},
		{logo, true},
		{request, true},
		{smime, false},
	}
	for _, tt := range tests {
		if got := library.Candidate(tt.part); got != tt.want {
			t.Errorf("%+v: got %t, want %t", tt.part, got, tt.want)
		}
	}
}

// TestPlanManyTwins has names of which numbering cuts off what tells them apart: all
// must come out distinct, without a search that starts over for each.
func TestPlanManyTwins(t *testing.T) {
	t.Parallel()
	var parts []message.Part
	for i := range 5000 {
		p := pdf
		p.Name = fmt.Sprintf("%s%04d.pdf", strings.Repeat("x", 120), i)
		parts = append(parts, p, p)
	}
	planned := library.Plan(library.Library{}, arrivalOf("s", parts...))
	seen := map[string]bool{}
	for _, d := range planned.Drafts {
		seen[library.Fold(d.Name)] = true
	}
	if len(seen) != len(parts) {
		t.Errorf("%d parts have %d distinct names", len(parts), len(seen))
	}
}
