package address

import (
	"strings"

	"golang.org/x/net/idna"

	"mailchute/pkg/text"
)

// FoldLocal returns the key under which two local parts, both unquoted, are the same:
// NFC, without regard to case (RFC 5321 §2.4 leaves that to the receiving host; see
// text.Fold for what counts as case). It is idempotent.
func FoldLocal(local string) string { return text.Fold(local) }

// FoldDomain returns the key under which two domains are the same: lower case, IDN
// labels as A-labels (mapped as UTS #46 does for a look-up), trailing dots dropped. What
// IDNA refuses, or is longer than a domain can be, is folded as text. It is idempotent.
func FoldDomain(domain string) string {
	folded := strings.TrimRight(text.Fold(domain), ".")
	if isASCII(domain) || len(folded) > maxDomain {
		return folded
	}
	// As written first: folding makes one letter of two that IDNA keeps apart (ς, σ).
	for _, d := range []string{domain, folded} {
		if ascii, err := idna.Lookup.ToASCII(d); err == nil {
			return strings.TrimRight(ascii, ".")
		}
	}
	return folded
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}
