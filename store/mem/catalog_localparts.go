package mem

import (
	"errors"

	"mailchute/store"
)

func (t *tx) OwnerOf(localKey string) (store.Owner, error) {
	p, ok := t.localParts.get(key(localKey))
	if !ok {
		return store.Owner{}, missing("local part", localKey)
	}
	return p.Owner, nil
}

func (t *tx) ClaimLocalPart(localKey string, o store.Owner) error {
	if owners(o) != 1 {
		return errors.New("claim local part: want one owner")
	}
	switch {
	case t.localParts.has(key(localKey)), o.Library != "" && t.localOf.has(key(o.Library)):
		return taken("local part", localKey)
	case o.Library != "" && !t.libraries.has(key(o.Library)):
		return missing("library", o.Library)
	case o.Distribution != "" && !t.distributions.has(key(o.Distribution)):
		return missing("distribution", o.Distribution)
	case o.Contact != "" && !t.contacts.has(key(o.Contact)):
		return missing("contact", o.Contact)
	}
	o.Until = stored(o.Until)
	t.localParts = t.localParts.put(key(localKey), store.LocalPart{Key: localKey, Owner: o})
	if o.Library != "" {
		t.localOf = t.localOf.put(key(o.Library), localKey)
	}
	return nil
}

// owners counts who has a local part.
func owners(o store.Owner) (n int) {
	for _, name := range []string{o.Library, o.Distribution, o.Contact, o.Was} {
		if name != "" {
			n++
		}
	}
	return n
}

func (t *tx) ReleaseLocalPart(localKey string) error {
	if p, ok := t.localParts.get(key(localKey)); ok {
		t.localParts = t.localParts.without(key(localKey))
		t.localOf = t.localOf.without(key(p.Owner.Library))
	}
	return nil
}

// releaseWith releases the local parts of some owners.
func (t *tx) releaseWith(is func(store.Owner) bool) {
	for _, p := range t.localPartsWith(is) {
		_ = t.ReleaseLocalPart(p.Key)
	}
}

func (t *tx) LocalParts() ([]store.LocalPart, error) {
	return t.localPartsWith(func(o store.Owner) bool { return o.Library == "" }), nil
}

func (t *tx) LocalPartsOf(distribution string) ([]store.LocalPart, error) {
	return t.localPartsWith(func(o store.Owner) bool { return o.Distribution == distribution && distribution != "" }), nil
}

func (t *tx) localPartsWith(is func(store.Owner) bool) (list []store.LocalPart) {
	for _, p := range t.localParts.under("") {
		if is(p.Owner) {
			list = append(list, p)
		}
	}
	return list
}
