package library_test

import (
	"strings"
	"testing"

	"mailchute/pkg/library"
)

func TestNote(t *testing.T) {
	t.Parallel()
	exe := library.LeftOut{Part: "2", Name: "setup.exe", Why: library.WhyBlocked}
	png := library.LeftOut{Part: "3", Name: "logo.png", Why: library.WhyPicture}
	for _, tt := range []struct {
		left []library.LeftOut
		want string
	}{
		{nil, ""},
		{[]library.LeftOut{exe}, "left out: setup.exe (blocked type)"},
		{[]library.LeftOut{exe, png, png}, "left out: setup.exe (blocked type), logo.png (picture in the text), logo.png (picture in the text)"},
		{[]library.LeftOut{exe, png, exe, png, png}, "left out: setup.exe (blocked type), logo.png (picture in the text), setup.exe (blocked type) and 2 more"},
		{
			[]library.LeftOut{{Name: strings.Repeat("x", 100) + ".pdf", Why: library.WhyExcluded}},
			"left out: " + strings.Repeat("x", 39) + "… (excluded)",
		},
	} {
		if got := (library.Planned{LeftOut: tt.left}).Note(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
	var long []library.LeftOut
	for range 10_000 {
		long = append(long, library.LeftOut{Name: strings.Repeat("𐍈", 60), Why: library.WhyPicture})
	}
	if got := (library.Planned{LeftOut: long}).Note(); len(got) >= 600 {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}
