package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"mailchute/jobs/incoming"
)

// progressAfter is how long a run may last before people are told how far it is.
const progressAfter = time.Second

// progress is the line at the bottom of a terminal that says how far a run is. What is
// written through it stands above that line. On anything but a terminal there is none.
type progress struct {
	w       io.Writer
	started time.Time

	mu    sync.Mutex
	shown time.Time // when the line was last written
	line  string    // what stands there now
}

// newProgress begins a progress line on w, or returns one that never shows.
func newProgress(w io.Writer) *progress {
	p := &progress{w: w}
	if isTerminal(w) {
		p.started = time.Now()
	}
	return p
}

// clear takes the line away: carriage return, erase to the end (ECMA-48 §8.3.41).
func (p *progress) clear() {
	if p.line != "" {
		io.WriteString(p.w, "\r\x1b[K") //nolint:errcheck // a line on a terminal that nobody needs
	}
}

// Write writes above the line.
func (p *progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	n, err := p.w.Write(b)
	io.WriteString(p.w, p.line) //nolint:errcheck // likewise
	return n, err
}

// report shows how far the run is, at most ten times a second.
func (p *progress) report(now incoming.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.started.IsZero() || time.Since(p.started) < progressAfter || time.Since(p.shown) < time.Second/10 {
		return
	}
	p.clear()
	p.shown = time.Now()
	p.line = fmt.Sprintf("%s, %s, %d not filed …", count(now.Processed, "message"), count(now.Documents, "document"), now.Errors)
	io.WriteString(p.w, p.line) //nolint:errcheck // likewise
}

// end takes the line away for good.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.line, p.started = "", time.Time{}
}
