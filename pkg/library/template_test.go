package library_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"mailchute/pkg/library"
	"mailchute/pkg/message"
)

// templated returns the path of the only document of a message.
func templated(t *testing.T, s library.Settings, a library.Arrival) string {
	t.Helper()
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	planned := library.Plan(library.Library{Settings: s}, a)
	if len(planned.Drafts) != 1 {
		t.Fatalf("%+v: got %q", s, planText(planned))
	}
	return strings.TrimPrefix(planned.Drafts[0].Folder+"/"+planned.Drafts[0].Name, "/")
}

func TestNameTemplate(t *testing.T) {
	t.Parallel()
	tests := []struct{ template, subject, name, want string }{
		{"", "s", "a.pdf", "a.pdf"},
		{"{name}{ext}", "s", "a.pdf", "a.pdf"},
		{"{name}", "s", "a.pdf", "a.pdf"},
		{"{date} {name}", "s", "a.pdf", "2026-01-05 a.pdf"},
		{"{date}/{sender} {subject} {n}{ext}", "s", "a.pdf", "2026-01-05/alice@example.org s 1.pdf"},
		{"{date}/{name}", "s", "README", "2026-01-05/README"},
		{"in/{name}", "s", "archive.tar.gz", "in/archive.tar.gz"},
		{"{subject}", "", "a.pdf", "no subject.pdf"},
		{"{subject}", "a/b\\c: ../d", "a.pdf", "a_b_c_ ._d.pdf"},
		{"{subject}/{name}", "../../etc", "a.pdf", "etc/a.pdf"},
		{"{subject}/{name}", "___", "a.pdf", "no name/a.pdf"},
		{"{subject}", "x.exe", "a.pdf", "x.exe.pdf"},
		{"{subject}", "CON", "a.pdf", "CON_.pdf"},
		{"{name} {subject}", strings.Repeat("s", 200), "a.pdf", "a " + strings.Repeat("s", 122) + ".pdf"},
		{"{name}/{name}", "s", "../x", "x/x"},
		{"type{ext}/{n}", "s", "a.pdf", "type.pdf/1.pdf"},
		{".{name}", "s", "a.pdf", "a.pdf"},
		{"a&b {name}", "s", "a.pdf", "a_b a.pdf"},
	}
	for _, tt := range tests {
		a := arrivalOf(tt.subject, with(pdf, func(p *message.Part) { p.Name = tt.name }))
		a.Message.Header.Date = "Mon, 5 Jan 2026 23:30:00 -0500"
		if got := templated(t, library.Settings{NameTemplate: tt.template}, a); got != tt.want {
			t.Errorf("%q, subject %q, name %q: got %q, want %q", tt.template, tt.subject, tt.name, got, tt.want)
		}
	}
}

