package incoming_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/fsnotify/fsnotify"
)

// atFirst is how many files a stream delivers before any is claimed.
const atFirst = 10

// stream delivers drop files while processes drain the folder: a few at first, then one
// whenever one is claimed there.
type stream struct {
	more chan struct{} // one more is delivered
	stop chan struct{} // no more are
	over chan struct{} // closed when none is to come
	err  error         // to be read when over is closed
}

func (w *world) deliver(mail []tortured) *stream {
	s := &stream{more: make(chan struct{}, 1), stop: make(chan struct{}), over: make(chan struct{})}
	go func() {
		defer close(s.over)
		s.err = s.run(w.dir, mail)
	}()
	return s
}

func (s *stream) run(dir string, mail []tortured) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer watcher.Close()
	if err := watcher.Add(filepath.Join(dir, "drop")); err != nil {
		return err
	}
	for i, l := range mail {
		if i >= atFirst && !s.wait(watcher) {
			return nil
		}
		if err := deliverOne(dir, l); err != nil {
			return err
		}
	}
	return nil
}

// deliverOne writes a file elsewhere and moves it into the folder.
func deliverOne(dir string, l tortured) error {
	syscall.ForkLock.RLock() // or the file has a writer after all: see world.write
	defer syscall.ForkLock.RUnlock()
	tmp := filepath.Join(dir, "delivered")
	if err := os.WriteFile(tmp, []byte(l.content), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(dir, "drop", l.file))
}

// wait waits until a file has been claimed, or somebody says to go on. It reports whether
// more are to be delivered.
func (s *stream) wait(watcher *fsnotify.Watcher) bool {
	for {
		select {
		case e := <-watcher.Events:
			if e.Has(fsnotify.Rename) && strings.HasSuffix(e.Name, ".eml") {
				return true
			}
		case err := <-watcher.Errors: // events were lost
			return err != nil
		case <-s.more:
			return true
		case <-s.stop:
			return false
		}
	}
}

// goOn lets one more file be delivered: whoever waits for a claim may wait for ever.
func (s *stream) goOn() {
	select {
	case s.more <- struct{}{}:
	default:
	}
}

// isOver returns errMailWaits while more files are to come.
func (s *stream) isOver() error {
	select {
	case <-s.over:
		return s.err
	default:
		return errMailWaits
	}
}

// end ends the stream and returns why it failed.
func (s *stream) end() error {
	close(s.stop)
	<-s.over
	return s.err
}
