package store

import (
	"strings"

	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/library"
)

// libraryContact is the contact of a library.
func (w *wanting) libraryContact(l library.Library) directory.Object {
	local := address.FoldLocal(l.LocalPart)
	key := libraryKey(w.installation, l.Name)
	site, title := titleOf(w.sites[l.Site], l.Site), titleOf(l.Title, l.Name)
	return directory.Object{
		Key: key, Kind: directory.KindContact, Of: "library " + l.Name, Alias: w.p.AliasPrefix + local,
		Title: site + " – " + title, GivenName: site, Surname: title,
		Addresses: w.own[key], Target: local + "@" + w.target,
		RequireAuth: w.p.RequireAuth, Hidden: w.p.Hidden,
	}
}

// farmContact is a contact of another farm, whose aliases have what prefix they have.
func (w *wanting) farmContact(c FarmContact) directory.Object {
	return directory.Object{
		Key: c.Key, Kind: directory.KindContact, Of: "contact " + c.Alias, Alias: c.Alias,
		Title: titleOf(strings.TrimSpace(c.FirstName+" "+c.LastName), c.Alias), GivenName: c.FirstName, Surname: titleOf(c.LastName, c.Alias),
		Addresses: w.own[c.Key], Target: c.Forward, RequireAuth: c.RequireAuth || w.p.RequireAuth,
	}
}

// group is the object of a distribution group.
func (w *wanting) group(d Distribution) directory.Object {
	alias, members := w.p.AliasPrefix+address.FoldLocal(d.Now.LocalPart), w.members
	if d.Client != "" {
		alias, members = address.FoldLocal(d.Now.LocalPart), w.farmMembers
	}
	return directory.Object{
		Key: d.Key, Kind: directory.KindGroup, Of: d.Name, Alias: alias,
		Title: titleOf(d.Now.Title, d.Now.LocalPart), Description: d.Now.Description, Manager: w.manager(d.Now.Manager),
		Addresses: w.own[d.Key], RequireAuth: d.Now.RequireAuth || w.p.RequireAuth, Members: members(d),
	}
}
