package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/durable"
	"mailchute/pkg/event"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
	"mailchute/store/mem"
	"mailchute/store/sqlite"
)

// The test binary plays another process where this has a data folder.
const otherVariable = "MAILCHUTE_STORE_TEST_FOLDER"

func TestMain(m *testing.M) {
	folder := os.Getenv(otherVariable)
	if folder == "" {
		os.Exit(m.Run())
	}
	if err := playOther(context.Background(), folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func openFolder(ctx context.Context, folder string) (store.Options, error) {
	locks, err := durable.Open(folder)
	if err != nil {
		return store.Options{}, err
	}
	c, err := sqlite.Open(ctx, filepath.Join(folder, "catalog.db"))
	return store.Options{Catalog: c, Blobs: mem.NewBlobs(), Tree: mem.NewTree(), Locks: locks, Actor: "other"}, err
}

// playOther does anything to distribution groups and local parts, in a run of the job dms,
// until it is killed. After each thing it has done it says so.
func playOther(ctx context.Context, folder string) error {
	o, err := openFolder(ctx, folder)
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, o)
	if err != nil {
		return err
	}
	if _, err := s.CloseDead(ctx); err != nil {
		return err
	}
	run, err := s.OpenRun(ctx, event.JobDirectory, "manual")
	if err != nil {
		return err
	}
	for {
		err := anything(ctx, s, run.ID)
		expected := false
		for _, is := range []error{fault.ErrConflict, fault.ErrNotFound, fault.ErrStale, fault.ErrInvalid, directory.ErrAccess} {
			expected = expected || errors.Is(err, is)
		}
		if err != nil && !expected {
			return err
		}
		fmt.Println("done")
	}
}

// anything does one thing to a store.
func anything(ctx context.Context, s *store.Store, run string) error {
	pickOne := func(of ...string) string { return of[rand.IntN(len(of))] }
	group, local, lib := pickOne("team", "crew", "band"), pickOne("a", "b", "c", "d"), pickOne("one", "two")
	want := store.Ask{Want: directory.Properties{LocalPart: local, Title: pickOne("Us", "Them")}, Delete: rand.IntN(4) == 0}
	switch rand.IntN(11) {
	case 0, 1:
		return second1(s.AskDistribution(ctx, group, want))
	case 2:
		want.Actor = pickOne("farm", "eve")
		return second1(s.AskFarmDistribution(ctx, pickOne(local, "a"), want))
	case 3:
		return s.RemoveGroup(ctx, group)
	case 4:
		return s.AddGroup(ctx, access.Group{Name: group})
	case 5:
		return s.AddLibrary(ctx, library.Library{Name: lib, Site: "default", LocalPart: local})
	case 6:
		return s.RemoveLibrary(ctx, lib, false)
	case 7:
		return s.PutFarmContact(ctx, store.FarmContact{Alias: local, Forward: "x@farm.test", Client: "farm"}, pickOne("", "a", "b"))
	case 8:
		return s.RemoveFarmContact(ctx, "farm", local)
	}
	all, err := s.Requests(ctx, directory.Pending, directory.Approved, directory.Failed)
	if err != nil || len(all) == 0 {
		return err
	}
	return decideAnyhow(ctx, s, run, all[max(0, len(all)-1-rand.IntN(4))])
}

// decideAnyhow decides about a request, or lets the directory follow or fail.
func decideAnyhow(ctx context.Context, s *store.Store, run string, r directory.Request) error {
	v := store.Verdict{Revision: r.Revision, Actor: "approver"}
	if r.State == directory.Approved {
		to := directory.Applied
		if rand.IntN(3) == 0 {
			to = directory.Failed
		}
		return s.RecordDirectory(ctx, run, store.DirectoryResult{
			Known: directory.Known{Key: r.Distribution, Kind: directory.KindGroup, State: directory.ObjectActive}, Forget: r.Kind == directory.RequestDelete && to == directory.Applied,
			Write: store.DirectoryWrite{Action: directory.ActModify, Key: r.Distribution},
			Ends:  []store.Ending{{Request: r.ID, To: to, Trouble: "it does not fit"}},
		})
	}
	switch rand.IntN(5) {
	case 0:
		return second1(s.RejectRequest(ctx, r.ID, v))
	case 1:
		return second1(s.WithdrawRequest(ctx, r.ID, v))
	}
	return second1(s.ApproveRequest(ctx, r.ID, v))
}

func second1[A any](_ A, err error) error { return err }

// Processes that do all this at once, and are killed at any moment, leave a catalog in
// which everything fits.
func TestProcessesKilled(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	p := newPublishing(t, func(o *store.Options) { *o = must(openFolder(t.Context(), folder)) })
	p.set("alias_keep", "0", "rename_grace", "1h", "approve_modify", "true")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 6 {
				p.killAfter(folder, 1+rand.IntN(60))
			}
		})
	}
	all.Wait()
	closed := must(p.CloseDead(t.Context()))
	for _, sum := range closed {
		if sum.State != string(store.RunAborted) {
			t.Errorf("run %s is %s, want aborted", sum.Run, sum.State)
		}
	}
	p.verify()
	p.checkEvents()
	p.checkNow()
	p.checkLocalParts()
	t.Logf("%d requests, %d runs", len(must(p.Requests(t.Context()))), len(p.closed()))
}

