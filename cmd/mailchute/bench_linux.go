package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cpuNow returns what the process has used so far.
func cpuNow() cpuTime {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return cpuTime{}
	}
	return cpuTime{user: time.Duration(u.Utime.Nano()), system: time.Duration(u.Stime.Nano())}
}

// begin notes the memory in use, and lets the kernel begin a new peak (proc(5), clear_refs).
func (m *memoryUse) begin() {
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // without it the peak is that since the start
	m.before = memoryFigure("VmRSS")
}

// end notes the peak.
func (m *memoryUse) end() { m.peak = memoryFigure("VmHWM") }

// memoryFigure returns a figure of this process in bytes (proc(5), status); 0: not known.
func memoryFigure(field string) int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(status, []byte(field+":"))
	figure, _, _ := bytes.Cut(rest, []byte("kB"))
	n, err := strconv.ParseInt(string(bytes.TrimSpace(figure)), 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}

// fileSystemOf finds the mount that path is on.
func fileSystemOf(path string) fileSystem {
	path, err := filepath.Abs(path)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	mounts, unknown := os.ReadFile("/proc/self/mountinfo")
	if err != nil || unknown != nil {
		return fileSystem{}
	}
	on := mountOf(string(mounts), path)
	on.bare = on.kind == "ext4" && !hasJournal(on.device)
	return on
}

// blanks are how mountinfo writes them.
var blanks = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

// mountOf finds the innermost mount above path, the last of several (proc(5), mountinfo).
func mountOf(mountinfo, path string) (found fileSystem) {
	at := ""
	for line := range strings.Lines(mountinfo) {
		mount, fsys, _ := strings.Cut(line, " - ")
		where, what := strings.Fields(mount), strings.Fields(fsys)
		if len(where) < 5 || len(what) < 2 {
			continue
		}
		place := blanks.Replace(where[4])
		if len(place) < len(at) || !holds(place, path) {
			continue
		}
		options := append(what[2:], "")[0]
		at = place
		found = fileSystem{kind: what[0], device: what[1], discards: slices.Contains(strings.Split(options, ","), "discard")}
	}
	return found
}

// holds reports whether path is in the folder of a mount, or is it.
func holds(mount, path string) bool {
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(mount, "/"))
	return ok && (rest == "" || rest[0] == '/')
}

// hasJournal reports whether jbd2 keeps a journal for an ext4 device, or cannot be asked.
func hasJournal(device string) bool {
	journals, err := filepath.Glob("/proc/fs/jbd2/" + filepath.Base(device) + "-*")
	if _, unknown := os.Stat("/proc/fs/jbd2"); unknown != nil {
		return true
	}
	return err != nil || len(journals) > 0
}
