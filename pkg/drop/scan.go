package drop

import (
	"cmp"
	"context"
	"io/fs"
	"iter"
	"slices"
)

// scan reads a folder in which files wait, a batch at a time. A reading that a pass breaks
// off goes on in the next: what was there when it began is met in it, whatever comes
// meanwhile.
type scan struct {
	list  iter.Seq2[fs.DirEntry, error]
	wants func(fs.DirEntry) bool
	since func(name string) int64 // what the files of a batch are ordered by

	next  func() (fs.DirEntry, error, bool) // goes on reading; nil: no reading has begun
	stop  func()                            // ends the reading
	batch []waiting                         // has been read and not been taken
	err   error                             // what the reading met behind the batch
	fresh bool                              // the reading began in this pass
	over  bool                              // this pass has met all that was there when it began
}

// waiting is a file that waits, and since when, as its scan tells.
type waiting struct {
	name  string
	since int64
}

// renew lets a pass begin: it meets the rest of the reading that was broken off, and then
// all of another.
func (s *scan) renew() { s.fresh, s.over = false, false }

// file returns the next file, the oldest of its batch; "" with an error, when ctx is done,
// and where the pass has met all.
func (s *scan) file(ctx context.Context) (name string, err error) {
	if len(s.batch) == 0 {
		s.read(ctx)
	}
	if len(s.batch) == 0 {
		err, s.err = s.err, nil
		return "", err
	}
	name = s.batch[0].name
	s.batch = s.batch[1:]
	return name, nil
}

// read reads the next batch and puts it in order.
func (s *scan) read(ctx context.Context) {
	for ctx.Err() == nil && s.err == nil && !s.over && len(s.batch) < batchSize {
		if s.next == nil {
			s.next, s.stop = iter.Pull2(s.list)
			s.fresh = true
		}
		entry, err, more := s.next()
		switch {
		case err != nil:
			s.err = err
			s.end()
		case !more:
			s.over = s.fresh
			s.end()
		case s.wants(entry):
			s.batch = append(s.batch, waiting{name: entry.Name()})
		}
	}
	if len(s.batch) < 2 {
		return
	}
	for i := range s.batch {
		s.batch[i].since = s.since(s.batch[i].name)
	}
	slices.SortStableFunc(s.batch, func(a, b waiting) int { return cmp.Compare(a.since, b.since) })
}

// end ends the reading, if there is one.
func (s *scan) end() {
	if s.next != nil {
		s.stop()
		s.next, s.stop = nil, nil
	}
}

// met reports whether this pass has met all.
func (s *scan) met() bool { return s.over && len(s.batch) == 0 }
