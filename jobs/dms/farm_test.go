package dms_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"mailchute/jobs"
	"mailchute/jobs/dms"
	"mailchute/pkg/access"
	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
	"mailchute/pkg/durable"
	"mailchute/pkg/event"
	"mailchute/pkg/library"
	"mailchute/store"
	"mailchute/store/mem"
)

// domains are the farm's own.
var domains = []string{"farm.example"}

// began is when the farms of these tests begin.
var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// farm is a process at work on a catalog and a directory.
type farm struct {
	*store.Store
	base
	t     *testing.T
	job   *dms.Job
	pub   directory.Publisher
	log   *bytes.Buffer
	locks durable.FS
}

// base is what outlives a process.
type base struct {
	catalog   func(context.Context) (store.Catalog, error)
	locksDir  string
	publisher directory.Publisher            // nil: it is the built-in directory
	dir       *directorytest.PublisherMemory // the same, if it is in memory
	admin     directorytest.Administrator    // of the same; nil for the built-in directory
	beside    func(installation string) directory.Publisher
	clock     *clock
	names     map[string]string // of members, by key
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// newFarm makes a farm on a catalog in memory and a directory in memory, with three users,
// of whom the directory does not have zed; change says how its job differs.
func newFarm(t *testing.T, change ...func(*dms.Options)) *farm {
	t.Helper()
	return newFarmOn(t, mem.NewCatalog(), change...)
}

// newFarmOn is newFarm on an empty catalog.
func newFarmOn(t *testing.T, catalog store.Catalog, change ...func(*dms.Options)) *farm {
	t.Helper()
	b := base{
		catalog:  func(context.Context) (store.Catalog, error) { return catalog, nil },
		locksDir: t.TempDir(), clock: &clock{now: began}, names: map[string]string{},
		dir: directorytest.NewPublisherMemory(installation),
	}
	b.publisher, b.admin = b.dir, b.dir.Administrator()
	b.beside = func(installation string) directory.Publisher { return b.dir.Beside(installation) }
	must(t, catalog.Update(t.Context(), func(tx store.Tx) error { return tx.PutSetting("installation", installation) }))
	f := b.process(t, unwrapped, change...)
	f.addUsers()
	return f
}

// installation is the name of the farms with a directory in memory.
const installation = "11111111-1111-4111-8111-111111111111"

func (f *farm) addUsers() {
	f.t.Helper()
	for _, login := range []string{"alice", "carol", "zed"} {
		u := access.User{Login: login, Name: login, Addresses: []string{login + "@corp.example"}}
		must(f.t, f.AddUser(f.t.Context(), u))
	}
}

func unwrapped(c store.Catalog) store.Catalog { return c }

// process opens the farm as another process would.
func (b base) process(t *testing.T, wrap func(store.Catalog) store.Catalog, change ...func(*dms.Options)) *farm {
	t.Helper()
	f, err := b.open(t.Context(), wrap, change...)
	must(t, err)
	f.t = t
	return f
}

func (b base) open(ctx context.Context, wrap func(store.Catalog) store.Catalog, change ...func(*dms.Options)) (*farm, error) {
	f := &farm{base: b, log: &bytes.Buffer{}}
	var err error
	if f.locks, err = durable.Open(b.locksDir); err != nil {
		return nil, err
	}
	catalog, err := b.catalog(ctx)
	if err != nil {
		return nil, err
	}
	f.Store, err = store.Open(ctx, store.Options{
		Catalog: wrap(catalog), Blobs: mem.NewBlobs(), Tree: mem.NewTree(), Locks: f.locks, Actor: "test", Now: b.clock.Now,
	})
	if err != nil {
		return nil, err
	}
	if f.pub = b.publisher; f.pub == nil {
		if f.pub, err = f.OpenBuiltin(ctx); err != nil {
			return nil, err
		}
	}
	o := dms.Options{
		Store: f.Store, Publisher: f.pub, Domains: domains, MaxDeletes: 10, MaxDeleteShare: 0.5, Enforce: true,
		Log: zerolog.New(f.log), Now: b.clock.Now,
	}
	for _, c := range change {
		c(&o)
	}
	f.job = dms.New(o)
	return f, nil
}

// close ends the process.
func (f *farm) close() error { return errors.Join(f.Store.Close(), f.locks.Close()) }

// library adds a library with a local part.
func (f *farm) library(name, local string) {
	f.t.Helper()
	must(f.t, f.AddLibrary(f.t.Context(), library.Library{Name: name, Site: store.DefaultSite, Title: "The " + name, LocalPart: local}))
}

// setLocal gives a library another local part.
func (f *farm) setLocal(name, local string) {
	f.t.Helper()
	must(f.t, f.SetLibrary(f.t.Context(), name, func(l *library.Library) error {
		l.LocalPart = local
		return nil
	}))
}

// group adds a group with members as "user:alice" or "address:bob@corp.example".
func (f *farm) group(name string, members ...string) {
	f.t.Helper()
	must(f.t, f.AddGroup(f.t.Context(), access.Group{Name: name, Site: store.DefaultSite, Members: principals(f.t, members)}))
}

func (f *farm) setMembers(name string, members ...string) {
	f.t.Helper()
	must(f.t, f.SetGroup(f.t.Context(), name, func(g *access.Group) error {
		g.Members = principals(f.t, members)
		return nil
	}))
}

func principals(t *testing.T, members []string) (all []access.Principal) {
	t.Helper()
	for _, m := range members {
		p, err := access.ParsePrincipal(m)
		must(t, err)
		all = append(all, p)
	}
	return all
}

// ask asks for a distribution group, and approves.
func (f *farm) ask(group string, want directory.Properties) directory.Request {
	f.t.Helper()
	r, err := f.AskDistribution(f.t.Context(), group, store.Ask{Want: want})
	must(f.t, err)
	return f.approve(r)
}

func (f *farm) askDelete(group string) directory.Request {
	f.t.Helper()
	r, err := f.AskDistribution(f.t.Context(), group, store.Ask{Delete: true})
	must(f.t, err)
	return f.approve(r)
}

func (f *farm) approve(r directory.Request) directory.Request {
	f.t.Helper()
	if r.State == directory.Pending || r.State == directory.Failed {
		var err error
		r, err = f.ApproveRequest(f.t.Context(), r.ID, store.Verdict{})
		must(f.t, err)
	}
	return r
}

// request returns a request as it is now.
func (f *farm) request(id int64) directory.Request {
	f.t.Helper()
	r, _, err := f.Request(f.t.Context(), id)
	must(f.t, err)
	return r
}

// isIn checks the state of a request.
func (f *farm) isIn(id int64, want directory.RequestState) {
	f.t.Helper()
	if r := f.request(id); r.State != want {
		f.t.Errorf("request %d is %s (%s), want %s", id, r.State, r.Trouble, want)
	}
}

// run runs the job and checks that it has no error.
func (f *farm) run() (again time.Time) {
	f.t.Helper()
	again, err := f.job.Run(f.t.Context(), jobs.Arrival)
	if err != nil {
		f.t.Fatalf("%v\n%s", err, f.log)
	}
	return again
}

// calm checks that the directory follows: nothing is planned, and another run writes
// nothing anywhere.
func (f *farm) calm() {
	f.t.Helper()
	plan, err := f.job.Plan(f.t.Context())
	must(f.t, err)
	for _, s := range plan.Steps {
		f.t.Errorf("planned: %s %s: %s %v", s.Action, s.Object.Of, s.Why, s.Changes)
	}
	f.idle()
}

// idle checks that a run writes nothing, neither in the directory nor in the catalog.
func (f *farm) idle() {
	f.t.Helper()
	runs, commits := len(f.runs()), &counting{}
	again := f.base.process(f.t, commits.wrap, func(o *dms.Options) {
		o.Mode, o.Enforce, o.KeepForeignMembers = f.job.Mode, f.job.Enforce, f.job.KeepForeignMembers
	})
	before, writes := commits.count(), f.writes()
	again.run()
	if n := f.writes() - writes; n != 0 {
		f.t.Errorf("got %d writes of the directory, want none", n)
	}
	if n := commits.count() - before; n > leaseCommits {
		f.t.Errorf("got %d commits, want none but those of the lease and of tidying", n)
	}
	if n := len(f.runs()) - runs; n != 0 {
		f.t.Errorf("got %d records of runs, want none", n)
	}
	must(f.t, again.close())
}

// writes returns how often the directory was written to; 0 for the built-in one.
func (f *farm) writes() int {
	if f.admin == nil {
		return 0
	}
	return f.admin.Writes(f.t)
}

// leaseCommits is how often a run commits that has nothing to do: it takes the lease and
// gives it back, and tidies requests.
const leaseCommits = 3

// counting counts commits.
type counting struct {
	store.Catalog
	mu sync.Mutex
	n  int
}

func (c *counting) wrap(inner store.Catalog) store.Catalog {
	c.Catalog = inner
	return c
}

// Close leaves the catalog to the others.
func (*counting) Close() error { return nil }

func (c *counting) Update(ctx context.Context, f func(store.Tx) error) error {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	return c.Catalog.Update(ctx, f)
}

func (c *counting) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// runs returns the summaries of all runs of the job.
func (f *farm) runs() []event.Summary {
	f.t.Helper()
	all, err := f.Runs(f.t.Context(), time.Time{}, 0)
	must(f.t, err)
	return all
}

// at returns the object with an alias.
func (f *farm) at(alias string) directory.Actual {
	f.t.Helper()
	a, err := f.pub.ByAlias(f.t.Context(), alias)
	must(f.t, err)
	return a
}

// known returns what is known of an object.
func (f *farm) known(of string) directory.Known {
	f.t.Helper()
	all, err := f.KnownObjects(f.t.Context())
	must(f.t, err)
	for _, k := range all {
		if k.Of == of {
			return k
		}
	}
	return directory.Known{}
}

// shown returns all objects of ours in the directory: "alias title <address>", with members.
func (f *farm) shown() []string {
	f.t.Helper()
	out := []string{}
	err := f.pub.Each(f.t.Context(), func(a directory.Actual) error {
		line := fmt.Sprintf("%s %q %s", a.Alias, strings.Join(a.Attributes["displayName"], "|"), strings.Join(a.Attributes[directory.AttrProxyAddresses], ","))
		if a.Kind == directory.KindGroup {
			line += " [" + strings.Join(f.members(a), " ") + "]"
		}
		out = append(out, line)
		return nil
	})
	must(f.t, err)
	return out
}

// people are those whom the built-in directory calls otherwise.
var people = map[string]string{
	"user:alice": "Alice Archer", "user:carol": "Carol Cook", "address:ernie@elsewhere.example": "External Ernie",
}

// members returns the names of a group's members, sorted.
func (f *farm) members(group directory.Actual) []string {
	f.t.Helper()
	refs, err := f.pub.Members(f.t.Context(), group)
	must(f.t, err)
	var out []string
	for _, r := range refs {
		name, _, _ := strings.Cut(r.Name, ",")
		name = strings.TrimPrefix(strings.TrimPrefix(name, "CN="), "cn=")
		out = append(out, cmp.Or(people[name], name))
	}
	slices.Sort(out)
	return out
}

// said reports how often the log has a text.
func (f *farm) said(text string) int { return strings.Count(f.log.String(), text) }

var errDown = errors.New("the directory is down")

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// shows checks what the directory has of ours, sorted.
func (f *farm) shows(want ...string) {
	f.t.Helper()
	got := f.shown()
	slices.Sort(got)
	if diff := gocmp.Diff(append([]string{}, want...), got); diff != "" {
		f.t.Errorf("the directory (-want +got):\n%s\n%s", diff, f.log)
	}
}

// manual returns what the directory has of an object that nobody here may touch.
func (f *farm) manual() string {
	f.t.Helper()
	return fmt.Sprint(f.admin.Entry(f.t, f.at(directorytest.Manual).ID))
}

// changeMembers adds a person of the directory to a group and removes another, by hand.
func (f *farm) changeMembers(group, add, remove string) {
	f.t.Helper()
	ctx := f.t.Context()
	refs, err := f.pub.Resolve(ctx, []directory.Member{{Login: add}, {Login: remove}})
	must(f.t, err)
	must(f.t, f.pub.ChangeMembers(ctx, f.at(group), refs[:1], refs[1:]))
}

// reports checks that the log has one warning, of an action, or none.
func (f *farm) reports(action string) {
	f.t.Helper()
	want := 1
	if action == "" {
		want = 0
	}
	if n := f.said(`"level":"warn"`); n != want || f.said(`"action":"`+action+`"`) != want {
		f.t.Errorf("got %d warnings, want %d of the action %q:\n%s", n, want, action, f.log)
	}
}
