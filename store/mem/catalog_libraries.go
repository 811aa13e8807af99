package mem

import (
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
	t.releaseWith(func(o store.Owner) bool { return o.Library == name })
	return nil
}

func cloneLibrary(l library.Library) library.Library {
	for _, list := range []*[]string{&l.Settings.BlockedTypes, &l.Settings.Include, &l.Settings.Exclude} {
		*list = slices.Clone(*list)
	}
	return l
}
