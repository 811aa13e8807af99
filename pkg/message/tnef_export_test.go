package message

import (
	"errors"
	"io"
)

// Inner is a part found in a wrapper, and where in the wrapper's bytes.
type Inner struct {
	Part Part
	Span Span
}

// ReadTNEF reads a TNEF stream; opened is unset where it is none.
func ReadTNEF(r io.Reader, limit int) (found []Inner, broken string, opened bool, err error) {
	list, broken, err := readTNEF(newStream(r), limit)
	for _, in := range list {
		found = append(found, Inner{in.part, in.body.export()})
	}
	if errors.Is(err, errNotWrapped) {
		return found, broken, false, nil
	}
	return found, broken, err == nil, err
}
