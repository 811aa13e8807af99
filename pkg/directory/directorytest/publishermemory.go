package directorytest

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// PublisherMemory is a directory.Publisher in memory: it keeps the contract, and nothing
// more. It is one installation's; see Beside.
type PublisherMemory struct {
	installation string
	tree         *tree
}

// tree is the directory that publishers share.
type tree struct {
	mu      sync.Mutex
	world   World
	objects []*object
	fault   error
	onWrite func(before bool, op string) error
	writes  int
}

// object is one in the container, below it or elsewhere.
type object struct {
	id, alias, marker string
	kind              directory.Kind
	place             Place
	attributes        directory.Attributes
	members           []string // IDs
	version           int      // how often it was written
}

// NewPublisherMemory returns the publisher of an installation in a directory that holds
// People, and Manual.
func NewPublisherMemory(installation string) *PublisherMemory {
	p := &PublisherMemory{installation, &tree{world: People()}}
	p.tree.add(&object{alias: Manual, kind: directory.KindContact, attributes: directory.Attributes{
		"displayName": {"Made by hand"}, "mail": {ManualAddress}, "mailNickname": {Manual}, "proxyAddresses": {"SMTP:" + ManualAddress},
	}})
	p.tree.writes = 0
	return p
}

// Beside returns the publisher of another installation in the same directory.
func (p *PublisherMemory) Beside(installation string) *PublisherMemory {
	return &PublisherMemory{installation, p.tree}
}

// SetWorld gives the directory other people. What was published stays.
func (p *PublisherMemory) SetWorld(w World) {
	p.tree.mu.Lock()
	defer p.tree.mu.Unlock()
	p.tree.world = w
}

// Fail makes every call fail with err, until it is nil.
func (p *PublisherMemory) Fail(err error) {
	p.tree.mu.Lock()
	defer p.tree.mu.Unlock()
	p.tree.fault = err
}

// OnWrite has a function called before and after each change. The op is an action and an
// alias: "create team". What it returns ends the call: before, nothing is changed; after,
// all is, and only the answer is lost. It may ask and change the directory itself.
func (p *PublisherMemory) OnWrite(f func(before bool, op string) error) {
	p.tree.mu.Lock()
	defer p.tree.mu.Unlock()
	p.tree.onWrite = f
}

// Writes returns how many changes there have been, by whomever.
func (p *PublisherMemory) Writes() int {
	p.tree.mu.Lock()
	defer p.tree.mu.Unlock()
	return p.tree.writes
}

// read calls a function that only looks at the directory.
func (p *PublisherMemory) read(ctx context.Context, look func(*tree) error) error {
	p.tree.mu.Lock()
	defer p.tree.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if p.tree.fault != nil {
		return p.tree.fault
	}
	return look(p.tree)
}

func (t *tree) add(o *object) *object {
	o.id = newID()
	t.objects = append(t.objects, o)
	t.wrote(o)
	return o
}

func (t *tree) wrote(o *object) {
	t.writes++
	o.version++
}

// newID returns a random UUID.
func newID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // it never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func (t *tree) byID(id string) (*object, error) {
	for _, o := range t.objects {
		if o.id == id {
			return o, nil
		}
	}
	return nil, fmt.Errorf("object %s: %w", id, fault.ErrNotFound)
}

func (t *tree) byAlias(alias string) (*object, error) {
	for _, o := range t.objects {
		if o.place == InContainer && strings.EqualFold(o.alias, alias) {
			return o, nil
		}
	}
	return nil, fmt.Errorf("object %q: %w", alias, fault.ErrNotFound)
}

func (o *object) dn() string {
	parents := map[Place]string{InContainer: ContainerDN, BelowContainer: below, Elsewhere: people}
	return cnOf(o.alias) + "," + parents[o.place]
}

func (o *object) actual() directory.Actual {
	return directory.Actual{
		ID: o.id, Where: o.dn(), Kind: o.kind, Alias: o.alias, Marker: o.marker, InPlace: o.place == InContainer,
		Below: o.place == BelowContainer, Attributes: clone(o.attributes),
	}
}

func clone(a directory.Attributes) directory.Attributes {
	all := make(directory.Attributes, len(a))
	for name, values := range a {
		all[name] = slices.Clone(values)
	}
	return all
}

// Preflight is directory.Publisher's.
func (p *PublisherMemory) Preflight(ctx context.Context) (directory.Capabilities, error) {
	c := directory.Capabilities{
		Backend: "memory", Modes: []directory.Mode{directory.ModePlain, directory.ModeExchange, directory.ModeHandover},
	}
	err := p.read(ctx, func(*tree) error {
		c.Facts = append(c.Facts, directory.Fact{OK: true, Text: "the directory is in memory"})
		return nil
	})
	return c, err
}

// Each is directory.Publisher's.
func (p *PublisherMemory) Each(ctx context.Context, yield func(directory.Actual) error) error {
	var all []directory.Actual
	err := p.read(ctx, func(t *tree) error {
		for _, o := range t.objects {
			if o.place != Elsewhere && strings.HasPrefix(o.marker, directory.MarkerPrefix(p.installation)) {
				all = append(all, o.actual())
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, a := range all {
		if err := yield(a); err != nil {
			return err
		}
	}
	return nil
}

// ByID is directory.Publisher's.
func (p *PublisherMemory) ByID(ctx context.Context, id string) (a directory.Actual, err error) {
	err = p.read(ctx, func(t *tree) error {
		o, err := t.byID(id)
		if err == nil {
			a = o.actual()
		}
		return err
	})
	return a, err
}

// ByAlias is directory.Publisher's.
func (p *PublisherMemory) ByAlias(ctx context.Context, alias string) (a directory.Actual, err error) {
	err = p.read(ctx, func(t *tree) error {
		o, err := t.byAlias(alias)
		if err == nil {
			a = o.actual()
		}
		return err
	})
	return a, err
}

// Members is directory.Publisher's.
func (p *PublisherMemory) Members(ctx context.Context, group directory.Actual) (refs []directory.Ref, err error) {
	err = p.read(ctx, func(t *tree) error {
		o, err := t.byID(group.ID)
		if err != nil {
			return err
		}
		names := map[string]string{}
		for _, w := range t.everybody() {
			names[w.id] = w.dn
		}
		for _, id := range o.members {
			refs = append(refs, directory.Ref{Key: id, Name: names[id]})
		}
		return nil
	})
	return refs, err
}
