package dirblob_test

import (
	"encoding/binary"
	"testing"
)

// One operation is an upload of 100 KB; every hundredth has a barrier.
func BenchmarkUpload(b *testing.B) {
	fsys, _ := openDir(b)
	blobs := open(b, fsys)
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
}
