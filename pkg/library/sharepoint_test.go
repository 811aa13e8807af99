package library_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/library"
)

func TestSharePointProperties(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, value string
		want        library.Library
		differs     string // a part of it; "" nothing
	}{
		{"EmailAlias", "Plan.Room", library.Library{LocalPart: "Plan.Room"}, "each of the farm's domains"},
		{"emailalias", "", library.Library{}, ""},
		{"vti_emailusesecurity", "1", withSettings(library.Settings{Accept: library.AcceptContributors}), "envelope sender"},
		{"vti_emailusesecurity", "False", withSettings(library.Settings{Accept: library.AcceptAnyone}), "System Account"},
		{"vti_emailattachmentfolders", "root", withSettings(library.Settings{Folders: library.FoldersRoot}), ""},
		{"vti_emailattachmentfolders", "Subject", withSettings(library.Settings{Folders: library.FoldersSubject}), "safe"},
		{"vti_emailattachmentfolders", "sender", withSettings(library.Settings{Folders: library.FoldersSender}), "unverified"},
		{"VTI_EmailOverwrite", "true", withSettings(library.Settings{Overwrite: true}), "version"},
		{"vti_emailoverwrite", "0", library.Library{}, "(2)"},
		{"vti_emailsaveoriginal", "1", withSettings(library.Settings{SaveOriginal: true}), ".eml"},
		{"vti_emailsavemeetings", "1", withSettings(library.Settings{SaveMeetings: true}), ".ics"},
		{"vti_emailsaveattachments", "0", library.Library{}, "always"},
		{"vti_emailsaveattachments", "1", library.Library{}, "winmail.dat"},
		{"vti_emailsaveoriginal", "0", library.Library{}, "encrypted"},
		{"vti_emailsavemeetings", "0", library.Library{}, "sent as a file"},
		{"vti_emailautoapprove", "0", library.Library{}, "approval"},
		{"vti_emailautoapprove", "1", library.Library{}, ""},
	} {
		p, ok := library.SharePointPropertyNamed(tt.name)
		value, err := p.Value(tt.value)
		if !ok || err != nil {
			t.Errorf("%s %q: known %v, %v", tt.name, tt.value, ok, err)
			continue
		}
		var got library.Library
		p.Set(&got, value)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s %q (-want +got):\n%s", tt.name, tt.value, diff)
		}
		if d := p.Differs(value); (tt.differs == "") != (d == "") || !strings.Contains(d, tt.differs) {
			t.Errorf("%s %q differs: got %q, want one with %q", tt.name, tt.value, d, tt.differs)
		}
	}
}

func withSettings(s library.Settings) library.Library { return library.Library{Settings: s} }

func TestSharePointPropertyValues(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, value string }{
		{"vti_emailoverwrite", "2"},
		{"vti_emailoverwrite", ""},
		{"vti_emailusesecurity", "yes"},
		{"vti_emailattachmentfolders", "date"},
		{"vti_emailattachmentfolders", "true"},
	} {
		p, _ := library.SharePointPropertyNamed(tt.name)
		if v, err := p.Value(tt.value); err == nil || !strings.Contains(err.Error(), tt.name) {
			t.Errorf("%s %q: got %q, %v, want an error that names it", tt.name, tt.value, v, err)
		}
	}
	if p, ok := library.SharePointPropertyNamed("vti_email"); ok {
		t.Errorf("vti_email is %s", p.Name)
	}
}
