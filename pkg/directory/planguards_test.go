package directory_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/directory"
)

// many returns n objects that are wanted and there.
func many(n int) (wanted []directory.Wanted, found []directory.Actual) {
	for i := range n {
		o := object(fmt.Sprintf("m%d", i), fmt.Sprintf("many%d", i))
		wanted = append(wanted, directory.Wanted{Object: o, Known: known(o)})
		found = append(found, there(o))
	}
	return wanted, found
}

func TestMakePlanIncomplete(t *testing.T) {
	t.Parallel()
	tests := []struct {
		known, found int
		want         error
	}{
		{0, 0, nil},
		{1, 0, nil},
		{3, 0, nil},
		{4, 0, directory.ErrIncomplete},
		{7, 3, directory.ErrIncomplete},
		{8, 4, nil},
		{10, 0, directory.ErrIncomplete},
		{10, 4, directory.ErrIncomplete},
		{10, 5, nil},
	}
	for _, test := range tests {
		wanted, found := many(test.known)
		gone := []directory.Known{}
		for len(wanted) > test.known/2 { // half of them are not wanted any more
			gone = append(gone, wanted[0].Known)
			wanted = wanted[1:]
		}
		o := options()
		o.MaxDeletes, o.MaxDeleteShare = 1000, 1
		plan, err := directory.MakePlan(wanted, gone, found[:test.found], o)
		if !errors.Is(err, test.want) || err != nil && len(plan.Steps) > 0 {
			t.Errorf("%d of %d found: got %v with %d steps, want %v", test.found, test.known, err, len(plan.Steps), test.want)
		}
		o.Rebuild, o.Enforce = true, false
		plan, err = directory.MakePlan(wanted, gone, found[:test.found], o)
		created := 0
		for _, s := range plan.Steps {
			if s.Action == directory.ActCreate {
				created++
			}
		}
		if want := len(wanted) - max(0, test.found-len(gone)); err != nil || created != want {
			t.Errorf("%d of %d found, rebuilt: got %v and %d creations, want %d", test.found, test.known, err, created, want)
		}
	}
}

func TestMakePlanBrake(t *testing.T) {
	t.Parallel()
	tests := []struct {
		known, gone, most int
		share             float64
		limit             int // 0: it is not hit
	}{
		{100, 10, 10, 0.1, 0},
		{100, 11, 10, 0.1, 10},
		{1000, 11, 10, 0.1, 10},
		{50, 5, 10, 0.1, 0},
		{50, 6, 10, 0.1, 5},
		{55, 6, 10, 0.1, 0},
		{5, 3, 10, 0.1, 0},
		{5, 4, 10, 0.1, 3},
		{1, 1, 10, 0.1, 0},
		{100, 100, 100, 1, 0},
		{100, 3, 2, 1, 2},
	}
	for _, test := range tests {
		wanted, found := many(test.known)
		var gone []directory.Known
		for _, w := range wanted[:test.gone] {
			gone = append(gone, w.Known)
		}
		o := options()
		o.MaxDeletes, o.MaxDeleteShare = test.most, test.share
		plan, err := directory.MakePlan(wanted[test.gone:], gone, found, o)
		if len(plan.Steps) != test.gone {
			t.Errorf("%d of %d: got %d steps, want %d", test.gone, test.known, len(plan.Steps), test.gone)
		}
		brake, hit := errors.AsType[*directory.BrakeError](err)
		switch {
		case hit != (test.limit > 0), hit != isBrake(err):
			t.Errorf("%d of %d: got %v, want the brake at %d", test.gone, test.known, err, test.limit)
		case hit && (brake.Limit != test.limit || brake.Deletes != test.gone || !slices.EqualFunc(brake.Plan.Steps, plan.Steps, sameStep)):
			t.Errorf("%d of %d: got %d of %d, want %d of %d", test.gone, test.known, brake.Deletes, brake.Limit, test.gone, test.limit)
		}
	}
}

func isBrake(err error) bool {
	_, ok := errors.AsType[*directory.BrakeError](err)
	return ok
}

func sameStep(a, b directory.Step) bool { return a.Action == b.Action && a.Object.Key == b.Object.Key }

func TestMakePlanManagers(t *testing.T) {
	t.Parallel()
	g := group()
	o := options()
	o.Managers = map[string]directory.Ref{g.Key: boss}
	plan, err := directory.MakePlan([]directory.Wanted{{Object: g, Known: known(g)}}, nil, []directory.Actual{there(g)}, o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"modify key-2 managedBy"}, show(plan.Steps)); diff != "" {
		t.Fatalf("steps (-want +got):\n%s", diff)
	}
	if got, want := plan.Steps[0].Attributes, g.Attributes(directory.ModePlain, boss); !cmp.Equal(got, want) {
		t.Errorf("attributes: got %v, want %v", got, want)
	}
}

// What was published to another directory stays there, and the plan says so.
func TestMakePlanOfAnotherDirectory(t *testing.T) {
	t.Parallel()
	wanted, _ := many(2)
	o := options()
	o.Backend = "another"
	plan, err := directory.MakePlan(wanted[:1], []directory.Known{wanted[1].Known}, nil, o)
	if err != nil || len(plan.Steps) != 2 {
		t.Fatalf("got %+v, %v; want two steps", plan, err)
	}
	for i, action := range []directory.Action{directory.ActForget, directory.ActCreate} {
		if s := plan.Steps[i]; s.Action != action || !strings.Contains(s.Why, "it stays in the directory that was used before") {
			t.Errorf("got %s, %q; want %s, and what becomes of it", s.Action, s.Why, action)
		}
	}
}

// What a person has allowed is the limit, whatever the brake and its share say.
func TestMakePlanAllowed(t *testing.T) {
	t.Parallel()
	wanted, found := many(20)
	gone := []directory.Known{}
	for _, w := range wanted[:8] {
		gone = append(gone, w.Known)
	}
	o := options()
	o.MaxDeletes, o.MaxDeleteShare = 10, 0.1
	for allowed, limit := range map[int]int{0: 3, 7: 7, 8: 0, 100: 0} {
		o.Allowed = allowed
		_, err := directory.MakePlan(wanted[8:], gone, found, o)
		brake, _ := errors.AsType[*directory.BrakeError](err)
		if limit == 0 && err != nil || limit > 0 && (brake == nil || brake.Limit != limit || !strings.Contains(err.Error(), "--max-deletes 8")) {
			t.Errorf("%d allowed: got %v, want the limit %d", allowed, err, limit)
		}
	}
}
