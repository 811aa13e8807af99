package library

import (
	"fmt"
	"regexp"
	"strings"
)

// maxName is the greatest length of a NAME.
const maxName = 64

var (
	nameRule   = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]*$`)
	notOfNames = regexp.MustCompile(`[^a-z0-9._-]+`)
)

// CheckName returns nil where name is a NAME, as sites, libraries and groups have it:
// 1 to 64 of a-z, 0-9, dot, underscore and hyphen, the first a letter or a digit. Else
// the error tells people so and proposes a name that is one.
func CheckName(name string) error {
	if len(name) <= maxName && nameRule.MatchString(name) {
		return nil
	}
	err := fmt.Errorf("name %q: take 1 to %d of a-z, 0-9, dot, underscore and hyphen, the first a letter or a digit", name, maxName)
	if near := nearestName(name); near != "" {
		return fmt.Errorf("%w, such as %q; anything else goes into the title", err, near)
	}
	return err
}

// nearestName returns the NAME that looks most like name, or "".
func nearestName(name string) string {
	near := notOfNames.ReplaceAllString(strings.ToLower(name), "-")
	near = strings.TrimLeft(near, "._-")
	return strings.TrimRight(near[:min(len(near), maxName)], "._-")
}
