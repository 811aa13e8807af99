package drop

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"math"
	mathrand "math/rand/v2"
	"path"
	"strconv"
	"strings"
	"time"
)

// state is what the path in retry says of a file.
type state struct {
	due       time.Time
	crashes   int           // processes that died with it in hand
	deferrals int           // failures of its own
	waited    time.Duration // for them
}

// name returns a new name for a folder that holds a file in this state.
func (s state) name() string {
	return fmt.Sprintf("%d.%d.%d.%d.%s", s.due.UnixMilli(), s.crashes, s.deferrals, int64(s.waited/time.Second), rand.Text())
}

// parseState reads a folder's name. One that is no state, as a batch's number, is the
// zero state: due, and never failed.
func parseState(name string) state {
	fields := strings.Split(name, ".")
	if len(fields) != 5 {
		return state{}
	}
	var n [4]int64
	for i := range n {
		var err error
		n[i], err = strconv.ParseInt(fields[i], 10, 64)
		if err != nil || n[i] < 0 {
			return state{}
		}
	}
	if n[1] > math.MaxInt32 || n[2] > math.MaxInt32 || n[3] > int64(math.MaxInt64/time.Second) {
		return state{}
	}
	return state{due: time.UnixMilli(n[0]), crashes: int(n[1]), deferrals: int(n[2]), waited: time.Duration(n[3]) * time.Second}
}

// The back-off doubles from backOffMin to backOffMax; with a quarter of jitter on top it
// is between a minute and an hour.
const (
	backOffMin = time.Minute
	backOffMax = 48 * time.Minute
)

// backOff returns how long to wait after the nth failure, n from 1.
func backOff(n int) time.Duration {
	wait := backOffMax
	if n < 7 {
		wait = min(backOffMin<<max(n-1, 0), backOffMax)
	}
	return wait + mathrand.N(wait/4)
}

// ripe reports whether s is due. A time further away than any back-off was written by a
// clock that was wrong, and counts for nothing.
func (s state) ripe(now time.Time) bool {
	return !s.due.After(now) || s.due.After(now.Add(2*backOffMax))
}

// park moves a claimed file to retry, from state before to state after. It does so in a
// folder that the file has for itself and that the old state names: the one move that
// makes the new state true is atomic. It returns where the file is by now, also after an
// error.
func (f *Folder) park(instance, file string, before, after state) (string, error) {
	file, err := f.box(instance, file, before)
	if err != nil {
		return file, err
	}
	waiting := retryDir + "/" + after.name()
	if err := f.fs.Rename(path.Dir(file), waiting); err != nil {
		return file, err
	}
	return waiting + "/" + path.Base(file), nil
}

// box gives a claimed file a folder for itself within its instance, named by the state
// before. One that came from retry has it still, and one that could not be moved there
// has it already.
func (f *Folder) box(instance, file string, before state) (string, error) {
	if strings.Contains(path.Base(path.Dir(file)), ".") { // a batch is a number
		return file, nil
	}
	box := instance + "/" + before.name()
	if err := f.fs.Mkdir(box, 0o700); err != nil {
		return file, err
	}
	boxed := box + "/" + path.Base(file)
	err := f.fs.SyncDir(instance)
	if err == nil {
		err = f.fs.Rename(file, boxed)
	}
	if err != nil {
		return file, errors.Join(err, f.fs.Remove(box))
	}
	return boxed, nil
}

// inBox returns the path of the file that a folder of retry holds.
func (f *Folder) inBox(box string) (string, error) {
	for entry, err := range f.fs.List(box) {
		if err != nil {
			return "", err
		}
		return box + "/" + entry.Name(), nil
	}
	return "", fs.ErrNotExist
}
