package message

import (
	"errors"
	"io"
)

// encodedSize is how much encoded text is decoded at once within a wrapper.
const encodedSize = maxLine + 8<<10

// decoder undoes a transfer encoding as it is read.
type decoder struct {
	in       *reader
	encoding string
	undo     transfers
	transfer transfer

	buf   []byte // encoded bytes
	out   sink   // collects what is decoded in ready
	ready ready
	ended bool
}

// ready holds decoded bytes.
type ready struct {
	buf  []byte
	next int // the next one to hand out
}

// Write implements io.Writer.
func (r *ready) Write(p []byte) (int, error) {
	r.buf = append(r.buf, p...)
	return len(p), nil
}

func newDecoder() *decoder {
	d := &decoder{buf: make([]byte, 0, encodedSize)}
	d.undo.base64.chars = make([]byte, 0, encodedSize+4)
	d.out = sink{w: &d.ready, buf: make([]byte, 0, base64Piece)}
	return d
}

// restart prepares to decode what in has.
func (d *decoder) restart(in *reader) {
	d.in, d.transfer = in, d.undo.transfer(d.encoding)
	d.buf, d.out.buf, d.ready = d.buf[:0], d.out.buf[:0], ready{buf: d.ready.buf[:0]}
	d.ended = false
}

// Read implements io.Reader.
func (d *decoder) Read(p []byte) (int, error) {
	if err := d.more(); err != nil {
		return 0, err
	}
	n := copy(p, d.ready.buf[d.ready.next:])
	d.ready.next += n
	return n, nil
}

// discard passes up to n bytes.
func (d *decoder) discard(n int64) (int64, error) {
	if err := d.more(); err != nil {
		return 0, err
	}
	n = min(n, int64(len(d.ready.buf)-d.ready.next))
	d.ready.next += int(n)
	return n, nil
}

// more makes at least one byte ready; io.EOF where there is none.
func (d *decoder) more() error {
	for d.ready.next == len(d.ready.buf) {
		if d.ended {
			return io.EOF
		}
		d.ready = ready{buf: d.ready.buf[:0]}
		if err := d.step(); err != nil {
			return err
		}
	}
	return nil
}

// step reads more, and decodes what it can of it.
func (d *decoder) step() error {
	n, err := io.ReadFull(d.in, d.buf[len(d.buf):cap(d.buf)])
	d.buf = d.buf[:len(d.buf)+n]
	d.ended = d.in.at >= d.in.end
	if err != nil && !d.ended {
		return cutOff(err)
	}
	used, err := d.transfer.decode(d.buf, d.ended, &d.out)
	if errors.Is(err, errNotEncoded) {
		d.transfer = identity{}
		used, err = d.transfer.decode(d.buf, d.ended, &d.out)
	}
	if err != nil {
		return err
	}
	d.buf = d.buf[:copy(d.buf, d.buf[used:])]
	return d.out.flush()
}
