package store_test

import (
	"sync"
	"testing"
	"time"

	"mailchute/pkg/access"
	"mailchute/pkg/directory"
	"mailchute/store"
)

// publishing is a farm with groups team and crew, a clock of its own, and a run of the job dms.
type publishing struct {
	*farm
	mu  sync.Mutex
	now time.Time
	run string
}

func newPublishing(t *testing.T, change ...func(*store.Options)) *publishing {
	t.Helper()
	p := &publishing{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	p.farm = newFarm(t, append(change, func(o *store.Options) { o.Now = p.clock })...)
	for _, name := range []string{"team", "crew"} {
		p.must(p.AddGroup(t.Context(), access.Group{Name: name, Title: "The " + name, Site: "default"}))
	}
	p.run = must(p.OpenRun(t.Context(), "dms", "manual")).ID
	return p
}

func (p *publishing) clock() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *publishing) pass(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = p.now.Add(d)
}

// set changes keys of the farm policy.
func (p *publishing) set(pairs ...string) {
	p.Helper()
	values := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	p.must(p.SetSettings(p.Context(), values))
}

// ask asks for a local part for a group; "" is the end.
func (p *publishing) ask(group, local string) (directory.Request, error) {
	return p.AskDistribution(p.Context(), group, store.Ask{Want: directory.Properties{LocalPart: local}, Delete: local == ""})
}

// follow records that the directory has what is wanted of a request.
func (p *publishing) follow(r directory.Request) {
	p.Helper()
	known := directory.Known{Key: r.Distribution, Kind: directory.KindGroup, Of: r.Name, Backend: "ldap", ID: r.Distribution, State: directory.ObjectActive}
	p.must(p.RecordDirectory(p.Context(), p.run, store.DirectoryResult{
		Known: known, Forget: r.Kind == directory.RequestDelete,
		Write: store.DirectoryWrite{Action: directory.ActModify, Key: r.Distribution, Of: r.Name},
		Ends:  []store.Ending{{Request: r.ID, To: directory.Applied}},
	}))
}

// fail records that the directory cannot take a request.
func (p *publishing) fail(r directory.Request) {
	p.Helper()
	p.must(p.RecordDirectory(p.Context(), p.run, store.DirectoryResult{
		Ends: []store.Ending{{Request: r.ID, To: directory.Failed, Trouble: "it does not fit"}},
	}))
}

// published makes a group have a distribution group, in the directory, too.
func (p *publishing) published(group, local string) {
	p.Helper()
	r := must(p.ask(group, local))
	if r.State == directory.Pending {
		r = must(p.ApproveRequest(p.Context(), r.ID, store.Verdict{}))
	}
	p.follow(r)
}

// addressee returns whom a local part is of, for people.
func (p *publishing) addressee(local string) string {
	at, err := p.At(p.Context(), local)
	switch {
	case err != nil:
		return "nobody"
	case at.Library.Name != "":
		return "library " + at.Library.Name
	case at.Group != "":
		return at.Group
	}
	return "reserved"
}
