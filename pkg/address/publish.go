package address

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLocalPart is the length of a local part in octets that every MTA must take
// (RFC 5321 §4.5.3.1.1).
const MaxLocalPart = 64

// Reserved returns the local parts that belong to whoever runs the mail system, so that
// no library or group may take them: the network and mail service names of RFC 2142,
// and the names that MTAs themselves send from or deliver to. The business names of
// RFC 2142 (info, sales, support …) are free. All are folded and in order.
func Reserved() []string {
	return []string{
		"abuse", "hostmaster", "mailer-daemon", "no-reply", "nobody", "noc", "noreply",
		"postmaster", "root", "security", "webmaster",
	}
}

// CheckLocalPart returns nil where a library or a group may publish local as its local
// part, else an error that tells people what to do: it must be a dot-atom of RFC 5321
// (letters beyond ASCII are allowed, RFC 6531) of at most MaxLocalPart octets and none
// of the Reserved ones, however they are written.
func CheckLocalPart(local string) error {
	reason := localPartFault(local)
	if reason == nil {
		return nil
	}
	return fmt.Errorf("local part %q: %w", local, reason)
}

func localPartFault(local string) error {
	switch {
	case local == "":
		return errors.New("it is empty: give the part of the address before the @")
	case !utf8.ValidString(local):
		return errors.New("it is not valid UTF-8")
	case strings.Contains(local, "@"):
		return errors.New("give only the part before the @, without the domain")
	case len(local) > MaxLocalPart:
		return fmt.Errorf("it has %d octets: take at most %d", len(local), MaxLocalPart)
	case local[0] == '.' || local[len(local)-1] == '.' || strings.Contains(local, ".."):
		return errors.New("a dot may stand only between two other characters")
	case slices.Contains(Reserved(), FoldLocal(local)):
		return errors.New("this name belongs to the mail system (RFC 2142): take another")
	}
	for _, r := range local {
		if r != '.' && (!isAtext(r) || !unicode.IsGraphic(r)) {
			return fmt.Errorf("%q may not stand in it: use letters, digits, dots, hyphens and underscores", r)
		}
	}
	return nil
}
