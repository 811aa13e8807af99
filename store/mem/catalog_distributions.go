package mem

import (
	"slices"

	"mailchute/store"
)

func (t *tx) Distributions() ([]store.Distribution, error) {
	list := t.distributions.values("")
	for i := range list {
		list[i] = cloneDistribution(list[i])
	}
	return list, nil
}

func (t *tx) Distribution(k string) (store.Distribution, error) {
	d, ok := t.distributions.get(key(k))
	if !ok {
		return store.Distribution{}, missing("distribution group", k)
	}
	return cloneDistribution(d), nil
}

func (t *tx) DistributionOf(group string) (store.Distribution, error) {
	k, ok := t.distributionOf.get(key(group))
	if !ok {
		return store.Distribution{}, missing("distribution group of group", group)
	}
	return t.Distribution(k)
}

func (t *tx) PutDistribution(d store.Distribution) error {
	if other, ok := t.distributionOf.get(key(d.Group)); ok && other != d.Key {
		return taken("distribution group of group", d.Group)
	}
	if d.Group != "" && !t.groups.has(key(d.Group)) {
		return missing("group", d.Group)
	}
	before, _ := t.distributions.get(key(d.Key))
	t.distributionOf = t.distributionOf.without(key(before.Group))
	if d.Group != "" {
		t.distributionOf = t.distributionOf.put(key(d.Group), d.Key)
	}
	t.distributions = t.distributions.put(key(d.Key), cloneDistribution(d))
	return nil
}

func (t *tx) DeleteDistribution(k string) error {
	d, ok := t.distributions.get(key(k))
	if !ok {
		return missing("distribution group", k)
	}
	t.distributions = t.distributions.without(key(k))
	t.distributionOf = t.distributionOf.without(key(d.Group))
	t.releaseWith(func(o store.Owner) bool { return o.Distribution == k })
	return nil
}

func (t *tx) FarmContacts() ([]store.FarmContact, error) {
	var list []store.FarmContact
	for _, k := range t.contactAt.under("") {
		c, _ := t.contacts.get(key(k))
		list = append(list, c)
	}
	return list, nil
}

func (t *tx) FarmContact(alias string) (store.FarmContact, error) {
	k, ok := t.contactAt.get(key(alias))
	if !ok {
		return store.FarmContact{}, missing("contact", alias)
	}
	c, _ := t.contacts.get(key(k))
	return c, nil
}

func (t *tx) PutFarmContact(c store.FarmContact) error {
	if other, ok := t.contactAt.get(key(c.Alias)); ok && other != c.Key {
		return taken("contact", c.Alias)
	}
	if before, ok := t.contacts.get(key(c.Key)); ok {
		t.contactAt = t.contactAt.without(key(before.Alias))
	}
	t.contacts = t.contacts.put(key(c.Key), c)
	t.contactAt = t.contactAt.put(key(c.Alias), c.Key)
	return nil
}

func (t *tx) DeleteFarmContact(k string) error {
	c, ok := t.contacts.get(key(k))
	if !ok {
		return missing("contact", k)
	}
	t.contacts = t.contacts.without(key(k))
	t.contactAt = t.contactAt.without(key(c.Alias))
	t.releaseWith(func(o store.Owner) bool { return o.Contact == k })
	return nil
}

func cloneDistribution(d store.Distribution) store.Distribution {
	d.Members = slices.Clone(d.Members)
	return d
}
