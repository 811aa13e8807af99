// Package config reads mailchute.toml: strictly, so that a slip of the pen is an error with
// its line and column and never a setting that is quietly missing. The comments of the file
// that init writes are the settings' documentation; see Sample.
package config

import (
	"fmt"
	"path/filepath"
	"time"

	"mailchute/pkg/access"
	"mailchute/pkg/directory/ldapdir"
	"mailchute/pkg/drop"
	"mailchute/pkg/message"
)

// FileName is the name of the configuration in a data folder.
const FileName = "mailchute.toml"

// Config is a configuration whose every value has been checked. Paths are as written: Abs
// says which file they mean.
type Config struct {
	File      string   // absolute path of the file it was read from
	Domains   []string // the farm's mail domains, at least one
	Store     Store
	Feeds     []Feed // names and paths differ
	Schedule  Schedule
	Limits    message.Limits
	DKIM      DKIM
	Directory Directory
	DMS       DMS
	Remote    Remote
	Log       Log
}

// Schedule is when the jobs run, as crontab(5) writes it; whoever runs them checks it.
type Schedule struct {
	Incoming string
	Sweep    string
	DMS      string
}

// Store says where the data lie.
type Store struct {
	Catalog   string  // path of the database
	Blobs     string  // folder of stored bytes
	Libraries string  // folder of the library tree
	Locks     string  // folder of this host's lock files
	Tree      string  // TreeLink or TreeCopy
	Barrier   string  // BarrierAuto, BarrierSyncfs or BarrierFsync
	MinFree   float64 // share of the disk, 0 to 1, below which nothing is claimed
}

// The values of Store.Tree.
const (
	TreeLink = "link"
	TreeCopy = "copy"
)

// The values of Store.Barrier.
const (
	BarrierAuto   = "auto" // what durable.Choose says of each folder
	BarrierSyncfs = "syncfs"
	BarrierFsync  = "fsync"
)

// Feed is one drop folder.
type Feed struct {
	Name     string
	Path     string
	Format   string        // one of drop.Formats
	Settle   time.Duration // how long a file must have stood still; 0: the format's own
	DeferFor time.Duration // how long failures of a message's own may last; 0: 7 days
	Owners   []string      // users, by name or number, whose files are read; none: those of drop.Options
	// Reads is the format with all that the feed says of it, but for the token, which is
	// in TokenFile.
	Reads     drop.Format
	TokenFile string           // path of the secret in the login's line; "": there is none
	Align     access.Alignment // what proves the domain of From
	DKIM      bool             // DKIM signatures are verified here
}

// DKIM says how keys of DKIM signatures are looked up.
type DKIM struct {
	Resolver string        // host:port of a DNS server; "": those of the system
	Timeout  time.Duration // for all of one message's signatures
}

// Directory is a directory of users and groups.
type Directory struct {
	// Asked says where it is and how it is asked; URL "": there is none. CAFile is a path
	// as written, and Password is nil: it is in PasswordFile.
	Asked        ldapdir.Options
	PasswordFile string // path; "": it is asked without a password
}

// Log says what is logged and how.
type Log struct {
	Level  string // debug, info, warn or error
	Format string // LogAuto, LogJSON or LogConsole
}

// The values of Log.Format.
const (
	LogAuto    = "auto" // LogConsole on a terminal, else LogJSON
	LogJSON    = "json"
	LogConsole = "console"
)

// Abs returns the path that a path of the configuration means: it counts from the folder
// of the file.
func (c Config) Abs(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(filepath.Dir(c.File), path)
}

// Error says where in a configuration something is wrong, and what to do about it.
type Error struct {
	File         string
	Line, Column int // from 1; 0 where the fault has no place in the file
	Problem      string
}

// Error returns FILE:LINE:COLUMN: problem.
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.Problem)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Problem)
}
