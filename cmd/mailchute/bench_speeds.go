package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io/fs"
	"time"
)

// speeds are those of one core, in bytes a second.
type speeds struct {
	read, write  float64 // files in the system's cache
	base64, hash float64 // the standard library's
}

// speedTime is how long each speed is measured.
const speedTime = 150 * time.Millisecond

// speeds measures one after the other.
func (m machine) speeds(ctx context.Context) (s speeds, err error) {
	if s.write, err = speedOf(ctx, m.writeSome); err != nil {
		return s, err
	}
	if s.read, err = speedOf(ctx, m.readSome); err != nil {
		return s, err
	}
	chars := []byte(base64.StdEncoding.EncodeToString(m.block))
	bytes := make([]byte, len(m.block))
	s.base64, err = speedOf(ctx, func() (int, error) {
		_, err := base64.StdEncoding.Decode(bytes, chars)
		return len(chars), err
	})
	if err != nil {
		return s, err
	}
	s.hash, err = speedOf(ctx, func() (int, error) {
		sha256.Sum256(m.block)
		return len(m.block), nil
	})
	return s, err
}

// speedOf repeats a step that deals with so many bytes, and counts the processor time it
// takes, where that is known: so other programs do not matter.
func speedOf(ctx context.Context, step func() (int, error)) (perSecond float64, err error) {
	began, cpu := time.Now(), cpuNow()
	total := 0
	for total == 0 || time.Since(began) < speedTime {
		n, err := step()
		if err = errors.Join(err, ctx.Err()); err != nil {
			return 0, err
		}
		total += n
	}
	took := cmp.Or(cpuNow().since(cpu).total(), time.Since(began))
	return float64(total) / took.Seconds(), nil
}

// some is the file that speeds are measured with: larger than what processors keep.
const some, someSize = "some", 64 << 20

func (m machine) writeSome() (int, error) {
	if err := m.fsys.Remove(some); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	return someSize, m.write(some, someSize)
}

func (m machine) readSome() (int, error) {
	f, err := m.fsys.Open(some)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	window := make([]byte, 256<<10)
	for at := int64(0); at < someSize; at += int64(len(window)) {
		if _, err := f.ReadAt(window, at); err != nil {
			return 0, err
		}
	}
	return someSize, nil
}
