package directorytest

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	gocmp "github.com/google/go-cmp/cmp"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// taken gives an object a name that another one has.
func taken(p *publishing) {
	o, made := p.create(directory.KindContact, "taken")
	group, _ := p.create(directory.KindGroup, "group")
	names := []string{o.Alias, strings.ToUpper(o.Alias), group.Alias}
	if !p.Anyone {
		names = append(names, Manual, "MANUAL")
	}
	for _, alias := range names {
		for _, kind := range []directory.Kind{directory.KindContact, directory.KindGroup} {
			other := p.object(kind, "x")
			other.Alias = alias
			_, err := p.Publisher.Create(p.Context(), other, attributes(other))
			p.fails("create "+alias, err, fault.ErrConflict)
		}
	}
	_, free := p.create(directory.KindContact, "free")
	for _, alias := range names {
		_, err := p.Publisher.Rename(p.Context(), free, alias)
		p.fails("rename to "+alias, err, fault.ErrConflict)
	}
	p.reads(made.ID, o, attributes(o))
	if all := p.each(); len(all) != 3 {
		p.Errorf("got %d objects, want 3", len(all))
	}
}

const workers = 8

// together calls a function as often at the same time, and returns what went wrong.
func together(do func(i int) error) []error {
	errs := make([]error, workers)
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() { errs[i] = do(i) })
	}
	all.Wait()
	return errs
}

// race has several make an object of the same name: one does. Then several make the same
// object: all find it.
func race(p *publishing) {
	name := p.object(directory.KindContact, "race")
	won := 0
	for _, err := range together(func(int) error {
		o := name
		o.Key = newID()
		_, err := p.Publisher.Create(p.Context(), o, attributes(o))
		return err
	}) {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, fault.ErrConflict):
			p.Error(err)
		}
	}
	if won != 1 || len(p.each()) != 1 {
		p.Errorf("%d of %d have made one of %d objects, want 1 and 1", won, workers, len(p.each()))
	}
	same := p.object(directory.KindGroup, "same")
	ids := make([]string, workers)
	for i, err := range together(func(i int) error {
		made, err := p.Publisher.Create(p.Context(), same, attributes(same))
		ids[i] = made.ID
		return err
	}) {
		if err != nil || ids[i] != ids[0] {
			p.Errorf("got the ID %s, %v; want %s", ids[i], err, ids[0])
		}
	}
}

// claims has several want the same address: whoever gets it has it alone.
func claims(p *publishing) {
	address := "claimed" + p.suffix + "@docs.example.com"
	errs := together(func(i int) error {
		o := p.object(directory.KindContact, fmt.Sprint("claim", i))
		o.Addresses = []string{address}
		_, err := directory.Claim(p.Context(), p.Publisher, o, attributes(o))
		return err
	})
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, fault.ErrConflict):
			p.Error(err)
		}
	}
	if all := p.each(); won > 1 || len(all) != won {
		p.Errorf("%d have the address, and %d objects; want one at most", won, len(all))
	}
}

