package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"mailchute/pkg/durable"
	"mailchute/pkg/workload"
)

// floor is what the machine needs at least for the same mail.
type floor struct {
	disk   time.Duration // to write, sync and remove the same files
	cpu    time.Duration // of processors for the same bytes, by floorCPU
	speeds speeds
}

// elapsed is the time of whatever takes longer on so many cores.
func (f floor) elapsed(cores int) time.Duration { return max(f.disk, f.cpu/time.Duration(cores)) }

// measureFloor measures the floor in a folder beside the farm's.
func (b *bench) measureFloor(ctx context.Context) error {
	dir := filepath.Join(b.dir, "floor")
	if err := makeFolder(dir); err != nil {
		return err
	}
	fsys, err := durable.Open(dir)
	if err != nil {
		return err
	}
	m := machine{fsys: fsys, workers: runtime.GOMAXPROCS(0), block: make([]byte, 1<<20)}
	_, _ = rand.NewChaCha8([32]byte{}).Read(m.block) // it never fails
	err = b.floor.measure(ctx, m, b.mail, b.drained.stages.groups)
	return errors.Join(err, fsys.Close())
}

func (f *floor) measure(ctx context.Context, m machine, mail mail, groups [][]int64) (err error) {
	if f.speeds, err = m.speeds(ctx); err != nil {
		return err
	}
	f.cpu = floorCPU(f.speeds, mail.tally, groups)
	f.disk, err = m.replay(ctx, mail.sizes, groups)
	return err
}

// floorCPU is the processor time that mail takes at least: fixed costs of a message, a
// part and a blob, and the way of its bytes through reading, base64, hash and writing. The
// fixed costs were measured on a core that decodes base64 at 1 GB/s with the standard
// library, where the fastest decoder does 2.8 GB/s.
func floorCPU(s speeds, t workload.Tally, groups [][]int64) time.Duration {
	var blobs, size float64
	for _, group := range groups {
		blobs += float64(len(group))
		for _, n := range group {
			size += float64(n)
		}
	}
	const reference, fastest = 1e9, 2.8
	fixed := 240e-6*float64(t.Messages) + 15e-6*float64(t.Parts) + 60e-6*blobs
	seconds := fixed*reference/s.base64 +
		float64(t.Bytes)/s.read + float64(t.Bytes)/(fastest*s.base64) + size/s.hash + size/s.write
	return time.Duration(seconds * float64(time.Second))
}

// machine writes, syncs and removes files, and does nothing else.
type machine struct {
	fsys    durable.FS
	workers int
	block   []byte
}

// replay writes the blobs of each group, makes them durable and removes its share of the
// drop files, one after the other. The drop files are there, and durable, before it begins.
func (m machine) replay(ctx context.Context, dropped []int64, groups [][]int64) (time.Duration, error) {
	err := m.each(ctx, len(dropped), func(i int) error { return m.write(fmt.Sprintf("drop%d", i), dropped[i]) })
	if err = errors.Join(err, m.fsys.Barrier()); err != nil {
		return 0, err
	}
	began := time.Now()
	removed := 0
	for g, group := range groups {
		err := m.each(ctx, len(group), func(i int) error { return m.write(fmt.Sprintf("blob%d-%d", g, i), group[i]) })
		if err != nil {
			return 0, err
		}
		if err := m.fsys.Barrier(); err != nil {
			return 0, err
		}
		end := len(dropped) * (g + 1) / len(groups)
		err = m.each(ctx, end-removed, func(i int) error { return m.fsys.Remove(fmt.Sprintf("drop%d", removed+i)) })
		if err != nil {
			return 0, err
		}
		removed = end
	}
	return time.Since(began), nil
}

// each calls do with 0 to n-1, as many at once as there are workers, until one fails.
func (m machine) each(ctx context.Context, n int, do func(int) error) error {
	var next atomic.Int64
	errs := make([]error, m.workers)
	var working sync.WaitGroup
	for w := range errs {
		working.Go(func() {
			for errs[w] == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				errs[w] = errors.Join(ctx.Err(), do(i))
			}
		})
	}
	working.Wait()
	return errors.Join(errs...)
}

// write makes a file of a size.
func (m machine) write(name string, size int64) error {
	f, err := m.fsys.Create(name, 0o600)
	for err == nil && size > 0 {
		n := min(size, int64(len(m.block)), 256<<10)
		_, err = f.Write(m.block[:n])
		size -= n
	}
	if f == nil {
		return err
	}
	return errors.Join(err, f.Close())
}
