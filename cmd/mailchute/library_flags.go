package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/library"
	"mailchute/store"
)

// libraryFlags are the flags that library add and library set have in common.
type libraryFlags struct {
	site, title, localPart, accept, senderTrust                   string
	folders, plus, nameTemplate, inline, saveBody, blocked        string
	maxFileSize, maxMessageSize, autoReplies                      string
	overwrite, saveOriginal, saveMeetings, saveHeaders, noInherit bool
	versions                                                      int
	include, exclude, blockedTypes                                []string
}

func (g *libraryFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&g.site, "site", store.DefaultSite, "`SITE` that it belongs to")
	f.StringVar(&g.title, "title", "", "`TITLE` for people")
	f.StringVar(&g.localPart, "local-part", "", "what stands before the @ of its address; \"\" takes no mail")
	f.StringVar(&g.accept, "accept", string(library.AcceptContributors), "whose mail it takes: contributors or anyone")
	f.StringVar(&g.senderTrust, "sender-trust", "", "how sure we must be of a sender: claimed, aligned or proven;\n\"\": as sure as the farm asks")
	f.StringVar(&g.folders, "folders", string(library.FoldersRoot), "folder for attachments: root, subject or sender")
	f.StringVar(&g.plus, "plus", string(library.PlusIgnore), "what +2026 in its address means: ignore (nothing) or folder (the documents go into\nthe folder 2026)")
	f.StringVar(&g.nameTemplate, "name-template", "", "`TEMPLATE` of the documents' names, such as \"{date} {name}{ext}\", and with one slash of\ntheir folder, too: \"{sender}/{subject} {n}{ext}\"; \"\" is {name}{ext}")
	f.BoolVar(&g.overwrite, "overwrite", false, "the same name again is a new version, not a numbered name")
	f.IntVar(&g.versions, "versions", 0, "with --overwrite, the `NUMBER` of versions of a document whose bytes are kept: sweep\nlets those of older ones go; 0 keeps all")
	f.BoolVar(&g.saveOriginal, "save-original", false, "file the whole message too")
	f.BoolVar(&g.saveMeetings, "save-meetings", false, "file meeting requests")
	f.StringVar(&g.saveBody, "save-body", string(library.BodyNone), "file the message's text too: none, text (plain) or html")
	f.BoolVar(&g.saveHeaders, "save-headers", false, "keep the whole header of the message with its documents")
	f.StringVar(&g.inline, "inline", string(library.InlineSkip), "pictures that the text shows: skip or save")
	f.StringSliceVar(&g.include, "include", nil, "`PATTERNS` of the file names that are filed, *.pdf,*.xml: all others are left out")
	f.StringSliceVar(&g.exclude, "exclude", nil, "`PATTERNS` of file names that are left out: logo*.png; before --include")
	f.StringVar(&g.maxFileSize, "max-file-size", library.FormatSize(library.DefaultMaxFileSize), "greatest `SIZE` of a document, or unlimited")
	f.StringVar(&g.maxMessageSize, "max-message-size", library.FormatSize(library.Unlimited), "greatest `SIZE` of a whole message, or unlimited")
	f.StringSliceVar(&g.blockedTypes, "blocked-types", nil, "`TYPES` of files that it does not take, known by name and by content: exe,js;\n"+library.PresetSharePoint+" stands for those that SharePoint blocks")
	f.StringVar(&g.blocked, "blocked", string(library.BlockedHold), "what becomes of a file of a blocked type: hold (the message is held) or skip (the\nfile is left out)")
	f.StringVar(&g.autoReplies, "auto-replies", string(library.AutoRepliesFile), "automatic answers and delivery reports: file or hold")
	f.BoolVar(&g.noInherit, "no-inherit", false, "the site's grants do not count")
	offer(cmd, "accept", string(library.AcceptContributors), string(library.AcceptAnyone))
	offer(cmd, "sender-trust", rungs()...)
	offer(cmd, "folders", string(library.FoldersRoot), string(library.FoldersSubject), string(library.FoldersSender))
	offer(cmd, "plus", string(library.PlusIgnore), string(library.PlusFolder))
	offer(cmd, "save-body", string(library.BodyNone), string(library.BodyText), string(library.BodyHTML))
	offer(cmd, "inline", string(library.InlineSkip), string(library.InlineSave))
	offer(cmd, "blocked-types", library.PresetSharePoint)
	offer(cmd, "blocked", string(library.BlockedHold), string(library.BlockedSkip))
	offer(cmd, "auto-replies", string(library.AutoRepliesFile), string(library.AutoRepliesHold))
}

