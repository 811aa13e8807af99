package durabletest

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
)

// block is how many bytes the disk writes at once.
const block = 512

// PowerLoss cuts the power and returns the disk as it is found afterwards, all of it
// durable: one of the outcomes that the package comment allows, the same for the same
// seed. Whoever still uses d has ErrPower from then on; a further call shows another
// outcome of the same moment.
func (d *Disk) PowerLoss(seed uint64) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off = true
	l := loss{seed: seed, names: map[*node]map[string]*node{}, nodes: map[*node]*node{}}
	l.choose(d.pending)
	after := &Disk{root: l.found(d.root), made: d.made, locks: map[*node]bool{}}
	after.root.links = 1
	return after
}

// loss is one outcome of a power loss.
type loss struct {
	seed  uint64
	names map[*node]map[string]*node // of the folders where other names survive than were durable
	nodes map[*node]*node            // of the disk found afterwards, by those of the disk before
}

// choose lets some of the changes survive: none, few, many or all of them.
func (l *loss) choose(pending []*change) {
	r := rand.New(rand.NewPCG(l.seed, 0))
	chance := float64(r.IntN(5)) / 4
	survives := map[*change]bool{}
	for _, c := range pending {
		lucky := r.Float64() < chance
		if !lucky || slices.ContainsFunc(c.after, func(e *change) bool { return !e.durable && !survives[e] }) {
			continue
		}
		survives[c] = true
		for _, s := range c.sets {
			if l.names[s.dir] == nil {
				l.names[s.dir] = maps.Clone(s.dir.durable)
			}
			s.apply(l.names[s.dir])
		}
	}
}

// found returns what becomes of a node. One of several names is found once.
func (l *loss) found(n *node) *node {
	if l.nodes[n] != nil {
		return l.nodes[n]
	}
	left := &node{number: n.number, mode: n.mode, modified: n.modified}
	l.nodes[n] = left
	if !n.mode.IsDir() {
		left.data = torn(n.file, rand.New(rand.NewPCG(l.seed, n.number)))
		left.synced = len(left.data)
		return left
	}
	names := l.names[n]
	if names == nil {
		names = n.durable
	}
	left.names = map[string]*node{}
	for name, child := range names {
		left.names[name] = l.found(child)
		left.names[name].links++
	}
	left.durable = maps.Clone(left.names)
	return left
}

// torn returns what is left of a file's bytes.
func torn(f file, r *rand.Rand) []byte {
	data := bytes.Clone(f.data)
	switch r.IntN(4) {
	case 0:
		return data[:f.synced]
	case 1:
		return data
	case 2: // the length is there, some blocks are not
		for at := f.synced; at < len(data); at += block - at%block {
			if r.IntN(2) == 0 {
				clear(data[at:min(len(data), at+block-at%block)])
			}
		}
	}
	return data[:f.synced+r.IntN(len(data)-f.synced+1)]
}
