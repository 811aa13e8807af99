package drop

import (
	"crypto/rand"
	"errors"
	"fmt"
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

// park moves a claimed file to retry, from state before to state after. The file first
// gets a folder of its own within its instance, named by the old state: so the one move
// that makes the new state true is atomic. It returns where the file is by now, also
// after an error.
func (f *Folder) park(instance, file string, before, after state) (string, error) {
	box := instance + "/" + before.name()
	if err := f.fs.Mkdir(box, 0o700); err != nil {
		return file, err
	}
	err := f.fs.SyncDir(instance)
	if err == nil {
		err = f.fs.Rename(file, box+"/"+path.Base(file))
	}
	if err != nil {
		return file, errors.Join(err, f.fs.Remove(box))
	}
	waiting := retryDir + "/" + after.name()
	if err := f.fs.Rename(box, waiting); err != nil {
		return box + "/" + path.Base(file), err
	}
	return waiting + "/" + path.Base(file), nil
}
