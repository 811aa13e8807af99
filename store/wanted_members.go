package store

import (
	"strings"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/directory"
)

// expansion is the members of one object, as they are found.
type expansion struct {
	*wanting
	members []directory.Member
	seen    map[access.Principal]bool
	objects map[string]bool // keys of objects of ours that are members
}

// members are those of a distribution group of the catalog: groups that are published are
// members themselves, the others are what is in them.
func (w *wanting) members(d Distribution) []directory.Member {
	e := &expansion{wanting: w, seen: map[access.Principal]bool{}, objects: map[string]bool{d.Key: true}}
	e.expand(d.Group)
	return e.members
}

// expand adds the members of a group. One that has been expanded adds nothing, so that it
// ends where groups are in each other.
func (e *expansion) expand(group string) {
	for _, m := range e.groups[group].Members {
		if e.seen[m] {
			continue
		}
		e.seen[m] = true
		switch m.Kind {
		case access.KindGroup:
			if key, ok := e.ofGroup[m.Name]; ok {
				e.object(m.String(), key)
			} else {
				e.expand(m.Name)
			}
		case access.KindUser:
			e.members = append(e.members, e.user(m.Name))
		case access.KindAddress:
			e.address(m)
		case access.KindEveryone, access.KindDirectoryGroup:
			e.members = append(e.members, directory.Member{Name: m.String()})
		}
	}
}

// object adds an object of ours, once; never the group itself.
func (e *expansion) object(name, key string) {
	if e.objects[key] {
		return
	}
	e.objects[key] = true
	e.members = append(e.members, directory.Member{Name: name, ID: e.known[key].ID, Addresses: e.own[key]})
}

// address adds an address: where it is one of ours, whoever has it.
func (e *expansion) address(m access.Principal) {
	a, err := address.ParseMailbox(m.Name)
	if err == nil && e.ours[address.FoldDomain(a.Domain)] {
		if key, ok := e.at[address.FoldLocal(a.Local)]; ok {
			e.object(m.String(), key)
			return
		}
	}
	e.members = append(e.members, directory.Member{Name: m.String(), Addresses: []string{m.Name}})
}

// user is a user of the catalog; who is none there is one of the directory.
func (w *wanting) user(login string) directory.Member {
	m := directory.Member{Name: access.UserPrincipal(login).String(), Login: strings.TrimPrefix(login, directory.LoginPrefix)}
	m.Addresses = w.users[login].Addresses
	return m
}

// farmMembers are those of a distribution group of another farm: people of the directory,
// and contacts of other farms.
func (w *wanting) farmMembers(d Distribution) []directory.Member {
	e := &expansion{wanting: w, objects: map[string]bool{d.Key: true}}
	for _, m := range d.Members {
		alias, isContact := cutContact(m)
		login, isUser := strings.CutPrefix(m, string(access.KindUser)+":")
		switch key := e.at[address.FoldLocal(alias)]; {
		case isContact && key != "":
			e.object(m, key)
		case isUser:
			e.members = append(e.members, directory.Member{Name: m, Login: login})
		default:
			e.members = append(e.members, directory.Member{Name: m})
		}
	}
	return e.members
}

// cutContact returns the alias of a member that is a contact.
func cutContact(member string) (alias string, ok bool) {
	return strings.CutPrefix(member, contactMember)
}

// manager is who answers for a distribution group; the zero Member is nobody.
func (w *wanting) manager(name string) directory.Member {
	if login, ok := strings.CutPrefix(name, string(access.KindUser)+":"); ok {
		return w.user(login)
	}
	if name == "" {
		return directory.Member{}
	}
	return directory.Member{Name: name, Addresses: []string{name}}
}

// isPerson reports whether a login is that of a person of the directory, and none of the
// catalog's.
func isPerson(login string) bool { return strings.HasPrefix(login, directory.LoginPrefix) }
