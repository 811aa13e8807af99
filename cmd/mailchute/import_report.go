package main

import (
	"fmt"
	"slices"
	"strconv"

	"mailchute/pkg/library"
)

// importedJSON is what became of a property of a library.
type importedJSON struct {
	Action   string `json:"action"` // property
	Kind     string `json:"kind"`   // library
	Name     string `json:"name"`
	Property string `json:"property"`
	Value    string `json:"value"`
	Setting  string `json:"setting"` // "" has no counterpart
	Becomes  any    `json:"becomes"`
	Differs  string `json:"differs"` // "" does as SharePoint does
}

// reportProperties prints what became of SharePoint's properties: of each library as JSON,
// and for people of all that have the same value.
func (c *cli) reportProperties(libraries []placed[libraryWish], after map[string]library.Library) error {
	var all []importedJSON
	for _, l := range libraries {
		for _, v := range l.what.properties {
			all = append(all, importedOf(after[l.what.empty.Name], v))
		}
	}
	if !c.json {
		if _, err := fmt.Fprintln(c.out); err != nil {
			return err
		}
		return list(c, columns("PROPERTY", "VALUE", "BECOMES", ">LIBRARIES", "WHAT DIFFERS FROM SHAREPOINT"),
			"It has none of SharePoint's properties.", each(sameImports(all), asIs))
	}
	for _, one := range all {
		if err := c.printJSON(one); err != nil {
			return err
		}
	}
	return nil
}

// importedOf says what became of a value in a library.
func importedOf(l library.Library, v library.SharePointValue) importedJSON {
	return importedJSON{
		Action: "property", Kind: "library", Name: l.Name, Property: v.Property.Name, Value: v.Value,
		Setting: v.Property.Setting, Becomes: valueOf(newLibraryJSON(l), v.Property.Setting), Differs: v.Property.Differs(v.Value),
	}
}

// sameImport is what became of a value of a property in a number of libraries.
type sameImport struct {
	importedJSON
	libraries int
}

func asIs(s sameImport) (sameImport, error) { return s, nil }

func (s sameImport) cells() []string {
	becomes := "-"
	if s.Setting != "" {
		becomes = s.Setting + " " + showValue(s.Setting, s.Becomes)
	}
	return []string{s.Property, or(s.Value, `""`), becomes, strconv.Itoa(s.libraries), or(s.Differs, "nothing")}
}

// sameImports counts the libraries that have the same value of a property, in the order of
// the properties. Addresses are counted together: each library has its own.
func sameImports(all []importedJSON) (same []sameImport) {
	for _, p := range library.SharePointProperties() {
		first := len(same)
		for _, one := range all {
			if one.Property != p.Name {
				continue
			}
			if one.Setting == "local_part" && one.Value != "" {
				one.Value, one.Becomes = "…", "…"
			}
			i := slices.IndexFunc(same[first:], func(s sameImport) bool { return s.Value == one.Value })
			if i < 0 {
				same = append(same, sameImport{one, 1})
				continue
			}
			same[first+i].libraries++
		}
	}
	return same
}
