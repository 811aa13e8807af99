package durable_test

import (
	"errors"
	"fmt"
	"testing"

	"mailchute/pkg/durable"
)

// BenchmarkNames measures what a method costs beside the disk's own work: for a name in the
// folder itself, and for one three folders down.
func BenchmarkNames(b *testing.B) {
	methods := []struct {
		name string
		call func(fsys durable.FS, in string, n int) error
	}{
		{"Open", func(fsys durable.FS, in string, _ int) error {
			f, err := fsys.Open(in + "file")
			return errors.Join(err, f.Close())
		}},
		{"Lstat", func(fsys durable.FS, in string, _ int) error {
			_, err := fsys.Lstat(in + "file")
			return err
		}},
		{"Rename", func(fsys durable.FS, in string, n int) error {
			return fsys.Rename(fmt.Sprint(in, "a", n), fmt.Sprint(in, "a", n+1))
		}},
		{"Replace", func(fsys durable.FS, in string, n int) error {
			return fsys.Replace(fmt.Sprint(in, "b", n), fmt.Sprint(in, "b", n+1))
		}},
		{"Create+Remove", func(fsys durable.FS, in string, _ int) error {
			f, err := fsys.Create(in+"new", 0o600)
			return errors.Join(err, f.Close(), fsys.Remove(in+"new"))
		}},
		{"Mkdir+Remove", func(fsys durable.FS, in string, _ int) error {
			return errors.Join(fsys.Mkdir(in+"new", 0o700), fsys.Remove(in+"new"))
		}},
	}
	for _, method := range methods {
		for _, in := range []string{"", "d/e/f/"} {
			b.Run(fmt.Sprintf("%s/in=%q", method.name, in), func(b *testing.B) {
				fsys, err := durable.Open(b.TempDir())
				if err != nil {
					b.Fatal(err)
				}
				defer fsys.Close()
				err = errors.Join(fsys.Mkdir("d", 0o700), fsys.Mkdir("d/e", 0o700), fsys.Mkdir("d/e/f", 0o700),
					makeFile(fsys, in+"file"), makeFile(fsys, in+"a0"), makeFile(fsys, in+"b0"))
				if err != nil {
					b.Fatal(err)
				}
				n := 0
				for b.Loop() {
					if err := method.call(fsys, in, n); err != nil {
						b.Fatal(err)
					}
					n++
				}
			})
		}
	}
}
