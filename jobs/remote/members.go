package remote

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/emailws"
	"mailchute/pkg/fault"
	"mailchute/pkg/text"
)

// The members of distribution groups of farms begin with that.
const (
	userMember    = "user:"
	contactMember = "contact:"
)

// maxLogin is how long the name of a user may be, in characters; those of Active Directory
// have 20, of groups and the like up to 256.
const maxLogin = 256

// changeUsers changes members who are users. Whether the directory has them is seen when it
// is written: those that it has not are listed there, and keep nobody out.
func (s session) changeUsers(ctx context.Context, c emailws.ChangeUsers) error {
	named := func(names []string) ([]string, error) {
		var members []string
		for _, n := range names {
			login := loginOf(n)
			if login == "" || utf8.RuneCountInString(login) > maxLogin || strings.ContainsFunc(login, odd) {
				return nil, fmt.Errorf("user %q: %w", n, errMember)
			}
			members = append(members, userMember+login)
		}
		return members, nil
	}
	return s.changeMembers(ctx, c.Alias, c.Add, c.Delete, c.DeleteAll, named)
}

// odd are characters that no account name of Active Directory has, those that nobody sees,
// and "@", as in a user's principal name, which is another.
func odd(r rune) bool { return !text.Printable(r) || strings.ContainsRune(`"/\[]:;|=,+*?<>@`, r) }

// windowsClaim begins the claim that somebody is a user of Windows.
const windowsClaim = "i:0#.w|"

// loginOf returns the login of a user as SharePoint names it: DOMAIN\login, also as a claim
// like i:0#.w|DOMAIN\login. Of claims that are about somebody else, as groups and all users,
// it is "".
func loginOf(name string) string {
	if len(name) > len(windowsClaim) && strings.EqualFold(name[:len(windowsClaim)], windowsClaim) {
		name = name[len(windowsClaim):]
	}
	if strings.Contains(name, "|") {
		return ""
	}
	return strings.TrimSpace(name[strings.LastIndexByte(name, '\\')+1:])
}

// changeContacts changes members that are contacts. One that comes must be there, and the
// client's.
func (s session) changeContacts(ctx context.Context, c emailws.ChangeContacts) error {
	contacts, err := s.Store.FarmContacts(ctx)
	if err != nil {
		return err
	}
	ours := map[string]bool{}
	for _, contact := range contacts {
		if contact.Client == s.actor() {
			ours[address.FoldLocal(contact.Alias)] = true
		}
	}
	for _, alias := range c.Add {
		if !ours[address.FoldLocal(alias)] {
			return fmt.Errorf("contact %q: %w", alias, errMember)
		}
	}
	named := func(names []string) ([]string, error) {
		var members []string
		for _, n := range names {
			if err := directory.CheckAlias(n); err != nil {
				return nil, errors.Join(err, errMember)
			}
			members = append(members, contactMember+address.FoldLocal(n))
		}
		return members, nil
	}
	return s.changeMembers(ctx, c.Alias, c.Add, c.Delete, c.DeleteAll, named)
}

// changeMembers takes members out of a group and puts others in, which named makes of the
// names that a farm gives. With a name that cannot be a member's nothing is changed.
func (s session) changeMembers(ctx context.Context, alias string, add, remove []string, all bool, named func([]string) ([]string, error)) error {
	if len(add)+len(remove) > s.Limits.Names {
		return fmt.Errorf("the lists have more than %d names: %w", s.Limits.Names, fault.ErrInvalid)
	}
	come, err := named(add)
	if err != nil {
		return err
	}
	leave, err := named(remove)
	if err != nil {
		return err
	}
	gone := map[string]bool{}
	for _, m := range leave {
		gone[strings.ToLower(m)] = true
	}
	return s.Store.SetFarmMembers(ctx, s.actor(), alias, func(have []string) ([]string, error) {
		if all {
			have = nil
		}
		var members []string
		there := map[string]bool{}
		for i, m := range append(have, come...) {
			key := strings.ToLower(m)
			if there[key] || i < len(have) && gone[key] {
				continue
			}
			there[key] = true
			members = append(members, m)
		}
		return members, nil
	})
}
