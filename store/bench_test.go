package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"mailchute/pkg/address"
	"mailchute/pkg/durable"
	"mailchute/pkg/library"
	"mailchute/pkg/message"
	"mailchute/store"
	"mailchute/store/dirblob"
	"mailchute/store/sqlite"
	"mailchute/store/tree"
)

// BenchmarkCommit stages and settles items with one document of 100 KB each, in a store on
// disk, everything synced: one item after the other, and as many at once as a run has in
// flight.
func BenchmarkCommit(b *testing.B) {
	for _, inFlight := range []int{1, 256} {
		b.Run(strconv.Itoa(inFlight), func(b *testing.B) { commit(b, inFlight, durable.Open) })
		b.Run(strconv.Itoa(inFlight)+" by fsync", func(b *testing.B) {
			commit(b, inFlight, func(path string) (durable.FS, error) { return durable.OpenWay(path, durable.Fsync) })
		})
	}
}

func commit(b *testing.B, inFlight int, open func(path string) (durable.FS, error)) {
	b.Helper()
	d := openDisk(b, open)
	data := make([]byte, 100_000)
	var n atomic.Uint64
	var workers sync.WaitGroup
	todo := make(chan struct{})
	errs := make(chan error, inFlight)
	for range inFlight {
		workers.Go(func() {
			for range todo {
				if err := d.settle(b.Context(), n.Add(1), bytes.Clone(data)); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	for b.Loop() {
		select {
		case todo <- struct{}{}:
		case err := <-errs:
			b.Fatal(err)
		}
	}
	b.StartTimer() // those in flight count, too
	close(todo)
	workers.Wait()
	b.StopTimer()
	close(errs)
	if err := <-errs; err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "items/s")
}

// disk is a store on disk with a library "in" and a run.
type disk struct {
	*store.Store
	to  address.Address
	run string
}

func openDisk(b *testing.B, open func(path string) (durable.FS, error)) disk {
	b.Helper()
	dir := b.TempDir()
	folder := func(name string) durable.FS {
		b.Helper()
		path := filepath.Join(dir, name)
		err := os.Mkdir(path, 0o700)
		fsys, openErr := open(path)
		if err := errors.Join(err, openErr); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { fsys.Close() })
		return fsys
	}
	blobs, err := dirblob.Open(folder("blobs"))
	if err != nil {
		b.Fatal(err)
	}
	shown, err := tree.Open(folder("libraries"), tree.Link)
	if err != nil {
		b.Fatal(err)
	}
	catalog, err := sqlite.Open(b.Context(), filepath.Join(dir, "catalog.db"))
	if err != nil {
		b.Fatal(err)
	}
	s, err := store.Open(b.Context(), store.Options{Catalog: catalog, Blobs: blobs, Tree: shown, Locks: folder("locks"), Actor: "tester"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := errors.Join(s.Close(), shown.Close(), blobs.Close()); err != nil {
			b.Error(err)
		}
	})
	d := disk{Store: s}
	err = s.AddLibrary(b.Context(), library.Library{Name: "in", Site: "default", LocalPart: "in", Inherit: true})
	run, openErr := s.OpenRun(b.Context(), "incoming", "manual")
	to, parseErr := address.ParseMailbox("in@case.test")
	if err := errors.Join(err, openErr, parseErr); err != nil {
		b.Fatal(err)
	}
	d.run, d.to = run.ID, to
	return d
}

// settle files the n-th item.
func (d disk) settle(ctx context.Context, n uint64, data []byte) (err error) {
	g := d.Stage()
	defer func() { err = errors.Join(err, g.Close()) }()
	binary.LittleEndian.PutUint64(data, n)
	c, err := g.Write(ctx, func(w io.Writer) (message.Content, error) {
		n, err := w.Write(data)
		return message.Content{Size: int64(n), Digest: sha256.Sum256(data)}, err
	})
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%d.eml", n)
	done, err := d.Settle(ctx, store.Settlement{
		Run: d.run, Staging: g,
		Item:    store.Item{Key: sha256.Sum256([]byte(name)), Feed: "main", File: name, MessageID: "<" + name + ">", Size: 140_000},
		Columns: store.Columns{MessageID: "<" + name + ">"},
		Decided: []store.Decided{{
			Recipient: d.to, State: store.Filed, Library: "in", Author: "alice",
			Drafts: []library.Draft{{Name: fmt.Sprintf("invoice %d.pdf", n), Part: "2", Content: c}},
		}},
	})
	return errors.Join(err, done.Tree)
}
