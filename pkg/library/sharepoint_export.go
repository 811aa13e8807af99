package library

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// SharePointLibrary is a row of an export of a SharePoint farm.
type SharePointLibrary struct {
	Row        int    // from 1, the line of titles not counted
	Name       string // a NAME
	Title      string // "" says nothing
	Site       Site   // "" is its Name where the export says nothing; the Title is how the export writes it
	Properties []SharePointValue
	siteAs     string // the site's path in the export
}

// SharePointValue is a property of a library that has a value, which Set takes.
type SharePointValue struct {
	Property SharePointProperty
	Value    string
}

// cell is a value of an export, under the title of its column.
type cell struct{ column, value string }

// ReadSharePointExport reads an export: JSON (objects one after the other, or an array of
// them) or CSV with a line of titles, in UTF-8 or, with a byte order mark, UTF-16. Each
// object or line is a library; its columns, in whatever case, are Name, Title, Site and
// the SharePointProperties. Name or Title must be there; what is no NAME becomes the
// nearest one. Properties that are missing or empty are left out, but an empty EmailAlias
// means that the library takes no mail. An unknown column is an error.
func ReadSharePointExport(export []byte) ([]SharePointLibrary, error) {
	text, _, err := transform.Bytes(unicode.BOMOverride(encoding.UTF8Validator), export)
	if err != nil {
		return nil, errors.New("the text is not UTF-8, nor UTF-16 with a byte order mark: write it with -Encoding UTF8")
	}
	read := readCSV
	if start := bytes.TrimSpace(text); len(start) > 0 && (start[0] == '{' || start[0] == '[') {
		read = readJSON
	}
	rows, err := read(text)
	if err != nil {
		return nil, err
	}
	var all []SharePointLibrary
	for i, cells := range rows {
		l, err := sharePointLibrary(i+1, cells)
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", i+1, err)
		}
		for _, before := range all {
			if err := l.distinct(before); err != nil {
				return nil, fmt.Errorf("row %d: %w", i+1, err)
			}
		}
		all = append(all, l)
	}
	return all, nil
}

// distinct is an error where two rows would become one library, or two sites one.
func (l SharePointLibrary) distinct(before SharePointLibrary) error {
	if l.Name == before.Name {
		return fmt.Errorf("library %s is that of row %d already: give each a Name of its own, for the farm has one of each", l.Name, before.Row)
	}
	if l.Site.Name == before.Site.Name && !strings.EqualFold(l.siteAs, before.siteAs) {
		return fmt.Errorf("site %q would become %s as %q of row %d has: write other names for them", l.siteAs, l.Site.Name, before.siteAs, before.Row)
	}
	return nil
}

// sharePointLibrary makes a library of the cells of a row.
func sharePointLibrary(row int, cells []cell) (SharePointLibrary, error) {
	l := SharePointLibrary{Row: row}
	given := map[string]bool{}
	for _, c := range cells {
		column := strings.ToLower(c.column)
		if given[column] {
			return l, fmt.Errorf("column %s is there twice", c.column)
		}
		given[column] = true
		if err := l.take(column, c); err != nil {
			return l, err
		}
	}
	from := l.Name
	if from == "" {
		from = l.Title
	}
	if l.Name = nearestName(from); l.Name == "" {
		return l, errors.New("it has neither a Name nor a Title that a library can be named by")
	}
	if l.Title == "" && l.Name != from {
		l.Title = from
	}
	return l, nil
}

// take puts a cell where its column belongs.
func (l *SharePointLibrary) take(column string, c cell) error {
	switch column {
	case "name":
		l.Name = c.value
	case "title":
		l.Title = c.value
	case "site":
		return l.takeSite(c.value)
	default:
		p, ok := SharePointPropertyNamed(column)
		if !ok {
			return fmt.Errorf("unknown column %q; there are %s", c.column, strings.Join(exportColumns(), ", "))
		}
		if c.value == "" && p.Name != "EmailAlias" {
			return nil
		}
		value, err := p.Value(c.value)
		if err != nil {
			return err
		}
		l.Properties = append(l.Properties, SharePointValue{p, value})
	}
	return nil
}

// takeSite takes the site's NAME from how SharePoint names it: a title, or the end of a
// URL.
func (l *SharePointLibrary) takeSite(site string) error {
	if site == "" {
		return nil
	}
	_, path, isURL := strings.Cut(site, "://")
	if !isURL {
		path = "/" + site
	}
	_, path, _ = strings.Cut(strings.TrimRight(path, "/"), "/")
	if path == "" {
		return nil // the root of a host
	}
	l.Site.Title = path[strings.LastIndexByte(path, '/')+1:]
	if l.Site.Name = nearestName(l.Site.Title); l.Site.Name == "" {
		return fmt.Errorf("site %q: no site can be named by it", site)
	}
	l.siteAs = path
	return nil
}

// exportColumns are the titles of the columns of an export.
func exportColumns() []string {
	all := []string{"Name", "Title", "Site"}
	for _, p := range SharePointProperties() {
		all = append(all, p.Name)
	}
	return all
}

// readCSV reads what Export-Csv writes, with or without its line of types.
func readCSV(text []byte) (rows [][]cell, err error) {
	if end := bytes.IndexByte(text, '\n'); end >= 0 && bytes.HasPrefix(text, []byte("#TYPE ")) {
		text = text[end:] // an empty line says nothing, and counts in what errors say
	}
	titles, _, _ := bytes.Cut(bytes.TrimLeft(text, "\r\n"), []byte("\n"))
	r := csv.NewReader(bytes.NewReader(text))
	if !bytes.ContainsRune(titles, ',') && bytes.ContainsRune(titles, ';') {
		r.Comma = ';' // -UseCulture
	}
	all, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("this cannot be read as CSV: %w", err)
	}
	for i, line := range all {
		if i == 0 {
			continue
		}
		var cells []cell
		for j, value := range line {
			cells = append(cells, cell{all[0][j], value})
		}
		rows = append(rows, cells)
	}
	return rows, nil
}

// readJSON reads what ConvertTo-Json writes: an object, more of them, or an array.
func readJSON(text []byte) (rows [][]cell, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	for {
		var v any
		err := d.Decode(&v)
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, fmt.Errorf("row %d: this cannot be read as JSON: %w", len(rows)+1, err)
		}
		objects, ok := v.([]any)
		if !ok {
			objects = []any{v}
		}
		for _, o := range objects {
			cells, err := jsonCells(o)
			if err != nil {
				return nil, fmt.Errorf("row %d: %w", len(rows)+1, err)
			}
			rows = append(rows, cells)
		}
	}
}

// jsonCells returns the cells of an object, by column.
func jsonCells(object any) (cells []cell, err error) {
	values, ok := object.(map[string]any)
	if !ok {
		return nil, errors.New("it is no JSON object")
	}
	for column, v := range values {
		switch v := v.(type) {
		case nil:
			cells = append(cells, cell{column, ""})
		case string, bool, json.Number:
			cells = append(cells, cell{column, fmt.Sprint(v)})
		default:
			return nil, fmt.Errorf("%s is a list or an object: it must be one value", column)
		}
	}
	slices.SortFunc(cells, func(a, b cell) int { return strings.Compare(a.column, b.column) })
	return cells, nil
}
