package main

import (
	"fmt"
	"strings"
	"time"
)

// cpuTime is processor time of the process; zero where it is not known.
type cpuTime struct{ user, system time.Duration }

func (t cpuTime) total() time.Duration { return t.user + t.system }

func (t cpuTime) since(began cpuTime) cpuTime {
	return cpuTime{t.user - began.user, t.system - began.system}
}

func (t *cpuTime) add(other cpuTime) {
	t.user += other.user
	t.system += other.system
}

// memoryUse is resident memory in bytes; zero where it is not known.
type memoryUse struct{ before, peak int64 }

// fileSystem is what a folder is on.
type fileSystem struct {
	kind     string // ext4, xfs …; "": not known
	device   string
	bare     bool // certainly without a journal
	discards bool
}

func (f fileSystem) String() string {
	if strings.HasPrefix(f.device, "/") {
		return f.kind + " (" + f.device + ")"
	}
	return or(f.kind, "an unknown file system")
}

// misleads says why a measurement on this file system says little of others; "": it does not.
func (f fileSystem) misleads() string {
	switch {
	case f.kind == "tmpfs" || f.kind == "ramfs":
		return f.kind + " keeps files in memory: nothing was really synced, and a disk is slower"
	case f.kind == "overlay":
		return "overlay is the file system of a container: data folders belong on a volume"
	case f.bare && f.discards:
		return f.kind + " without a journal, mounted with discard: making and removing files is much slower than with a journal"
	case f.bare:
		return f.kind + " without a journal: making files is slower after many were removed, and a crash may harm it"
	}
	return ""
}

// decimal writes bytes for people in powers of ten, as disks are sold: "245 KB".
func decimal(n float64) string {
	for _, unit := range []string{"B", "KB", "MB", "GB"} {
		if n < 999.5 {
			return digits(n) + " " + unit
		}
		n /= 1000
	}
	return digits(n) + " TB"
}

// digits writes a number with three digits that say something.
func digits(x float64) string {
	switch {
	case x >= 99.95 || x == float64(int64(x)):
		return fmt.Sprintf("%.0f", x)
	case x >= 9.995:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}
