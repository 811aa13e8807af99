package tree_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"mailchute/store/tree"
)

// linksOfOne is fewer hard links than any file system in use gives one file.
const linksOfOne = 10_000

// BenchmarkPublish shows documents in a folder that has so many already; every hundredth
// has a sync.
func BenchmarkPublish(b *testing.B) {
	for _, full := range []int{100, 100_000} {
		b.Run(strconv.Itoa(full), func(b *testing.B) {
			w := newWorld(b, tree.Link)
			check(b, os.MkdirAll(w.path("s/l"), 0o755))
			fill(b, w, full)
			check(b, w.tree.Sync(b.Context(), []string{"s/l/0"}))
			bytes := w.blob(b, "bytes")
			n := 0
			for b.Loop() {
				if n++; n%linksOfOne == 0 {
					bytes = w.blob(b, fmt.Sprint("bytes ", n))
				}
				path := fmt.Sprintf("s/l/invoice %d.pdf", n)
				check(b, w.tree.Publish(b.Context(), path, bytes))
				if n%100 == 0 {
					check(b, w.tree.Sync(b.Context(), []string{path}))
				}
			}
		})
	}
}

// fill puts so many files into the library, with few inodes.
func fill(b *testing.B, w *world, full int) {
	b.Helper()
	first := ""
	for i := range full {
		name := w.path(fmt.Sprintf("s/l/older invoice %d.pdf", i))
		if i%linksOfOne > 0 {
			check(b, os.Link(first, name))
			continue
		}
		first = name
		check(b, os.WriteFile(name, nil, 0o444))
	}
}
