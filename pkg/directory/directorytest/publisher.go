package directorytest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// PublisherWorld is a directory that TestPublisher publishes to.
type PublisherWorld struct {
	Publisher    directory.Publisher
	Installation string // whose Publisher is: no object has its marker yet
	// Other is another installation's, on the same directory; nil: there is only one.
	Other directory.Publisher
	// Anyone says that the directory has nobody of its own: every address may be a member.
	// Others hold People, and Manual.
	Anyone bool
	// Crowd is how many contacts the directory has of CrowdOf.
	Crowd int
	// Objects is how many contacts are made to be listed; 0: a few.
	Objects int
	// Admin is nil where nobody can change the directory by hand.
	Admin Administrator
	// Powerless is a Publisher that the directory lets look and nothing else; nil: it makes
	// no difference. Astray is one of a container that is not there.
	Powerless, Astray directory.Publisher
	// RightsUnknown says that Preflight cannot know what an account may do.
	RightsUnknown bool
}

// CrowdOf returns n contacts, crowd0@corp.example and so on, for a World.
func CrowdOf(n int) (all []Contact) {
	for i := range n {
		all = append(all, Contact{Name: fmt.Sprint("crowd", i), Mail: crowdAddress(i)})
	}
	return all
}

func crowdAddress(i int) string { return fmt.Sprintf("crowd%d@corp.example", i) }

// TestPublisher holds a Publisher to its contract. Each part asks for a world of its own; it
// may be the same directory again, for another installation.
func TestPublisher(t *testing.T, newWorld func(t *testing.T) PublisherWorld) { //nolint:thelper // it is the test
	for _, part := range []struct {
		name string
		run  func(*publishing)
	}{
		{"Preflight", preflight},
		{"Contact", lifeOfContact},
		{"Group", lifeOfGroup},
		{"Exchange", forExchange},
		{"Aliases", aliases},
		{"Names", names},
		{"AllOrNothing", allOrNothing},
		{"Addresses", sharedAddresses},
		{"Taken", taken},
		{"Race", race},
		{"Claim", claims},
		{"InUse", inUse},
		{"Manual", manual},
		{"Other", otherInstallation},
		{"MarkerTaken", markerTaken},
		{"Copied", copied},
		{"Moved", moved},
		{"RenamedByHand", renamedByHand},
		{"DeletedByHand", deletedByHand},
		{"RecreatedByHand", recreatedByHand},
		{"Members", members},
		{"MembersFollow", membersFollow},
		{"Crowd", crowd},
		{"Resolve", resolves},
		{"Looking", looking},
		{"Many", many},
		{"Stopped", stopped},
		{"Powerless", powerless},
		{"Astray", astray},
	} {
		t.Run(part.name, func(t *testing.T) {
			p := newPublishing(t, newWorld(t))
			part.run(p)
			p.unchanged()
		})
	}
}

// publishing is a part of the test, with a world of its own.
type publishing struct {
	*testing.T
	PublisherWorld
	suffix string               // of every alias of this part
	manual directory.Attributes // the whole entry, where it can be looked at
	found  directory.Actual     // the same, as the Publisher finds it
}

func newPublishing(t *testing.T, w PublisherWorld) *publishing {
	t.Helper()
	p := &publishing{T: t, PublisherWorld: w, suffix: "-" + newID()[:8]}
	t.Cleanup(p.tidy)
	if w.Anyone {
		return p
	}
	var err error
	if p.found, err = w.Publisher.ByAlias(t.Context(), Manual); err != nil {
		t.Fatal(err)
	}
	if w.Admin != nil {
		p.manual = w.Admin.Entry(t, p.found.ID)
	}
	return p
}

// unchanged checks that what was there before is as it was.
func (p *publishing) unchanged() {
	p.Helper()
	if p.Anyone {
		return
	}
	found, err := p.Publisher.ByAlias(p.Context(), Manual)
	if diff := gocmp.Diff(p.found, found); diff != "" || err != nil {
		p.Errorf("an object that is not ours: %v (-before +after):\n%s", err, diff)
	}
	if p.Admin != nil {
		if diff := gocmp.Diff(p.manual, p.Admin.Entry(p.T, found.ID)); diff != "" {
			p.Errorf("an entry that is not ours (-before +after):\n%s", diff)
		}
	}
}

// tidy deletes what was made, so that a directory can be used again.
func (p *publishing) tidy() {
	ctx := context.WithoutCancel(p.Context())
	for _, publisher := range []directory.Publisher{p.Publisher, p.Other} {
		if publisher == nil {
			continue
		}
		_ = publisher.Each(ctx, func(a directory.Actual) error { return publisher.Delete(ctx, a) })
	}
}

func (p *publishing) object(kind directory.Kind, name string) directory.Object {
	alias := name + p.suffix
	return directory.Object{
		Key: newID(), Kind: kind, Of: "library " + name, Alias: alias, Title: "Finance – " + name,
		GivenName: "Finance", Surname: name, Addresses: []string{alias + "@docs.example.com"},
	}
}

