package mem

import (
	"errors"
	"slices"

	"mailchute/pkg/access"
	"mailchute/pkg/library"
	"mailchute/store"
)

func (t *tx) Sites() ([]library.Site, error) { return t.sites.values(""), nil }

func (t *tx) InsertSite(s library.Site) error {
	k := key(s.Name)
	if t.sites.has(k) {
		return taken("site", s.Name)
	}
	t.sites = t.sites.put(k, s)
	return nil
}

func (t *tx) UpdateSite(s library.Site) error {
	k := key(s.Name)
	if !t.sites.has(k) {
		return missing("site", s.Name)
	}
	t.sites = t.sites.put(k, s)
	return nil
}

func (t *tx) Libraries() ([]library.Library, error) {
	list := t.libraries.values("")
	for i := range list {
		list[i] = cloneLibrary(list[i])
	}
	return list, nil
}

func (t *tx) Library(name string) (library.Library, error) {
	l, ok := t.libraries.get(key(name))
	if !ok {
		return library.Library{}, missing("library", name)
	}
	return cloneLibrary(l), nil
}

func (t *tx) InsertLibrary(l library.Library) error {
	k := key(l.Name)
	if t.libraries.has(k) {
		return taken("library", l.Name)
	}
	if !t.sites.has(key(l.Site)) {
		return missing("site", l.Site)
	}
	t.libraries = t.libraries.put(k, cloneLibrary(l))
	return nil
}

func (t *tx) UpdateLibrary(l library.Library) error {
	k := key(l.Name)
	if !t.libraries.has(k) {
		return missing("library", l.Name)
	}
	if !t.sites.has(key(l.Site)) {
		return missing("site", l.Site)
	}
	t.libraries = t.libraries.put(k, cloneLibrary(l))
	return nil
}

func (t *tx) DeleteLibrary(name string) error {
	k := key(name)
	if !t.libraries.has(k) {
		return missing("library", name)
	}
	for range t.documents.under(k) {
		return taken("library with documents", name)
	}
	for range t.publications.under(k) {
		return taken("library with publications", name)
	}
	t.libraries = t.libraries.without(k)
	for g := range t.grants.under(key(access.ScopeLibrary, name)) {
		t.grants = t.grants.without(g)
	}
	for n := range t.numbers.under(k) {
		t.numbers = t.numbers.without(n)
	}
	for h := range t.headers.under(k) {
		t.headers = t.headers.without(h)
	}
	return t.ReleaseLocalPart(store.Owner{Library: name})
}

func (t *tx) OwnerOf(localKey string) (store.Owner, error) {
	o, ok := t.owners.get(key(localKey))
	if !ok {
		return store.Owner{}, missing("local part", localKey)
	}
	return o, nil
}

func (t *tx) ClaimLocalPart(localKey string, o store.Owner) error {
	switch {
	case (o.Library == "") == (o.Group == ""):
		return errors.New("claim local part: want one owner")
	case t.owners.has(key(localKey)), t.localParts.has(ownerKey(o)):
		return taken("local part", localKey)
	case o.Library != "" && !t.libraries.has(key(o.Library)):
		return missing("library", o.Library)
	case o.Group != "" && !t.groups.has(key(o.Group)):
		return missing("group", o.Group)
	}
	t.owners = t.owners.put(key(localKey), o)
	t.localParts = t.localParts.put(ownerKey(o), localKey)
	return nil
}

func (t *tx) ReleaseLocalPart(o store.Owner) error {
	if localKey, ok := t.localParts.get(ownerKey(o)); ok {
		t.owners = t.owners.without(key(localKey))
		t.localParts = t.localParts.without(ownerKey(o))
	}
	return nil
}

func ownerKey(o store.Owner) string { return key(o.Library, o.Group) }

func cloneLibrary(l library.Library) library.Library {
	for _, list := range []*[]string{&l.Settings.BlockedTypes, &l.Settings.Include, &l.Settings.Exclude} {
		*list = slices.Clone(*list)
	}
	return l
}
