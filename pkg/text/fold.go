package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold returns the key under which two strings are the same to somebody who sees no
// difference between upper and lower case, nor between composed and decomposed
// letters: NFC and Unicode simple case folding. What case folding keeps apart stays
// apart: ß is not ss, and the dotted and the dotless i of Turkish are letters of their
// own. Fold is idempotent; bytes that are not UTF-8 become U+FFFD.
func Fold(s string) string {
	return norm.NFC.String(strings.Map(foldRune, norm.NFC.String(s)))
}

// foldRune picks one member of the runes that unicode.SimpleFold ties together.
func foldRune(r rune) rune {
	if unicode.SimpleFold(r) == r {
		return r // İ and ı: ToLower and ToUpper would make them i
	}
	return unicode.ToLower(unicode.ToUpper(r))
}

// FoldFull returns s in Unicode full case folding, under which Postfix looks addresses up.
// What Fold keeps apart may be the same to it: ß is ss.
func FoldFull(s string) string { return cases.Fold().String(s) }
