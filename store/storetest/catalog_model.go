package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailchute/pkg/access"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
)

// CompareCatalogs makes the same changes in two catalogs, as the script says, and
// compares every answer; reference is believed. It undoes all of them, so that the
// catalogs serve for the next script.
func CompareCatalogs(t *testing.T, catalog, reference store.Catalog, script []byte) {
	t.Helper()
	err := catalog.Update(t.Context(), func(got store.Tx) error {
		return reference.Update(t.Context(), func(want store.Tx) error {
			m := model{T: t, got: got, want: want, script: script}
			m.play()
			m.compare("all rows", func(tx store.Tx) (any, error) { return everything(tx) })
			return errGivenUp
		})
	})
	if !errors.Is(err, errGivenUp) {
		t.Errorf("Update: %v", err)
	}
}

// model plays a script: each byte chooses a step or an argument of one.
type model struct {
	*testing.T
	got, want store.Tx
	script    []byte
	depth     int // of savepoints
}

// choose returns a number below n.
func (m *model) choose(n int) int {
	if len(m.script) == 0 {
		return 0
	}
	c := int(m.script[0])
	m.script = m.script[1:]
	return c % n
}

func (m *model) name() string { return string(rune('a' + m.choose(3))) }

// play makes steps until the script ends, or the savepoint that it is in.
func (m *model) play() {
	m.Helper()
	steps := []func(){m.libraryStep, m.personStep, m.policyStep, m.itemStep, m.documentStep, m.runStep, m.sweepStep, m.directoryStep, m.entryStep}
	for len(m.script) > 0 && !m.Failed() {
		switch c := m.choose(len(steps) + 2); {
		case c < len(steps):
			steps[c]()
		case c == len(steps) && m.depth < 3:
			m.savepoint()
		case m.depth > 0:
			return
		}
	}
}

func (m *model) savepoint() {
	m.Helper()
	m.depth++
	defer func() { m.depth-- }()
	var end error
	err := m.got.Savepoint(func() error {
		err := m.want.Savepoint(func() error {
			m.play()
			if m.choose(2) == 1 {
				end = errGivenUp
			}
			return end
		})
		if !errors.Is(err, end) {
			m.Errorf("Savepoint of the reference: got error %v, want %v", err, end)
		}
		return end
	})
	if !errors.Is(err, end) {
		m.Errorf("Savepoint: got error %v, want %v", err, end)
	}
}

// compare asks both catalogs.
func (m *model) compare(what string, f func(store.Tx) (any, error)) {
	m.Helper()
	got, gotErr := f(m.got)
	want, wantErr := f(m.want)
	if errorClass(gotErr) != errorClass(wantErr) {
		m.Errorf("%s: got error %v, want %v", what, gotErr, wantErr)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" && wantErr == nil {
		m.Errorf("%s: got (+), want (-):\n%s", what, diff)
	}
}

// change makes a change in both.
func (m *model) change(what string, f change) {
	m.Helper()
	m.compare(what, func(tx store.Tx) (any, error) { return nil, f(tx) })
}

func errorClass(err error) string {
	for _, class := range []error{nil, fault.ErrNotFound, fault.ErrConflict, fault.ErrStale} {
		if errors.Is(err, class) {
			return fmt.Sprint(class)
		}
	}
	return "another error"
}

func (m *model) libraryStep() {
	m.Helper()
	l := library.Library{Name: m.name(), Site: m.name()}
	owner := []store.Owner{{Library: l.Name}, {Distribution: l.Name}, {Contact: l.Name}, {Was: l.Name, Until: noon}}[m.choose(4)]
	switch local := m.name(); m.choose(7) {
	case 0:
		m.change("InsertSite", putSite(l.Site))
	case 1:
		m.change("InsertLibrary", putLibraryAs(l))
	case 2:
		l.Title = m.name()
		m.change("UpdateLibrary", func(tx store.Tx) error { return tx.UpdateLibrary(l) })
	case 3:
		m.change("DeleteLibrary", func(tx store.Tx) error { return tx.DeleteLibrary(l.Name) })
	case 4:
		m.change("ClaimLocalPart", func(tx store.Tx) error { return tx.ClaimLocalPart(local, owner) })
	case 5:
		m.change("ReleaseLocalPart", func(tx store.Tx) error { return tx.ReleaseLocalPart(local) })
	case 6:
		m.change("UpdateSite", func(tx store.Tx) error { return tx.UpdateSite(library.Site{Name: l.Site, Title: local}) })
	}
}

