package main

import (
	"embed"
	"fmt"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"mailchute/pkg/drop"
)

// formatPages has a page for each format of drop folders: NAME.txt. Its first line says what
// the format is of. A line that ends with a colon and is followed by lines that are set in
// by four blanks names what these are: commands, or the part of a file. Tests give them to
// real mail systems as they are, but for numbers of users.
//
//go:embed formats/*.txt
var formatPages embed.FS

const (
	formatsHelp = `A drop folder is written by one mail system, and its feed in mailchute.toml names the format: how
the files lie, and which lines of a file are that mail system's own. Nothing is guessed, for
all other lines may be forged. Each format has a page, with the configuration of the mail
system, what is believed, and what must not be done: mailchute help formats NAME. Those of postfix,
drop-write, exim, exim-files and opensmtpd are tested with the real servers, word for word.
`
	formatsTable = "%-12s  %-13s  %-13s  %s\n"
	formatsList  = "%-12s  %s\n"
)

// formatsTopic is the help topic of formats, with a topic for each.
func formatsTopic() *cobra.Command {
	topic := &cobra.Command{Use: "formats", Short: "Drop folder formats, and how to set up the mail system of each"}
	topic.SetHelpTemplate("{{.Long}}")
	var table, list strings.Builder
	fmt.Fprintf(&table, formatsTable, "FORMAT", "LAYOUT", "A FILE IS", "ITS RECIPIENTS")
	for _, name := range drop.Formats() {
		page, err := formatPages.ReadFile(path.Join("formats", name+".txt"))
		if err != nil {
			continue // TestEachFormatHasAPage fails
		}
		title, text, _ := strings.Cut(string(page), "\n")
		layout, whole, recipients := traits(name)
		fmt.Fprintf(&table, formatsTable, name, layout, whole, recipients)
		fmt.Fprintf(&list, formatsList, name, title)
		topic.AddCommand(&cobra.Command{Use: name, Short: title, Long: title + ".\n" + text})
	}
	topic.Long = formatsHelp + "\n" + table.String() + "\n" + list.String()
	return topic
}

// traits returns how the files of a format lie, whether they appear whole, and how many
// recipients one has.
func traits(name string) (layout, whole, recipients string) {
	f, err := drop.FormatNamed(name)
	if err != nil || f.Custom {
		return "as said", "as said", "as said"
	}
	layout, whole, recipients = f.Pattern, "settled", "one"
	if f.Maildir {
		layout = "maildir"
	}
	if f.Atomic {
		whole = "atomic"
	}
	if f.Repeated || f.List {
		recipients = "one or more"
	}
	return layout, whole, recipients
}
