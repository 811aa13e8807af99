package drop_test

import (
	"path/filepath"
	"strings"
	"testing"

	"mailchute/pkg/drop"
	"mailchute/pkg/fault"
)

// Open says in which format the folder is drained, and Write heeds it.
func TestOpenMarks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, row := range []struct {
		format string
		want   error
	}{
		{"postfix", fault.ErrConflict},
		{drop.WriteFormat, nil},
		{drop.WriteFormat, nil},
		{"eml", fault.ErrConflict},
	} {
		ok(t, w.open(w.fs(), row.format).Close())
		marks, err := filepath.Glob(filepath.Join(w.dir, ".mailchute", "format", "*"))
		if err != nil || len(marks) != 1 || filepath.Base(marks[0]) != row.format {
			t.Errorf("got marks %q, %v, want %s", marks, err, row.format)
		}
		_, err = drop.Write(t.Context(), w.fs(), twoRecipients(t), strings.NewReader("x"))
		wantErr(t, row.format, err, row.want)
	}
}
