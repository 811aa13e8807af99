package drop

import (
	"errors"
	"strings"
)

// lexer splits the value of a structured field into words: comments and blanks part them
// (CFWS of RFC 5322 §3.2.2), quoted strings hold them together. A ";" is a word of its own.
type lexer struct{ rest string }

// next returns the next word as it is written, "" after the last one.
func (l *lexer) next() (string, error) {
	for {
		l.rest = strings.TrimLeft(l.rest, " \t")
		if !strings.HasPrefix(l.rest, "(") {
			break
		}
		if err := l.comment(); err != nil {
			return "", err
		}
	}
	end := 0
	for end < len(l.rest) && strings.IndexByte(" \t(;", l.rest[end]) < 0 {
		if l.rest[end] != '"' {
			end++
			continue
		}
		length, err := quotedLength(l.rest[end:])
		if err != nil {
			return "", err
		}
		end += length
	}
	if end == 0 && strings.HasPrefix(l.rest, ";") {
		end = 1
	}
	word := l.rest[:end]
	l.rest = l.rest[end:]
	return word, nil
}

// comment passes over a comment, and those in it.
func (l *lexer) comment() error {
	depth := 0
	for i := 0; i < len(l.rest); i++ {
		switch l.rest[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				l.rest = l.rest[i+1:]
				return nil
			}
		}
	}
	return errors.New("a comment without an end")
}

// quotedLength returns the length of the quoted string that s begins with, quotes included.
func quotedLength(s string) (int, error) {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1, nil
		}
	}
	return 0, errors.New("a quoted string without an end")
}

// maxHost is the greatest length of a host's name in octets (RFC 5321 §4.5.3.1.2).
const maxHost = 255

// receivedBy returns the host that a Received field names after "by": the second clause,
// or the first where nobody is named after "from" (RFC 5321 §4.4).
func receivedBy(value string) (string, error) {
	if why := unreadable(value); why != "" {
		return "", errors.New("it " + why)
	}
	words, err := lexer{value}, error(nil)
	next := func() (word string) {
		if err == nil {
			word, err = words.next()
		}
		return word
	}
	clause := next()
	if strings.EqualFold(clause, "from") {
		next()
		clause = next()
	}
	host := next()
	switch {
	case err != nil:
		return "", err
	case !strings.EqualFold(clause, "by"):
		return "", errors.New("it has no clause by where one should stand")
	case host == "" || host == ";" || len(host) > maxHost:
		return "", errors.New("it names no host")
	}
	return host, nil
}

// resultsOf returns the results of an Authentication-Results field (RFC 8601 §2.2), each as
// its words, or why they count for nothing.
func resultsOf(value, authservID string) (results [][]string, why string) {
	if why := unreadable(value); why != "" {
		return nil, "it " + why
	}
	results, err := splitResults(value)
	if err != nil {
		return nil, err.Error()
	}
	if id := results[0]; len(id) == 0 || len(id) > 2 || len(id) == 2 && id[1] != "1" || !sameASCII(unquote(id[0]), authservID) {
		return nil, "it is not of the host that authserv_id names"
	}
	return results[1:], ""
}

// authLogin returns the login that a result says was proved, auth=pass smtp.auth=LOGIN, or
// why none.
func authLogin(results [][]string) (login, why string) {
	for i, result := range results {
		if len(result) == 0 {
			continue
		}
		if method, _, _ := strings.Cut(result[0], "="); !sameASCII(method, "auth") && !sameASCII(method, "auth/1") {
			continue
		}
		if login != "" {
			return "", "it has more than one result of auth"
		}
		if i > 0 {
			return "", "auth is not its first result: the sender may have written it into one before"
		}
		if login, why = loginOf(result); why != "" {
			return "", why
		}
	}
	if login == "" {
		return "", "it has no result of auth"
	}
	return login, ""
}

// splitResults returns the words between the semicolons.
func splitResults(value string) (results [][]string, err error) {
	words := lexer{value}
	results = [][]string{nil}
	for {
		word, err := words.next()
		if err != nil {
			return nil, err
		}
		switch last := len(results) - 1; word {
		case "":
			return results, nil
		case ";":
			results = append(results, nil)
		default:
			results[last] = append(results[last], word)
		}
	}
}

// loginOf returns the login of one result of the method auth.
func loginOf(result []string) (login, why string) {
	if _, outcome, _ := strings.Cut(result[0], "="); !sameASCII(outcome, "pass") {
		return "", "its auth is not pass"
	}
	for _, property := range result[1:] {
		name, value, _ := strings.Cut(property, "=")
		if !sameASCII(name, "smtp.auth") {
			continue
		}
		if login != "" {
			return "", "it has more than one smtp.auth"
		}
		login = unquote(value)
	}
	if login == "" {
		return "", "its auth has no smtp.auth"
	}
	return login, ""
}

// unquote returns what a word that is one quoted string says; others stay as they are.
func unquote(word string) string {
	if !strings.HasPrefix(word, `"`) {
		return word
	}
	if n, err := quotedLength(word); err != nil || n != len(word) {
		return word
	}
	var b strings.Builder
	for s := word[1 : len(word)-1]; s != ""; s = s[1:] {
		if s[0] == '\\' {
			s = s[1:]
		}
		b.WriteByte(s[0])
	}
	return b.String()
}
