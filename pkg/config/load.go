package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Load reads and checks a configuration. What is wrong with its text is an *Error: an
// unknown key, a wrong type, a value that cannot be, a setting that is missing. Others are
// the operating system's.
func Load(path string) (Config, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	return Parse(path, text)
}

// Find returns the file that path means: FileName in it where it is a folder, else itself.
func Find(path string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return filepath.Join(path, FileName)
	}
	return path
}

// Parse is Load for a text that stands in the file at an absolute path.
func Parse(path string, text []byte) (Config, error) {
	f := defaults()
	err := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(&f)
	if err != nil {
		return Config{}, explain(path, err)
	}
	r := reader{file: path, at: locate(text)}
	c := r.config(f)
	if r.fault != nil {
		return Config{}, r.fault
	}
	return c, nil
}

// explain turns an error of the TOML decoder into one for people.
func explain(path string, err error) error {
	if unknown, ok := errors.AsType[*toml.StrictMissingError](err); ok {
		first := &unknown.Errors[0]
		return at(path, first, unknownKey(first.Key()))
	}
	decode, ok := errors.AsType[*toml.DecodeError](err)
	if !ok {
		return &Error{File: path, Problem: plain(err)}
	}
	if strings.Contains(decode.Error(), "cannot decode TOML") || strings.Contains(decode.Error(), "cannot be stored") {
		return at(path, decode, wrongType(decode.Key()))
	}
	return at(path, decode, "this cannot be read as TOML: "+plain(decode))
}

func at(path string, err *toml.DecodeError, problem string) error {
	line, column := err.Position()
	return &Error{File: path, Line: line, Column: column, Problem: problem}
}

func plain(err error) string { return strings.TrimPrefix(err.Error(), "toml: ") }

// unknownKey says which keys there are in the table that a key stands in.
func unknownKey(key []string) string {
	table := key[:len(key)-1]
	names := keysOf(table)
	if len(table) == 0 {
		return fmt.Sprintf("unknown setting %q; there are %s", strings.Join(key, "."), strings.Join(names, ", "))
	}
	return fmt.Sprintf("unknown setting %q; in %s there are %s", strings.Join(key, "."), strings.Join(table, "."), strings.Join(names, ", "))
}

// wrongType shows how a setting is written.
func wrongType(key []string) string {
	name := strings.Join(key, ".")
	v, ok := field(sampleValues(), key)
	if !ok {
		return fmt.Sprintf("%s has a value of the wrong type", name)
	}
	switch v.Kind() {
	case reflect.Struct:
		return fmt.Sprintf("%s is a table: write [%s] and its settings on the lines below", name, name)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Struct {
			return fmt.Sprintf("%s is a list of tables: write [[%s]] and its settings on the lines below", name, name)
		}
		return fmt.Sprintf(`%s is a list of texts: write it like %s = ["…"]`, name, key[len(key)-1])
	case reflect.Bool:
		return fmt.Sprintf("%s is true or false: write it like %s = %v", name, key[len(key)-1], v)
	case reflect.String:
		return fmt.Sprintf("%s is a text: write it like %s = %q", name, key[len(key)-1], v)
	default:
		return fmt.Sprintf("%s is a whole number: write it like %s = %v", name, key[len(key)-1], v)
	}
}

// sampleValues are the values that stand as examples in error texts.
func sampleValues() file {
	f, feed := defaults(), defaultFeed()
	feed.Name, feed.Path, feed.Format = "incoming", "drop", "postfix"
	f.Feeds = []feedFile{feed}
	return f
}

// field returns the value of a key.
func field(f file, key []string) (reflect.Value, bool) {
	v := reflect.ValueOf(f)
	for _, name := range key {
		if v.Kind() == reflect.Slice && v.Len() > 0 {
			v = v.Index(0)
		}
		if v.Kind() != reflect.Struct {
			return v, false
		}
		next := reflect.Value{}
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("toml") == name {
				next = v.Field(i)
			}
		}
		if !next.IsValid() {
			return next, false
		}
		v = next
	}
	return v, true
}

// keysOf returns the names that may stand in a table, in the order of the sample.
func keysOf(table []string) []string {
	v, ok := field(sampleValues(), table)
	if ok && v.Kind() == reflect.Slice {
		v = v.Index(0)
	}
	var names []string
	if ok && v.Kind() == reflect.Struct {
		for i := range v.NumField() {
			names = append(names, v.Type().Field(i).Tag.Get("toml"))
		}
	}
	return names
}
