package access

import (
	"errors"
	"fmt"
	"strings"

	"mailchute/pkg/address"
	"mailchute/pkg/library"
)

// Everyone is the principal that every user is.
func Everyone() Principal { return Principal{Kind: KindEveryone} }

// UserPrincipal is the principal of the user with that login.
func UserPrincipal(login string) Principal { return Principal{Kind: KindUser, Name: login} }

// GroupPrincipal is the principal of the group of that name.
func GroupPrincipal(name string) Principal { return Principal{Kind: KindGroup, Name: name} }

// DirectoryGroupPrincipal is the principal of the directory's group with that ID.
func DirectoryGroupPrincipal(id string) Principal {
	return Principal{Kind: KindDirectoryGroup, Name: id}
}

// Principals returns those of the directory's groups that the sender is in.
func (s Sender) Principals() []Principal {
	all := make([]Principal, 0, len(s.Groups))
	for _, g := range s.Groups {
		all = append(all, DirectoryGroupPrincipal(g.ID))
	}
	return all
}

// ParsePrincipal reads user:LOGIN, group:NAME, address:A, everyone or directory-group:ID.
// Whether the user or group exists is not asked.
func ParsePrincipal(s string) (Principal, error) {
	if s == string(KindEveryone) {
		return Everyone(), nil
	}
	kind, name, _ := strings.Cut(s, ":")
	var err error
	switch Kind(kind) {
	case KindUser, KindGroup, KindDirectoryGroup:
		if name == "" {
			err = errors.New("the name is missing")
		}
	case KindAddress:
		_, err = address.ParseMailbox(name)
	case KindEveryone:
		err = errors.New("everyone has no name")
	default:
		err = errors.New("use user:LOGIN, group:NAME, directory-group:NAME, address:ADDRESS or everyone")
	}
	if err != nil {
		return Principal{}, fmt.Errorf("principal %q: %w", s, err)
	}
	return Principal{Kind: Kind(kind), Name: name}, nil
}

// String returns p as ParsePrincipal reads it.
func (p Principal) String() string {
	if p.Kind == KindEveryone {
		return string(KindEveryone)
	}
	return string(p.Kind) + ":" + p.Name
}

// The values of Scope.Kind.
const (
	ScopeSite    = "site"
	ScopeLibrary = "library"
)

// ParseScope reads site:NAME or library:NAME. Whether it exists is not asked.
func ParseScope(s string) (Scope, error) {
	kind, name, _ := strings.Cut(s, ":")
	if kind != ScopeSite && kind != ScopeLibrary {
		return Scope{}, fmt.Errorf("scope %q: use site:NAME or library:NAME", s)
	}
	if err := library.CheckName(name); err != nil {
		return Scope{}, fmt.Errorf("scope %q: %w", s, err)
	}
	return Scope{Kind: kind, Name: name}, nil
}

// String returns s as ParseScope reads it.
func (s Scope) String() string { return s.Kind + ":" + s.Name }

// ScopesOf returns the scopes whose grants count in lib: the library's own, and its
// site's where it inherits.
func ScopesOf(lib library.Library) []Scope {
	scopes := []Scope{{Kind: ScopeLibrary, Name: lib.Name}}
	if lib.Inherit {
		scopes = append(scopes, Scope{Kind: ScopeSite, Name: lib.Site})
	}
	return scopes
}
