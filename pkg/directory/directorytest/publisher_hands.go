package directorytest

import (
	"strings"

	gocmp "github.com/google/go-cmp/cmp"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// byHand skips a part where nobody can change the directory by hand.
func (p *publishing) byHand() {
	p.Helper()
	if p.Admin == nil {
		p.Skip("nobody can change it by hand")
	}
}

// markerTaken takes objects away from us, and gives them back.
func markerTaken(p *publishing) {
	p.byHand()
	for _, kind := range []directory.Kind{directory.KindContact, directory.KindGroup} {
		o, made := p.create(kind, "marked-"+string(kind))
		foreign := directory.Marker{Installation: newID(), Kind: kind, Key: o.Key}.String()
		another := directory.Marker{Installation: p.Installation, Kind: kind, Key: newID()}.String()
		for _, marker := range [][]string{nil, {foreign}, {another}, {"farm-dms:1:" + p.Installation}, {"x" + made.Marker}} {
			p.Admin.Set(p.T, made.ID, MarkerAttribute, marker...)
			p.refuses(made, directory.ErrNotOwned)
			found, err := p.Publisher.ByID(p.Context(), made.ID)
			if want := strings.Join(marker, ""); err != nil || found.Marker != want {
				p.Errorf("got %+v, %v; want the marker %q", found, err, want)
			}
			if _, ours := p.each()[made.ID]; ours != (len(marker) > 0 && marker[0] == another) {
				p.Errorf("%q: among ours: %v", marker, ours)
			}
			_, err = p.Publisher.Create(p.Context(), o, attributes(o))
			p.fails("create", err, fault.ErrConflict)
		}
		p.Admin.Set(p.T, made.ID, MarkerAttribute, made.Marker)
		p.reads(made.ID, o, attributes(o))
		if err := p.Publisher.Delete(p.Context(), made); err != nil {
			p.Error(err)
		}
	}
}

// copied has two objects with the same marker.
func copied(p *publishing) {
	p.byHand()
	o, made := p.create(directory.KindContact, "copied")
	id := p.Admin.Copy(p.T, made.ID, "copy"+p.suffix)
	twin := p.each()[id]
	if twin.Marker != made.Marker || twin.ID == made.ID || len(p.each()) != 2 {
		p.Errorf("got %+v, want a copy with the marker %s", twin, made.Marker)
	}
	if again, err := p.Publisher.Create(p.Context(), o, attributes(o)); err != nil || again.ID != made.ID {
		p.Errorf("created again: got %+v, %v; want the first", again, err)
	}
	if err := p.Publisher.Delete(p.Context(), made); err != nil {
		p.Fatal(err)
	}
	p.isGone(made)
	if found, err := p.Publisher.ByID(p.Context(), id); err != nil || found.ID != id {
		p.Errorf("the copy: got %+v, %v", found, err)
	}
}

// moved moves an object to other places.
func moved(p *publishing) {
	p.byHand()
	for _, kind := range []directory.Kind{directory.KindContact, directory.KindGroup} {
		o, made := p.create(kind, "moved-"+string(kind))
		p.Admin.Move(p.T, made.ID, BelowContainer)
		below := p.each()[made.ID]
		if below.InPlace || !below.Below || below.Marker != made.Marker || below.Where == made.Where {
			p.Errorf("got %+v, want that it was moved", below)
		}
		_, err := p.Publisher.ByAlias(p.Context(), o.Alias)
		p.fails("by its alias", err, fault.ErrNotFound)
		if _, err := p.Publisher.Rename(p.Context(), below, o.Alias); err != nil {
			p.Errorf("put back: %v", err)
		}
		p.reads(made.ID, o, attributes(o))

		p.Admin.Move(p.T, made.ID, Elsewhere)
		if _, ours := p.each()[made.ID]; ours {
			p.Error("it is elsewhere, and still among ours")
		}
		elsewhere, err := p.Publisher.ByID(p.Context(), made.ID)
		if err != nil || elsewhere.InPlace || elsewhere.Below || elsewhere.Marker != made.Marker {
			p.Fatalf("elsewhere: got %+v, %v", elsewhere, err)
		}
		if _, err := p.Publisher.Rename(p.Context(), elsewhere, o.Alias); err == nil {
			p.Error("it was moved from elsewhere")
		}
		if p.Publisher.Delete(p.Context(), elsewhere) == nil {
			p.Error("it was deleted elsewhere")
		}
		after, err := p.Publisher.ByID(p.Context(), made.ID)
		if diff := gocmp.Diff(elsewhere, after); diff != "" || err != nil {
			p.Errorf("elsewhere: %v (-before +after):\n%s", err, diff)
		}
		p.Admin.Delete(p.T, made.ID)
	}
}

// renamedByHand changes, renames and deletes objects that have another name by now, while
// something else has theirs.
func renamedByHand(p *publishing) {
	p.byHand()
	for _, kind := range []directory.Kind{directory.KindContact, directory.KindGroup} {
		o, made := p.create(kind, "byhand-"+string(kind))
		was := o.Alias
		o.Alias = "new-" + o.Alias
		p.Admin.Rename(p.T, made.ID, o.Alias)
		stranger := p.Admin.Add(p.T, directory.KindContact, was, nil)
		before := p.Admin.Entry(p.T, stranger)
		p.reads(made.ID, o, attributes(o))
		want := attributes(o)
		want["displayName"] = []string{"changed"}
		if now, err := p.Publisher.Modify(p.Context(), made, change("displayName", "changed")); err != nil || now.ID != made.ID {
			p.Errorf("modify: got %+v, %v", now, err)
		}
		p.reads(made.ID, o, want)
		_, err := p.Publisher.Rename(p.Context(), made, was)
		p.fails("rename back", err, fault.ErrConflict)
		if err := p.Publisher.Delete(p.Context(), made); err != nil {
			p.Error(err)
		}
		p.isGone(made)
		if diff := gocmp.Diff(before, p.Admin.Entry(p.T, stranger)); diff != "" {
			p.Errorf("who has the name now (-before +after):\n%s", diff)
		}
		p.Admin.Delete(p.T, stranger)
	}
}

func deletedByHand(p *publishing) {
	p.byHand()
	o, made := p.create(directory.KindGroup, "deleted")
	p.Admin.Delete(p.T, made.ID)
	p.isGone(made)
	_, err := p.Publisher.Modify(p.Context(), made, change("displayName", "changed"))
	p.fails("modify", err, fault.ErrNotFound)
	_, err = p.Publisher.Rename(p.Context(), made, "renamed"+p.suffix)
	p.fails("rename", err, fault.ErrNotFound)
	_, err = p.Publisher.Members(p.Context(), made)
	p.fails("members", err, fault.ErrNotFound)
	p.fails("change members", p.Publisher.ChangeMembers(p.Context(), made, p.resolve(carol()), nil), fault.ErrNotFound)
	if err := p.Publisher.Delete(p.Context(), made); err != nil {
		p.Error(err)
	}
	again, err := p.Publisher.Create(p.Context(), o, attributes(o))
	if err != nil || again.ID == made.ID {
		p.Errorf("created again: got %+v, %v; want a new ID", again, err)
	}
}

// recreatedByHand has another object of the same name: without a marker, and with ours.
func recreatedByHand(p *publishing) {
	p.byHand()
	o, made := p.create(directory.KindContact, "recreated")
	id := p.Admin.Copy(p.T, made.ID, "copy"+p.suffix)
	p.Admin.Delete(p.T, made.ID)
	p.Admin.Rename(p.T, id, o.Alias)
	p.Admin.Set(p.T, id, MarkerAttribute)
	before := p.Admin.Entry(p.T, id)
	_, err := p.Publisher.Modify(p.Context(), made, change("displayName", "changed"))
	p.fails("modify", err, fault.ErrNotFound)
	_, err = p.Publisher.Rename(p.Context(), made, "renamed"+p.suffix)
	p.fails("rename", err, fault.ErrNotFound)
	_, err = p.Publisher.Create(p.Context(), o, attributes(o))
	p.fails("create", err, fault.ErrConflict)
	if err := p.Publisher.Delete(p.Context(), made); err != nil {
		p.Error(err)
	}
	if diff := gocmp.Diff(before, p.Admin.Entry(p.T, id)); diff != "" {
		p.Errorf("the new one (-before +after):\n%s", diff)
	}
	p.Admin.Set(p.T, id, MarkerAttribute, made.Marker)
	if again, err := p.Publisher.Create(p.Context(), o, attributes(o)); err != nil || again.ID != id {
		p.Errorf("with our marker: got %+v, %v; want that it is found", again, err)
	}
}
