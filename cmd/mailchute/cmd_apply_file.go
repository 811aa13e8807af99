package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mailchute/pkg/access"
	"mailchute/pkg/config"
	"mailchute/pkg/library"
	"mailchute/store"
)

// placed is something that stands somewhere in a file.
type placed[T any] struct {
	at   string // for errors: FILE:LINE:COLUMN
	what T
}

// declared is what a file declares, in its order.
type declared struct {
	settings  []placed[settingJSON] // Key and Value
	sites     []placed[library.Site]
	users     []placed[access.User]
	groups    []placed[groupWish]
	libraries []placed[libraryWish]
	grants    []placed[grantJSON]
}

// groupWish is a group whose members have not been read yet.
type groupWish struct {
	access.Group
	members []string
}

// libraryWish is a library that is made from an empty one where there is none, and then
// changed. change may run more than once.
type libraryWish struct {
	empty  library.Library
	change func(*library.Library) error
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
	var s library.Site
	if err := t.into(map[string]any{"name": &s.Name, "title": &s.Title}, "name"); err != nil {
		return err
	}
	r.declared.sites = append(r.declared.sites, placed[library.Site]{t.at("name"), s})
	return nil
}

func (r *declaredReader) user(t tomlTable) error {
	var u access.User
	if err := t.into(map[string]any{"login": &u.Login, "name": &u.Name, "addresses": &u.Addresses}, "login"); err != nil {
		return err
	}
	if err := checkUser(u); err != nil {
		return t.wrong("login", err)
	}
	r.declared.users = append(r.declared.users, placed[access.User]{t.at("login"), u})
	return nil
}

func (r *declaredReader) group(t tomlTable) error {
	var g groupWish
	if err := t.into(map[string]any{"name": &g.Name, "title": &g.Title, "site": &g.Site, "members": &g.members}, "name"); err != nil {
		return err
	}
	if err := checkGroup(&g.Group, g.members); err != nil {
		return t.wrong("members", err)
	}
	r.declared.groups = append(r.declared.groups, placed[groupWish]{t.at("name"), g})
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
	change, err := libraryChange(t)
	if err != nil {
		return err
	}
	empty := library.Library{Name: name, Site: store.DefaultSite, LocalPart: name, Inherit: true}
	r.declared.libraries = append(r.declared.libraries, placed[libraryWish]{t.at("name"), libraryWish{empty, change}})
	return nil
}