// rungs are the values of sender trust.
func rungs() []string {
	return []string{access.Claimed.String(), access.Aligned.String(), access.Proven.String()}
}

// change is what a flag does to a library.
type change struct {
	flag  string
	apply func() error
}

// changes returns what each flag would do to l.
func (g *libraryFlags) changes(l *library.Library) []change {
	s := &l.Settings
	return []change{
		{"site", func() error { l.Site = g.site; return library.CheckName(g.site) }},
		{"title", func() error { l.Title = g.title; return nil }},
		{"local-part", func() error { l.LocalPart = g.localPart; return nil }},
		{"accept", func() (err error) { s.Accept, err = library.ParseAccept(g.accept); return err }},
		{"sender-trust", func() error { s.SenderTrust = g.senderTrust; return checkTrust(g.senderTrust) }},
		{"folders", func() (err error) { s.Folders, err = library.ParseFolders(g.folders); return err }},
		{"plus", func() (err error) { s.Plus, err = library.ParsePlus(g.plus); return err }},
		{"name-template", func() error { s.NameTemplate = g.nameTemplate; return s.Check() }},
		{"overwrite", func() error { s.Overwrite = g.overwrite; return nil }},
		{"versions", func() error { s.Versions = g.versions; return s.Check() }},
		{"save-original", func() error { s.SaveOriginal = g.saveOriginal; return nil }},
		{"save-meetings", func() error { s.SaveMeetings = g.saveMeetings; return nil }},
		{"save-body", func() (err error) { s.SaveBody, err = library.ParseBody(g.saveBody); return err }},
		{"save-headers", func() error { s.SaveHeaders = g.saveHeaders; return nil }},
		{"inline", func() (err error) { s.Inline, err = library.ParseInline(g.inline); return err }},
		{"include", func() error { s.Include = slices.Clone(g.include); return s.Check() }},
		{"exclude", func() error { s.Exclude = slices.Clone(g.exclude); return s.Check() }},
		{"max-file-size", func() (err error) { s.MaxFileSize, err = sizeLimit(g.maxFileSize, "document"); return err }},
		{"max-message-size", func() (err error) { s.MaxMessageSize, err = maxMessageSize(g.maxMessageSize); return err }},
		{"blocked-types", func() error { s.BlockedTypes = slices.Clone(g.blockedTypes); return s.Check() }},
		{"blocked", func() (err error) { s.Blocked, err = library.ParseBlocked(g.blocked); return err }},
		{"auto-replies", func() (err error) { s.AutoReplies, err = library.ParseAutoReplies(g.autoReplies); return err }},
		{"no-inherit", func() error { l.Inherit = !g.noInherit; return nil }},
	}
}

// any reports whether any of the flags was given.
func (g *libraryFlags) any(cmd *cobra.Command) bool {
	return slices.ContainsFunc(g.changes(&library.Library{}), func(c change) bool { return cmd.Flags().Changed(c.flag) })
}

// apply changes a library by the flags that were given. An error says what is wrong with one.
// The local part that it had is not looked at: old data may have what nobody can take any more.
func (g *libraryFlags) apply(cmd *cobra.Command, l *library.Library, was string) error {
	for _, change := range g.changes(l) {
		if !cmd.Flags().Changed(change.flag) {
			continue
		}
		if err := change.apply(); err != nil {
			return fmt.Errorf("--%s: %w", change.flag, err)
		}
	}
	if l.LocalPart == "" || l.LocalPart == was {
		return nil
	}
	return address.CheckLocalPart(l.LocalPart)
}

// checkNewName returns nil where a site or a library can have a name: it is a NAME, and
// its folder can be opened from Windows, too.
func checkNewName(name string) error {
	if err := library.CheckName(name); err != nil {
		return err
	}
	safe := library.SafeFolder(name, "")
	if safe == name {
		return nil
	}
	err := fmt.Errorf("name %q: Windows could not open a folder of that name, and library folders are often shared", name)
	if library.CheckName(safe) == nil {
		err = fmt.Errorf("%w; take another, such as %q", err, safe)
	}
	return err
}

func checkTrust(s string) error {
	if s == "" {
		return nil
	}
	_, err := access.ParseRung(s)
	return err
}

// sizeLimit reads a size that can be the limit of what is named.
func sizeLimit(s, what string) (int64, error) {
	n, err := library.ParseSize(s)
	if err == nil && n == 0 {
		err = fmt.Errorf("size %q would refuse every %s", s, what)
	}
	return n, err
}

// maxMessageSize reads the limit of a message, which is 0 where there is none.
func maxMessageSize(s string) (int64, error) {
	n, err := sizeLimit(s, "message")
	if n == library.Unlimited {
		n = 0
	}
	return n, err
}
