package testdata

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// Case is a drop file and what must become of it when it is drained into the farm of
// the package comment. In its file, mail/NAME.case, these lines come first, then an empty
// one, then the drop file byte for byte:
//
//	note: TEXT
//	format: FORMAT                                 (left out: eml)
//	file: NAME                                     (left out: NAME of the case and .eml)
//	expect: filed LIBRARY                          (filed, but no document came of it)
//	expect: filed LIBRARY PATH sha256:HEX size:N   (one line for each document)
//	expect: held REASON RECIPIENT
//	expect: held no-envelope
//
// PATH is folder/name, in Go quotes where it has blanks. After the size may stand
// author:LOGIN (left out: System Account), then damaged. There are no other documents, and
// no other recipients without one.
type Case struct {
	Name   string
	Note   string // what the case shows
	Format string
	File   string // name of the drop file
	Filed  []Filed
	Held   []Held
	Drop   []byte // the drop file
}

// Filed is a document that must come of a case, or a library that files none: Path "".
type Filed struct {
	Library string
	Path    string // folder/name below the library
	SHA256  string // lower-case hex
	Size    int64
	Author  string
	Damaged bool // something was wrong with the transfer encoding
}

// Held is a recipient for whom a case must be held.
type Held struct {
	Reason    string
	Recipient string // as address.Address prints it; "" where there is no envelope
}

// Cases returns all cases by name. What is not exactly of the form above is an error.
func Cases() ([]Case, error) {
	entries, err := fs.ReadDir(files, "mail")
	if err != nil {
		return nil, err
	}
	var all []Case
	for _, e := range entries {
		data, err := fs.ReadFile(files, "mail/"+e.Name())
		if err != nil {
			return nil, err
		}
		name, ok := strings.CutSuffix(e.Name(), ".case")
		if !ok {
			return nil, fmt.Errorf("mail/%s is not a .case", e.Name())
		}
		c, err := ParseCase(name, data)
		if err != nil {
			return nil, fmt.Errorf("mail/%s: %w", e.Name(), err)
		}
		all = append(all, c)
	}
	return all, nil
}

// ParseCase reads the case of that name from the bytes of its file.
func ParseCase(name string, data []byte) (Case, error) {
	c := Case{Name: name}
	head, drop, ok := bytes.Cut(data, []byte("\n\n"))
	if !ok {
		return c, errors.New("no empty line before the drop file")
	}
	c.Drop = drop
	for i, line := range strings.Split(string(head), "\n") {
		if err := c.line(line); err != nil {
			return c, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	if c.Note == "" || len(c.Filed)+len(c.Held) == 0 {
		return c, errors.New("a note and a verdict are needed")
	}
	if c.Format == "" {
		c.Format = "eml"
	}
	if c.File == "" {
		c.File = name + ".eml"
	}
	return c, nil
}

func (c *Case) line(s string) error {
	key, value, ok := strings.Cut(s, ": ")
	if !ok || value == "" {
		return fmt.Errorf("%q is not of the form key: value", s)
	}
	switch key {
	case "note":
		return once(&c.Note, value)
	case "format":
		return once(&c.Format, value)
	case "file":
		return once(&c.File, value)
	case "expect":
		return c.expect(value)
	}
	return fmt.Errorf("unknown key %q", key)
}

func once(field *string, value string) error {
	if *field != "" {
		return fmt.Errorf("%q comes after %q", value, *field)
	}
	*field = value
	return nil
}

func (c *Case) expect(s string) error {
	verdict, rest, _ := strings.Cut(s, " ")
	first, rest, _ := strings.Cut(rest, " ")
	switch {
	case first == "":
	case verdict == "held":
		c.Held = append(c.Held, Held{Reason: first, Recipient: rest})
		return nil
	case verdict == "filed":
		f := Filed{Library: first}
		if rest != "" {
			if err := f.document(rest); err != nil {
				return err
			}
		}
		c.Filed = append(c.Filed, f)
		return nil
	}
	return fmt.Errorf("verdict %q is neither filed LIBRARY nor held REASON", s)
}

// document reads what stands behind the library.
func (f *Filed) document(s string) error {
	var path string
	if quoted, err := strconv.QuotedPrefix(s); err == nil {
		path, s = quoted, s[len(quoted):]
		if f.Path, err = strconv.Unquote(path); err != nil {
			return fmt.Errorf("path %s: %w", path, err)
		}
	} else {
		f.Path, s, _ = strings.Cut(s, " ")
	}
	words := strings.Fields(s)
	take := func(key string) string {
		if len(words) == 0 {
			return ""
		}
		value, ok := strings.CutPrefix(words[0], key)
		if !ok {
			return ""
		}
		words = words[1:]
		return value
	}
	f.SHA256 = take("sha256:")
	if raw, err := hex.DecodeString(f.SHA256); err != nil || len(raw) != 32 || strings.ToLower(f.SHA256) != f.SHA256 {
		return fmt.Errorf("sha256:%s is not a digest", f.SHA256)
	}
	size, err := strconv.ParseInt(take("size:"), 10, 64)
	if err != nil || size < 0 {
		return fmt.Errorf("size of %s is not a number", f.Path)
	}
	f.Size = size
	if f.Author = take("author:"); f.Author == "" {
		f.Author = "System Account"
	}
	if len(words) > 0 && words[0] == "damaged" {
		f.Damaged, words = true, words[1:]
	}
	if len(words) > 0 {
		return fmt.Errorf("unknown words %q", words)
	}
	return nil
}
