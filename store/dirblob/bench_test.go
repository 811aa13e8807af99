package dirblob_test

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// BenchmarkPut uploads blobs of 100 KB into a folder that has so many already; every
// hundredth has a barrier.
func BenchmarkPut(b *testing.B) {
	for _, full := range []int{0, 200_000, 1_000_000} {
		b.Run(strconv.Itoa(full), func(b *testing.B) {
			fsys, dir := openDir(b)
			blobs := open(b, fsys)
			fill(b, dir, full)
			check(b, blobs.Barrier(b.Context()))
			data := make([]byte, 100_000)
			b.SetBytes(int64(len(data)))
			n := 0
			for b.Loop() {
				n++
				binary.LittleEndian.PutUint64(data, uint64(n))
				up, err := blobs.Create(b.Context())
				check(b, err)
				for rest := data; len(rest) > 0; rest = rest[min(len(rest), 48<<10):] {
					_, err := up.Write(rest[:min(len(rest), 48<<10)])
					check(b, err)
				}
				check(b, up.Keep(b.Context(), digest(data)))
				if n%100 == 0 {
					check(b, blobs.Barrier(b.Context()))
				}
			}
		})
	}
}

// fill puts so many blobs without bytes in place. They share inodes: a name costs the same,
// and file systems have fewer inodes than this.
func fill(b *testing.B, dir string, full int) {
	b.Helper()
	for shard := range 256 {
		check(b, os.MkdirAll(filepath.Join(dir, fmt.Sprintf("%02x", shard)), 0o700))
	}
	const linksOfOne = 10_000
	first := ""
	for i := range full {
		d := sha256.Sum256([]byte(strconv.Itoa(i)))
		name := filepath.Join(dir, fmt.Sprintf("%x", d[:1]), fmt.Sprintf("%x", d[1:]))
		if i%linksOfOne > 0 {
			check(b, os.Link(first, name))
			continue
		}
		first = name
		check(b, os.WriteFile(name, nil, 0o444))
	}
}