// inUse asks who has an address.
func inUse(p *publishing) {
	o, made := p.create(directory.KindContact, "used")
	second := "second" + p.suffix + "@docs.example.com"
	changed := change(directory.AttrProxyAddresses, "SMTP:"+o.Addresses[0], "smtp:"+second, "X500:"+p.suffix)
	if _, err := p.Publisher.Modify(p.Context(), made, changed); err != nil {
		p.Fatal(err)
	}
	for _, tt := range []struct {
		asked, except string
		want          int
	}{
		{o.Addresses[0], "", 1},
		{strings.ToUpper(o.Addresses[0]), "", 1},
		{second, "", 1},
		{second, newID(), 1},
		{second, made.ID, 0},
		{p.suffix, "", 0},
		{"nobody" + p.suffix + "@docs.example.com", "", 0},
		{"*", "", 0},
		{"*)(objectClass=*", "", 0},
		{"", "", 0},
		{"a\x00b", "", 0},
		{"\xff", "", 0},
		{`\2a`, "", 0},
	} {
		uses, err := p.Publisher.InUse(p.Context(), nil, []string{tt.asked}, tt.except)
		if err != nil || len(uses) != tt.want || tt.want == 1 && (uses[0].ID != made.ID || uses[0].Where == "" || !strings.EqualFold(uses[0].Value, tt.asked)) {
			p.Errorf("%.40q: got %+v, %v; want %d", tt.asked, uses, err, tt.want)
		}
	}
	names := map[string]int{strings.ToUpper(o.Alias): 1, "x" + o.Alias: 0, "*": 0, "": 0}
	if !p.Anyone {
		names[strings.ToUpper(Manual)] = 1
	}
	for alias, want := range names {
		if uses, err := p.Publisher.InUse(p.Context(), []string{alias}, nil, ""); err != nil || len(uses) != want {
			p.Errorf("alias %q: got %+v, %v; want %d", alias, uses, err, want)
		}
	}
	if uses, err := p.Publisher.InUse(p.Context(), []string{o.Alias}, o.Addresses, made.ID); err != nil || len(uses) > 0 {
		p.Errorf("but for itself: got %+v, %v", uses, err)
	}
	if !p.Anyone {
		p.inUseByPeople(second, made.ID)
	}
}

// inUseByPeople asks about the addresses of People, and another that does not count.
func (p *publishing) inUseByPeople(second, except string) {
	p.Helper()
	for address, want := range map[string]int{
		"ALICE@corp.example": 1, "a.archer@old.corp.example": 1, "una.uno@corp.example": 1, "dave@corp.example": 1, "twin@corp.example": 2, ManualAddress: 1,
		"ernie@elsewhere.example": 1, "staff@corp.example": 1, "bob@corp.example": 2, "talk@corp.example": 0,
	} {
		uses, err := p.Publisher.InUse(p.Context(), nil, []string{address, second}, except)
		if err != nil || len(uses) != want {
			p.Errorf("%s: got %+v, %v; want %d", address, uses, err, want)
		}
	}
}

// manual wants to change what somebody made by hand.
func manual(p *publishing) {
	if p.Anyone {
		p.Skip("there is no such object")
	}
	if p.found.Marker != "" || !p.found.InPlace || p.found.Kind != directory.KindContact {
		p.Errorf("got %+v, want a contact without a marker", p.found)
	}
	p.refuses(p.found, directory.ErrNotOwned)
	forged := p.found
	forged.Marker = directory.Marker{Installation: p.Installation, Kind: directory.KindContact, Key: newID()}.String()
	p.refuses(forged, directory.ErrNotOwned)
	if len(p.each()) > 0 {
		p.Error("it is among ours")
	}
}

// otherInstallation wants to change objects of another installation.
func otherInstallation(p *publishing) {
	if p.Other == nil {
		p.Skip("there is one installation only")
	}
	for _, kind := range []directory.Kind{directory.KindContact, directory.KindGroup} {
		o := p.object(kind, "theirs-"+string(kind))
		theirs, err := p.Other.Create(p.Context(), o, attributes(o))
		if err != nil {
			p.Fatal(err)
		}
		found, err := p.Publisher.ByID(p.Context(), theirs.ID)
		if diff := gocmp.Diff(theirs, found); err != nil || diff != "" {
			p.Errorf("%v (-theirs +found):\n%s", err, diff)
		}
		p.refuses(theirs, directory.ErrNotOwned)
		_, err = p.Publisher.Create(p.Context(), o, attributes(o))
		p.fails("create", err, fault.ErrConflict)
		if len(p.each()) > 0 {
			p.Error("it is among ours")
		}
		if uses, err := p.Publisher.InUse(p.Context(), nil, o.Addresses, ""); err != nil || len(uses) != 1 {
			p.Errorf("got %v, %v; want that they have the address", uses, err)
		}
		if err := p.Other.Delete(p.Context(), theirs); err != nil {
			p.Error(err)
		}
	}
}
