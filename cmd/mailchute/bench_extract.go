package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"mailchute/pkg/drop"
	"mailchute/pkg/durable"
	"mailchute/pkg/message"
)

// maxExtracted bounds how many messages are extracted alone.
const maxExtracted = 2000

// extraction is what it took to take messages apart, every part into a file, on one core
// and without storing anything.
type extraction struct {
	messages int
	elapsed  time.Duration
	cpu      cpuTime
}

// extractAlone takes the dropped messages apart, some at a time: the files are removed
// again before they reach the disk, which is not measured.
func (b *bench) extractAlone(ctx context.Context) error {
	from, err := durable.Open(b.config.Abs(b.config.Feeds[0].Path))
	if err != nil {
		return err
	}
	into, err := durable.Open(b.dir)
	if err != nil {
		return errors.Join(err, from.Close())
	}
	format, err := drop.FormatNamed(benchFormat)
	x := extractor{from: from, into: into, format: format, parser: message.NewParser(b.config.Limits)}
	const batch = 50
	for n := 0; n < min(b.messages, maxExtracted) && err == nil; n += batch {
		err = b.extractBatch(ctx, &x, n, min(n+batch, b.messages))
	}
	return errors.Join(err, into.Close(), from.Close())
}

func (b *bench) extractBatch(ctx context.Context, x *extractor, first, end int) error {
	began, cpu := time.Now(), cpuNow()
	for i := first; i < end; i++ {
		if err := x.message(ctx, "new/"+mailName(i)); err != nil {
			return err
		}
	}
	b.extract.messages += end - first
	b.extract.elapsed += time.Since(began)
	b.extract.cpu.add(cpuNow().since(cpu))
	return x.clear()
}

// extractor writes the parts of messages into files.
type extractor struct {
	from, into durable.FS
	format     drop.Format
	parser     *message.Parser
	files      []string
}

// message takes one drop file apart.
func (x *extractor) message(ctx context.Context, name string) (err error) {
	file, err := x.from.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	env, err := drop.ReadEnvelope(file, info.Size(), x.format)
	if err != nil {
		return err
	}
	body := io.NewSectionReader(file, env.Zone, info.Size()-env.Zone)
	m, err := x.parser.Parse(ctx, body, body.Size())
	for i := 0; err == nil && i < len(m.Parts); i++ {
		err = x.part(ctx, m, i)
	}
	return err
}

func (x *extractor) part(ctx context.Context, m *message.Message, i int) error {
	name := fmt.Sprintf("part%d", len(x.files))
	f, err := x.into.Create(name, 0o600)
	if err != nil {
		return err
	}
	x.files = append(x.files, name)
	_, err = m.Decode(ctx, i, f)
	return errors.Join(err, f.Close())
}

// clear removes the files.
func (x *extractor) clear() error {
	for _, name := range x.files {
		if err := x.into.Remove(name); err != nil {
			return err
		}
	}
	x.files = x.files[:0]
	return nil
}
