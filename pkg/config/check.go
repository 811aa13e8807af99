package config

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailchute/pkg/address"
	"mailchute/pkg/library"
	"mailchute/pkg/message"
)

// reader turns the text of settings into their values. The first fault is kept; what is
// read after it means nothing.
type reader struct {
	file  string
	at    positions
	fault error
}

// notIndex takes the indexes out of a path: the line says which one is meant.
var notIndex = regexp.MustCompile(`\[\d+\]`)

// fail keeps a fault of the setting at path.
func (r *reader) fail(path, format string, args ...any) {
	if r.fault == nil {
		place := r.at.find(path)
		r.fault = &Error{
			File: r.file, Line: place.line, Column: place.column,
			Problem: notIndex.ReplaceAllString(path, "") + ": " + fmt.Sprintf(format, args...),
		}
	}
}

func (r *reader) config(f file) Config {
	c := Config{
		File:    r.file,
		Domains: r.domains(f.Domains),
		Store:   r.store(f.Store),
		Schedule: Schedule{
			Incoming: r.text("schedule.incoming", f.Schedule.Incoming),
			Sweep:    r.text("schedule.sweep", f.Schedule.Sweep),
			DMS:      r.text("schedule.dms", f.Schedule.DMS),
		},
		Limits:    r.limits(f.Limits),
		DKIM:      r.dkim(f.DKIM),
		Directory: r.directory(f.Directory),
		DMS:       r.dms(f.DMS, f.Directory),
		Remote:    r.remote(f.Remote, f.DMS.Publish),
		Log: Log{
			Level:  r.oneOf("log.level", f.Log.Level, "debug", "info", "warn", "error"),
			Format: r.oneOf("log.format", f.Log.Format, LogAuto, LogJSON, LogConsole),
		},
	}
	for i, feed := range f.Feeds {
		c.Feeds = append(c.Feeds, r.feed(indexed("feed", i), feed))
	}
	r.distinct(c)
	return c
}

func (r *reader) domains(names []string) []string {
	if len(names) == 0 {
		r.fail("domains", `name the mail domains whose mail is ours: domains = ["docs.example.com"]`)
	}
	for i, name := range names {
		r.domain(indexed("domains", i), name)
	}
	return names
}

func (r *reader) domain(path, name string) string {
	_, err := address.ParseMailbox("x@" + name)
	if err != nil || strings.ContainsAny(name, `@"`) {
		r.fail(path, "%q is not a mail domain: write it like %q", name, "docs.example.com")
	}
	return name
}

func (r *reader) store(f storeFile) Store {
	minFree, err := parseShare(f.MinFree)
	if err != nil {
		r.fail("store.min_free", "%v", err)
	}
	return Store{
		Catalog:   r.text("store.catalog", f.Catalog),
		Blobs:     r.text("store.blobs", f.Blobs),
		Libraries: r.text("store.libraries", f.Libraries),
		Locks:     r.text("store.locks", f.Locks),
		Tree:      r.oneOf("store.tree", f.Tree, TreeLink, TreeCopy),
		Barrier:   r.oneOf("store.barrier", f.Barrier, BarrierAuto, BarrierSyncfs, BarrierFsync),
		MinFree:   minFree,
	}
}

func (r *reader) dkim(f dkimFile) DKIM {
	if f.Resolver != "" {
		if server, err := netip.ParseAddrPort(f.Resolver); err != nil || server.Port() == 0 {
			r.fail("dkim.resolver", "%q is no server: write it like %q", f.Resolver, "127.0.0.1:53")
		}
	}
	return DKIM{Resolver: f.Resolver, Timeout: r.duration("dkim.timeout", f.Timeout)}
}

func (r *reader) limits(f limitsFile) message.Limits {
	return message.Limits{
		Bytes:    r.size("limits.bytes", f.Bytes),
		Parts:    r.positive("limits.parts", f.Parts),
		Depth:    r.positive("limits.depth", f.Depth),
		Header:   r.size("limits.header", f.Header),
		Boundary: r.positive("limits.boundary", f.Boundary),
		Time:     r.duration("limits.time", f.Time),
	}
}

// distinct checks that no two feeds share a name or a path, and that nothing of the store
// lies where something else does.
func (r *reader) distinct(c Config) {
	owners := map[string]string{}
	claim := func(path, written, owner string) {
		abs := c.Abs(written)
		if other, ok := owners[abs]; ok {
			r.fail(path, "%q is the path of %s too: give each its own", written, other)
		}
		owners[abs] = owner
	}
	claim("store.catalog", c.Store.Catalog, "the catalog")
	claim("store.blobs", c.Store.Blobs, "the blobs")
	claim("store.libraries", c.Store.Libraries, "the libraries")
	claim("store.locks", c.Store.Locks, "the locks")
	names := map[string]bool{}
	for i, f := range c.Feeds {
		path := indexed("feed", i)
		if names[f.Name] {
			r.fail(path+".name", "another feed is named %q: give each its own name", f.Name)
		}
		names[f.Name] = true
		claim(path+".path", f.Path, "feed "+strconv.Quote(f.Name))
	}
}

// text refuses what is empty or could not be a path or name.
func (r *reader) text(path, s string) string {
	switch {
	case s == "":
		r.fail(path, "this setting is missing or empty")
	case strings.ContainsRune(s, 0):
		r.fail(path, "%q has a NUL character in it", s)
	}
	return s
}

func (r *reader) oneOf(path, s string, values ...string) string {
	if !slices.Contains(values, s) {
		quoted := make([]string, len(values))
		for i, v := range values {
			quoted[i] = strconv.Quote(v)
		}
		last := len(quoted) - 1
		r.fail(path, "%q: use %s or %s", s, strings.Join(quoted[:last], ", "), quoted[last])
	}
	return s
}

func (r *reader) positive(path string, n int) int {
	if n < 1 {
		r.fail(path, "%d: use a number from 1", n)
	}
	return n
}

func (r *reader) size(path, s string) int64 {
	n, err := library.ParseSize(s)
	if err != nil || n < 1 {
		r.fail(path, `%q is not a size above zero: write it like "64KB", "256MB" or "1GB"`, s)
	}
	return n
}

func (r *reader) duration(path, s string) time.Duration {
	d, err := library.ParseDuration(s)
	if err == nil && d == 0 {
		err = fmt.Errorf(`%q: use a duration above zero`, s)
	}
	if err != nil {
		r.fail(path, "%v", err)
	}
	return d
}
