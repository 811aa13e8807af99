package dms_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"mailchute/jobs"
	"mailchute/jobs/dms"
	"mailchute/pkg/access"
	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
	"mailchute/pkg/directory/ldapdir"
	"mailchute/pkg/event"
	"mailchute/pkg/library"
	"mailchute/store"
)

// large is a farm on SQLite and OpenLDAP that wants many contacts, and a group with all of
// them and as many other people as are missing to so many members.
type large struct {
	*farm
	contacts, members int
}

func newLarge(t testing.TB, contacts, members int) large {
	t.Helper()
	world := directorytest.People()
	world.Contacts = append(world.Contacts, directorytest.CrowdOf(members-contacts)...)
	slapd := directorytest.StartSlapd(t, world, directorytest.SlapdOptions{})
	ldap, err := ldapdir.OpenPublisher(ldapdir.Options{
		URL: slapd.LDAPS, CAFile: slapd.Authority, Base: directorytest.BaseDN, BindDN: directorytest.WriterDN,
		Password: func() (string, error) { return slapd.WriterPassword, nil },
	}, ldapdir.PublisherOptions{Container: directorytest.ContainerDN, Installation: installation})
	must(t, err)
	t.Cleanup(func() { _ = ldap.Close() })
	dir := t.TempDir()
	b := onDisk(dir)
	b.locksDir, b.publisher = dir, ldap
	l := large{contacts: contacts, members: members}
	l.farm, err = b.open(t.Context(), func(c store.Catalog) store.Catalog {
		must(t, l.fill(t.Context(), c))
		return c
	})
	must(t, err)
	t.Cleanup(func() { _ = l.close() })
	r, err := l.AskDistribution(t.Context(), "everybody", store.Ask{Want: directory.Properties{LocalPart: "everybody"}})
	must(t, err)
	_, err = l.ApproveRequest(t.Context(), r.ID, store.Verdict{})
	must(t, err)
	return l
}

// fill fills a new catalog.
func (l large) fill(ctx context.Context, c store.Catalog) error {
	return c.Update(ctx, func(tx store.Tx) error {
		err := tx.PutSetting("installation", installation)
		if err == nil {
			err = tx.InsertSite(library.Site{Name: store.DefaultSite, Title: "Default"})
		}
		group := access.Group{Name: "everybody", Site: store.DefaultSite}
		for i := range l.contacts {
			name := fmt.Sprintf("library%d", i)
			group.Members = append(group.Members, address(name+"@farm.example"))
			if err == nil {
				err = tx.InsertLibrary(library.Library{Name: name, Site: store.DefaultSite, Title: name, LocalPart: name})
			}
			if err == nil {
				err = tx.ClaimLocalPart(name, store.Owner{Library: name})
			}
		}
		for i := range l.members - l.contacts {
			group.Members = append(group.Members, address(fmt.Sprintf("crowd%d@corp.example", i)))
		}
		if err == nil {
			err = tx.InsertGroup(group)
		}
		return err
	})
}

func address(a string) access.Principal { return access.Principal{Kind: access.KindAddress, Name: a} }

// follow runs the job once, and returns what it did, how long it took and how much memory
// was in use at most.
func (l large) follow(t testing.TB) (did event.Directory, took time.Duration, peak uint64) {
	t.Helper()
	stop, peaks := make(chan struct{}), make(chan uint64)
	go watchHeap(stop, peaks)
	start := time.Now()
	_, sum, err := l.job.Apply(t.Context(), jobs.Manual, dms.ApplyOptions{})
	took = time.Since(start)
	close(stop)
	peak = <-peaks
	must(t, err)
	return *sum.Directory, took, peak
}

// watchHeap sends the largest size of the heap until it is told to stop.
func watchHeap(stop <-chan struct{}, peaks chan<- uint64) {
	runtime.GC()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var m runtime.MemStats
	peak := uint64(0)
	for {
		select {
		case <-tick.C:
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
		case <-stop:
			peaks <- peak
			return
		}
	}
}

// check checks what a first and a second run did.
func (l large) check(t testing.TB, first, second event.Directory) {
	t.Helper()
	objects := l.contacts + 1
	if want := (event.Directory{Objects: objects, Created: objects, Members: l.members}); first != want {
		t.Errorf("the first run: got %+v, want %+v", first, want)
	}
	if want := (event.Directory{Objects: objects}); second != want {
		t.Errorf("the second run: got %+v, want that it wrote nothing", second)
	}
}

// A group of more members than one answer of some directories has, and many contacts: a
// second run writes nothing.
func TestLarge(t *testing.T) {
	t.Parallel()
	l := newLarge(t, 300, 1600)
	first, _, _ := l.follow(t)
	second, _, _ := l.follow(t)
	l.check(t, first, second)
}

// BenchmarkReconcile publishes 10,000 contacts and a group of 20,000 members in OpenLDAP, and
// then looks once more, which writes nothing.
func BenchmarkReconcile(b *testing.B) {
	for range b.N {
		l := newLarge(b, 10_000, 20_000)
		b.ResetTimer()
		first, took, peak := l.follow(b)
		b.ReportMetric(took.Seconds(), "s/first")
		b.ReportMetric(float64(peak)/(1<<20), "MB-heap/first")
		second, took, peak := l.follow(b)
		b.ReportMetric(took.Seconds(), "s/second")
		b.ReportMetric(float64(peak)/(1<<20), "MB-heap/second")
		l.check(b, first, second)
	}
}
