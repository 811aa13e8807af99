package library

import (
	"fmt"
	"slices"
	"strings"
)

// SharePointProperty is one of the e-mail properties of a SharePoint list, under the name
// that scripts and exports know.
type SharePointProperty struct {
	Name    string
	Setting string // what mailchute calls it: "overwrite"; "" has no counterpart
	// set takes one of the values, or any text where there are none.
	set     func(l *Library, value string)
	values  []string
	differs map[string]string // from SharePoint, by value; under anyText for each that is not empty
}

// anyText stands for the values of a property that has none of its own.
const anyText = "*"

// SharePointProperties returns the properties that mailchute reads, in SharePoint's order
// of importance: the address first.
func SharePointProperties() []SharePointProperty {
	onOff := []string{"1", "0"}
	return []SharePointProperty{
		{
			Name: "EmailAlias", Setting: "local_part",
			set: func(l *Library, v string) { l.LocalPart = v },
			differs: map[string]string{
				anyText: "the library takes mail for it at each of the farm's domains; it can have 64 characters, not 128",
			},
		},
		{
			Name: "vti_emailusesecurity", Setting: "accept", values: onOff,
			set: func(l *Library, v string) {
				l.Settings.Accept = map[string]Accept{"1": AcceptContributors, "0": AcceptAnyone}[v]
			},
			differs: map[string]string{
				"1": "SharePoint believes the envelope sender; here sender_trust says how sure we must be. What may not be filed is held, not deleted",
				"0": "mail from a sender who is not proved to be a user is filed as System Account; the farm's authenticated_only goes before it",
			},
		},
		{
			Name: "vti_emailattachmentfolders", Setting: "folders",
			values: []string{string(FoldersRoot), string(FoldersSubject), string(FoldersSender)},
			set:    func(l *Library, v string) { l.Settings.Folders = Folders(v) },
			differs: map[string]string{
				"subject": "the folder's name is the subject, made safe by mailchute's rule for names; SharePoint's is not public",
				"sender":  "the folder's name is the sender's address; mail of senders of whom we are not sure goes into \"unverified\"",
			},
		},
		{
			Name: "vti_emailoverwrite", Setting: "overwrite", values: onOff,
			set: func(l *Library, v string) { l.Settings.Overwrite = v == "1" },
			differs: map[string]string{
				"1": "the same name again is a new version: the one before can still be read",
				"0": "the same name again is filed as \"name (2)\", and so on; nothing is discarded",
			},
		},
		{
			Name: "vti_emailsaveoriginal", Setting: "save_original", values: onOff,
			set: func(l *Library, v string) { l.Settings.SaveOriginal = v == "1" },
			differs: map[string]string{
				"1": "the .eml is the message as it was sent, without the lines that the mail system put before it",
				"0": "a message that is encrypted, broken or has no files is filed as its .eml all the same, so that nothing is lost",
			},
		},
		{
			Name: "vti_emailsavemeetings", Setting: "save_meetings", values: onOff,
			set: func(l *Library, v string) { l.Settings.SaveMeetings = v == "1" },
			differs: map[string]string{
				"1": "invitations are filed as .ics files: there is no calendar; one that was sent as a file is always filed",
				"0": "an .ics that was sent as a file is filed all the same: only invitations are left out, and counted",
			},
		},
		{
			Name: "vti_emailsaveattachments", values: onOff,
			differs: map[string]string{
				"1": "signatures, and pictures that the text shows, are left out and counted (inline = save files the pictures); winmail.dat is filed as the files in it",
				"0": "a library always files the attachments: the property is of lists of items, such as announcements",
			},
		},
		{
			Name: "vti_emailautoapprove", values: onOff,
			differs: map[string]string{
				"0": "there is no content approval: documents can be read at once",
			},
		},
	}
}

// SharePointPropertyNamed returns the property of a name, in whatever case.
func SharePointPropertyNamed(name string) (SharePointProperty, bool) {
	for _, p := range SharePointProperties() {
		if strings.EqualFold(p.Name, name) {
			return p, true
		}
	}
	return SharePointProperty{}, false
}

// Value returns a value in the one spelling that Set and Differs take: 1 and 0 may be
// written true and false, as PowerShell does, and words in any case.
func (p SharePointProperty) Value(s string) (string, error) {
	if p.values == nil {
		return s, nil
	}
	v := strings.ToLower(strings.TrimSpace(s))
	if slices.Contains(p.values, "1") {
		switch v {
		case "true":
			v = "1"
		case "false":
			v = "0"
		}
	}
	if !slices.Contains(p.values, v) {
		return "", fmt.Errorf("%s %q: use %s", p.Name, s, strings.Join(p.values, " or "))
	}
	return v, nil
}

// Set changes a library as the property's value says; one without a counterpart changes
// nothing. The value is one that Value returned.
func (p SharePointProperty) Set(l *Library, value string) {
	if p.set != nil {
		p.set(l, value)
	}
}

// Differs says what mailchute does otherwise than SharePoint with that value, "" for
// nothing. The value is one that Value returned.
func (p SharePointProperty) Differs(value string) string {
	if p.values == nil && value != "" {
		value = anyText
	}
	return p.differs[value]
}
