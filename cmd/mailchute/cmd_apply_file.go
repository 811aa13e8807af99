package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mailchute/pkg/access"
	"mailchute/pkg/config"
	"mailchute/pkg/directory"
	"mailchute/pkg/library"
	"mailchute/store"
)

// placed is something that stands somewhere in a file.
type placed[T any] struct {
	at   string // for errors: FILE:LINE:COLUMN
	what T
}

// wish is something that is made from an empty one where there is none, and then changed.
// change may run more than once; its errors say where.
type wish[T any] struct {
	empty  T
	change func(*T) error
}

// libraryWish is a library, with the properties of SharePoint's that say what it is like.
type libraryWish struct {
	wish[library.Library]
	properties []library.SharePointValue
}

// groupWish is a group, and what it makes of its distribution group.
type groupWish struct {
	wish[access.Group]
	distribution func(*directory.Properties)
}

// declared is what a file declares, in its order.
type declared struct {
	settings  []placed[settingJSON] // Key and Value
	sites     []placed[wish[library.Site]]
	users     []placed[wish[access.User]]
	groups    []placed[groupWish]
	libraries []placed[libraryWish]
	grants    []placed[grantJSON]
}

// fromSharePoint reports whether a library is declared by SharePoint's names.
func (d declared) fromSharePoint() bool {
	return slices.ContainsFunc(d.libraries, func(l placed[libraryWish]) bool { return len(l.what.properties) > 0 })
}

// readDeclared reads a file of apply. Its errors say where.
func readDeclared(file string, text []byte) (declared, error) {
	doc, err := config.ParseDocument(file, text)
	if err != nil {
		return declared{}, err
	}
	r := &declaredReader{doc: doc}
	err = r.read()
	return r.declared, err
}

// declaredReader reads the tables of a file.
type declaredReader struct {
	doc      config.Document
	declared declared
}

// wrong is what is wrong at a place.
func wrong(at string, err error) error { return misconfigured(fmt.Errorf("%s: %w", at, err)) }

func (r *declaredReader) read() error {
	tables := map[string]func(tomlTable) error{
		"site": r.site, "user": r.user, "group": r.group, "library": r.library, "grant": r.grant,
	}
	for _, key := range slices.Sorted(maps.Keys(r.doc.Values)) {
		v := r.doc.Values[key]
		read, known := tables[key]
		switch {
		case key == "settings":
			if err := r.settings(key, v); err != nil {
				return err
			}
			continue
		case !known:
			return wrong(r.doc.Place(key), fmt.Errorf("unknown table %q; there are settings, site, user, group, library, grant", key))
		}
		all, ok := v.([]any)
		if !ok {
			return wrong(r.doc.Place(key), fmt.Errorf("%s is a list of tables: write [[%s]] and its keys on the lines below", key, key))
		}
		for i, one := range all {
			path := fmt.Sprintf("%s[%d]", key, i)
			values, ok := one.(map[string]any)
			if !ok {
				return wrong(r.doc.Place(path), fmt.Errorf("%s is a list of tables", key))
			}
			if err := read(tomlTable{r.doc, path, values}); err != nil {
				return err
			}
		}
	}
	return nil
}

// settings reads the farm's policy; a key with a dot may be quoted or not.
func (r *declaredReader) settings(path string, v any) error {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if err := r.settings(path+"."+key, v[key]); err != nil {
				return err
			}
		}
		return nil
	case string, bool, int64:
		if key, below := strings.CutPrefix(path, "settings."); below {
			set := settingJSON{Key: key, Value: fmt.Sprint(v)}
			r.declared.settings = append(r.declared.settings, placed[settingJSON]{r.doc.Place(path), set})
			return nil
		}
	}
	return wrong(r.doc.Place(path), fmt.Errorf("%s has a value of the wrong type", path))
}

func (r *declaredReader) site(t tomlTable) error {
	var given library.Site
	if err := t.into(map[string]any{"name": &given.Name, "title": &given.Title}, "name"); err != nil {
		return err
	}
	change := func(s *library.Site) error {
		if t.has("title") {
			s.Title = given.Title
		}
		return nil
	}
	r.declared.sites = append(r.declared.sites, placed[wish[library.Site]]{t.at("name"), wish[library.Site]{library.Site{Name: given.Name}, change}})
	return nil
}

func (r *declaredReader) user(t tomlTable) error {
	var given access.User
	if err := t.into(map[string]any{"login": &given.Login, "name": &given.Name, "addresses": &given.Addresses}, "login"); err != nil {
		return err
	}
	if err := library.CheckName(given.Login); err != nil {
		return t.wrong("login", err)
	}
	faulty := "login"
	if t.has("addresses") {
		faulty = "addresses"
	}
	change := func(u *access.User) error {
		if t.has("name") {
			u.Name = given.Name
		}
		if t.has("addresses") {
			u.Addresses = given.Addresses
		}
		if err := checkUser(*u); err != nil {
			return t.wrong(faulty, err)
		}
		return nil
	}
	r.declared.users = append(r.declared.users, placed[wish[access.User]]{t.at("login"), wish[access.User]{access.User{Login: given.Login}, change}})
	return nil
}

func (r *declaredReader) group(t tomlTable) error {
	var given access.Group
	var members []string
	var asked directory.Properties
	keys := map[string]any{
		"name": &given.Name, "title": &given.Title, "site": &given.Site, "members": &members,
		"distribution": &asked.LocalPart, "description": &asked.Description, "manager": &asked.Manager,
	}
	if err := t.into(keys, "name"); err != nil {
		return err
	}
	if err := checkGroup(&given, members); err != nil {
		return t.wrong("members", err)
	}
	change := func(g *access.Group) error {
		if t.has("title") {
			g.Title = given.Title
		}
		if t.has("site") {
			g.Site = given.Site
		}
		if t.has("members") {
			g.Members = given.Members
		}
		return nil
	}
	distribution := func(p *directory.Properties) {
		if t.has("distribution") {
			p.LocalPart = asked.LocalPart
		}
		if t.has("description") {
			p.Description = asked.Description
		}
		if t.has("manager") {
			p.Manager = asked.Manager
		}
	}
	empty := access.Group{Name: given.Name, Site: store.DefaultSite}
	r.declared.groups = append(r.declared.groups, placed[groupWish]{t.at("name"), groupWish{wish[access.Group]{empty, change}, distribution}})
	return nil
}

func (r *declaredReader) grant(t tomlTable) error {
	var g grantJSON
	if err := t.into(map[string]any{"scope": &g.Scope, "principal": &g.Principal, "level": &g.Level}, "scope", "principal", "level"); err != nil {
		return err
	}
	if _, err := g.grant(); err != nil {
		return t.wrong("scope", err)
	}
	r.declared.grants = append(r.declared.grants, placed[grantJSON]{t.at("scope"), g})
	return nil
}

func (r *declaredReader) library(t tomlTable) error {
	name, _ := t.values["name"].(string)
	if name == "" {
		return wrong(t.at("name"), errors.New("name is missing: write name = \"…\""))
	}
	change, properties, err := libraryChange(t)
	if err != nil {
		return err
	}
	empty := library.Library{Name: name, Site: store.DefaultSite, LocalPart: name, Inherit: true}
	made := libraryWish{wish[library.Library]{empty, change}, properties}
	r.declared.libraries = append(r.declared.libraries, placed[libraryWish]{t.at("name"), made})
	return nil
}
