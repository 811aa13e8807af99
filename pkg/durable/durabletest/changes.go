package durabletest

import "slices"

// set gives a name in a folder to a node, or takes it away (nil).
type set struct {
	dir  *node
	name string
	to   *node
}

// change is one change of names: all of its sets are durable, or none.
type change struct {
	sets    []set
	removed *node     // a folder that it removes; nil: none
	after   []*change // durable only with these
	durable bool
}

// touches reports whether c changes any name in the folder.
func (c *change) touches(dir *node) bool {
	return slices.ContainsFunc(c.sets, func(s set) bool { return s.dir == dir })
}

// before reports whether later is durable only with c.
func (c *change) before(later *change) bool {
	if later.removed != nil && c.touches(later.removed) {
		return true
	}
	return slices.ContainsFunc(c.sets, func(s set) bool {
		return slices.ContainsFunc(later.sets, func(l set) bool { return s.dir == l.dir && s.name == l.name })
	})
}

// change shows a change to processes and remembers it as not durable.
func (d *Disk) change(c *change) {
	for _, earlier := range d.pending {
		if earlier.before(c) {
			c.after = append(c.after, earlier)
		}
	}
	for _, s := range c.sets {
		if old := s.dir.names[s.name]; old != nil {
			old.links--
		}
		if s.to != nil {
			s.to.links++
		}
		s.apply(s.dir.names)
	}
	d.pending = append(d.pending, c)
}

func (s set) apply(names map[string]*node) {
	if s.to == nil {
		delete(names, s.name)
		return
	}
	names[s.name] = s.to
}

// persist makes c durable, and what it is durable only with.
func (c *change) persist() {
	if c.durable {
		return
	}
	c.durable = true
	for _, earlier := range c.after {
		earlier.persist()
	}
	for _, s := range c.sets {
		s.apply(s.dir.durable)
	}
}

// sync makes the names in these folders durable.
func (d *Disk) sync(dirs ...*node) {
	for _, c := range d.pending {
		if slices.ContainsFunc(dirs, c.touches) {
			c.persist()
		}
	}
	d.pending = slices.DeleteFunc(d.pending, func(c *change) bool { return c.durable })
}
