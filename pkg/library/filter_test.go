package library_test

import (
	"path"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/library"
	"mailchute/pkg/message"
)

func TestPlanFilters(t *testing.T) {
	t.Parallel()
	tests := []struct {
		include, exclude []string
		name             string
		want             bool // filed
	}{
		{nil, nil, "a.pdf", true},
		{[]string{"*.pdf"}, nil, "a.pdf", true},
		{[]string{"*.pdf"}, nil, "A.PDF", true},
		{[]string{"*.PDF"}, nil, "a.pdf", true},
		{[]string{"*.pdf"}, nil, "a.pdf.txt", false},
		{[]string{"*.xml", "*.pdf"}, nil, "a.pdf", true},
		{[]string{"invoice-?.pdf"}, nil, "invoice-7.pdf", true},
		{[]string{"invoice-[0-9].pdf"}, nil, "invoice-x.pdf", false},
		{[]string{"e\u0301*"}, nil, "\u00c9a.pdf", true},
		{nil, []string{"*.pdf"}, "a.pdf", false},
		{nil, []string{"*.pdf"}, "a.txt", true},
		{[]string{"*.pdf"}, []string{"draft*"}, "draft.pdf", false},
		{[]string{"*.pdf"}, []string{"*"}, "a.pdf", false},
		{nil, []string{"*.pdf"}, "x/a.pdf .", false}, // the safe name counts
		{nil, []string{"attachment-*"}, "", false},
		{[]string{"passwd"}, nil, "../../etc/passwd", true},
	}
	for _, tt := range tests {
		part := with(pdf, func(p *message.Part) { p.Name = tt.name })
		lib := library.Library{Settings: library.Settings{Include: tt.include, Exclude: tt.exclude}}
		if err := lib.Settings.Check(); err != nil {
			t.Errorf("%+v: %v", tt, err)
		}
		got := library.Plan(lib, arrivalOf("s", plain, part))
		if filed := len(got.Drafts) == 1; filed != tt.want || filed == (got.Skipped.Filtered == 1) {
			t.Errorf("%+v: got %q", tt, planText(got))
		}
	}
}

// TestPlanFiltered has what is filed beside files that are left out.
func TestPlanFiltered(t *testing.T) {
	t.Parallel()
	const left = "left out: a.pdf = 2: excluded"
	none := library.Settings{Exclude: []string{"*"}}
	tests := []struct {
		what   string
		change func(*library.Settings)
		parts  []message.Part
		want   []string
	}{
		{"nothing", func(*library.Settings) {}, []message.Part{plain, pdf}, []string{left}},
		{"the original, asked for", func(s *library.Settings) { s.SaveOriginal = true }, []message.Part{plain, pdf}, []string{"s.eml = ", left}},
		{"the text, asked for", func(s *library.Settings) { s.SaveBody = library.BodyText }, []message.Part{plain, pdf}, []string{"s.txt = 1 as text", left}},
		{"the original of a text", func(*library.Settings) {}, []message.Part{plain}, []string{"s.eml = "}},
		{"the original of a picture that the text shows", func(*library.Settings) {}, []message.Part{html, logo}, []string{"s.eml = ", "left out: logo.png = 2: picture in the text"}},
		{"a picture that would be saved", func(s *library.Settings) { s.Inline = library.InlineSave }, []message.Part{html, logo}, []string{"left out: logo.png = 2: excluded"}},
		{"nothing too large", func(s *library.Settings) { s.MaxFileSize = 1 }, []message.Part{plain, pdf}, []string{left}},
	}
	for _, tt := range tests {
		s := none
		tt.change(&s)
		got := planText(library.Plan(library.Library{Settings: s}, arrivalOf("s", append([]message.Part(nil), tt.parts...)...)))
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: want -, got +\n%s", tt.what, diff)
		}
	}
}

// FuzzPlanFilters: a pattern that Check takes decides by the safe name alone, in any
// case; what is excluded is never filed, and what is left out is counted.
func FuzzPlanFilters(f *testing.F) {
	f.Add("*.pdf", "a.PDF")
	f.Add("[^a-c]?\\*", "d*")
	f.Add("é[", "é[")
	f.Add("ſ*", "S.txt")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		include, exclude := library.Settings{Include: []string{pattern}}, library.Settings{Exclude: []string{pattern}}
		if include.Check() != nil {
			return
		}
		if err := exclude.Check(); err != nil {
			t.Fatalf("exclude %q: %v", pattern, err)
		}
		file := with(pdf, func(p *message.Part) { p.Name = name })
		in, out := library.Plan(library.Library{Settings: include}, arrivalOf("s", file)), library.Plan(library.Library{Settings: exclude}, arrivalOf("s", file))
		if len(in.Drafts)+len(out.Drafts) != 1 || len(in.Drafts)+in.Skipped.Filtered != 1 || len(out.Drafts)+out.Skipped.Filtered != 1 {
			t.Fatalf("%q of %q: included %q, excluded %q", name, pattern, planText(in), planText(out))
		}
		own := library.NameFor(file, 1)
		if matched, err := path.Match(library.Fold(pattern), library.Fold(own)); err != nil || matched != (len(in.Drafts) == 1) {
			t.Errorf("%q of %q: path.Match says %t, %v", own, pattern, matched, err)
		}
		if !slices.Equal(planText(in), planText(library.Plan(library.Library{Settings: include}, arrivalOf("s", with(file, func(p *message.Part) { p.Name = own }))))) {
			t.Errorf("%q and its safe name %q differ under %q", name, own, pattern)
		}
	})
}