func (m *model) personStep() {
	m.Helper()
	name, other := m.name(), m.name()
	members := []access.Principal{{Kind: access.KindUser, Name: other}, {Kind: access.KindGroup, Name: m.name()}}
	switch m.choose(6) {
	case 0:
		u := access.User{Login: name, Addresses: []string{other, m.name()}}
		m.change("InsertUser", func(tx store.Tx) error { return tx.InsertUser(u, u.Addresses) })
	case 1:
		m.compare("UserAt", func(tx store.Tx) (any, error) { return tx.UserAt(name) })
	case 2:
		site := []string{"", other}[m.choose(2)]
		m.change("InsertGroup", putGroup(access.Group{Name: name, Site: site, Members: members}))
	case 3:
		m.compare("GroupsOf", func(tx store.Tx) (any, error) { return tx.GroupsOf(members) })
	case 4:
		u := access.User{Login: name, Name: other, Addresses: []string{other, m.name()}}
		m.change("UpdateUser", func(tx store.Tx) error { return tx.UpdateUser(u, u.Addresses) })
	case 5:
		g := access.Group{Name: name, Title: other, Members: members}
		m.change("UpdateGroup", func(tx store.Tx) error { return tx.UpdateGroup(g) })
	}
}

func (m *model) policyStep() {
	m.Helper()
	scope := access.Scope{Kind: []string{access.ScopeSite, access.ScopeLibrary}[m.choose(2)], Name: m.name()}
	p := access.Principal{Kind: access.KindUser, Name: m.name()}
	switch m.choose(5) {
	case 0:
		level := access.Level(m.choose(6))
		m.change("PutGrant", func(tx store.Tx) error { return tx.PutGrant(access.Grant{Scope: scope, Principal: p, Level: level}) })
	case 1:
		m.change("DeleteGrant", func(tx store.Tx) error { return tx.DeleteGrant(scope, p) })
	case 2:
		m.compare("Grants", func(tx store.Tx) (any, error) { return tx.Grants(scope) })
	case 3:
		m.change("PutSetting", func(tx store.Tx) error { return tx.PutSetting(scope.Name, p.Name) })
	case 4:
		m.change("InsertChange", func(tx store.Tx) error { return tx.InsertChange(store.Change{At: noon, Action: p.Name}) })
	}
}

func (m *model) itemStep() {
	m.Helper()
	name, recipient := m.name(), m.name()
	state := []store.State{store.Filed, store.Held, store.Deleted}[m.choose(3)]
	heldStates := []store.HeldState{store.HeldReleased, store.HeldExpired}
	switch m.choose(7) {
	case 0:
		m.change("PutItem", putItem(item(name)))
	case 1:
		o := outcome(name, recipient, state)
		o.Run = m.name()
		m.change("InsertOutcome", putOutcome(o))
	case 2:
		m.compare("InsertHeld", func(tx store.Tx) (any, error) { return tx.InsertHeld(heldMail(0, name, recipient)) })
	case 3:
		m.change("EndHeld", endHeld(int64(1+m.choose(3)), heldStates[m.choose(2)]))
	case 4:
		m.change("PutBlob", putBlob(name))
	case 5:
		m.compare("Outcomes", func(tx store.Tx) (any, error) { return tx.Outcomes(sum(name)) })
	case 6:
		m.compare("HeldOf", func(tx store.Tx) (any, error) { return tx.HeldOf(sum(name)) })
	}
}