// TestNameTemplateAll has all documents of a message, of which none is more than the
// others.
func TestNameTemplateAll(t *testing.T) {
	t.Parallel()
	lib := library.Library{Settings: library.Settings{NameTemplate: "{n}/{subject} {n}", SaveBody: library.BodyText, SaveOriginal: true}}
	got := planText(library.Plan(lib, arrivalOf("s", plain, pdf, pdf)))
	want := "1/s 1.pdf = 2, 2/s 2.pdf = 3, 3/s 3.txt = 1 as text, 4/s 4.eml = "
	if strings.Join(got, ", ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
	lib.Settings.NameTemplate = "{subject}"
	got = planText(library.Plan(lib, arrivalOf("s", pdf, pdf)))
	if want := "s.pdf = 1, s (2).pdf = 2, s.eml = "; strings.Join(got, ", ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNameTemplateDate(t *testing.T) {
	t.Parallel()
	for date, want := range map[string]string{
		"Mon, 5 Jan 2026 23:30:00 -0500":        "2026-01-05.pdf",
		"5 Jan 26 00:30 GMT (Greenwich)":        "2026-01-05.pdf",
		"Tue, 6 Jan 2026 00:30:00 +1300 (NZDT)": "2026-01-06.pdf",
		"yesterday":                             "2026-03-01.pdf",
		"":                                      "2026-03-01.pdf",
	} {
		a := arrivalOf("s", pdf)
		a.Message.Header.Date = date
		a.Received = time.Date(2026, 2, 28, 22, 0, 0, 0, time.FixedZone("", -4*60*60))
		if got := templated(t, library.Settings{NameTemplate: "{date}"}, a); got != want {
			t.Errorf("%q: got %q, want %q", date, got, want)
		}
	}
}

func TestParseTemplateErrors(t *testing.T) {
	t.Parallel()
	for template, want := range map[string]string{
		"{from}":               "{from} is no placeholder",
		"{Date}":               "{Date} is no placeholder",
		"{}":                   "{} is no placeholder",
		"{na{me}":              "{na{me} is no placeholder",
		"{name":                "a brace has no partner",
		"name}":                "a brace has no partner",
		"a/b/{name}":           "one slash at most",
		"/{name}":              "nothing names the folder",
		"./{name}":             "nothing names the folder",
		"{ext}/{name}":         "nothing names the folder",
		"{date}/":              "nothing names the file",
		"{ext}":                "nothing names the file",
		".{ext}":               "nothing names the file",
		" - {ext}":             "nothing names the file",
		"../{name}":            "two dots",
		"..":                   "two dots",
		`a\{name}`:             "a character that no file name can have",
		"a\n{name}":            "a character that no file name can have",
		"a\xff{name}":          "a character that no file name can have",
		"{ext}{name}":          "{ext} belongs at the end",
		"{name}{ext}{ext}":     "{ext} belongs at the end",
		"{name}{ext} ":         "{ext} belongs at the end",
		"{name}{ext}{subject}": "{ext} belongs at the end",
	} {
		_, err := library.ParseTemplate(template)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "{subject}") {
			t.Errorf("%q: got %v, want an error with %q that says what is possible", template, err, want)
		}
		if err := (library.Settings{NameTemplate: template}).Check(); err == nil {
			t.Errorf("%q: Check takes it", template)
		}
	}
}

func TestPlanPlus(t *testing.T) {
	t.Parallel()
	folder := library.Settings{Plus: library.PlusFolder, Folders: library.FoldersSender}
	tests := []struct {
		settings   library.Settings
		plus, want string
	}{
		{library.Settings{}, "2026", "a.pdf"},
		{library.Settings{Plus: library.PlusIgnore}, "2026", "a.pdf"},
		{folder, "", "alice@example.org/a.pdf"},
		{folder, "2026", "2026/a.pdf"},
		{folder, "../../etc", "etc/a.pdf"},
		{folder, "_vti_bin", "vti_bin/a.pdf"},
		{folder, "..", "alice@example.org/a.pdf"},
		{library.Settings{Plus: library.PlusFolder, NameTemplate: "{date}/{n}"}, "2026", "2026/1.pdf"},
	}
	for _, tt := range tests {
		a := arrivalOf("s", pdf)
		a.Plus = tt.plus
		if got := templated(t, tt.settings, a); got != tt.want {
			t.Errorf("%+v, plus %q: got %q, want %q", tt.settings, tt.plus, got, tt.want)
		}
	}
}

// FuzzNameTemplate: whatever strangers write, a template that can be read names a
// document inside the library, in one folder or in none.
func FuzzNameTemplate(f *testing.F) {
	f.Add("{date}/{sender} {subject} {name} {n}{ext}", "a/b", "c.pdf", "d@e", "Mon, 5 Jan 2026 10:00:00 +0100", "x")
	f.Add("{subject}/{subject}", "../..", "..", "", "", "..")
	f.Add(".{name}.{subject}", "\u202e.exe", "\xff", "\\", "0", "/")
	f.Add("{subject}_files", strings.Repeat("\u0301", 300), strings.Repeat("x", 300)+".pdf", "CON", "", "~")
	f.Fuzz(func(t *testing.T, template, subject, name, sender, date, plus string) {
		s := library.Settings{NameTemplate: template, SaveOriginal: true, SaveBody: library.BodyText}
		if s.Check() != nil {
			return
		}
		a := arrivalOf(subject, plain, with(pdf, func(p *message.Part) { p.Name = name }), pdf)
		a.Sender, a.Message.Header.Date, a.Plus = sender, date, plus
		for _, s.Plus = range []library.Plus{library.PlusIgnore, library.PlusFolder} {
			planned := library.Plan(library.Library{Settings: s}, a)
			if len(planned.Drafts) != 4 {
				t.Fatalf("got %q", planText(planned))
			}
			seen := map[string]bool{}
			for _, d := range planned.Drafts {
				checkName(t, template, d.Name)
				if again := library.SafeName(d.Name); again != d.Name {
					t.Errorf("%q: %q again is %q", template, d.Name, again)
				}
				if seen[library.Fold(d.Name)] || d.Name == "" || len(d.Name) > 255 {
					t.Errorf("%q: %q", template, d.Name)
				}
				seen[library.Fold(d.Name)] = true
				if d.Folder != "" {
					checkName(t, template, d.Folder)
				}
				if strings.Contains(template, "/") && d.Folder == "" || !utf8.ValidString(d.Folder) {
					t.Errorf("%q: folder %q", template, d.Folder)
				}
			}
			if !strings.HasSuffix(planned.Drafts[3].Name, ".eml") || !strings.HasSuffix(planned.Drafts[2].Name, ".txt") {
				t.Errorf("%q: %q", template, planText(planned))
			}
		}
	})
}
