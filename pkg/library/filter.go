package library

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// filtered reports whether Include and Exclude leave out a file of that safe name. The
// patterns are those of path.Match; case and composition do not count, as in Fold. What
// Exclude names is left out even where Include names it, too.
func (s Settings) filtered(name string) bool {
	if matchesAny(s.Exclude, name) {
		return true
	}
	return len(s.Include) > 0 && !matchesAny(s.Include, name)
}

func matchesAny(patterns []string, name string) bool {
	name = Fold(name)
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		matched, err := path.Match(Fold(pattern), name)
		return err == nil && matched
	})
}

// notInPatterns are the characters of no safe name that patterns have no use for.
const notInPatterns = `~#%&{}:<>/|"`

// checkPatterns is an error where a pattern could never match.
func checkPatterns(setting string, patterns []string) error {
	for _, pattern := range patterns {
		_, err := path.Match(Fold(pattern), "")
		switch {
		case pattern == "" || err != nil:
			return fmt.Errorf("%s: %q is no pattern of file names: use some like *.pdf or invoice-?.xml", setting, pattern)
		case strings.ContainsAny(pattern, notInPatterns):
			return fmt.Errorf("%s: %q can match no file: names never have any of %s; write a pattern for each kind of name", setting, pattern, notInPatterns)
		case pattern != trim(pattern, leading):
			return fmt.Errorf("%s: %q can match no file: names begin with no blank, dot or hyphen, and end with no blank or dot; use patterns like *.pdf", setting, pattern)
		}
	}
	return nil
}
