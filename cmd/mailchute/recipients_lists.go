package main

import (
	"context"
	"fmt"
	"regexp"
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
	leftOut := []string{}
	leave := func(what, of, why string) {
		if !slices.Contains(leftOut, what) {
			leftOut = append(leftOut, what)
			c.tell(fmt.Sprintf("mailchute: %s of %s is left out: %s", what, of, why))
		}
	}
	published := map[string]bool{}
	for _, l := range lists {
		published[l.Address] = true
	}
	content, written := t.head, 0
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
			spelt, why := t.member(m)
			if why == "" && published[strings.ToLower(spelt)] {
				why = "it is the address of a distribution group"
			}
			if why != "" {
				leave(m, l.Of, why)
				continue
			}
			members = append(members, spelt)
		}
		if len(members) == 0 {
			leave(l.Address, l.Of, "it has no members with an address")
			continue
		}
		written++
		content += t.line(l.Address, members) + "\n"
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

// member returns how a table spells the address of a member, or why it cannot hold it.
// What means something else than an address in a table of aliases must never get there: a
// command, a file, a list of more of them, a comment, the end of the address. And one
// address that a mail system does not understand may cost the others of its line their mail.
func (t listTable) member(m string) (spelt, why string) {
	a, err := address.ParseMailbox(m)
	if err != nil {
		return "", "it is no address"
	}
	a.Domain = address.FoldDomain(a.Domain)
	switch {
	case len(a.Local) > address.MaxLocalPart:
		return "", fmt.Sprintf("its local part is longer than %d octets", address.MaxLocalPart)
	case !plainLocal.MatchString(a.Local):
		return "", "its local part has characters that mean something else in such a table"
	case !plainDomain.MatchString(a.Domain):
		return "", "its domain is not a host name"
	}
	return a.String(), t.refuses(a)
}

var (
	plainLocal  = regexp.MustCompile(`^[\pL\pM\pN_+=&*?^{}~'][\pL\pM\pN_+=&*?^{}~'/-]*(\.[\pL\pM\pN_+=&*?^{}~'/-]+)*$`)
	plainDomain = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$`)
)
