package directory

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"mailchute/pkg/fault"
)

// The tries of Claim, and what it waits between them: a random part of firstPause, which
// doubles.
const (
	claimTries = 6
	firstPause = 100 * time.Millisecond
)

// takeBackTime is how long Claim tries to delete what must not stay, also where it was told
// to stop.
const takeBackTime = 30 * time.Second

// Claim makes an object with these attributes that alone has its alias and its addresses in
// the whole directory: directories do not see to that. It looks who has them, makes the
// object, and looks again; where somebody else came meanwhile, it takes the object back and
// starts over. Of several who claim the same without knowing of each other, one at most
// keeps it. fault.ErrConflict names who has it. After any error there is no object, or one
// that the next Claim finds again.
//
// An object of the same key under the same alias, from a claim whose record was lost, is
// taken, and changed where its attributes are not a.
func Claim(ctx context.Context, p Publisher, o Object, a Attributes) (Actual, error) {
	var clash error
	for try := range claimTries {
		if err := pause(ctx, try); err != nil {
			return Actual{}, err
		}
		used, err := p.InUse(ctx, []string{o.Alias}, o.Addresses, "")
		if err != nil {
			return Actual{}, err
		}
		if len(used) > 0 {
			made, ok, err := takeUp(ctx, p, o, a, used)
			if ok || err != nil {
				return made, err
			}
			if clash = inUse(used); try == 0 {
				return Actual{}, clash // nobody is at it: it was there before
			}
			continue
		}
		made, err := p.Create(ctx, o, a)
		if err != nil {
			return Actual{}, err
		}
		if clash, err = verify(ctx, p, o, made); err != nil {
			return Actual{}, err
		}
		if clash == nil {
			return made, nil
		}
	}
	return Actual{}, clash
}

// verify looks whether nobody else has what made has; otherwise, and where nobody knows, made
// is taken back. A clash is a reason to start over.
func verify(ctx context.Context, p Publisher, o Object, made Actual) (clash, err error) {
	used, err := p.InUse(ctx, []string{o.Alias}, o.Addresses, made.ID)
	if err == nil && len(used) == 0 {
		return nil, nil
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeBackTime)
	defer cancel()
	if failed := p.Delete(late, made); failed != nil {
		err = errors.Join(err, fmt.Errorf("take back %s: %w", made.Where, failed))
	}
	if err != nil {
		return nil, err
	}
	return inUse(used), nil
}

// takeUp returns the object that an earlier claim of o made; ok is false where there is none.
func takeUp(ctx context.Context, p Publisher, o Object, a Attributes, used []Use) (made Actual, ok bool, err error) {
	there, err := p.ByAlias(ctx, o.Alias)
	if errors.Is(err, fault.ErrNotFound) {
		return Actual{}, false, nil
	}
	if err != nil {
		return Actual{}, false, err
	}
	m, err := ParseMarker(there.Marker)
	if err != nil || m.Key != o.Key || m.Kind != o.Kind {
		return Actual{}, false, nil //nolint:nilerr // what has no marker of ours is somebody else's
	}
	for _, u := range used {
		if u.ID != there.ID {
			return Actual{}, false, inUse([]Use{u})
		}
	}
	if there, err = p.Create(ctx, o, a); err != nil { // it looks whether the marker is really ours
		return Actual{}, false, err
	}
	if changes := Diff(a, nil, there.Attributes); len(changes) > 0 {
		if there, err = p.Modify(ctx, there, changes); err != nil {
			return Actual{}, false, err
		}
	}
	return there, true, nil
}

// inUse says who has what.
func inUse(used []Use) error {
	return fmt.Errorf("%s is in use by %s: %w", used[0].Value, used[0].Where, fault.ErrConflict)
}

// pause waits before a try, unless it is the first.
func pause(ctx context.Context, try int) error {
	if try == 0 {
		return ctx.Err()
	}
	t := time.NewTimer(rand.N(firstPause << try))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
