package dms_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"mailchute/pkg/access"
	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
	"mailchute/pkg/library"
	"mailchute/store"
	"mailchute/store/mem"
)

// chaos changes a farm at random. What is refused is as good as done.
type chaos struct {
	*farm
	r *rand.Rand
}

func (c *chaos) one(of ...string) string { return of[c.r.IntN(len(of))] }

func (c *chaos) aLibrary() string  { return c.one("lib1", "lib2", "lib3", "lib4") }
func (c *chaos) aGroup() string    { return c.one("g1", "g2", "g3") }
func (c *chaos) localPart() string { return c.one("a", "b", "c", "d", "e", "f", "g") }

// catalogChange changes the catalog.
func (c *chaos) catalogChange() {
	ctx := c.t.Context()
	switch c.r.IntN(5) {
	case 0:
		_ = c.SetLibrary(ctx, c.aLibrary(), func(l *library.Library) error {
			l.LocalPart = c.one("", c.localPart(), c.localPart(), c.localPart())
			return nil
		})
	case 1:
		_ = c.SetLibrary(ctx, c.aLibrary(), func(l *library.Library) error {
			l.Title = fmt.Sprint("Title ", c.r.IntN(100))
			return nil
		})
	case 2:
		var members []string
		for range c.r.IntN(4) {
			members = append(members, c.one("user:alice", "user:carol", "address:"+c.localPart()+"@farm.example", "group:"+c.aGroup(), "address:ernie@elsewhere.example"))
		}
		_ = c.SetGroup(ctx, c.aGroup(), func(g *access.Group) error {
			g.Members = principals(c.t, members)
			return nil
		})
	case 3:
		c.decide(c.AskDistribution(ctx, c.aGroup(), store.Ask{Want: directory.Properties{LocalPart: c.localPart(), Title: fmt.Sprint("Group ", c.r.IntN(100)), Manager: c.one("", "user:alice", "user:zed")}}))
	case 4:
		c.decide(c.AskDistribution(ctx, c.aGroup(), store.Ask{Delete: true}))
	}
}

// decide approves or rejects a request.
func (c *chaos) decide(r directory.Request, err error) {
	if err != nil || r.State != directory.Pending {
		return
	}
	if c.r.IntN(4) == 0 {
		_, _ = c.RejectRequest(c.t.Context(), r.ID, store.Verdict{})
		return
	}
	_, _ = c.ApproveRequest(c.t.Context(), r.ID, store.Verdict{})
}

// directoryChange changes an object of ours by hand, in a way that can be set right.
func (c *chaos) directoryChange() {
	if c.dir == nil {
		return
	}
	var all []directory.Actual
	must(c.t, c.dir.Each(c.t.Context(), func(a directory.Actual) error {
		all = append(all, a)
		return nil
	}))
	if len(all) == 0 {
		return
	}
	a := all[c.r.IntN(len(all))]
	switch c.r.IntN(5) {
	case 0:
		c.admin.Set(c.t, a.ID, "displayName", "Changed by hand")
	case 1:
		c.admin.Set(c.t, a.ID, directory.AttrProxyAddresses)
	case 2:
		c.admin.Rename(c.t, a.ID, fmt.Sprint("by-hand-", c.r.IntN(1000)))
	case 3:
		c.admin.Move(c.t, a.ID, directorytest.BelowContainer)
	case 4:
		c.admin.Delete(c.t, a.ID)
	}
}

// follows checks that the directory has what is wanted and nothing else.
func (c *chaos) follows(how string) {
	c.t.Helper()
	st, err := c.WantedObjects(c.t.Context(), domains)
	must(c.t, err)
	n := 0
	must(c.t, c.pub.Each(c.t.Context(), func(directory.Actual) error {
		n++
		return nil
	}))
	if n != len(st.Objects) || len(st.Gone)+len(st.Approved) != 0 {
		c.t.Errorf("%s: got %d objects, %d gone and %d requests, want %d objects", how, n, len(st.Gone), len(st.Approved), len(st.Objects))
	}
	for _, w := range st.Objects {
		a, err := c.pub.ByID(c.t.Context(), w.Known.ID)
		must(c.t, err)
		if w.Known.State != directory.ObjectActive || w.Known.Trouble != "" || a.Alias != w.Object.Alias || !a.InPlace {
			c.t.Errorf("%s: got %+v, known as %+v", how, a, w.Known)
		}
		for name, values := range w.Object.Attributes(c.job.Mode, directory.Ref{}) {
			for _, v := range values {
				if !slices.Contains(a.Attributes[name], v) {
					c.t.Errorf("%s: %s has %s %q, want %q in it", how, w.Object.Of, name, a.Attributes[name], v)
				}
			}
		}
	}
}

// Whatever happens to the catalog, to the directory and on the way between them, two more
// runs make the directory follow.
func TestChaos(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"memory", "builtin"} {
		for seed := range uint64(30) {
			t.Run(fmt.Sprint(kind, seed), func(t *testing.T) {
				t.Parallel()
				catalog := mem.NewCatalog()
				f := newFarmOn(t, catalog)
				if kind == "builtin" {
					f.dir, f.publisher = nil, nil
					f = f.base.process(t, unwrapped)
				}
				c := &chaos{f, rand.New(rand.NewPCG(seed, 8))}
				for _, name := range []string{"lib1", "lib2", "lib3", "lib4"} {
					f.library(name, "")
				}
				for _, name := range []string{"g1", "g2", "g3"} {
					f.group(name)
				}
				for round := range 12 {
					for range c.r.IntN(6) {
						c.catalogChange()
					}
					for range c.r.IntN(2) {
						c.directoryChange()
					}
					if c.dir != nil && c.r.IntN(3) == 0 {
						strike := c.r.IntN(6)
						c.dir.OnWrite(func(bool, string) error {
							if strike--; strike == 0 {
								return errDown
							}
							return nil
						})
					}
					c.run()
					if c.dir != nil {
						c.dir.OnWrite(nil)
					}
					if c.clock.advance(time.Minute); round%4 == 3 {
						c.settled(fmt.Sprint("round ", round))
					}
				}
				if f.dir != nil && !strings.Contains(f.manual(), "by hand") {
					t.Error("somebody else's object was changed")
				}
			})
		}
	}
}

// settled runs until the directory follows, and checks that.
func (c *chaos) settled(how string) {
	c.t.Helper()
	for range 2 {
		c.run()
		c.clock.advance(time.Hour)
	}
	c.follows(how)
	c.calm()
	if c.t.Failed() {
		c.t.Fatalf("%s: the log is\n%s", how, c.log)
	}
}
