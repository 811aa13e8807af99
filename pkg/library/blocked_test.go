package library_test

import (
	"testing"

	"github.com/gabriel-vasile/mimetype"
	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/pkg/message"
)

// program is what Sniffer says of a program of Windows.
const program = "application/vnd.microsoft.portable-executable"

func TestPlanBlockedContent(t *testing.T) {
	t.Parallel()
	tests := []struct {
		blocked, name, detected string
		want                    fault.Reason
	}{
		{"sharepoint", "a.exe", "", fault.BlockedType},
		{"SharePoint", "a.bat", "", fault.BlockedType},
		{"sharepoint", "a.pdf", "application/pdf", ""},
		{"sharepoint", "a.pdf", program, fault.BlockedType},
		{"sharepoint", "readme", program, fault.BlockedType},
		{"sharepoint", "a.exe.", program, fault.BlockedType},
		{"sharepoint", "a.txt", "application/x-ms-shortcut", fault.BlockedType},
		{"sharepoint", "a.db", "application/x-msaccess", fault.BlockedType},
		{"sharepoint", "a.accdb", "application/x-msaccess", ""},
		{"sharepoint", "a.dat", "application/x-ms-installer", fault.BlockedType},
		{"sharepoint", "a.txt", "text/plain", ""}, // whatever language it is in
		{"sharepoint", "a.txt", "application/octet-stream", ""},
		{"sharepoint", "a.bin", "application/x-unheard-of", ""},

		{"scr", "a.exe", program, ""},
		{"scr", "a.scr", program, fault.BlockedType},
		{"scr", "a.txt", program, fault.BlockedType},
		{"exe", "a.DLL", program, ""},
		{"exe", "a.drv", program, ""},
		{"exe", "a.{dll}", program, ""},
		{".Exe", "a.dll.txt", program, fault.BlockedType},
		{"lnk", "a.txt", program, ""},

		{"zip", "a.docx", "application/zip", ""},
		{"zip", "a.zip", "application/zip", fault.BlockedType},
		{"zip", "a.dat", "application/zip", fault.BlockedType},
		{"jar", "a.dat", "application/zip", ""},
		{"jar", "a.zip", "application/java-archive", fault.BlockedType},
		{"docm", "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ""},
		{"docm", "a.txt", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", fault.BlockedType},
	}
	for _, tt := range tests {
		a := arrivalOf("s", plain, with(pdf, func(p *message.Part) { p.Name = tt.name }))
		a.Contents[1].Detected = tt.detected
		lib := library.Library{Name: "invoices", Settings: library.Settings{BlockedTypes: []string{tt.blocked}}}
		checkRefusal(t, tt.blocked+": "+tt.name+" of "+tt.detected, library.Plan(lib, a), tt.want, "part 2")
	}
}

// TestKinds: the sniffer reports each media type of the table, under that name.
func TestKinds(t *testing.T) {
	t.Parallel()
	for _, mediaType := range library.KnownKinds() {
		if m := mimetype.Lookup(mediaType); m == nil || !m.Is(mediaType) || m.String() != mediaType {
			t.Errorf("%s is no media type that the sniffer reports", mediaType)
		}
	}
}

// TestPlanBlockedNames has what is blocked by a name but not by the part's own, and the
// other way round.
func TestPlanBlockedNames(t *testing.T) {
	t.Parallel()
	letter := message.Part{Type: "message/rfc822", Name: "News of www.example.com"}
	tests := []struct {
		what, blocked, template string
		part                    message.Part
		want                    fault.Reason
	}{
		{"an attached message is one", "com", "", letter, ""},
		{"and may be blocked as such", "eml", "", letter, fault.BlockedType},
		{"a template does not hide a type", "exe", "{n}", with(pdf, func(p *message.Part) { p.Name = "a.exe" }), fault.BlockedType},
		{"the subject is no extension", "com", "{subject}", pdf, ""},
		{"unless there is no other", "com", "{subject}", with(pdf, func(p *message.Part) { p.Name = "README" }), fault.BlockedType},
		{"a type without a name", "pdf", "", with(pdf, func(p *message.Part) { p.Name = "" }), fault.BlockedType},
	}
	for _, tt := range tests {
		lib := library.Library{Name: "invoices", Settings: library.Settings{BlockedTypes: []string{tt.blocked}, NameTemplate: tt.template}}
		checkRefusal(t, tt.what, library.Plan(lib, arrivalOf("www.example.com", plain, tt.part)), tt.want, "part 2")
	}
}

func TestPlanBlockedSkip(t *testing.T) {
	t.Parallel()
	exe := with(pdf, func(p *message.Part) { p.Name = "setup.exe" })
	skip := library.Settings{Blocked: library.BlockedSkip, BlockedTypes: []string{"exe"}}
	and := func(change func(*library.Settings)) library.Settings {
		s := skip
		change(&s)
		return s
	}
	const left, original = "left out: setup.exe = 2: blocked type", "left out: s.eml = : has a file of a blocked type"
	tests := []struct {
		what     string
		settings library.Settings
		parts    []message.Part
		want     []string
	}{
		{"beside a file", skip, []message.Part{plain, exe, pdf}, []string{"a.pdf = 3", left}},
		{"alone", skip, []message.Part{plain, exe}, []string{left}},
		{"twice", skip, []message.Part{pdf, exe, exe}, []string{"a.pdf = 1", left, "left out: setup.exe = 3: blocked type"}},
		{
			"with the original", and(func(s *library.Settings) { s.SaveOriginal = true }),
			[]message.Part{plain, exe, pdf},
			[]string{"a.pdf = 3", left, original},
		},
		{
			"with the text", and(func(s *library.Settings) { s.SaveBody = library.BodyText }),
			[]message.Part{plain, exe},
			[]string{"s.txt = 1 as text", left},
		},
		{
			"encrypted", skip,
			[]message.Part{plain, exe, with(pdf, func(p *message.Part) { p.Encrypted = true })},
			[]string{left, original},
		},
		{
			"too large, but left out", and(func(s *library.Settings) { s.MaxFileSize = 99 }),
			[]message.Part{plain, exe},
			[]string{left},
		},
		{
			"excluded where it would be held",
			library.Settings{BlockedTypes: []string{"exe"}, Exclude: []string{"*.exe"}, SaveOriginal: true},
			[]message.Part{plain, exe, pdf},
			[]string{"a.pdf = 3", "left out: setup.exe = 2: excluded", original},
		},
		{"held beside one that is skipped", and(func(s *library.Settings) { s.MaxFileSize = 99 }), []message.Part{plain, exe, pdf}, []string{"too-large"}},
	}
	for _, tt := range tests {
		got := library.Plan(library.Library{Settings: tt.settings}, arrivalOf("s", append([]message.Part(nil), tt.parts...)...))
		if diff := cmp.Diff(tt.want, planText(got)); diff != "" {
			t.Errorf("%s: want -, got +\n%s", tt.what, diff)
		}
	}
	counted := library.Plan(library.Library{Settings: skip}, arrivalOf("s", plain, exe, exe)).Skipped
	if want := (library.Skipped{Blocked: 2}); counted != want || counted.Total() != 2 {
		t.Errorf("got %+v, want %+v", counted, want)
	}
}
