package address

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ParseFrom returns the one mailbox of a message's From (RFC 5322 §3.6.2). The fields
// are the values of all its From fields, unfolded and otherwise as they were sent. It is
// strict, because programs read what is odd in different ways, and somebody lives on the
// difference: no field, two of them, several mailboxes, a group, anything but white space
// and comments around the address, an encoded word or a comment within it, and control
// characters anywhere, in encoded words too, are errors, in words for people. What a
// display name says never matters.
func ParseFrom(fields []string) (Address, error) {
	switch len(fields) {
	case 0:
		return Address{}, errors.New("the message has no From field")
	case 1:
	default:
		return Address{}, fmt.Errorf("the message has %d From fields", len(fields))
	}
	a, err := parseFrom(fields[0])
	if err != nil {
		return Address{}, fmt.Errorf("the From field: %w", err)
	}
	return a, nil
}

// maxFrom is the greatest length of a From field that is read: more than anybody's name
// and address need (RFC 5322 §2.1.1 has 998 for a line).
const maxFrom = 4096

func parseFrom(s string) (Address, error) {
	if len(s) > maxFrom {
		return Address{}, fmt.Errorf("it has %d bytes, over the limit of %d", len(s), maxFrom)
	}
	if !utf8.ValidString(s) {
		return Address{}, errors.New("it is not valid UTF-8")
	}
	if hasControl(s) || hidesControl(s) {
		return Address{}, errors.New("it has a control character")
	}
	s, err := skipCFWS(s)
	if err != nil {
		return Address{}, err
	}
	a, rest, err := scanFrom(s)
	if err != nil {
		return Address{}, err
	}
	if rest, err = skipCFWS(rest); err != nil {
		return Address{}, err
	}
	switch {
	case strings.HasPrefix(rest, ","):
		return Address{}, errors.New("it has several mailboxes")
	case rest != "":
		return Address{}, fmt.Errorf("%q behind the address", firstRune(rest))
	case a.Domain == "":
		return Address{}, errors.New("its address has no domain")
	case strings.Contains(a.Local, "=?"):
		return Address{}, errors.New("its address has an encoded word")
	}
	return a, nil
}

// scanFrom reads a mailbox of RFC 5322 §3.4: an address, or a display name and an address
// in angle brackets.
func scanFrom(s string) (a Address, rest string, err error) {
	name, rest, err := skipPhrase(s)
	if err != nil {
		return Address{}, "", err
	}
	switch {
	case rest == "" && name == "":
		return Address{}, "", errors.New("it is empty")
	case rest == "":
		return Address{}, "", errors.New("it has no address")
	case rest[0] == '@':
		return scanMailbox(s)
	case rest[0] == ':':
		return Address{}, "", errors.New("it names a group")
	case rest[0] == ',':
		return Address{}, "", errors.New("it has several mailboxes")
	case rest[0] != '<':
		return Address{}, "", fmt.Errorf("%q is out of place", firstRune(rest))
	case strings.HasPrefix(rest, "<>"):
		return Address{}, "", errors.New("its address is empty")
	case strings.HasPrefix(rest, "<@"):
		return Address{}, "", errors.New("its address has a source route")
	}
	return scanBracketed(rest[1:])
}

// skipPhrase passes over words, blanks and comments, up to the first character that is
// none of them.
func skipPhrase(s string) (phrase, rest string, err error) {
	rest = s
	for {
		if rest, err = skipCFWS(rest); err != nil {
			return "", "", err
		}
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case rest != "" && r == '"':
			if _, rest, err = scanQuoted(rest[1:]); err != nil {
				return "", "", err
			}
		case rest != "" && (r == '.' || isAtext(r)):
			rest = rest[size:]
		default:
			return s[:len(s)-len(rest)], rest, nil
		}
	}
}

// skipCFWS passes over white space and comments (RFC 5322 §3.2.2).
func skipCFWS(s string) (string, error) {
	for {
		s = strings.TrimLeft(s, " \t")
		if !strings.HasPrefix(s, "(") {
			return s, nil
		}
		end := commentEnd(s)
		if end < 0 {
			return "", errors.New("a comment without an end")
		}
		s = s[end:]
	}
}

// commentEnd returns the length of the comment that s begins with, -1 where it has no end.
func commentEnd(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// hasControl reports whether s has a control character other than a tab, or a separator
// of lines.
func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) && r != '\t' || r == '\u2028' || r == '\u2029'
	})
}

// hidesControl reports whether an encoded word of s (RFC 2047) has a control character,
// other than those with which ISO-2022 shifts its charsets.
func hidesControl(s string) bool {
	d := mime.WordDecoder{CharsetReader: func(charset string, r io.Reader) (io.Reader, error) {
		raw, err := io.ReadAll(r)
		if strings.HasPrefix(strings.ToLower(charset), "iso-2022-") {
			raw = []byte(strings.Map(dropShift, string(raw)))
		}
		return strings.NewReader(string(raw)), err
	}}
	decoded, err := d.DecodeHeader(s)
	return err == nil && hasControl(decoded)
}

func dropShift(r rune) rune {
	switch r {
	case 0x1b, 0x0e, 0x0f: // ESC, SO, SI
		return -1
	}
	return r
}
