package directorytest

import (
	"context"
	"maps"
	"slices"
	"strings"

	"mailchute/pkg/directory"
)

// who is an entry as it is looked for: an object, or somebody of the world.
type who struct {
	id, dn, login    string
	aliases, address []string
}

func (t *tree) everybody() (all []who) {
	dns := t.world.dns()
	for _, u := range t.world.Users {
		all = append(all, who{ID(u.Name), dns[u.Name], u.Login, nil, append(addresses(u), u.UPN)})
	}
	for _, c := range t.world.Contacts {
		all = append(all, who{ID(c.Name), dns[c.Name], "", nil, []string{c.Mail}})
	}
	for _, g := range t.world.Groups {
		all = append(all, who{ID(g.Name), dns[g.Name], "", nil, []string{g.Mail}})
	}
	for _, o := range t.objects {
		has := slices.Concat(o.attributes[directory.AttrMail], o.attributes[directory.AttrProxyAddresses], o.attributes["targetAddress"])
		for i, a := range has {
			if kind, rest, found := strings.Cut(a, ":"); found && strings.EqualFold(kind, "smtp") {
				has[i] = rest
			}
		}
		all = append(all, who{o.id, o.dn(), "", append([]string{o.alias}, o.attributes["mailNickname"]...), has})
	}
	return all
}

// shared returns the first of the values that is among another's; "" is none.
func shared(values, has []string) string {
	for _, v := range values {
		if v != "" && slices.ContainsFunc(has, func(h string) bool { return strings.EqualFold(h, v) }) {
			return v
		}
	}
	return ""
}

// InUse is directory.Publisher's.
func (p *PublisherMemory) InUse(ctx context.Context, aliases, addresses []string, except string) (uses []directory.Use, err error) {
	const most = 100
	err = p.read(ctx, func(t *tree) error {
		for _, w := range t.everybody() {
			value := shared(addresses, w.address)
			if value == "" {
				value = shared(aliases, w.aliases)
			}
			if value != "" && w.id != except && len(uses) < most {
				uses = append(uses, directory.Use{ID: w.id, Where: w.dn, Value: value})
			}
		}
		return nil
	})
	return uses, err
}

// Resolve is directory.Publisher's.
func (p *PublisherMemory) Resolve(ctx context.Context, members []directory.Member) ([]directory.Ref, error) {
	refs := make([]directory.Ref, len(members))
	err := p.read(ctx, func(t *tree) error {
		have := index{}
		for _, w := range t.everybody() {
			have.add(w)
		}
		for i, m := range members {
			refs[i] = have.find(m)
		}
		return nil
	})
	return refs, err
}

// index has entries by what they are looked for, each once.
type index map[string]map[directory.Ref]bool

func (x index) add(w who) {
	keys := []string{"id " + w.id, "login " + strings.ToLower(w.login)}
	for _, a := range w.address {
		keys = append(keys, "address "+strings.ToLower(a))
	}
	for _, key := range keys {
		if x[key] == nil {
			x[key] = map[directory.Ref]bool{}
		}
		x[key][directory.Ref{Key: w.id, Name: w.dn}] = true
	}
}

// find returns the one entry that fits a member: the zero Ref where it is none, or several.
func (x index) find(m directory.Member) directory.Ref {
	steps := [][]string{{"id " + m.ID}, nil, {"login " + strings.ToLower(m.Login)}}
	for _, a := range m.Addresses {
		steps[1] = append(steps[1], "address "+strings.ToLower(a))
	}
	for _, keys := range steps {
		found := map[directory.Ref]bool{}
		for _, key := range keys {
			if !strings.HasSuffix(key, " ") { // there is nothing to look for
				maps.Copy(found, x[key])
			}
		}
		if len(found) > 1 {
			break
		}
		for r := range found {
			return r
		}
	}
	return directory.Ref{}
}
