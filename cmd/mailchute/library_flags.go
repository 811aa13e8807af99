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
	site, title, localPart, accept, senderTrust, folders, inline, maxFileSize string
	overwrite, saveOriginal, saveMeetings, noInherit                          bool
	versions                                                                  int
	blockedTypes                                                              []string
}

func (g *libraryFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&g.site, "site", store.DefaultSite, "`SITE` that it belongs to")
	f.StringVar(&g.title, "title", "", "`TITLE` for people")
	f.StringVar(&g.localPart, "local-part", "", "what stands before the @ of its address; \"\" takes no mail")
	f.StringVar(&g.accept, "accept", string(library.AcceptContributors), "whose mail it takes: contributors or anyone")
	f.StringVar(&g.senderTrust, "sender-trust", "", "how sure we must be of a sender: claimed, aligned or proven;\n\"\": as sure as the farm asks")
	f.StringVar(&g.folders, "folders", string(library.FoldersRoot), "folder for attachments: root, subject or sender")
	f.BoolVar(&g.overwrite, "overwrite", false, "the same name again is a new version, not a numbered name")
	f.IntVar(&g.versions, "versions", 0, "with --overwrite, the `NUMBER` of versions of a document whose bytes are kept: sweep\nlets those of older ones go; 0 keeps all")
	f.BoolVar(&g.saveOriginal, "save-original", false, "file the whole message too")
	f.BoolVar(&g.saveMeetings, "save-meetings", false, "file meeting requests")
	f.StringVar(&g.inline, "inline", string(library.InlineSkip), "pictures that the text shows: skip or save")
	f.StringVar(&g.maxFileSize, "max-file-size", library.FormatSize(library.DefaultMaxFileSize), "greatest `SIZE` of a document, or unlimited")
	f.StringSliceVar(&g.blockedTypes, "blocked-types", nil, "`EXTENSIONS` of file names that are held: exe,js")
	f.BoolVar(&g.noInherit, "no-inherit", false, "the site's grants do not count")
	offer(cmd, "accept", string(library.AcceptContributors), string(library.AcceptAnyone))
	offer(cmd, "sender-trust", rungs()...)
	offer(cmd, "folders", string(library.FoldersRoot), string(library.FoldersSubject), string(library.FoldersSender))
	offer(cmd, "inline", string(library.InlineSkip), string(library.InlineSave))
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
		{"overwrite", func() error { s.Overwrite = g.overwrite; return nil }},
		{"versions", func() error { s.Versions = g.versions; return s.Check() }},
		{"save-original", func() error { s.SaveOriginal = g.saveOriginal; return nil }},
		{"save-meetings", func() error { s.SaveMeetings = g.saveMeetings; return nil }},
		{"inline", func() (err error) { s.Inline, err = library.ParseInline(g.inline); return err }},
		{"max-file-size", func() (err error) { s.MaxFileSize, err = maxFileSize(g.maxFileSize); return err }},
		{"blocked-types", func() error { s.BlockedTypes = slices.Clone(g.blockedTypes); return s.Check() }},
		{"no-inherit", func() error { l.Inherit = !g.noInherit; return nil }},
	}
}

// any reports whether any of the flags was given.
func (g *libraryFlags) any(cmd *cobra.Command) bool {
	return slices.ContainsFunc(g.changes(&library.Library{}), func(c change) bool { return cmd.Flags().Changed(c.flag) })
}

// apply changes a library by the flags that were given. An error says what is wrong with one.
func (g *libraryFlags) apply(cmd *cobra.Command, l *library.Library) error {
	for _, change := range g.changes(l) {
		if !cmd.Flags().Changed(change.flag) {
			continue
		}
		if err := change.apply(); err != nil {
			return fmt.Errorf("--%s: %w", change.flag, err)
		}
	}
	if l.LocalPart == "" {
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

// maxFileSize reads a size that can be a limit.
func maxFileSize(s string) (int64, error) {
	n, err := library.ParseSize(s)
	if err == nil && n == 0 {
		err = fmt.Errorf("size %q would refuse every document", s)
	}
	return n, err
}