func (m *model) documentStep() {
	m.Helper()
	d := document(m.name(), m.name(), m.name(), 1+m.choose(3))
	p := store.Publication{Library: d.Library, Folder: d.Folder, FolderKey: d.FolderKey, Name: d.Name, NameKey: d.NameKey, Version: d.Version, Process: m.name()}
	switch m.choose(14) {
	case 0:
		m.change("InsertDocument", func(tx store.Tx) error { return tx.InsertDocument(d) })
	case 11:
		r := removal(d.Library, d.Folder, d.Name, d.Version, noon.Add(time.Duration(m.choose(3))*time.Second))
		m.change("InsertDocument of a removal", putRemoval(r))
	case 12:
		by := noon.Add(time.Duration(m.choose(3)) * time.Second)
		m.compare("RemovedVersions", func(tx store.Tx) (any, error) { return collect(tx.RemovedVersions(by)) })
	case 13:
		m.change("PutHeader", putHeader(d.Library, d.Name, p.Process))
		m.compare("Header", func(tx store.Tx) (any, error) { return tx.Header(d.Library, sum(d.Name)) })
	case 1:
		m.compare("CurrentDocument", func(tx store.Tx) (any, error) { return tx.CurrentDocument(d.Library, d.FolderKey, d.NameKey) })
		m.compare("CurrentVersion", func(tx store.Tx) (any, error) { return tx.CurrentVersion(d.Library, d.FolderKey, d.NameKey) })
	case 2:
		m.compare("Versions", func(tx store.Tx) (any, error) { return tx.Versions(d.Library, d.FolderKey, d.NameKey) })
	case 3:
		m.compare("NextNumber", func(tx store.Tx) (any, error) { return tx.NextNumber(d.Library, d.FolderKey, d.NameKey) })
	case 4:
		m.change("PutPublication", putPublication(p))
	case 5:
		m.change("DeletePublication", func(tx store.Tx) error { return second(tx.DeletePublication(p)) })
	case 6:
		m.compare("FolderName", func(tx store.Tx) (any, error) { return tx.FolderName(d.Library, d.FolderKey) })
	case 7:
		m.change("DropVersion", dropVersion(d))
	case 8:
		m.compare("SurplusVersions", func(tx store.Tx) (any, error) { return collect(tx.SurplusVersions(d.Library, d.Version)) })
	case 9:
		other := m.name()
		m.change("TakePublications", func(tx store.Tx) error { return tx.TakePublications(p.Process, other) })
	case 10:
		m.compare("PublicationsOf", func(tx store.Tx) (any, error) { return tx.PublicationsOf(p.Process, d.Version) })
		m.compare("Publishers", func(tx store.Tx) (any, error) { return tx.Publishers() })
	}
}

func (m *model) runStep() {
	m.Helper()
	r := run(m.name(), noon.Add(time.Duration(m.choose(3))*time.Second))
	switch m.choose(6) {
	case 0:
		m.change("InsertRun", putRun(r))
	case 1:
		m.change("UpdateRun", updateRun(closed(r.ID, noon, m.choose(5))))
	case 2:
		m.change("InsertProcessed", putProcessed(processed(r.ID, m.name(), 0)))
	case 3:
		m.compare("ProcessedAt", func(tx store.Tx) (any, error) { return collect(tx.ProcessedAt(r.ID)) })
	case 4:
		place := m.choose(3)
		m.change("DeleteRuns", func(tx store.Tx) error { return tx.DeleteRuns(place) })
	case 5:
		m.compare("LastClosed", func(tx store.Tx) (any, error) { return tx.LastClosed() })
	}
}

