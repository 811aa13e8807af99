package ldapdir

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"mailchute/pkg/address"
)

// The filters of this package (RFC 4515) are made by these functions alone: what stands in
// a value never is a part of the filter.

func equal(attribute, value string) string {
	return "(" + attribute + "=" + ldap.EscapeFilter(value) + ")"
}

// equalBytes is equal for a value that is no text.
func equalBytes(attribute string, value []byte) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for _, c := range value {
		b.Write([]byte{'\\', digits[c>>4], digits[c&15]})
	}
	return "(" + attribute + "=" + b.String() + ")"
}

// present asks for entries that have an attribute.
func present(attribute string) string { return "(" + attribute + "=*)" }

func anyOf(filters ...string) string { return "(|" + strings.Join(filters, "") + ")" }

func allOf(filters ...string) string { return "(&" + strings.Join(filters, "") + ")" }

const anything = "(objectClass=*)"

// maxAsked is the greatest length of what is asked for: more than a DN of AD can have.
const maxAsked = 2048

// sound reports whether a text can be anything in a directory. Servers differ about control
// characters and what is not UTF-8.
func sound(s string) bool {
	return s != "" && len(s) <= maxAsked && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// same reports whether two names are the same but for the case of ASCII letters. Servers
// find more than that: what only looks alike.
func same(a, b string) bool {
	return address.Address{Local: a}.Proves(address.Address{Local: b})
}
