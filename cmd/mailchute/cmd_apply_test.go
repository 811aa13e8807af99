package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/library"
)

func TestReadDeclaredLibrary(t *testing.T) {
	t.Parallel()
	base := library.Library{Name: "a", Site: "default", LocalPart: "a", Inherit: true}
	with := func(change func(*library.Library)) library.Library {
		l := base
		change(&l)
		return l
	}
	for _, tt := range []struct {
		keys  string
		want  library.Library
		wrong string // a part of the error; "" none
	}{
		{keys: "", want: base},
		{keys: `local_part = ""`, want: with(func(l *library.Library) { l.LocalPart = "" })},
		{keys: "inherit = false", want: with(func(l *library.Library) { l.Inherit = false })},
		{keys: "inherit = true", want: base},
		{keys: `max_file_size = "unlimited"`, want: with(func(l *library.Library) { l.Settings.MaxFileSize = library.Unlimited })},
		{keys: "blocked_types = []", want: with(func(l *library.Library) { l.Settings.BlockedTypes = []string{} })},
		{keys: `emailalias = "b"`, want: with(func(l *library.Library) { l.LocalPart = "b" })},
		{keys: `sender_trust = "proven"`, want: with(func(l *library.Library) { l.Settings.SenderTrust = "proven" })},
		{keys: "inherit = 1", wrong: "f:3:11: inherit has a value of the wrong type: write true or false"},
		{keys: "no_inherit = true", wrong: `f:3:14: unknown key "no_inherit"`},
		{keys: `local-part = "b"`, wrong: `unknown key "local-part"`},
		{keys: "blocked_types = [1]", wrong: "f:3:18: blocked_types is a list of texts"},
		{keys: "title = 1", wrong: "f:3:9: title is a text"},
		{keys: `versions = "5"`, wrong: "f:3:12: versions has a value of the wrong type: write a whole number"},
		{keys: "versions = -1", wrong: "f:3:12: versions: versions -1"},
		{keys: `sender_trust = "sure"`, wrong: "f:3:16: sender_trust: "},
		{keys: `local_part = "b c"`, wrong: "f:3:14: "},
		{keys: `EmailAlias = "b@c"`, wrong: "without the domain"},
		{keys: "EmailAlias = [1]", wrong: "EmailAlias has a value of the wrong type"},
		{keys: "vti_emailoverwrite = 1\noverwrite = true", want: with(func(l *library.Library) { l.Settings.Overwrite = true })},
		{keys: "vti_emailoverwrite = 0\noverwrite = true", wrong: "f:3:22: vti_emailoverwrite and overwrite are the same setting, and have different values"},
		{keys: "EmailAlias = \"b\"\nlocal_part = \"c\"", wrong: "f:3:14: EmailAlias and local_part are the same setting"},
		{keys: "max_file_size = 10485760", want: with(func(l *library.Library) { l.Settings.MaxFileSize = 10 << 20 })},
		{keys: "max_file_size = -2", wrong: "f:3:17: max_file_size: size"},
		{keys: "max_message_size = -1", want: base},
		{keys: "max_message_size = 0", wrong: "would refuse every message"},
		{keys: `include = ["a, b.pdf", "c\"d"]`, wrong: "f:3:12: include: "},
		{keys: `include = ["a, b.pdf"]`, want: with(func(l *library.Library) { l.Settings.Include = []string{"a, b.pdf"} })},
		{keys: "vti_emailoverwrite = 1\nVTI_emailoverwrite = 1", wrong: "vti_emailoverwrite is there twice"},
	} {
		wanted, err := readDeclared("f", []byte("[[library]]\nname = \"a\"\n"+tt.keys+"\n"))
		if tt.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), tt.wrong) || exitCode(err) != exitUsage {
				t.Errorf("%s: got %v, want an error with %q", tt.keys, err, tt.wrong)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.keys, err)
			continue
		}
		got := wanted.libraries[0].what.empty
		if err := wanted.libraries[0].what.change(&got); err != nil {
			t.Errorf("%s: %v", tt.keys, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.keys, diff)
		}
	}
}

// TestShownIsDeclared: what library show --json says of a library whose every setting is
// not the default makes the same library where it is declared.
func TestShownIsDeclared(t *testing.T) {
	t.Parallel()
	shown := newLibraryJSON(library.Library{
		Name: "a", Site: "finance", Title: "A", LocalPart: "b", Settings: library.Settings{
			Accept: library.AcceptAnyone, SenderTrust: "proven", Folders: library.FoldersSender, Overwrite: true, Versions: 3,
			SaveOriginal: true, SaveMeetings: true, Inline: library.InlineSave, MaxFileSize: 1 << 20, BlockedTypes: []string{"exe", "js"},
			Blocked: library.BlockedSkip, MaxMessageSize: 5 << 20, Include: []string{"*.pdf", "a, b.xml"}, Exclude: []string{"x*"},
			SaveBody: library.BodyHTML, SaveHeaders: true, NameTemplate: "{date}/{name}{ext}", Plus: library.PlusFolder,
			AutoReplies: library.AutoRepliesHold,
		},
	})
	unset := newLibraryJSON(library.Library{Inherit: true})
	var text strings.Builder
	text.WriteString("[[library]]\n")
	was, is := reflect.ValueOf(unset), reflect.ValueOf(shown)
	for i := range is.NumField() {
		key := is.Type().Field(i).Tag.Get("json")
		if key == "archived" {
			continue
		}
		if reflect.DeepEqual(was.Field(i).Interface(), is.Field(i).Interface()) {
			t.Errorf("%s has its default: this proves nothing of it", key)
		}
		value, err := json.Marshal(is.Field(i).Interface())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "%s = %s\n", key, value)
	}
	wanted, err := readDeclared("f", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	made := wanted.libraries[0].what.empty
	if err := wanted.libraries[0].what.change(&made); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(shown, newLibraryJSON(made)); diff != "" {
		t.Errorf("(-shown +made):\n%s", diff)
	}
}

// FuzzReadDeclared: whatever the file says, an error is one of wrong usage.
func FuzzReadDeclared(f *testing.F) {
	f.Add("[settings]\nrejects.loop = \"hold\"\n[[site]]\nname = \"a\"\n")
	f.Add("[[library]]\nname = \"a\"\ninherit = false\nblocked_types = [\"exe\"]\nvti_emailoverwrite = 1\n")
	f.Add("[[user]]\nlogin = \"a\"\naddresses = [\"a@b.example\"]\n[[group]]\nname = \"g\"\nmembers = [\"user:a\"]\n")
	f.Add("grant = [{scope = \"site:default\", principal = \"everyone\", level = \"read\"}, 1]\n")
	f.Fuzz(func(t *testing.T, text string) {
		wanted, err := readDeclared("f", []byte(text))
		if err != nil && exitCode(err) != exitUsage {
			t.Errorf("got %v, want an error of wrong usage", err)
		}
		for _, l := range wanted.libraries {
			if err := l.what.change(&library.Library{}); err != nil {
				t.Errorf("a change that was read: %v", err)
			}
		}
	})
}