func (m *model) sweepStep() {
	m.Helper()
	name, id := m.name(), int64(1+m.choose(3))
	at := noon.Add(time.Duration(m.choose(3)) * time.Second)
	switch m.choose(11) {
	case 8:
		m.change("CountSent", countSent(name, at))
	case 9:
		m.compare("SentIn", func(tx store.Tx) (any, error) { return tx.SentIn(name, at) })
	case 10:
		m.compare("DeleteSent", func(tx store.Tx) (any, error) { return tx.DeleteSent(at, int(id)) })
	case 0:
		m.change("AnnounceHeld", func(tx store.Tx) error { return tx.AnnounceHeld(id, at) })
	case 1:
		m.change("DropHeldBlobs", func(tx store.Tx) error { return tx.DropHeldBlobs(at) })
	case 2:
		m.change("DoomBlob", func(tx store.Tx) error { return tx.DoomBlob(sum(name), int64(len(name)), at) })
	case 3:
		m.change("DeleteBlob", func(tx store.Tx) error { return tx.DeleteBlob(sum(name), at) })
	case 4:
		m.compare("Doomed", func(tx store.Tx) (any, error) { return collect(tx.Doomed(at)) })
	case 5:
		m.change("PutSweep", func(tx store.Tx) error { return tx.PutSweep(store.Sweep{Run: name, Expired: int(id)}) })
	case 6:
		m.change("BindEnd", bindEnd(id, name, sum(name)))
	case 7:
		m.compare("EndedIn", func(tx store.Tx) (any, error) { return collect(tx.EndedIn(name)) })
	}
}

// everything reads all that a catalog has.
func everything(tx store.Tx) (map[string]any, error) {
	rows := make(map[string]any)
	var errs []error
	add := func(what string, v any, err error) {
		rows[what] = v
		errs = append(errs, err)
	}
	gather(add, "sites", tx.Sites)
	gather(add, "libraries", tx.Libraries)
	gather(add, "users", tx.Users)
	gather(add, "groups", tx.Groups)
	gather(add, "grants", func() ([]access.Grant, error) { return tx.Grants() })
	gather(add, "settings", tx.Settings)
	gather(add, "changes", func() ([]store.Change, error) { return tx.Changes(0) })
	gather(add, "last change", tx.LastChange)
	gather(add, "held", func() ([]store.HeldMail, error) { return collect(tx.Held()) })
	gather(add, "held bytes", tx.HeldBytes)
	gather(add, "documents", func() ([]store.Document, error) { return collect(tx.Documents("")) })
	gather(add, "removed documents", func() ([]store.Document, error) { return collect(tx.RemovedDocuments("")) })
	gather(add, "publications", func() ([]store.Publication, error) { return tx.Publications() })
	gather(add, "blobs", func() ([]store.BlobRow, error) { return collect(tx.Blobs()) })
	gather(add, "blobs that nothing refers to", func() ([]store.BlobRow, error) { return collect(tx.Unreferenced()) })
	gather(add, "closed runs", func() ([]store.Run, error) { return tx.ClosedRuns(0, 0) })
	gather(add, "keys", func() ([]store.Key, error) { return tx.Keys(store.Key{}, 0) })
	gather(add, "runs", func() ([]store.Run, error) { return tx.Runs(time.Time{}, 0) })
	gather(add, "open runs", tx.OpenRuns)
	gatherDirectory(add, tx)
	for _, name := range []string{"a", "b", "c"} {
		gather(add, "owner of "+name, func() (store.Owner, error) {
			o, err := tx.OwnerOf(name)
			if errors.Is(err, fault.ErrNotFound) {
				err = nil
			}
			return o, err
		})
		gather(add, "outcomes of "+name, func() ([]store.OutcomeOfItem, error) { return collect(tx.OutcomesOfRun(name)) })
		gather(add, "items sent as "+name, func() ([]store.Item, error) { return tx.ItemsSent(item(name).MessageID, 0) })
		gather(add, "settled in "+name, func() ([]store.OutcomeOfItem, error) { return collect(tx.SettledIn(name)) })
		gather(add, "messages sent by "+name, func() (n [3]int, err error) {
			for i := range n {
				if n[i], err = tx.SentIn(name, noon.Add(time.Duration(i)*time.Second)); err != nil {
					return n, err
				}
			}
			return n, nil
		})
		gather(add, "messages of "+name, func() ([]store.Processed, error) { return collect(tx.ProcessedOf(name)) })
	}
	return rows, errors.Join(errs...)
}

func gather[V any](add func(string, any, error), what string, f func() (V, error)) {
	v, err := f()
	add(what, v, err)
}
