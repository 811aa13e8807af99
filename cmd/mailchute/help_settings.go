package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"mailchute/pkg/library"
	"mailchute/store"
)

// settingsHelp is the page of all settings, of libraries and of the farm.
func settingsHelp() string {
	var b strings.Builder
	b.WriteString(`The settings of a library: flags of mailchute library add and library set, and keys of mailchute apply
and of library show --json. IN SHAREPOINT is what a library of a farm of 2010 or 2013 has for it, and its default.

`)
	rows := [][]string{{"SETTING", "VALUES", "DEFAULT", "IN SHAREPOINT", "WHAT IT DOES"}}
	for _, s := range append(placeSettings(), library.Documented()...) {
		rows = append(rows, []string{s.Name + "\n" + s.Flag, s.Values, s.Default, s.SharePoint, s.Meaning})
	}
	wrapTable(&b, []int{18, 24, 13, 27, 28}, rows)
	b.WriteString(`
mailchute apply and library import-settings take SharePoint's names, too, in whatever case:

`)
	for _, p := range library.SharePointProperties() {
		fmt.Fprintf(&b, "  %-26s  %s\n", p.Name, or(p.Setting, "has no counterpart: is reported, changes nothing"))
	}
	b.WriteString(`
The farm's policy: keys of mailchute settings set and, below [settings], of mailchute apply.

`)
	rows = [][]string{{"KEY", "DEFAULT", "IN SHAREPOINT", "WHAT IT DOES"}}
	for _, s := range store.PolicySettings() {
		rows = append(rows, []string{s.Key, or(s.Default, "-"), farmCounterpart(s.Key), s.Help})
	}
	wrapTable(&b, []int{25, 7, 31, 49}, rows)
	return strings.TrimSuffix(b.String(), "\n")
}

// placeSettings are what a library has besides its Settings: where it is, and its address.
func placeSettings() []library.SettingDoc {
	return []library.SettingDoc{
		{
			Name: "site", Flag: "--site", Values: "a site", Default: store.DefaultSite,
			SharePoint: "the site that the list is in", Meaning: "the site that it belongs to, whose grants count here",
		},
		{Name: "title", Flag: "--title", Values: "any text", Default: "none", SharePoint: "the list's title", Meaning: "what people read"},
		{
			Name: "local_part", Flag: "--local-part", Values: "what stands before the @", Default: "its name",
			SharePoint: "EmailAlias: none, which takes no mail", Meaning: "its address at each of the farm's domains; \"\" takes no mail",
		},
		{
			Name: "inherit", Flag: "--no-inherit", Values: "true, false", Default: "true",
			SharePoint: "permission inheritance: yes", Meaning: "whether the site's grants count; the flag says false",
		},
	}
}

// farmCounterpart says what a SharePoint farm has for a key of the policy.
func farmCounterpart(key string) string {
	switch key {
	case "enabled":
		return "Enabled"
	case "authenticated_only":
		return "DLsRequireAuthenticatedSenders, which asks the mail server to"
	case "sender_trust":
		return "none: it believes the envelope sender (claimed)"
	case "safe_hosts":
		return "safe e-mail servers, without a drop folder only"
	case "held_keep":
		return "none: refused mail is deleted at once"
	case "runs_keep":
		return "the event log's size"
	case "removed_keep":
		return "the site's recycle bin"
	case "held_max", "held_full":
		return "none: it holds nothing"
	case "duplicates":
		return "none: it files them again"
	case "rejects":
		return "none: delete"
	case "groups_allowed":
		return "DistributionGroupsEnabled"
	case "approve_create", "approve_rename", "approve_modify", "approve_delete":
		return "distribution group request approval settings: one of four boxes"
	case "alias_prefix":
		return "AliasPrefix"
	case "display_domain":
		return "ServerDisplayAddress"
	case "require_auth":
		return "DLsRequireAuthenticatedSenders, of groups"
	case "rejects.unknown-address":
		return "none: delete after 24 hours"
	}
	return "none"
}

// wrapTable writes a table of plain text whose cells go on below where they are too long;
// a line break in a cell is one. Words that are too long stand out.
func wrapTable(b *strings.Builder, widths []int, rows [][]string) {
	for _, row := range rows {
		var cells [][]string
		height := 0
		for i, cell := range row {
			cells = append(cells, wrapText(cell, widths[i]))
			height = max(height, len(cells[i]))
		}
		for i := range height {
			var line strings.Builder
			for k, cell := range cells {
				word := ""
				if i < len(cell) {
					word = cell[i]
				}
				fmt.Fprintf(&line, "%-*s  ", widths[k], word)
			}
			b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
		}
	}
}

// wrapText breaks a text into lines of so many characters.
func wrapText(s string, width int) (lines []string) {
	for paragraph := range strings.Lines(s) {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
				lines = append(lines, line)
				line = ""
			}
			line = strings.TrimPrefix(line+" "+word, " ")
		}
		lines = append(lines, line)
	}
	return lines
}