// killAfter starts another process, and kills it when it has done so many things, or while
// it does the next.
func (p *publishing) killAfter(folder string, things int) {
	self, err := os.Executable()
	if err != nil {
		p.Error(err)
		return
	}
	cmd := exec.CommandContext(p.Context(), self)
	cmd.Env = append(os.Environ(), otherVariable+"="+folder)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		p.Error(err)
		return
	}
	lines := bufio.NewScanner(out)
	for range things {
		if !lines.Scan() {
			p.Errorf("the other process ended by itself: %v", cmd.Wait())
			return
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		p.Error(err)
	}
	_ = cmd.Wait() // it was killed
}

// checkNow checks that what was approved of each distribution group is what its requests say.
func (p *publishing) checkNow() {
	p.Helper()
	want := map[string]directory.Properties{}
	for _, r := range must(p.Requests(p.Context())) {
		_, events, err := p.Request(p.Context(), r.ID)
		p.must(err)
		for _, e := range events {
			switch {
			case e.To == directory.Approved:
				want[r.Distribution] = r.Want
			case e.To == directory.Failed:
				want[r.Distribution] = r.Before
			}
		}
	}
	for _, d := range must(p.Distributions(p.Context())) {
		if diff := cmp.Diff(want[d.Key], d.Now); diff != "" {
			p.Errorf("%s (-want +got):\n%s", d.Name, diff)
		}
		delete(want, d.Key)
	}
	for key, now := range want {
		if now.LocalPart != "" {
			p.Errorf("the distribution group %s with %+v is gone", key, now)
		}
	}
}

// checkLocalParts checks that whoever is to have a local part has it, and nobody else any.
func (p *publishing) checkLocalParts() {
	p.Helper()
	want, got := map[string]string{}, map[string]string{}
	put := func(local, who string) {
		if key := address.FoldLocal(local); key != "" {
			if other := want[key]; other != "" && other != who {
				p.Errorf("%s is of %s and of %s", local, other, who)
			}
			want[key] = who
		}
	}
	ctx := p.Context()
	for _, l := range must(p.Libraries(ctx)) {
		put(l.LocalPart, "library "+l.Name)
	}
	for _, c := range must(p.FarmContacts(ctx)) {
		put(c.Alias, "contact "+c.Key)
	}
	for _, d := range must(p.Distributions(ctx)) {
		put(d.Now.LocalPart, "group "+d.Key)
	}
	for _, r := range must(p.Requests(ctx, directory.Pending, directory.Approved)) {
		put(r.Want.LocalPart, "group "+r.Distribution)
		put(r.Before.LocalPart, "group "+r.Distribution)
	}
	p.must(p.catalog.View(ctx, func(tx store.Tx) error {
		for _, local := range []string{"a", "b", "c", "d", "in"} {
			o, err := tx.OwnerOf(local)
			switch {
			case errors.Is(err, fault.ErrNotFound):
			case err != nil:
				return err
			case o.Library != "":
				got[local] = "library " + o.Library
			case o.Contact != "":
				got[local] = "contact " + o.Contact
			case o.Until.IsZero():
				got[local] = "group " + o.Distribution
			case want[local] != "": // the address that it had before
				got[local] = "group " + o.Distribution
			}
		}
		return nil
	}))
	if diff := cmp.Diff(want, got); diff != "" {
		p.Errorf("local parts (-want +got):\n%s", diff)
	}
}
