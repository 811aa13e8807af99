package main

import (
	"fmt"
	"strings"

	"mailchute/pkg/library"
)

// libraryJSON is a library.
type libraryJSON struct {
	Name           string   `json:"name"`
	Site           string   `json:"site"`
	Title          string   `json:"title"`
	LocalPart      string   `json:"local_part"` // "" takes no mail
	Accept         string   `json:"accept"`
	SenderTrust    string   `json:"sender_trust"` // "" asks what the farm asks
	Folders        string   `json:"folders"`
	Overwrite      bool     `json:"overwrite"`
	Versions       int      `json:"versions"` // of a document, whose bytes are kept; 0: all
	SaveOriginal   bool     `json:"save_original"`
	SaveMeetings   bool     `json:"save_meetings"`
	Inline         string   `json:"inline"`
	MaxFileSize    int64    `json:"max_file_size"` // bytes; -1: no limit
	BlockedTypes   []string `json:"blocked_types"`
	Inherit        bool     `json:"inherit"`
	Archived       bool     `json:"archived"`
	Plus           string   `json:"plus"`
	NameTemplate   string   `json:"name_template"` // "" is {name}{ext}
	SaveBody       string   `json:"save_body"`
	SaveHeaders    bool     `json:"save_headers"`
	Include        []string `json:"include"` // none: all
	Exclude        []string `json:"exclude"`
	MaxMessageSize int64    `json:"max_message_size"` // bytes; -1: no limit
	Blocked        string   `json:"blocked"`
	AutoReplies    string   `json:"auto_replies"`
}

func newLibraryJSON(l library.Library) libraryJSON {
	s := l.Settings
	if s.MaxFileSize == 0 {
		s.MaxFileSize = library.DefaultMaxFileSize
	}
	if s.MaxMessageSize == 0 {
		s.MaxMessageSize = library.Unlimited
	}
	return libraryJSON{
		Name: l.Name, Site: l.Site, Title: l.Title, LocalPart: l.LocalPart, Inherit: l.Inherit, Archived: l.Archived,
		Accept: or(string(s.Accept), string(library.AcceptContributors)), SenderTrust: s.SenderTrust,
		Folders: or(string(s.Folders), string(library.FoldersRoot)), Inline: or(string(s.Inline), string(library.InlineSkip)),
		Overwrite: s.Overwrite, Versions: s.Versions, SaveOriginal: s.SaveOriginal, SaveMeetings: s.SaveMeetings,
		MaxFileSize: s.MaxFileSize, BlockedTypes: listed(s.BlockedTypes),
		Plus: or(string(s.Plus), string(library.PlusIgnore)), NameTemplate: s.NameTemplate,
		SaveBody: or(string(s.SaveBody), string(library.BodyNone)), SaveHeaders: s.SaveHeaders,
		Include: listed(s.Include), Exclude: listed(s.Exclude),
		MaxMessageSize: s.MaxMessageSize, Blocked: or(string(s.Blocked), string(library.BlockedHold)),
		AutoReplies: or(string(s.AutoReplies), string(library.AutoRepliesFile)),
	}
}

// listed returns a list that is [] in JSON where it is empty.
func listed(all []string) []string { return append([]string{}, all...) }

// libraryShown is a library with the grants that count there.
type libraryShown struct {
	libraryJSON
	Grants []grantJSON `json:"grants"`
}

func (l libraryShown) cells() []string {
	var grants []string
	for _, g := range l.Grants {
		grants = append(grants, fmt.Sprintf("%s %s (%s)", g.shown, g.Level, g.Scope))
	}
	return []string{
		l.Name, or(l.Title, "-"), l.Site, or(l.LocalPart, "none: takes no mail"), l.Accept, or(l.SenderTrust, "as the farm"),
		l.Folders, l.Plus, or(l.NameTemplate, "none: as sent"), yesNo(l.Overwrite), keptVersions(l.Versions),
		yesNo(l.SaveOriginal), yesNo(l.SaveMeetings), l.SaveBody, yesNo(l.SaveHeaders), l.Inline,
		or(strings.Join(l.Include, ", "), "all"), or(strings.Join(l.Exclude, ", "), "none"),
		library.FormatSize(l.MaxFileSize), library.FormatSize(l.MaxMessageSize),
		or(strings.Join(l.BlockedTypes, ", "), "none"), l.Blocked, l.AutoReplies, yesNo(l.Inherit), yesNo(l.Archived), or(strings.Join(grants, ", "), "none"),
	}
}

func keptVersions(n int) string {
	switch n {
	case 0:
		return "all are kept"
	case 1:
		return "the newest is kept"
	default:
		return fmt.Sprintf("the newest %d are kept", n)
	}
}

func yesNo(b bool) string { return map[bool]string{false: "no", true: "yes"}[b] }
