package drop

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
)

// writeBuffer is how many bytes of a message go to the disk at a time.
const writeBuffer = 64 << 10

// copyMessage writes the envelope's lines and the message below them.
func copyMessage(ctx context.Context, f io.Writer, block []byte, message io.Reader) error {
	in, stop := stoppable(ctx, message)
	defer stop()
	r := bufio.NewReader(in)
	if err := skipFromLine(r); err != nil {
		return err
	}
	if _, err := r.Peek(1); err != nil {
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("there is no message: %w", io.ErrUnexpectedEOF)
		}
		return err
	}
	w := bufio.NewWriterSize(f, writeBuffer)
	if _, err := w.Write(block); err != nil {
		return err
	}
	if _, err := io.Copy(w, r); err != nil {
		return err
	}
	return w.Flush()
}

// skipFromLine passes the separator of an mbox file, if there is one. The end of the
// message, which may come before, is for the next read to meet.
func skipFromLine(r *bufio.Reader) error {
	const from = "From "
	head, err := r.Peek(len(from))
	if string(head) == from {
		_, err = r.ReadSlice('\n')
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = r.ReadSlice('\n')
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// stoppable returns a reader of r's bytes whose Read returns at once, with ctx's error,
// when ctx is done. The read of r that waits then is left behind. stop ends the reader.
func stoppable(ctx context.Context, r io.Reader) (in io.Reader, stop func()) {
	out, into := io.Pipe()
	go func() {
		_, err := io.Copy(into, r)
		into.CloseWithError(err)
	}()
	unhook := context.AfterFunc(ctx, func() { into.CloseWithError(ctx.Err()) })
	return out, func() {
		unhook()
		_ = out.Close()
	}
}
