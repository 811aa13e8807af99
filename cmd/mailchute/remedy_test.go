package main

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"mailchute/store"
)

// resultCode is an error with a code, as SQLite's are.
type resultCode int

func (c resultCode) Error() string { return fmt.Sprintf("something is wrong (%d)", int(c)) }
func (c resultCode) Code() int     { return int(c) }

func TestRemedies(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		err  error
		want string // in the second line; "": there is none
	}{
		{errors.New("out of order"), ""},
		{resultCode(19), ""},
		{resultCode(13), "Make room"},
		{resultCode(11 | 1<<8), "restore them from the backup"},
		{resultCode(26), "restore them from the backup"},
		{resultCode(5 | 2<<8), "Another process"},
		{resultCode(8), "mounted for writing"},
		{resultCode(10 | 3<<8), "The disk failed"},
		{resultCode(14), "who can write"},
		{syscall.ENOSPC, "Make room"},
		{syscall.EIO, "The disk failed"},
		{syscall.EROFS, "mounted for writing"},
		{store.ErrDamaged, "mailchute verify"},
	} {
		var said strings.Builder
		c := &cli{err: &said}
		c.complain("mailchute drain", fmt.Errorf("open a run: %w", errors.Join(row.err)))
		first, second, _ := strings.Cut(said.String(), "\n")
		if first != "mailchute: open a run: "+row.err.Error() || !strings.Contains(second, row.want) || (row.want == "") != (second == "") {
			t.Errorf("%v: got %q, want the error, and a line with %q", row.err, &said, row.want)
		}
	}
}
