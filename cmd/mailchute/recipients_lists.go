package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mailchute/pkg/address"
	"mailchute/pkg/text"
)

// listTable is a form in which a mail system reads distribution groups: an address, and
// those that its mail goes to.
type listTable struct {
	name string
	head string
	line func(list string, members []string) string
	// refuses says why the table cannot hold the address of a list; "" where it can.
	refuses func(a address.Address) string
}

// listTables are all that there are.
func listTables() []listTable {
	return []listTable{
		{
			name: "postfix-aliases", head: tableHead, refuses: comment,
			// virtual(5) folds the recipient, and not what is in the table.
			line: func(list string, members []string) string {
				return text.FoldFull(list) + " " + strings.Join(members, ", ")
			},
		},
		{
			name: "exim-aliases", head: tableHead, refuses: comment,
			line: func(list string, members []string) string { return list + ": " + strings.Join(members, ", ") },
		},
		{
			name: "opensmtpd-aliases", head: tableHead,
			line: func(list string, members []string) string { return list + " " + strings.Join(members, ", ") },
			refuses: func(a address.Address) string {
				if strings.ContainsFunc(a.String(), func(r rune) bool { return r > '~' }) {
					return "OpenSMTPD takes no address beyond ASCII"
				}
				return comment(a)
			},
		},
		{
			name: "aliases-list", refuses: holdsAll,
			line: func(list string, members []string) string {
				var lines []string
				for _, m := range members {
					lines = append(lines, list+" "+m)
				}
				return strings.Join(lines, "\n")
			},
		},
	}
}

func listTableNames() (names []string) {
	for _, t := range listTables() {
		names = append(names, t.name)
	}
	return names
}

// mailList is an address of a published distribution group, folded, and whom its mail
// goes to.
type mailList struct {
	Address string   `json:"address"`
	Of      string   `json:"of"` // "group team"
	Members []string `json:"members"`

	parsed  address.Address
	missing []string // members that have no address
}

// mailLists returns the addresses of all published distribution groups, in order: an
// internationalised domain in both of its spellings.
func (f *farm) mailLists(ctx context.Context) ([]mailList, error) {
	published, err := f.OpenBuiltin(ctx)
	if err != nil {
		return nil, err
	}
	lists, err := published.Lists(ctx)
	if err != nil {
		return nil, err
	}
	var all []mailList
	for _, l := range lists {
		for _, written := range l.Addresses {
			a, err := address.ParseMailbox(written)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", l.Of, err)
			}
			for _, domain := range []string{address.FoldDomain(a.Domain), text.Fold(a.Domain)} {
				folded := address.Address{Local: address.FoldLocal(a.Local), Domain: domain}
				all = append(all, mailList{folded.String(), l.Of, append([]string{}, l.Members...), folded, l.Missing})
			}
		}
	}
	slices.SortFunc(all, func(a, b mailList) int { return strings.Compare(a.Address, b.Address) })
	return slices.CompactFunc(all, func(a, b mailList) bool { return a.Address == b.Address }), nil
}

// exportLists writes distribution groups into a file or to standard output, and tells of
// those, and of members, that the table cannot hold.
func (c *cli) exportLists(t listTable, file string, lists []mailList) error {
	var lines []string
	leftOut := []string{}
	leave := func(what, of, why string) {
		if !slices.Contains(leftOut, what) {
			leftOut = append(leftOut, what)
			c.tell(fmt.Sprintf("mailchute: %s of %s is left out: %s", what, of, why))
		}
	}
	written := 0
	for _, l := range lists {
		if why := t.refuses(l.parsed); why != "" {
			leave(l.Address, l.Of, why)
			continue
		}
		for _, m := range l.missing {
			leave(m, l.Of, "it has no address")
		}
		var members []string
		for _, m := range l.Members {
			if why := unsafeMember(m); why != "" {
				leave(m, l.Of, why)
				continue
			}
			members = append(members, m)
		}
		if len(members) == 0 {
			leave(l.Address, l.Of, "it has no members with an address")
			continue
		}
		written++
		lines = append(lines, t.line(l.Address, members))
	}
	content := t.head
	for _, l := range lines {
		content += l + "\n"
	}
	err := c.writeRecipients(file, content)
	if err == nil && file != "" {
		done := recipientsFile{file, t.name, written, leftOut}
		err = c.say(done, "Wrote %s to %s.", count(done.Addresses, "list address"), file)
	}
	if err == nil && len(leftOut) > 0 {
		return errHeld
	}
	return err
}

// unsafeMember says why an address cannot stand in a table of lists: what it would mean
// there is something else.
func unsafeMember(m string) string {
	a, err := address.ParseMailbox(m)
	if err != nil {
		return "it is no address"
	}
	if strings.ContainsFunc(a.Local, func(r rune) bool { return r <= ' ' || strings.ContainsRune("\"(),:;<>[]\\|`$", r) }) || strings.HasPrefix(a.Local, "/") {
		return "its local part has characters that mean something else in such a table"
	}
	return ""
}
