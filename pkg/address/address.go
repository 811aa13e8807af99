// Package address parses, folds and compares mail addresses and local parts. It is
// the one place that knows whether two spellings are the same address:
//
//   - local parts: unquoted (RFC 5321 §4.1.2), NFC, without regard to case; a +detail is
//     part of the name and is kept, see Address.Detail;
//   - domains: without regard to case, a trailing dot dropped, IDN labels as A-labels
//     (IDNA2008, RFC 5891).
package address

import "strings"

// Address is an RFC 5321 mailbox as it was written, after unquoting. The zero Address
// is the null reverse-path <>.
type Address struct {
	Local  string // without quotes and quoted pairs
	Domain string // as written; an address literal keeps its brackets
}

// IsNull reports whether a is the null reverse-path.
func (a Address) IsNull() bool { return a == Address{} }

// String returns a as RFC 5321 §4.1.2 writes a mailbox: the local part is quoted where
// it must be and only there, the rest is as it was written. ParseMailbox reads it back
// to the same Address. The null path is "", an address without a domain its local part.
func (a Address) String() string {
	if a.IsNull() {
		return ""
	}
	local := a.Local
	if !isDotAtom(local) {
		local = quote(local)
	}
	if a.Domain == "" {
		return local
	}
	return local + "@" + a.Domain
}

// Key returns what two spellings of one address have in common: the folded local part
// without quotes, "@" and the folded domain. The domain begins after the last "@". The
// key of the null path is "".
func (a Address) Key() string {
	if a.IsNull() {
		return ""
	}
	return FoldLocal(a.Local) + "@" + FoldDomain(a.Domain)
}

// Proves reports whether an MTA that ties b to a person may be believed about a: the two
// are the same but for the case of ASCII letters and needless quotes. Wider equality, of
// compositions, look-alikes and IDN spellings, is for finding a library and for keeping
// addresses apart; an MTA does not share it, so it proves no sender.
func (a Address) Proves(b Address) bool {
	return lowerASCII(a.Local) == lowerASCII(b.Local) && lowerASCII(a.Domain) == lowerASCII(b.Domain)
}

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

// isDotAtom reports whether s needs no quotes: atoms of RFC 5321 §4.1.2 (UTF-8 allowed,
// RFC 6531 §3.3) with single dots between them.
func isDotAtom(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool { return !isAtext(r) }) {
			return false
		}
	}
	return true
}

// quote writes s as a Quoted-string of RFC 5321 §4.1.2.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
