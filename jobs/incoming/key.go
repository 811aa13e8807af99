package incoming

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"hash/crc32"
	"io"
	"strings"

	"mailchute/pkg/message"
	"mailchute/store"
)

// The item key (DESIGN §2) is a SHA-256 over one of two forms, told apart by their first
// byte, and then the file's name, but only where the MTA put no Received line below its
// own: mail that came by SMTP has one of its own, a file dropped by hand has not.
const (
	keyOfParts = 'p' // header block, digest of each part of the message itself, size
	keyOfBytes = 'b' // all bytes below the zone: the walker refused
)

// keyOf returns the item key of a message whose parts have been decoded. What was found in
// other parts does not count: it says nothing more, and a build that opens other wrappers
// knows the message all the same.
func keyOf(m *message.Message, contents []message.Content, file string) store.Key {
	h := sha256.New()
	h.Write([]byte{keyOfParts})
	h.Write(m.HeaderDigest[:])
	for i, part := range m.Parts {
		if part.Within == "" {
			h.Write(contents[i].Digest[:])
		}
	}
	var size [8]byte
	binary.BigEndian.PutUint64(size[:], uint64(m.Size))
	h.Write(size[:])
	return closeKey(h, m.FirstField, file)
}

// markEnds is how many bytes at either end of a message its mark covers.
const markEnds = 64 << 10

// markOf returns the mark of a message (store.Item).
func markOf(m *io.SectionReader) (int64, error) {
	h := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	buf := make([]byte, 8<<10) // io.Copy would take two of 32 KB for each message
	head := min(m.Size(), markEnds)
	tail := min(m.Size()-head, markEnds)
	for _, ends := range []*io.SectionReader{io.NewSectionReader(m, 0, head), io.NewSectionReader(m, m.Size()-tail, tail)} {
		if _, err := io.CopyBuffer(h, ends, buf); err != nil {
			return 0, err
		}
	}
	return int64(h.Sum32()), nil
}

// keyOfAll returns the item key of a message that could not be walked.
func keyOfAll(ctx context.Context, r io.Reader, file string) (store.Key, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	first, err := in.Peek(len("received:"))
	if err != nil && !errors.Is(err, io.EOF) {
		return store.Key{}, err
	}
	name, _, _ := strings.Cut(string(first), ":")
	h := sha256.New()
	h.Write([]byte{keyOfBytes})
	if _, err := io.Copy(h, reader{ctx, in}); err != nil {
		return store.Key{}, err
	}
	return closeKey(h, strings.ToLower(name), file), nil
}

func closeKey(h hash.Hash, firstField, file string) store.Key {
	if firstField != "received" {
		h.Write([]byte(file))
	}
	return store.Key(h.Sum(nil))
}

// reader reads until its context is done.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
