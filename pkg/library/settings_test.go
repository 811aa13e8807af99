package library_test

import (
	"math"
	"strings"
	"testing"

	"mailchute/pkg/library"
)

func TestCheckName(t *testing.T) {
	t.Parallel()
	good := []string{"a", "7", "invoices", "team.docs", "a_b-c", "2024", strings.Repeat("a", 64)}
	for _, name := range good {
		if err := library.CheckName(name); err != nil {
			t.Errorf("CheckName(%q): %v", name, err)
		}
	}
	bad := []struct{ in, near string }{
		{"", ""},
		{"...", ""},
		{"Invoices", "invoices"},
		{"Team Docs!", "team-docs"},
		{".mailchute", "mailchute"},
		{"../etc", "etc"},
		{"a/b", "a-b"},
		{"Bücher", "b-cher"},
		{"a\n", "a"},
		{strings.Repeat("a", 65), strings.Repeat("a", 64)},
	}
	for _, tt := range bad {
		err := library.CheckName(tt.in)
		if err == nil {
			t.Errorf("CheckName(%q): no error", tt.in)
			continue
		}
		if tt.near == "" {
			if strings.Contains(err.Error(), "such as") {
				t.Errorf("CheckName(%q): %v proposes a name", tt.in, err)
			}
			continue
		}
		if !strings.Contains(err.Error(), `such as "`+tt.near+`"`) {
			t.Errorf("CheckName(%q): %v, want the proposal %q", tt.in, err, tt.near)
		}
		if err := library.CheckName(tt.near); err != nil {
			t.Errorf("the proposal %q: %v", tt.near, err)
		}
	}
}

func TestSettingsCheck(t *testing.T) {
	t.Parallel()
	tests := []struct {
		settings library.Settings
		want     string // part of the error; "" is none
	}{
		{library.Settings{}, ""},
		{library.Settings{Accept: "anyone", Folders: "sender", Inline: "save", MaxFileSize: -1, BlockedTypes: library.DefaultBlockedTypes()}, ""},
		{library.Settings{Accept: "everyone"}, "contributors or anyone"},
		{library.Settings{Folders: "date"}, "root or subject or sender"},
		{library.Settings{Inline: "drop"}, "skip or save"},
		{library.Settings{MaxFileSize: -2}, "max_file_size"},
		{library.Settings{Versions: 3}, ""},
		{library.Settings{Versions: -1}, "versions -1"},
		{library.Settings{BlockedTypes: []string{"exe", "."}}, "blocked_types"},
		{library.Settings{BlockedTypes: []string{""}}, "blocked_types"},
		{library.Settings{BlockedTypes: []string{"sharepoint", "zip"}}, ""},
		{library.Settings{BlockedTypes: []string{".exe", "*.JS", " vbs"}}, ""},
		{library.Settings{BlockedTypes: []string{"tar.gz"}}, "would block no file"},
		{library.Settings{BlockedTypes: []string{"exe js"}}, "would block no file"},
		{library.Settings{BlockedTypes: []string{"exe;js"}}, "would block no file"},
		{library.Settings{BlockedTypes: []string{"ms-one-stub", "c++"}}, ""},
		{library.Settings{Blocked: "skip", SaveBody: "html", Plus: "folder", SaveHeaders: true, AutoReplies: "hold", MaxMessageSize: 25 << 20, NameTemplate: "{date}/{name}"}, ""},
		{library.Settings{Include: []string{"*.pdf", "a[0-9]?"}, Exclude: []string{"\\*"}}, ""},
		{library.Settings{Blocked: "drop"}, "hold or skip"},
		{library.Settings{SaveBody: "rtf"}, "none or text or html"},
		{library.Settings{Plus: "subject"}, "ignore or folder"},
		{library.Settings{AutoReplies: "skip"}, "file or hold"},
		{library.Settings{MaxMessageSize: library.Unlimited}, ""},
		{library.Settings{MaxMessageSize: -2}, "max_message_size"},
		{library.Settings{Include: []string{"*.pdf", ""}}, "include"},
		{library.Settings{Include: []string{"[a"}}, "include"},
		{library.Settings{Exclude: []string{"a[b-"}}, "exclude"},
		{library.Settings{Exclude: []string{"*.{pdf,doc}"}}, "can match no file"},
		{library.Settings{Exclude: []string{"in/*.pdf"}}, "can match no file"},
		{library.Settings{Include: []string{"*.pdf", " *.xml"}}, "can match no file"},
		{library.Settings{Include: []string{".pdf"}}, "can match no file"},
		{library.Settings{Exclude: []string{"*."}}, "can match no file"},
		{library.Settings{NameTemplate: "{from}"}, "name_template"},
	}
	for _, tt := range tests {
		err := tt.settings.Check()
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%+v: %v", tt.settings, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%+v: got %v, want an error with %q", tt.settings, err, tt.want)
		}
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in      string
		want    int64
		written string
	}{
		{"0", 0, "0B"},
		{"1", 1, "1B"},
		{"1024", 1024, "1KB"},
		{"1025B", 1025, "1025B"},
		{"50MB", library.DefaultMaxFileSize, "50MB"},
		{" 50 mb ", library.DefaultMaxFileSize, "50MB"},
		{"2GB", 2 << 30, "2GB"},
		{"1536KB", 1536 << 10, "1536KB"},
		{"unlimited", library.Unlimited, "unlimited"},
		{"9223372036854775807", math.MaxInt64, "9223372036854775807B"},
	}
	for _, tt := range tests {
		got, err := library.ParseSize(tt.in)
		if err != nil || got != tt.want {
			t.Errorf("ParseSize(%q): got %d, %v, want %d", tt.in, got, err, tt.want)
		}
		if written := library.FormatSize(got); written != tt.written {
			t.Errorf("FormatSize(%d): got %q, want %q", got, written, tt.written)
		}
	}
	for _, in := range []string{"", "MB", "-1", "-5MB", "1.5MB", "50 M", "50MiB", "5 0", "9223372036854775808", "9007199254740993KB", "8589934592GB", "ten"} {
		if got, err := library.ParseSize(in); err == nil {
			t.Errorf("ParseSize(%q): got %d, want an error", in, got)
		}
	}
}

func FuzzSize(f *testing.F) {
	f.Add("50MB")
	f.Add("1025 b")
	f.Fuzz(func(t *testing.T, in string) {
		n, err := library.ParseSize(in)
		if err != nil {
			return
		}
		again, err := library.ParseSize(library.FormatSize(n))
		if err != nil || again != n || n < library.Unlimited {
			t.Errorf("ParseSize(%q): %d, written %q, read back %d, %v", in, n, library.FormatSize(n), again, err)
		}
	})
}
