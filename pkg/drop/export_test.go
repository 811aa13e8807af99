package drop

import "time"

// Die lets go of the folder as a process does that is killed.
func (f *Folder) Die() error { return f.lock.Close() }

// BackOff shows backOff.
func BackOff(n int) time.Duration { return backOff(n) }

// Takes shows takes.
func (f *Format) Takes(name string) bool { return f.takes(name) }

// Print shows print.
func (f Format) Print(e Envelope, id string) ([]byte, error) { return f.print(e, id) }
