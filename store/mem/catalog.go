package mem

import (
	"context"
	"fmt"
	"sync"
	"time"

	"mailchute/pkg/access"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
)

// Catalog is a store.Catalog in memory, the reference implementation. What an Update
// has committed survives as long as the value does: keep it over a simulated crash or
// power loss and it is the durable state.
type Catalog struct {
	updating sync.Mutex // held through an Update

	mu    sync.Mutex // guards state
	state state
}

var _ store.Catalog = (*Catalog)(nil)

// NewCatalog returns an empty catalog.
func NewCatalog() *Catalog { return &Catalog{} }

// state is every row. Copying it is taking a snapshot.
type state struct {
	sites      table[library.Site]
	libraries  table[library.Library]
	localParts table[store.LocalPart]
	localOf    table[string] // local parts by library

	users       table[access.User]
	addresses   table[string] // logins by folded address
	groups      table[access.Group]
	memberships table[string] // group names by (principal, group)
	grants      table[access.Grant]

	settings   table[setting]
	changes    table[store.Change]
	lastChange int64

	items    table[store.Item]
	outcomes table[store.Outcome]
	unfiled  table[store.Outcome] // by (run, number)
	held     table[heldRow]
	heldOf   table[int64] // ids of held mail by outcome
	lastHeld int64

	documents    table[store.Document]
	documentsOf  table[string] // keys of documents by (item, key of the document)
	headers      table[string] // by (library, item)
	numbers      table[int]
	publications table[publicationRow]
	blobs        table[store.BlobRow]
	references   table[int] // how many documents and held mail refer to each blob

	runs      table[store.Run]
	closed    table[string] // ids of runs by place
	processed table[store.Processed]
	messages  table[int] // how many each run has processed
	sweeps    table[store.Sweep]

	sent table[sentRow] // by (hour, sender)

	distributions  table[store.Distribution]
	distributionOf table[string] // keys by group
	requests       table[directory.Request]
	openRequests   table[int64] // by distribution
	lastRequest    int64
	requestEvents  table[directory.Event]   // by (request, number)
	contacts       table[store.FarmContact] // of other farms
	contactAt      table[string]            // keys by alias
	known          table[directory.Known]
	knownIDs       table[string] // keys by (backend, ID, key)
	writes         table[store.DirectoryWrite]
	lastWrite      int64
	directoryRuns  table[store.DirectoryRun]
	leases         table[store.Lease]

	entries        table[store.Entry]
	entryAt        table[string]   // IDs by alias
	entryAddresses table[string]   // IDs by folded address
	addressesOf    table[[]string] // folded addresses by ID
	entryMembers   table[string]   // members by (ID, member)
	entryGroups    table[string]   // IDs by (member, ID)

	number int // of the last row that was given one
}

// View implements store.Catalog. Updates may be committed while f runs.
func (c *Catalog) View(ctx context.Context, f func(store.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return f(&tx{state: c.snapshot()})
}

// Update implements store.Catalog.
func (c *Catalog) Update(ctx context.Context, f func(store.Tx) error) error {
	c.updating.Lock()
	defer c.updating.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	t := &tx{state: c.snapshot()}
	if err := f(t); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state = t.state
	return nil
}

// Close does nothing: the rows stay.
func (c *Catalog) Close() error { return nil }

func (c *Catalog) snapshot() state {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// tx implements store.Tx on a snapshot of its own.
type tx struct {
	state
}

func (t *tx) Savepoint(f func() error) error {
	before := t.state
	if err := f(); err != nil {
		t.state = before
		return err
	}
	return nil
}

// next returns a number greater than those before.
func (t *tx) next() int {
	t.number++
	return t.number
}

func missing(what string, name any) error {
	return fmt.Errorf("%s %q: %w", what, fmt.Sprint(name), fault.ErrNotFound)
}

func taken(what string, name any) error {
	return fmt.Errorf("%s %q: %w", what, fmt.Sprint(name), fault.ErrConflict)
}

// stored returns the time as a catalog keeps it.
func stored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
