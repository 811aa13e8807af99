package dms

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mailchute/pkg/fault"
)

// undoTime is how long a change that must not stay is tried to be undone, also where the run is
// being stopped.
const undoTime = 30 * time.Second

// alone makes a change that gives an object aliases or addresses, with a look before and
// after whether somebody else has them: then, and where nobody knows, it is undone. A
// directory need not see to it.
func (p *pass) alone(ctx context.Context, o *object, aliases, addresses []string, change, undo func(context.Context) error) error {
	look := func() error {
		if len(aliases)+len(addresses) == 0 {
			return nil
		}
		uses, err := p.Publisher.InUse(ctx, aliases, addresses, o.actual.ID)
		if err != nil {
			return err
		}
		if len(uses) > 0 {
			return fmt.Errorf("%s is in use by %s: %w", uses[0].Value, uses[0].Where, fault.ErrConflict)
		}
		return nil
	}
	if err := look(); err != nil {
		return err
	}
	if err := change(ctx); err != nil {
		return err
	}
	err := look()
	if err == nil {
		return nil
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	return errors.Join(err, undo(late))
}
