package message

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// windowSize is how much of a message is in memory at a time.
const windowSize = 256 << 10

// window slides over a range of a source. Bytes that it holds already are not read
// again when it is set to another range of the same source.
type window struct {
	src source
	buf []byte
	off int64 // offset of buf[0] in src
	n   int   // bytes in buf
	pos int   // the next byte to hand out
	end int64 // end of the range
}

// open turns to another source, of which nothing is known yet.
func (w *window) open(src source) {
	if w.buf == nil {
		w.buf = make([]byte, windowSize)
	}
	*w = window{src: src, buf: w.buf}
}

// seek sets the range of the source that comes next.
func (w *window) seek(s span) {
	w.end = s.end
	if s.start >= w.off && s.start <= w.off+int64(w.n) {
		w.pos = int(s.start - w.off)
		return
	}
	w.off, w.n, w.pos = s.start, 0, 0
}

// at is the offset of the next byte.
func (w *window) at() int64 { return w.off + int64(w.pos) }

// rest returns the bytes at hand, up to the next fill.
func (w *window) rest() []byte {
	return w.buf[w.pos:min(int64(w.n), max(w.end-w.off, int64(w.pos)))]
}

func (w *window) advance(n int) { w.pos += n }

// last reports whether rest reaches the end of the range.
func (w *window) last() bool { return w.off+int64(w.n) >= w.end }

// fill moves the rest to the front and reads on behind it. A source that ends before
// the range does is an error.
func (w *window) fill(ctx context.Context) error {
	n := copy(w.buf, w.buf[w.pos:w.n])
	w.off, w.pos, w.n = w.at(), 0, n
	free := w.buf[n:]
	from := w.off + int64(n)
	if int64(len(free)) > w.end-from {
		free = free[:w.end-from]
	}
	got, err := w.src.readAt(ctx, free, from)
	w.n += got
	if got == len(free) && (err == nil || errors.Is(err, io.EOF)) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read message at %d: %w", from+int64(got), err)
}

// need makes at least n bytes available, fewer only at the end of the range or where the
// window holds no more.
func (w *window) need(ctx context.Context, n int) error {
	for len(w.rest()) < min(n, len(w.buf)) && !w.last() {
		if err := w.fill(ctx); err != nil {
			return err
		}
	}
	return nil
}

// line returns the next line with its end, without advancing: less of it at the end of
// the range, or where the line is longer than the window; nothing at the end.
func (w *window) line(ctx context.Context) ([]byte, error) {
	for {
		rest := w.rest()
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			return rest[:i+1], nil
		}
		if w.last() || len(rest) == len(w.buf) {
			return rest, nil
		}
		if err := w.fill(ctx); err != nil {
			return nil, err
		}
	}
}
