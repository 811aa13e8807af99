package store

import (
	"context"
	"slices"
	"strings"

	"mailchute/pkg/access"
	"mailchute/pkg/directory"
)

// List is a distribution group of the built-in directory, expanded, as mail servers have
// them in their maps of aliases.
type List struct {
	Of        string // as Object.Of
	Alias     string
	Addresses []string // the main one first
	// Members are the mail addresses of all members, those of groups in it among them;
	// sorted, each once.
	Members []string
	Missing []string // members without an address, for people
}

// Lists returns the distribution groups of this installation as the built-in directory has
// them, by alias.
func (b *Builtin) Lists(ctx context.Context) (lists []List, err error) {
	err = b.s.view(ctx, "distribution groups of the built-in directory", func(tx Tx) error {
		x := &lister{tx: tx, entries: map[string]Entry{}, mail: map[string]string{}, forward: map[string]string{}}
		if err := x.read(); err != nil {
			return err
		}
		lists, err = x.lists(directory.MarkerPrefix(b.installation))
		return err
	})
	return lists, err
}

// lister expands groups, from one snapshot.
type lister struct {
	tx      Tx
	entries map[string]Entry
	mail    map[string]string // of users of the catalog, by login
	forward map[string]string // where mail for contacts of other farms goes, by key
}

func (x *lister) read() error {
	for e, err := range x.tx.Entries() {
		if err != nil {
			return err
		}
		x.entries[e.ID] = e
	}
	users, err := x.tx.Users()
	if err != nil {
		return err
	}
	for _, u := range users {
		if len(u.Addresses) > 0 {
			x.mail[u.Login] = u.Addresses[0]
		}
	}
	contacts, err := x.tx.FarmContacts()
	for _, c := range contacts {
		x.forward[c.Key] = c.Forward
	}
	return err
}

func (x *lister) lists(prefix string) (lists []List, _ error) {
	for _, e := range x.entries {
		if e.Kind != directory.KindGroup || !strings.HasPrefix(e.Marker, prefix) {
			continue
		}
		l := List{Of: "group " + e.Alias, Alias: e.Alias, Addresses: compactFold(entryAddresses(e.Attributes))}
		if m, err := directory.ParseMarker(e.Marker); err == nil {
			if d, err := x.tx.Distribution(m.Key); err == nil {
				l.Of = d.Name
			}
		}
		if err := x.expand(&l, e.ID, map[string]bool{}); err != nil {
			return nil, err
		}
		slices.Sort(l.Members)
		l.Members = compactFold(l.Members)
		slices.Sort(l.Missing)
		l.Missing = slices.Compact(l.Missing)
		lists = append(lists, l)
	}
	slices.SortFunc(lists, func(a, b List) int { return strings.Compare(a.Alias, b.Alias) })
	return lists, nil
}

// expand adds the members of a group, each group once.
func (x *lister) expand(l *List, group string, seen map[string]bool) error {
	if seen[group] {
		return nil
	}
	seen[group] = true
	members, err := x.tx.EntryMembers(group)
	if err != nil {
		return err
	}
	for _, m := range members {
		e, isEntry := x.entries[m]
		if isEntry && e.Kind == directory.KindGroup {
			if err := x.expand(l, m, seen); err != nil {
				return err
			}
			continue
		}
		if mail := x.mailOf(m, e); mail != "" {
			l.Members = append(l.Members, mail)
		} else {
			l.Missing = append(l.Missing, titleOf(e.Alias, m))
		}
	}
	return nil
}

// mailOf returns the address that mail for a member goes to; "" is none.
func (x *lister) mailOf(member string, e Entry) string {
	if login, ok := strings.CutPrefix(member, string(access.KindUser)+":"); ok {
		return x.mail[login]
	}
	if mail, ok := strings.CutPrefix(member, addressMember); ok {
		return mail
	}
	if m, err := directory.ParseMarker(e.Marker); err == nil && x.forward[m.Key] != "" {
		return x.forward[m.Key]
	}
	for _, target := range e.Attributes["targetAddress"] {
		if kind, mail, found := strings.Cut(target, ":"); found && strings.EqualFold(kind, "smtp") {
			return mail
		}
	}
	if all := entryAddresses(e.Attributes); len(all) > 0 {
		return all[0]
	}
	return ""
}

// compactFold drops what comes again in whatever case.
func compactFold(all []string) (out []string) {
	seen := map[string]bool{}
	for _, a := range all {
		if key := strings.ToLower(a); !seen[key] {
			seen[key] = true
			out = append(out, a)
		}
	}
	return out
}
