package drop_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"mailchute/pkg/drop"
)

func TestUnreadable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("new/a", eml)
	options := w.options("postfix")
	options.Owners = []int{os.Geteuid() + 1}
	folder, err := drop.Open(w.fs(), options)
	ok(t, err)
	report := func() (reports int) {
		for item, err := range folder.Claim(t.Context()) {
			ok(t, err)
			_, _, err = item.Open()
			if _, unreadable := errors.AsType[*drop.Unreadable](err); !unreadable || !errors.Is(err, os.ErrPermission) {
				t.Errorf("got %v, want an Unreadable", err)
			}
			wantErr(t, "Finish of an unreadable item", item.Finish(), os.ErrClosed)
			reports++
		}
		return reports
	}
	for i, want := range []int{1, 0, 0} {
		if got := report(); got != want {
			t.Errorf("pass %d: got %d reports, want %d", i, got, want)
		}
	}
	if n, _, err := folder.Backlog(t.Context()); n != 1 || err != nil {
		t.Errorf("got a backlog of %d, %v; want 1", n, err)
	}
	w.write("new/a", eml+"more")
	if got := report(); got != 1 {
		t.Errorf("after a change: got %d reports, want 1", got)
	}
	if got := w.files("new"); !slices.Equal(got, []string{"a"}) {
		t.Errorf("got %q, want the file where it was", got)
	}
	ok(t, folder.Close())
}

func TestUnreadableInRetry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("new/a", eml)
	options := w.options("postfix")
	options.Owners = []int{os.Geteuid() + 1}
	folder, err := drop.Open(w.fs(), options)
	ok(t, err)
	ok(t, claimOne(t, folder).Defer(true))
	w.pass(time.Hour)
	_, _, err = claimOne(t, folder).Open()
	if _, unreadable := errors.AsType[*drop.Unreadable](err); !unreadable {
		t.Fatalf("got %v, want an Unreadable", err)
	}
	if got := claim(t, folder); len(got) != 0 {
		t.Errorf("claimed again: %q", names(got))
	}
	if got := w.files(".mailchute/retry"); !slices.Equal(got, []string{"a"}) {
		t.Errorf("in retry: got %q, want a", got)
	}
	ok(t, folder.Close())
}

// TestUnmovable has one file that may not be moved, as in a folder with the sticky bit.
func TestUnmovable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("new/a", eml)
	w.write("new/b", eml)
	fsys := w.fs()
	folder := w.open(fsys, "postfix")
	fsys.rename = func(oldname, _ string) error {
		if oldname == "new/a" {
			return syscall.EPERM
		}
		return nil
	}
	for i, want := range []int{1, 0} {
		reports := 0
		for item, err := range folder.Claim(t.Context()) {
			if e, unreadable := errors.AsType[*drop.Unreadable](err); unreadable && e.Name == "a" {
				reports++
				continue
			}
			ok(t, err)
			ok(t, item.Finish())
		}
		if reports != want {
			t.Errorf("pass %d: got %d reports, want %d", i, reports, want)
		}
	}
	ok(t, folder.Close())
}

// TestRightsTakenAway: what concerns the whole folder is said once a pass, not per file.
func TestRightsTakenAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("new/a", eml)
	w.write("new/b", eml)
	fsys := w.fs()
	folder := w.open(fsys, "postfix")
	fsys.rename = func(oldname, _ string) error {
		if strings.HasPrefix(oldname, "new/") {
			return syscall.EACCES
		}
		return nil
	}
	var errs []error
	for _, err := range folder.Claim(t.Context()) {
		errs = append(errs, err)
	}
	if len(errs) != 1 || !errors.Is(errs[0], syscall.EACCES) {
		t.Fatalf("got %v, want one error", errs)
	}
	if _, unreadable := errors.AsType[*drop.Unreadable](errs[0]); unreadable {
		t.Errorf("got %v about one file", errs[0])
	}
	fsys.rename = nil
	if got := names(claim(t, folder)); len(got) != 2 {
		t.Errorf("with the rights back: got %q, want both", got)
	}
}
