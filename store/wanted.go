package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
)

// WantedState is what the catalog wants in a directory, and what it knows of it, at one
// moment.
type WantedState struct {
	Objects []directory.Wanted // by key
	Gone    []directory.Known  // not wanted any more, by key
	// Approved are the requests that the directory has still to follow, by number.
	Approved []directory.Request
	// LastChange is as Store.LastChange says: while it stays the same, so does all that is
	// wanted, but for what time brings (TidyRequests), and what RecordDirectory says.
	LastChange int64
}

// WantedObjects computes what the catalog wants in a directory: a contact for each library
// that has a local part and is not archived, a group for each distribution group that is
// approved, and the objects of other farms. domains are those of the farm; mail for the
// first goes to the drop folder, and the addresses are shown with that, or with the display
// domain of the policy, and work with all.
func (s *Store) WantedObjects(ctx context.Context, domains []string) (st WantedState, err error) {
	if len(domains) == 0 {
		return st, fmt.Errorf("wanted objects: the farm has no domain: %w", fault.ErrInvalid)
	}
	id, err := s.Installation(ctx)
	if err != nil {
		return st, err
	}
	err = s.view(ctx, "wanted objects", func(tx Tx) error {
		w := wanting{installation: id, now: s.time()}
		if err := w.read(tx, domains); err != nil {
			return err
		}
		st = w.state()
		return w.rest(tx, &st)
	})
	return st, err
}

// wanting is what the wanted objects are computed from: one snapshot of the catalog.
type wanting struct {
	installation string
	now          time.Time
	p            directory.Policy
	domains      []string        // the one that is shown first, then the others
	ours         map[string]bool // domains, folded
	target       string          // the domain of the drop folder

	libraries     []library.Library
	sites         map[string]string // titles by name
	users         map[string]access.User
	groups        map[string]access.Group
	distributions []Distribution
	contacts      []FarmContact
	known         map[string]directory.Known

	at      map[string]string   // keys of objects by folded local part
	former  map[string][]string // folded local parts that distribution groups had
	ofGroup map[string]string   // keys of published distribution groups by group
	own     map[string][]string // addresses of objects by key
}

// read reads the snapshot.
func (w *wanting) read(tx Tx, domains []string) error {
	for _, read := range []func(Tx) error{w.readPolicy, w.readPeople, w.readObjects, w.readLocalParts} {
		if err := read(tx); err != nil {
			return err
		}
	}
	w.target = domains[0]
	w.domains = shownDomains(w.p.Domain, domains)
	w.ours = map[string]bool{}
	for _, d := range w.domains {
		w.ours[address.FoldDomain(d)] = true
	}
	w.index()
	return nil
}

func (w *wanting) readPolicy(tx Tx) (err error) {
	w.p, err = directoryPolicy(tx)
	return err
}

func (w *wanting) readPeople(tx Tx) error {
	users, err := tx.Users()
	if err != nil {
		return err
	}
	w.users = make(map[string]access.User, len(users))
	for _, u := range users {
		w.users[u.Login] = u
	}
	groups, err := tx.Groups()
	if err != nil {
		return err
	}
	w.groups = make(map[string]access.Group, len(groups))
	for _, g := range groups {
		w.groups[g.Name] = g
	}
	return nil
}

func (w *wanting) readObjects(tx Tx) (err error) {
	if w.libraries, err = tx.Libraries(); err != nil {
		return err
	}
	sites, err := tx.Sites()
	if err != nil {
		return err
	}
	w.sites = map[string]string{}
	for _, s := range sites {
		w.sites[s.Name] = titleOf(s.Title, s.Name)
	}
	if w.distributions, err = tx.Distributions(); err != nil {
		return err
	}
	w.contacts, err = tx.FarmContacts()
	return err
}

// readLocalParts reads the former addresses that still work, and what is known.
func (w *wanting) readLocalParts(tx Tx) error {
	parts, err := tx.LocalParts()
	if err != nil {
		return err
	}
	w.former = map[string][]string{}
	for _, p := range parts {
		if p.Owner.Distribution != "" && p.Owner.Until.After(w.now) {
			w.former[p.Owner.Distribution] = append(w.former[p.Owner.Distribution], p.Key)
		}
	}
	known, err := knownObjects(tx)
	if err != nil {
		return err
	}
	w.known = make(map[string]directory.Known, len(known))
	for _, k := range known {
		w.known[k.Key] = k
	}
	return nil
}

// shownDomains returns the domains of addresses, each once: the one that is shown first.
func shownDomains(display string, domains []string) (all []string) {
	seen := map[string]bool{}
	for _, d := range append([]string{display}, domains...) {
		if folded := address.FoldDomain(d); d != "" && !seen[folded] {
			seen[folded] = true
			all = append(all, d)
		}
	}
	return all
}

// index notes which object has which local part and addresses.
func (w *wanting) index() {
	w.at, w.ofGroup, w.own = map[string]string{}, map[string]string{}, map[string][]string{}
	put := func(key, local string, former []string) {
		locals := []string{address.FoldLocal(local)}
		for _, l := range former {
			if l != locals[0] {
				locals = append(locals, l)
			}
		}
		for _, l := range locals {
			w.at[l] = key
		}
		w.own[key] = w.addresses(locals)
	}
	for _, l := range w.libraries {
		if l.LocalPart != "" && !l.Archived {
			put(libraryKey(w.installation, l.Name), l.LocalPart, nil)
		}
	}
	for _, c := range w.contacts {
		put(c.Key, c.Alias, nil)
	}
	for _, d := range w.distributions {
		if d.Now.LocalPart == "" {
			continue
		}
		put(d.Key, d.Now.LocalPart, w.former[d.Key])
		if d.Group != "" {
			w.ofGroup[d.Group] = d.Key
		}
	}
}

// addresses returns those of an object: of its current local part, then of former ones.
func (w *wanting) addresses(locals []string) (all []string) {
	for _, l := range locals {
		for _, d := range w.domains {
			all = append(all, l+"@"+d)
		}
	}
	return all
}

// state computes the objects.
func (w *wanting) state() (st WantedState) {
	want := func(o directory.Object, frozen bool) {
		st.Objects = append(st.Objects, directory.Wanted{Object: o, Frozen: frozen, Known: w.known[o.Key]})
	}
	for _, l := range w.libraries {
		if l.LocalPart != "" && !l.Archived {
			want(w.libraryContact(l), false)
		}
	}
	for _, c := range w.contacts {
		want(w.farmContact(c), false)
	}
	for _, d := range w.distributions {
		if d.Now.LocalPart != "" {
			want(w.group(d), d.Orphan)
		}
	}
	slices.SortFunc(st.Objects, func(a, b directory.Wanted) int { return cmp.Compare(a.Object.Key, b.Object.Key) })
	for key, k := range w.known {
		if _, ok := w.own[key]; !ok {
			st.Gone = append(st.Gone, k)
		}
	}
	slices.SortFunc(st.Gone, func(a, b directory.Known) int { return cmp.Compare(a.Key, b.Key) })
	return st
}

// rest adds what else is wanted of the snapshot.
func (w *wanting) rest(tx Tx, st *WantedState) (err error) {
	if st.Approved, err = tx.Requests(directory.Approved); err != nil {
		return err
	}
	st.LastChange, err = tx.LastChange()
	return err
}