// attributes returns what is written of an object; the test's own, so that it does not
// depend on how objects are shown.
func attributes(o directory.Object) directory.Attributes {
	a := directory.Attributes{
		"displayName": {o.Title}, directory.AttrMail: {o.Addresses[0]}, directory.AttrProxyAddresses: {"SMTP:" + o.Addresses[0]},
	}
	if o.Kind == directory.KindContact {
		a["givenName"], a["sn"] = []string{o.GivenName}, []string{o.Surname}
	}
	return a
}

// create creates an object, which must succeed.
func (p *publishing) create(kind directory.Kind, name string) (directory.Object, directory.Actual) {
	p.Helper()
	o := p.object(kind, name)
	a, err := p.Publisher.Create(p.Context(), o, attributes(o))
	if err != nil {
		p.Fatalf("create %s: %v", o.Alias, err)
	}
	p.is(a, o, attributes(o))
	return o, a
}

// is checks that an object is ours and has these attributes; others may be there, too.
func (p *publishing) is(got directory.Actual, o directory.Object, want directory.Attributes) {
	p.Helper()
	marker := directory.Marker{Installation: p.Installation, Kind: o.Kind, Key: o.Key}.String()
	if got.Kind != o.Kind || !strings.EqualFold(got.Alias, o.Alias) || got.Marker != marker || !got.InPlace || got.Below || got.ID == "" || got.Where == "" {
		p.Errorf("got %+v, want a %s %q in its place, with the marker %s", got, o.Kind, o.Alias, marker)
	}
	has := directory.Attributes{}
	for name := range want {
		if values := got.Attributes[name]; len(values) > 0 {
			has[name] = slices.Sorted(slices.Values(values))
		}
	}
	expected := directory.Attributes{}
	for name, values := range want {
		if len(values) > 0 {
			expected[name] = slices.Sorted(slices.Values(values))
		}
	}
	if diff := gocmp.Diff(expected, has); diff != "" {
		p.Errorf("attributes of %s (-want +got):\n%s", o.Alias, diff)
	}
}

// reads checks that an object is found in each way that there is.
func (p *publishing) reads(id string, o directory.Object, want directory.Attributes) directory.Actual {
	p.Helper()
	byID, err := p.Publisher.ByID(p.Context(), id)
	if err != nil {
		p.Fatalf("object %s: %v", o.Alias, err)
	}
	p.is(byID, o, want)
	byAlias, err := p.Publisher.ByAlias(p.Context(), strings.ToUpper(o.Alias))
	if diff := gocmp.Diff(byID, byAlias); err != nil || diff != "" {
		p.Errorf("by its alias: %v (-by ID +by alias):\n%s", err, diff)
	}
	if diff := gocmp.Diff(byID, p.each()[id]); diff != "" {
		p.Errorf("among all (-by ID +among all):\n%s", diff)
	}
	return byID
}

// each returns the objects of ours, by ID.
func (p *publishing) each() map[string]directory.Actual {
	p.Helper()
	all := map[string]directory.Actual{}
	err := p.Publisher.Each(p.Context(), func(a directory.Actual) error {
		if _, twice := all[a.ID]; twice {
			return fmt.Errorf("%s comes twice", a.ID)
		}
		all[a.ID] = a
		return nil
	})
	if err != nil {
		p.Fatal(err)
	}
	return all
}

// fails checks what is wrong.
func (p *publishing) fails(what string, err, want error) {
	p.Helper()
	if !errors.Is(err, want) {
		p.Errorf("%.80q: got %v, want %v", what, err, want)
	}
}

// isGone checks that there is no such object.
func (p *publishing) isGone(a directory.Actual) {
	p.Helper()
	_, err := p.Publisher.ByID(p.Context(), a.ID)
	p.fails("by its ID", err, fault.ErrNotFound)
	if _, ok := p.each()[a.ID]; ok {
		p.Errorf("%s is still there", a.Where)
	}
}

// refuses checks that nothing of an object can be changed, and that nothing was.
func (p *publishing) refuses(a directory.Actual, want error) {
	p.Helper()
	before, err := p.Publisher.ByID(p.Context(), a.ID)
	if err != nil {
		p.Fatal(err)
	}
	_, modified := p.Publisher.Modify(p.Context(), a, change("displayName", "changed"))
	p.fails("modify", modified, want)
	_, renamed := p.Publisher.Rename(p.Context(), a, "renamed"+p.suffix)
	p.fails("rename", renamed, want)
	p.fails("delete", p.Publisher.Delete(p.Context(), a), want)
	if a.Kind == directory.KindGroup {
		p.fails("members", p.Publisher.ChangeMembers(p.Context(), a, p.resolve(directory.Member{Addresses: []string{"carol@corp.example"}}), nil), want)
	}
	after, err := p.Publisher.ByID(p.Context(), a.ID)
	if diff := gocmp.Diff(before, after); diff != "" || err != nil {
		p.Errorf("%v (-before +after):\n%s", err, diff)
	}
}

// change returns the change of an attribute to these values.
func change(name string, values ...string) []directory.Change {
	return []directory.Change{{Attribute: name, After: values}}
}

func (p *publishing) resolve(all ...directory.Member) []directory.Ref {
	p.Helper()
	refs, err := p.Publisher.Resolve(p.Context(), all)
	if err != nil || len(refs) != len(all) {
		p.Fatalf("got %d members for %d, %v", len(refs), len(all), err)
	}
	return refs
}
