package main

import (
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"mailchute/jobs/incoming"
	"mailchute/store"
)

// progressAfter is how long a command may take before people are told how far it is.
const progressAfter = time.Second

// progress is the line at the bottom of a terminal that says how far a command is. What is
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
	if !p.due() {
		return
	}
	p.show(fmt.Sprintf("%s, %s, %d not filed …", count(now.Processed, "message"), count(now.Documents, "document"), now.Errors))
}

// verifying shows how far verify is, as often.
func (p *progress) verifying(now store.VerifyProgress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.due() {
		return
	}
	done, total := strconv.FormatInt(now.Done, 10), strconv.FormatInt(now.Total, 10)
	if now.Check == "blobs" {
		done, total = bytesText(now.Done), bytesText(now.Total)
	}
	if now.Total > 0 {
		done += " of " + total
	}
	p.show(fmt.Sprintf("checking %s: %s …", now.Check, done))
}

// due reports whether it is time to show how far the command is.
func (p *progress) due() bool {
	return !p.started.IsZero() && time.Since(p.started) >= progressAfter && time.Since(p.shown) >= time.Second/10
}

// step says at once what is being done, until the next step or report.
func (p *progress) step(words string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.started.IsZero() {
		p.show(words)
	}
}

// show puts words in the line's place.
func (p *progress) show(words string) {
	p.clear()
	p.line, p.shown = words, time.Now()
	io.WriteString(p.w, p.line) //nolint:errcheck // likewise
}

// hide takes the line away until there is news: something else is to be printed.
func (p *progress) hide() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.line = ""
}

// end takes the line away for good.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.line, p.started = "", time.Time{}
}
