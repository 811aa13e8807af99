package drop_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailchute/pkg/drop"
)

// TestExposed: every user of the system can write a place by its own mode, or can put
// another one there where all may write a folder above it and no sticky bit guards it, if
// they can come so far.
func TestExposed(t *testing.T) {
	t.Parallel()
	const sticky = os.ModeSticky
	for _, row := range []struct {
		name              string
		top, folder, file os.FileMode
		what              string // what the exposure of the file is about; "" it is not exposed
		folderToo         bool   // the folder is exposed
	}{
		{"nobody", 0o755, 0o755, 0o644, "", false},
		{"groups are trusted", 0o775, 0o770, 0o660, "", false},
		{"the file", 0o755, 0o755, 0o666, "top/folder/file can be written", false},
		{"the folder", 0o755, 0o777, 0o600, "may write TOP/folder (mode 0777)", true},
		{"the folder, sticky", 0o755, 0o777 | sticky, 0o600, "", true},
		{"the folder above", 0o777, 0o755, 0o600, "may write TOP (mode 0777)", true},
		{"the folder above, sticky", 0o777 | sticky, 0o755, 0o600, "", false},
		{"all, out of reach", 0o770, 0o777, 0o666, "", false},
		{"the file, out of reach", 0o777 | sticky, 0o700, 0o666, "", false},
		{"the folder, to be swapped", 0o777, 0o700, 0o666, "may write TOP (mode 0777)", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			base, err := os.MkdirTemp(openToOthers(t), "mailchute-test-") //nolint:usetesting // others must be able to enter it
			ok(t, err)
			t.Cleanup(func() { ok(t, os.RemoveAll(base)) })
			top := filepath.Join(base, "top")
			folder, file := filepath.Join(top, "folder"), filepath.Join(top, "folder", "file")
			ok(t, os.MkdirAll(folder, 0o700))
			ok(t, os.WriteFile(file, nil, 0o600))
			for path, mode := range map[string]os.FileMode{base: 0o755, top: row.top, folder: row.folder, file: row.file} {
				ok(t, os.Chmod(path, mode))
			}
			place, err := drop.PlaceOf(file)
			ok(t, err)
			want := strings.ReplaceAll(row.what, "TOP", top)
			if got := place.Exposed(); (got == "") != (want == "") || !strings.Contains(got, want) {
				t.Errorf("the file: got %q, want %q in it", got, want)
			}
			place, err = drop.PlaceOf(folder)
			ok(t, err)
			if got := place.Exposed(); (got != "") != row.folderToo {
				t.Errorf("the folder: got %q, want something: %v", got, row.folderToo)
			}
		})
	}
}

// openToOthers returns a folder for temporary ones that every user may enter.
func openToOthers(t *testing.T) string {
	t.Helper()
	for _, dir := range []string{os.TempDir(), "/tmp", "/var/tmp"} {
		if resolved, err := filepath.EvalSymlinks(dir); err == nil && mayBeEntered(resolved) {
			return resolved
		}
	}
	t.Fatal("no folder for temporary files is open to others: set TMPDIR to one")
	return ""
}

func mayBeEntered(dir string) bool {
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm()&0o001 == 0 {
		return false
	}
	return dir == filepath.Dir(dir) || mayBeEntered(filepath.Dir(dir))
}
