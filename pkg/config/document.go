package config

import (
	"errors"
	"fmt"

	"github.com/pelletier/go-toml/v2"
)

// Document is a TOML text other than a configuration: what it says, and where.
type Document struct {
	Values map[string]any // as TOML has them: string, int64, bool, []any, map[string]any …
	file   string
	at     positions
}

// ParseDocument reads a TOML text. file names it in errors. What is no TOML is an *Error.
func ParseDocument(file string, text []byte) (Document, error) {
	d := Document{file: file}
	if err := toml.Unmarshal(text, &d.Values); err != nil {
		if decode, ok := errors.AsType[*toml.DecodeError](err); ok {
			return d, at(file, decode, "this cannot be read as TOML: "+plain(decode))
		}
		return d, &Error{File: file, Problem: plain(err)}
	}
	d.at = locate(text)
	return d, nil
}

// Place returns FILE:LINE:COLUMN of a path such as "library[1].name", or of the closest
// thing around it that stands in the text. A list stands where its first element does.
func (d Document) Place(path string) string {
	place, ok := d.at[indexed(path, 0)]
	if !ok {
		place = d.at.find(path)
	}
	if place.line == 0 {
		return d.file
	}
	return fmt.Sprintf("%s:%d:%d", d.file, place.line, place.column)
}
