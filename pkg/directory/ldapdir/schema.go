package ldapdir

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"mailchute/pkg/directory"
)

// schema is what a server says that its entries may have (RFC 4512 §4.1).
type schema struct {
	ad         bool
	attributes map[string]bool        // by name in lower case
	classes    map[string]*definition // by name in lower case, and by OID
	rules      map[string]*definition // DIT content rules, by the OID of the class
}

// knows returns what the server says of its schema; it is read once for a connection.
func (c *conn) knows(ctx context.Context) (*schema, error) {
	if c.schema != nil {
		return c.schema, nil
	}
	const subschemaSubentry = "subschemaSubentry"
	root, err := c.search(ctx, query{filter: anything, attributes: []string{subschemaSubentry}})
	if err != nil {
		return nil, fmt.Errorf("read what the server says of itself: %w", err)
	}
	if len(root) != 1 || root[0].GetEqualFoldAttributeValue(subschemaSubentry) == "" {
		return nil, errors.New("the server does not say where its schema is")
	}
	s := &schema{c.ad, map[string]bool{}, map[string]*definition{}, map[string]*definition{}}
	read := func(attribute string, take func(*definition)) error {
		texts, _, err := ranged(ctx, attribute, attribute, func(ctx context.Context, attributes ...string) (*ldap.Entry, error) {
			found, err := c.search(ctx, query{base: root[0].GetEqualFoldAttributeValue(subschemaSubentry), filter: anything, attributes: attributes})
			if errors.Is(err, errNoEntry) || err == nil && len(found) != 1 {
				return nil, fmt.Errorf("%w: the schema cannot be read", directory.ErrAccess)
			}
			if err != nil {
				return nil, fmt.Errorf("read the schema: %w", err)
			}
			return found[0], nil
		})
		for _, text := range texts {
			take(define(text))
		}
		return err
	}
	if err := errors.Join(
		read("attributeTypes", func(d *definition) {
			for _, name := range d.names {
				s.attributes[strings.ToLower(name)] = true
			}
		}),
		read("objectClasses", func(d *definition) {
			for _, name := range append(d.names, d.oid) {
				s.classes[strings.ToLower(name)] = d
			}
		}),
		read("dITContentRules", func(d *definition) { s.rules[d.oid] = d }),
	); err != nil {
		return nil, err
	}
	if len(s.attributes) == 0 {
		return nil, fmt.Errorf("%w: the schema cannot be read", directory.ErrAccess)
	}
	c.schema = s
	return s, nil
}

// has reports whether the schema has an attribute.
func (s *schema) has(attribute string) bool { return s.attributes[strings.ToLower(attribute)] }

// hasClass reports whether the schema has a class. AD has contact and group.
func (s *schema) hasClass(name string) bool { return s.ad || s.classes[strings.ToLower(name)] != nil }

// entryOf says what entries of a class may have, and must.
func (s *schema) entryOf(class string) fields {
	f := fields{may: map[string]bool{}, must: map[string]bool{}}
	s.collect(f, class, map[*definition]bool{})
	if s.ad {
		// AD's classes have what auxiliary classes allow, and says so in several ways: that it
		// has the attribute must do.
		f.may = s.attributes
	}
	return f
}

// fields are the attributes of an entry, by name in lower case.
type fields struct{ may, must map[string]bool }

// allows reports whether an entry may have an attribute.
func (f fields) allows(attribute string) bool {
	name := strings.ToLower(attribute)
	return f.may[name] || f.must[name]
}

func (f fields) needs(attribute string) bool { return f.must[strings.ToLower(attribute)] }

func (s *schema) collect(f fields, class string, seen map[*definition]bool) {
	d := s.classes[strings.ToLower(class)]
	if d == nil || seen[d] {
		return
	}
	seen[d] = true
	for _, d := range []*definition{d, s.rules[d.oid]} {
		if d == nil {
			continue
		}
		for _, name := range d.may {
			f.may[strings.ToLower(name)] = true
		}
		for _, name := range d.must {
			f.must[strings.ToLower(name)] = true
		}
		for _, above := range slices.Concat(d.sup, d.aux) {
			s.collect(f, above, seen)
		}
	}
}

// definition is one of a schema: of an attribute, a class or a content rule.
type definition struct {
	oid                        string
	names, sup, aux, must, may []string
}

// define reads a definition (RFC 4512 §4.1); what it does not know it leaves out.
func define(text string) *definition {
	d := &definition{}
	words := tokens(text)
	for i := 0; i < len(words); i++ {
		if i == 1 {
			d.oid = words[i]
		}
		lists := map[string]*[]string{"NAME": &d.names, "SUP": &d.sup, "AUX": &d.aux, "MUST": &d.must, "MAY": &d.may}
		list := lists[words[i]]
		if list == nil || i+1 == len(words) {
			continue
		}
		if i++; words[i] != "(" {
			*list = append(*list, strings.Trim(words[i], "'"))
			continue
		}
		for i++; i < len(words) && words[i] != ")"; i++ {
			if words[i] != "$" {
				*list = append(*list, strings.Trim(words[i], "'"))
			}
		}
	}
	return d
}

// tokens returns the words of a definition; those in quotes keep them.
func tokens(text string) (words []string) {
	for {
		text = strings.TrimLeft(text, " \t\r\n")
		if text == "" {
			return words
		}
		end := 1
		switch text[0] {
		case '(', ')', '$':
		case '\'':
			if closing := strings.IndexByte(text[1:], '\''); closing >= 0 {
				end = closing + 2
			} else {
				end = len(text)
			}
		default:
			if end = strings.IndexAny(text, " \t\r\n()$'"); end < 0 {
				end = len(text)
			}
		}
		words, text = append(words, text[:end]), text[end:]
	}
}
