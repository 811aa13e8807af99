package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/rs/zerolog"

	"mailchute/jobs/incoming"
	"mailchute/pkg/durable"
	"mailchute/store"
)

// drained is what a run of the job took.
type drained struct {
	elapsed time.Duration
	cpu     cpuTime
	memory  memoryUse
	stages  *stages
}

// drain files the messages as the command drain does, with a watch at each seam.
func (b *bench) drain(ctx context.Context) error {
	b.drained.stages = newStages()
	f, err := openStoreThrough(ctx, b.config, b.drained.stages.wrap)
	if err != nil {
		return err
	}
	return errors.Join(b.drainFarm(ctx, f), f.Close())
}

func (b *bench) drainFarm(ctx context.Context, f *farm) error {
	o, err := f.jobOptions()
	if err != nil {
		return err
	}
	o.Log, o.Progress = zerolog.Nop(), b.line.report
	o.OpenFolder = func(path string) (durable.FS, error) {
		fsys, err := durable.Open(path)
		if err != nil {
			return nil, err
		}
		return timedFolder{fsys, b.drained.stages}, nil
	}
	job := incoming.New(o)
	debug.FreeOSMemory() // what making the messages took is no part of it
	b.drained.memory.begin()
	began, cpu := time.Now(), cpuNow()
	sum, err := job.Drain(ctx)
	b.drained.elapsed, b.drained.cpu = time.Since(began), cpuNow().since(cpu)
	b.drained.memory.end()
	if err = errors.Join(err, ctx.Err()); err == nil && sum.Filed != b.messages {
		err = fmt.Errorf("%d of %s were filed: %s", sum.Filed, count(b.messages, "message"), sum.Message)
	}
	return errors.Join(err, job.Close())
}

// wrap puts watches around the drivers of a store.
func (s *stages) wrap(o *store.Options) {
	o.Catalog = timedCatalog{o.Catalog, s}
	o.Blobs = timedBlobs{o.Blobs, s}
	o.Tree = timedTree{o.Tree, s}
}
