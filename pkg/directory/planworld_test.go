package directory_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mailchute/pkg/directory"
)

// world is a catalog and a directory in which nobody may have the name or address of
// another, not even between two steps.
type world struct {
	wanted  map[string]directory.Object
	known   map[string]directory.Known
	entries map[string]directory.Actual // by ID
	made    int
}

func newWorld() *world {
	return &world{wanted: map[string]directory.Object{}, known: map[string]directory.Known{}, entries: map[string]directory.Actual{}}
}

func (w *world) plan(t *testing.T) directory.Plan {
	t.Helper()
	var wanted []directory.Wanted
	for _, key := range slices.Sorted(maps.Keys(w.wanted)) {
		wanted = append(wanted, directory.Wanted{Object: w.wanted[key], Known: w.known[key]})
	}
	var gone []directory.Known
	for _, key := range slices.Sorted(maps.Keys(w.known)) {
		if _, ok := w.wanted[key]; !ok {
			gone = append(gone, w.known[key])
		}
	}
	var found []directory.Actual
	for _, id := range slices.Sorted(maps.Keys(w.entries)) {
		found = append(found, w.entries[id])
	}
	o := options()
	o.MaxDeletes, o.MaxDeleteShare = 1000, 1
	plan, err := directory.MakePlan(wanted, gone, found, o)
	if err != nil {
		t.Fatal(err)
	}
	w.settle(plan)
	return plan
}

// settle records what a plan says of objects without a step: they are as they are wanted.
func (w *world) settle(plan directory.Plan) {
	for key, o := range w.wanted {
		if !slices.ContainsFunc(plan.Steps, func(s directory.Step) bool { return s.Object.Key == key }) {
			k := w.known[key]
			k.Alias, k.Applied = o.Alias, render(o)
			w.known[key] = k
		}
	}
}

// do carries a step out, and records it.
func (w *world) do(t *testing.T, s directory.Step) {
	t.Helper()
	key := s.Object.Key
	k, a := w.known[key], w.entries[s.Actual.ID]
	switch s.Action {
	case directory.ActCreate:
		if a.ID == "" {
			w.made++
			a = there(s.Object)
			a.ID = fmt.Sprintf("%s-%d", a.ID, w.made)
		}
		a.Attributes = apply(a.Attributes, directory.Diff(s.Attributes, nil, a.Attributes))
		k = known(s.Object)
		k.Applied = s.Attributes
	case directory.ActRename:
		a.Alias, k.Alias = s.Object.Alias, s.Object.Alias
	case directory.ActModify:
		a.Attributes, k.Applied, k.Alias = apply(a.Attributes, s.Changes), s.Attributes, a.Alias
	case directory.ActDelete, directory.ActForget:
		delete(w.entries, s.Actual.ID)
		delete(w.known, key)
		return
	default:
		t.Fatalf("got %v, want nothing but changes", show([]directory.Step{s}))
	}
	k.ID, k.Key, k.Backend = a.ID, key, backend
	w.entries[a.ID], w.known[key] = a, k
	w.unique(t, s)
}

func (w *world) unique(t *testing.T, s directory.Step) {
	t.Helper()
	owner := map[string]string{}
	claim := func(what, id string) {
		if other, ok := owner[what]; ok && other != id {
			t.Fatalf("after %v: %s and %s both have %s", show([]directory.Step{s}), id, other, what)
		}
		owner[what] = id
	}
	for id, a := range w.entries {
		claim("alias "+a.Alias, id)
		for _, v := range append(slices.Clone(a.Attributes["proxyAddresses"]), a.Attributes["mail"]...) {
			claim(strings.TrimPrefix(strings.ToLower(v), "smtp:"), id)
		}
	}
}

// churn changes what is wanted: objects come, go, and take each other's aliases.
func (w *world) churn(r *rand.Rand) {
	const objects, aliases = 8, 10
	names := r.Perm(aliases)
	for i := range objects {
		key := fmt.Sprintf("k%d", i)
		switch r.IntN(4) {
		case 0:
			delete(w.wanted, key)
		case 1:
			if o, ok := w.wanted[key]; ok { // it keeps its alias, unless another has taken it
				o.Title += "!"
				w.wanted[key] = o
			}
		default:
			w.wanted[key] = object(key, fmt.Sprintf("name%d", names[i]))
		}
	}
	taken := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(w.wanted)) {
		if alias := w.wanted[key].Alias; taken[alias] {
			delete(w.wanted, key)
		} else {
			taken[alias] = true
		}
	}
}

// Whatever is wanted, and wherever a run ends: the plans lead there, no step is in another's
// way, and when it is done nothing is left to do.
func FuzzMakePlan(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := newWorld()
		for range 12 {
			w.churn(r)
			steps := w.plan(t).Steps
			if len(steps) > 0 && r.IntN(2) == 0 {
				w.crash(t, r, steps)
				steps = w.plan(t).Steps
			}
			for _, s := range steps {
				w.do(t, s)
			}
			if left := show(w.plan(t).Steps); len(left) > 0 {
				t.Fatalf("after %v: got %v, want nothing left", show(steps), left)
			}
			w.compare(t)
		}
	})
}

// crash does some of the steps, and perhaps one more without recording it.
func (w *world) crash(t *testing.T, r *rand.Rand, steps []directory.Step) {
	t.Helper()
	n := r.IntN(len(steps))
	for _, s := range steps[:n] {
		w.do(t, s)
	}
	if r.IntN(2) == 0 {
		known := maps.Clone(w.known)
		w.do(t, steps[n])
		w.known = known
	}
}

func (w *world) compare(t *testing.T) {
	t.Helper()
	if len(w.entries) != len(w.wanted) {
		t.Fatalf("got %d objects, want %d", len(w.entries), len(w.wanted))
	}
	for _, a := range w.entries {
		m, err := directory.ParseMarker(a.Marker)
		if err != nil {
			t.Fatal(err)
		}
		o := w.wanted[m.Key]
		if a.Alias != o.Alias || len(directory.Diff(render(o), nil, a.Attributes)) > 0 || len(a.Attributes["proxyAddresses"]) != 1 {
			t.Fatalf("got %+v, want %+v", a, o)
		}
	}
}

func BenchmarkMakePlan(b *testing.B) {
	const objects = 20_000
	wanted, found := many(objects)
	tests := map[string]func(i int) string{
		"nothing changed": func(i int) string { return fmt.Sprintf("many%d", i) },
		"one cycle":       func(i int) string { return fmt.Sprintf("many%d", (i+1)%objects) },
		"all renamed":     func(i int) string { return fmt.Sprintf("new%d", i) },
	}
	for name, alias := range tests {
		b.Run(name, func(b *testing.B) {
			asked := slices.Clone(wanted)
			for i := range asked {
				asked[i].Object = object(asked[i].Object.Key, alias(i))
			}
			for b.Loop() {
				if _, err := directory.MakePlan(asked, nil, found, options()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
