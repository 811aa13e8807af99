package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mailchute/pkg/config"
	"mailchute/pkg/library"
)

// tomlTable is a table of a file.
type tomlTable struct {
	doc    config.Document
	path   string
	values map[string]any
}

// at returns the place of a key, or of the table where the key is not there.
func (t tomlTable) at(key string) string { return t.doc.Place(t.path + "." + key) }

// wrong is what is wrong with a key. What commands say of a flag is said of the key that it
// is in the file.
func (t tomlTable) wrong(key string, err error) error {
	if flag, isFlag := strings.CutPrefix(err.Error(), "--"); isFlag {
		flag, problem, _ := strings.Cut(flag, ": ")
		flag = strings.ReplaceAll(flag, "-", "_")
		if _, there := t.values[flag]; there {
			key = flag
		}
		err = errors.New(flag + ": " + problem)
	}
	return wrong(t.at(key), err)
}

// has reports whether the table has a key.
func (t tomlTable) has(key string) bool { return t.values[key] != nil }

// keys returns the keys of the table, sorted.
func (t tomlTable) keys() []string { return slices.Sorted(maps.Keys(t.values)) }

// into reads the table into fields, which are *string or *[]string, by key. Those that are
// needed must be there.
func (t tomlTable) into(fields map[string]any, needed ...string) error {
	for _, key := range t.keys() {
		field, ok := fields[key]
		if !ok {
			return wrong(t.at(key), unknownKey(key, slices.Sorted(maps.Keys(fields))))
		}
		var err error
		switch field := field.(type) {
		case *string:
			*field, err = tomlText(key, t.values[key])
		case *[]string:
			*field, err = tomlTexts(key, t.values[key])
		}
		if err != nil {
			return wrong(t.at(key), err)
		}
	}
	for _, key := range needed {
		if t.values[key] == nil {
			return wrong(t.at(key), fmt.Errorf("%s is missing: write %s = \"…\"", key, key))
		}
	}
	return nil
}

func unknownKey(key string, known []string) error {
	return fmt.Errorf("unknown key %q; there are %s", key, strings.Join(known, ", "))
}

func tomlText(key string, v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf(`%s is a text: write it like %s = "…"`, key, key)
	}
	return s, nil
}

func tomlTexts(key string, v any) (all []string, err error) {
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf(`%s is a list of texts: write it like %s = ["…"]`, key, key)
	}
	for _, one := range list {
		s, ok := one.(string)
		if !ok {
			return nil, fmt.Errorf(`%s is a list of texts: write it like %s = ["…"]`, key, key)
		}
		all = append(all, s)
	}
	return all, nil
}

// libraryChange returns what the table of a library does to one, and the properties of
// SharePoint's in it: its keys are the flags of library add, and these.
func libraryChange(t tomlTable) (func(*library.Library) error, []library.SharePointValue, error) {
	var given libraryFlags
	var properties []library.SharePointValue
	flags := &cobra.Command{}
	given.register(flags)
	for _, key := range t.keys() {
		var err error
		if p, ok := library.SharePointPropertyNamed(key); ok {
			err = addProperty(&properties, p, key, t.values[key])
		} else if key != "name" {
			err = setFlag(flags, key, t.values[key])
		}
		if err != nil {
			return nil, nil, wrong(t.at(key), err)
		}
	}
	change := func(l *library.Library) error {
		was := l.LocalPart
		for _, p := range properties {
			p.Property.Set(l, p.Value)
		}
		if err := given.apply(flags, l, was); err != nil {
			return t.wrong("local_part", err)
		}
		return nil
	}
	said := library.Library{}
	if err := change(&said); err != nil {
		return nil, nil, err
	}
	return change, properties, t.agree(properties, said)
}

// agree returns nil where the properties of SharePoint's say the same as the keys beside
// them, which said has.
func (t tomlTable) agree(properties []library.SharePointValue, said library.Library) error {
	for _, p := range properties {
		other := said
		p.Property.Set(&other, p.Value)
		if reflect.DeepEqual(newLibraryJSON(other), newLibraryJSON(said)) {
			continue
		}
		for _, key := range t.keys() {
			if strings.EqualFold(key, p.Property.Name) {
				return wrong(t.at(key), fmt.Errorf("%s and %s are the same setting, and have different values: write one of them",
					p.Property.Name, p.Property.Setting))
			}
		}
	}
	return nil
}

// addProperty adds a value that a table has under a key for a property of SharePoint's.
func addProperty(all *[]library.SharePointValue, p library.SharePointProperty, key string, v any) error {
	if slices.ContainsFunc(*all, func(have library.SharePointValue) bool { return have.Property.Name == p.Name }) {
		return fmt.Errorf("%s is there twice", p.Name)
	}
	switch v.(type) {
	case string, bool, int64:
	default:
		return fmt.Errorf("%s has a value of the wrong type", key)
	}
	value, err := p.Value(fmt.Sprint(v))
	if err != nil {
		return err
	}
	*all = append(*all, library.SharePointValue{Property: p, Value: value})
	return nil
}

// setFlag gives the flag of a key its value: local_part is --local-part, and inherit the
// contrary of --no-inherit.
func setFlag(flags *cobra.Command, key string, v any) error {
	keys := libraryKeys()
	if !slices.Contains(keys, key) {
		return unknownKey(key, keys)
	}
	name := strings.ReplaceAll(key, "_", "-")
	if key == "inherit" {
		name = "no-inherit"
		if b, ok := v.(bool); ok {
			v = !b
		}
	}
	if n, isNumber := v.(int64); isNumber && strings.HasSuffix(key, "_size") {
		v = library.FormatSize(n) // bytes, as library show --json has them
	}
	value, err := flagText(key, flags.Flags().Lookup(name).Value.Type(), v)
	if err != nil {
		return err
	}
	return flags.Flags().Set(name, value)
}

// flagText writes a value as a flag of that type reads it.
func flagText(key, flagType string, v any) (string, error) {
	ok, sample := false, ""
	switch flagType {
	case "bool":
		_, ok = v.(bool)
		sample = "true or false"
	case "int":
		_, ok = v.(int64)
		sample = "a whole number"
	case "stringSlice":
		texts, err := tomlTexts(key, v)
		if err != nil || len(texts) == 0 {
			return "", err
		}
		var line strings.Builder
		w := csv.NewWriter(&line) // as the flag reads it: a text may have a comma
		err = w.WriteAll([][]string{texts})
		return strings.TrimSuffix(line.String(), "\n"), err
	default:
		return tomlText(key, v)
	}
	if !ok {
		return "", fmt.Errorf("%s has a value of the wrong type: write %s", key, sample)
	}
	return fmt.Sprint(v), nil
}

// libraryKeys are the keys that a library's table can have.
func libraryKeys() []string {
	keys := []string{"name", "inherit"}
	var given libraryFlags
	for _, change := range given.changes(&library.Library{}) {
		if change.flag != "no-inherit" {
			keys = append(keys, strings.ReplaceAll(change.flag, "-", "_"))
		}
	}
	for _, p := range library.SharePointProperties() {
		keys = append(keys, p.Name)
	}
	return keys
}
