package directory

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"mailchute/pkg/address"
	"mailchute/pkg/fault"
)

// MaxAlias is the length of an alias in octets: a name (cn) in Active Directory, a
// mailNickname of Exchange and a local part (RFC 5321 §4.5.3.1.1) have no more.
const MaxAlias = 64

var aliasPattern = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)

// CheckAlias returns nil where an object may have the alias s in a directory, else
// fault.ErrInvalid with what to do: letters and digits of ASCII, and between them dots,
// hyphens and underscores, but no two dots together; MaxAlias octets; none of
// address.Reserved. Such an alias needs no escaping anywhere.
func CheckAlias(s string) error {
	why := aliasFault(s)
	if why == "" {
		return nil
	}
	return fmt.Errorf("alias %q: %s: %w", s, why, fault.ErrInvalid)
}

func aliasFault(s string) string {
	switch {
	case s == "":
		return "it is empty"
	case len(s) > MaxAlias:
		return fmt.Sprintf("it has %d octets: a directory takes at most %d", len(s), MaxAlias)
	case !aliasPattern.MatchString(s):
		return "use only a-z, 0-9, and between them dots, hyphens and underscores"
	case strings.Contains(s, ".."):
		return "two dots stand together"
	case slices.Contains(address.Reserved(), foldASCII(s)):
		return "this name belongs to the mail system (RFC 2142): take another"
	}
	return ""
}

// CheckGroupAlias is CheckAlias for a distribution group that somebody asks for: fault.ErrInvalid
// also for the names that SharePoint makes up for the archives of another group, which end
// in ".discussions" and ".calendar".
func CheckGroupAlias(s string) error {
	for _, suffix := range []string{".discussions", ".calendar"} {
		if strings.HasSuffix(foldASCII(s), suffix) {
			return fmt.Errorf("alias %q: names that end in %q are for the archives of a group: %w", s, suffix, fault.ErrInvalid)
		}
	}
	return CheckAlias(s)
}

// foldASCII returns s with the capital letters of ASCII in lower case, and every other byte
// as it is.
func foldASCII(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return 'A' <= r && r <= 'Z' }) < 0 {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
