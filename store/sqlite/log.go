package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"mailchute/store"
	"mailchute/store/sqlcat"
)

// catalog keeps the write-ahead log short without a commit ever copying it into the
// database, as SQLite does by itself: a connection of its own copies beside the Updates.
// Only where the log has become long all the same, an Update copies what is left of it
// before it begins, so that the log can begin again.
type catalog struct {
	*sqlcat.Catalog
	copier  *sql.DB
	limits  logLimits
	copying sync.Mutex    // one of the two copies
	due     chan struct{} // holds a token where copying pays
	stop    context.CancelFunc
	stopped chan struct{}
}

var _ store.Catalog = (*catalog)(nil)

// logLimits are numbers of pages of the log.
type logLimits struct {
	due  int // not copied yet: copying pays
	long int // in all: the log must begin again
}

// usualLimits are 8 MiB and 64 MiB.
func usualLimits() logLimits { return logLimits{due: 2 << 10, long: 16 << 10} }

// keepShort takes over a catalog, and connections to copy its log.
func keepShort(c *sqlcat.Catalog, copier *sql.DB, limits logLimits) *catalog {
	ctx, stop := context.WithCancel(context.Background())
	k := &catalog{
		Catalog: c, copier: copier, limits: limits,
		due: make(chan struct{}, 1), stop: stop, stopped: make(chan struct{}),
	}
	go func() {
		defer close(k.stopped)
		for {
			select {
			case <-ctx.Done():
				return
			case <-k.due:
				// What fails is left in the log; once that is long, the Update that fails
				// to copy it says why.
				_, _ = k.copyLog()
			}
		}
	}()
	return k
}

// Update implements store.Catalog. It fails without a change where the log is long and
// copying it fails. While a View is open, or another process copies, the log may grow.
func (k *catalog) Update(ctx context.Context, f func(store.Tx) error) error {
	err := k.shorten()
	if err == nil {
		err = k.Catalog.Update(ctx, f)
	}
	return fromSystem(err)
}

// View implements store.Catalog.
func (k *catalog) View(ctx context.Context, f func(store.Tx) error) error {
	return fromSystem(k.Catalog.View(ctx, f))
}

// Close implements store.Catalog.
func (k *catalog) Close() error {
	k.stop()
	<-k.stopped
	return errors.Join(k.copier.Close(), k.Catalog.Close())
}

// shorten sees to it that the log is copied, and waits for that where it is long.
func (k *catalog) shorten() error {
	l, err := checkpoint(k.copier, "NOOP")
	if err != nil {
		return err
	}
	if l.pages >= k.limits.long {
		_, err := k.copyLog()
		return err
	}
	if l.pages-l.copied >= k.limits.due {
		select {
		case k.due <- struct{}{}:
		default: // it knows
		}
	}
	return nil
}

// copyLog copies what no reader needs any more in the log. It waits for nobody else.
func (k *catalog) copyLog() (logState, error) {
	k.copying.Lock()
	defer k.copying.Unlock()
	return checkpoint(k.copier, "PASSIVE")
}

// logState is how many pages the log has, and how many of them were copied.
type logState struct{ pages, copied int }

// checkpoint asks for a checkpoint of this mode (sqlite.org/pragma.html#pragma_wal_checkpoint).
func checkpoint(db *sql.DB, mode string) (l logState, err error) {
	var busy bool // another process copies
	row := db.QueryRowContext(context.Background(), "PRAGMA wal_checkpoint("+mode+")")
	if err := row.Scan(&busy, &l.pages, &l.copied); err != nil {
		return l, fmt.Errorf("copy the write-ahead log: %w", err)
	}
	return l, nil
}
