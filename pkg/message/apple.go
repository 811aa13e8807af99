package message

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

const (
	appleSingle = 0x00051600
	appleDouble = 0x00051607

	appleHead    = 4 + 4 + 16 + 2 // bytes: magic, version, filler, number of entries
	appleEntry   = 4 + 4 + 4      // bytes: id, offset, length
	appleEntries = 100            // that are read; there are fifteen kinds

	dataFork = 1
	realName = 3
	maxApple = 255 // bytes of a name
)

// appleFile is what is read of AppleSingle and AppleDouble (RFC 1740 §3).
type appleFile struct {
	magic uint32
	name  string
	data  span
}

// apple opens part i as AppleSingle. Where it is the header of AppleDouble, the data fork
// behind it takes its name.
func (u *unwrapping) apple(ctx context.Context, i int) error {
	p := &u.m.Parts[i]
	double := p.Parent == "multipart/appledouble"
	if double && p.Name != "" {
		return u.nameFork(i, p.Name)
	}
	if !u.opens(i) {
		return nil
	}
	source := u.inside(i)
	s := u.m.stream(ctx, source)
	f, err := readApple(s)
	if errors.Is(err, errNotWrapped) {
		return nil
	}
	if err != nil {
		return err
	}
	if double {
		return u.nameFork(i, f.name)
	}
	if f.magic != appleSingle || f.data.end == f.data.start {
		return nil
	}
	broken, err := u.damage(s, source, "")
	if err != nil {
		return err
	}
	file := inner{
		part: Part{Type: "application/octet-stream", Disposition: p.Disposition, Name: cmp.Or(f.name, p.Name)},
		body: f.data,
	}
	return u.found(i, source, AppleSingle, []inner{file}, broken)
}

// nameFork names the data fork that follows header i of AppleDouble, unless it has a name.
func (u *unwrapping) nameFork(i int, name string) error {
	if i+1 == len(u.m.Parts) || name == "" {
		return nil
	}
	header, fork := &u.m.Parts[i], &u.m.Parts[i+1]
	if fork.Name != "" || fork.Within != header.Within || parentID(fork.ID) != parentID(header.ID) {
		return nil
	}
	fork.Name = name
	return u.m.parser.keep(&Part{Name: name})
}

// parentID is the number of the multipart that a part is a child of.
func parentID(id string) string { return id[:max(0, strings.LastIndexByte(id, '.'))] }

// readApple reads the name and finds the data fork, which must be whole.
func readApple(s *stream) (appleFile, error) {
	f, err := s.appleFile()
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errNotWrapped
	}
	return f, err
}

func (s *stream) appleFile() (appleFile, error) {
	head, err := s.take(appleHead)
	if err != nil {
		return appleFile{}, err
	}
	f := appleFile{magic: binary.BigEndian.Uint32(head)}
	n := int(binary.BigEndian.Uint16(head[appleHead-2:]))
	if f.magic != appleSingle && f.magic != appleDouble || n > appleEntries {
		return appleFile{}, errNotWrapped
	}
	table, err := s.take(n * appleEntry)
	if err != nil {
		return appleFile{}, err
	}
	for _, e := range appleEntriesOf(table) {
		if e.start < s.at {
			return appleFile{}, errNotWrapped
		}
		if err := s.skip(e.start - s.at); err != nil {
			return appleFile{}, err
		}
		if e.id == dataFork {
			if f.data.end > f.data.start { // of two, none is the file
				return appleFile{}, errNotWrapped
			}
			f.data = e.span
			err = s.skip(e.end - e.start)
		} else {
			f.name, err = s.appleName(e.end - e.start)
		}
		if err != nil {
			return appleFile{}, err
		}
	}
	return f, nil
}

type appleItem struct {
	id uint32
	span
}

// appleEntriesOf returns the entries that are read, in the order in which they lie in
// the file.
func appleEntriesOf(table []byte) []appleItem {
	var items []appleItem
	for ; len(table) >= appleEntry; table = table[appleEntry:] {
		id := binary.BigEndian.Uint32(table)
		start, size := int64(binary.BigEndian.Uint32(table[4:])), int64(binary.BigEndian.Uint32(table[8:]))
		if id == dataFork || id == realName {
			items = append(items, appleItem{id, span{start, start + size}})
		}
	}
	slices.SortStableFunc(items, func(a, b appleItem) int { return cmp.Compare(a.start, b.start) })
	return items
}

// appleName reads a name: in UTF-8 as newer systems write it, or in the Macintosh's own
// character set.
func (s *stream) appleName(size int64) (string, error) {
	if size > maxApple {
		return "", s.skip(size)
	}
	b, err := s.take(int(size))
	if err != nil {
		return "", err
	}
	name := string(b)
	if validUTF8(name) != name {
		if name, err = charmap.Macintosh.NewDecoder().String(name); err != nil {
			return "", err
		}
	}
	return fileName([]byte(name)), nil
}
