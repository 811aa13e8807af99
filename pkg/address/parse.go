package address

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ParseMailbox reads a mailbox of RFC 5321 §4.1.2: a local part, quoted or not, and a
// domain or an address literal. It is as lenient as MTAs are: dots may lead, trail and
// follow each other, UTF-8 needs no SMTPUTF8, local parts may have any length. White
// space outside quotes, control characters, invalid UTF-8, angle brackets, a second "@"
// and anything else that could be read in two ways are errors, and so are a domain of
// more than 255 octets (RFC 5321 §4.5.3.1.2) and a missing one.
func ParseMailbox(s string) (Address, error) {
	a, rest, err := scanMailbox(s)
	switch {
	case err != nil:
		return Address{}, fmt.Errorf("address %q: %w", s, err)
	case rest != "":
		return Address{}, fmt.Errorf("address %q: %q is out of place", s, firstRune(rest))
	case a.Domain == "":
		return Address{}, fmt.Errorf("address %q: no @ and domain", s)
	}
	return a, nil
}

// ParsePath reads a reverse-path or forward-path of RFC 5321 §4.1.2 at the start of s
// and returns what follows it (the parameters of ESMTP), blanks trimmed. A source route
// is cut off; <> is the null path. A mailbox without angle brackets is taken too; it ends
// at the end of s, at a blank or at ";". As in <Postmaster> (§4.1.1.3), and in what some
// MTAs write, the domain may be missing: then Domain is "".
func ParsePath(s string) (a Address, rest string, err error) {
	path := strings.TrimLeft(s, " \t")
	if inner, ok := strings.CutPrefix(path, "<"); ok {
		a, rest, err = scanBracketed(inner)
	} else {
		a, rest, err = scanMailbox(path)
	}
	if err != nil {
		return Address{}, "", fmt.Errorf("path %q: %w", s, err)
	}
	if rest != "" && !strings.ContainsAny(rest[:1], " \t;") {
		return Address{}, "", fmt.Errorf("path %q: %q is out of place", s, firstRune(rest))
	}
	return a, strings.Trim(rest, " \t"), nil
}

// scanBracketed reads a path whose opening bracket has been read.
func scanBracketed(s string) (a Address, rest string, err error) {
	if rest, ok := strings.CutPrefix(s, ">"); ok {
		return Address{}, rest, nil
	}
	if s, err = cutRoute(s); err != nil {
		return Address{}, "", err
	}
	a, s, err = scanMailbox(s)
	if err != nil {
		return Address{}, "", err
	}
	rest, ok := strings.CutPrefix(s, ">")
	if !ok {
		return Address{}, "", errors.New("no closing bracket after the address")
	}
	return a, rest, nil
}

// cutRoute drops the source route "@a,@b:" of RFC 5321 §4.1.2, which is to be ignored.
func cutRoute(s string) (string, error) {
	routed := false
	for strings.HasPrefix(s, "@") {
		_, rest, err := scanDomain(s[1:])
		if err != nil {
			return "", fmt.Errorf("source route: %w", err)
		}
		if mailbox, ok := strings.CutPrefix(rest, ":"); ok {
			return mailbox, nil
		}
		next, ok := strings.CutPrefix(rest, ",")
		if !ok {
			break
		}
		s, routed = next, true
	}
	if routed || strings.HasPrefix(s, "@") {
		return "", errors.New("source route without an end")
	}
	return s, nil
}

// scanMailbox reads a local part and, where "@" follows, a domain.
func scanMailbox(s string) (a Address, rest string, err error) {
	local, rest, err := scanLocal(s)
	if err != nil {
		return Address{}, "", err
	}
	if !strings.HasPrefix(rest, "@") {
		if local == "" {
			return Address{}, "", errors.New("no address")
		}
		return Address{Local: local}, rest, nil
	}
	if rest == s {
		return Address{}, "", errors.New("no local part before @")
	}
	domain, rest, err := scanDomain(rest[1:])
	if err != nil {
		return Address{}, "", err
	}
	return Address{Local: local, Domain: domain}, rest, nil
}

// scanLocal reads atoms and quoted strings with dots around them (the obsolete mixture
// of RFC 5322 §4.4 included) up to the first character that belongs to neither.
func scanLocal(s string) (local, rest string, err error) {
	var b strings.Builder
	wordStart := true
	for s != "" {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == '"' && wordStart:
			word, after, err := scanQuoted(s[1:])
			if err != nil {
				return "", "", err
			}
			if after != "" && !strings.ContainsAny(after[:1], ".@> \t;") {
				return "", "", fmt.Errorf("%q right after a quoted string", firstRune(after))
			}
			b.WriteString(word)
			s, wordStart = after, false
			continue
		case r == '.':
			wordStart = true
		case isAtext(r) && !(r == utf8.RuneError && size == 1):
			wordStart = false
		default:
			return b.String(), s, nil
		}
		b.WriteString(s[:size])
		s = s[size:]
	}
	return b.String(), "", nil
}

// scanQuoted reads the content of a Quoted-string whose opening quote has been read.
func scanQuoted(s string) (word, rest string, err error) {
	var b strings.Builder
	for s != "" {
		if s[0] == '"' {
			return b.String(), s[1:], nil
		}
		if s[0] == '\\' {
			s = s[1:]
		}
		r, size := utf8.DecodeRuneInString(s)
		if unicode.IsControl(r) || (r == utf8.RuneError && size <= 1) {
			break
		}
		b.WriteString(s[:size])
		s = s[size:]
	}
	if s != "" {
		return "", "", fmt.Errorf("%q in a quoted string", firstRune(s))
	}
	return "", "", errors.New("a quoted string without an end")
}

// maxDomain is the greatest length of a domain in octets (RFC 5321 §4.5.3.1.2).
const maxDomain = 255

// scanDomain reads a domain or an address literal.
func scanDomain(s string) (domain, rest string, err error) {
	if strings.HasPrefix(s, "[") {
		return scanLiteral(s)
	}
	end := 0
	for end < len(s) {
		r, size := utf8.DecodeRuneInString(s[end:])
		if r != '.' && (!isAtext(r) || (r == utf8.RuneError && size == 1)) {
			break
		}
		end += size
	}
	domain, rest = s[:end], s[end:]
	labels := strings.TrimSuffix(domain, ".")
	if labels == "" || labels[0] == '.' || labels[len(labels)-1] == '.' || strings.Contains(labels, "..") {
		return "", "", fmt.Errorf("%q is no domain", domain)
	}
	if len(domain) > maxDomain {
		return "", "", fmt.Errorf("a domain of %d octets", len(domain))
	}
	return domain, rest, nil
}

// scanLiteral reads an address literal (RFC 5321 §4.1.3); what it says is not checked.
func scanLiteral(s string) (literal, rest string, err error) {
	content, rest, ok := strings.Cut(s[1:], "]")
	bad := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`[\<>@"`, r) }
	if !ok || content == "" || strings.ContainsFunc(content, bad) {
		return "", "", errors.New("the address literal is broken")
	}
	return "[" + content + "]", rest, nil
}

// isAtext reports whether r may stand in an atom: atext of RFC 5322 §3.2.3, and UTF-8
// (RFC 6532 §3.2) except for control characters and white space.
func isAtext(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' ||
			strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
	}
	return !unicode.IsControl(r) && !unicode.IsSpace(r)
}

// firstRune returns the first character of s, or its first byte where that is not UTF-8.
func firstRune(s string) string {
	_, size := utf8.DecodeRuneInString(s)
	return s[:size]
}
