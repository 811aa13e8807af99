package config

import (
	"bytes"
	"fmt"

	"github.com/pelletier/go-toml/v2"

	"mailchute/pkg/library"
)

// file is the text of a configuration. Its comments document the settings, its values in
// defaults are those of settings that are left out.
type file struct {
	Domains   []string      `toml:"domains" comment:"mailchute's configuration. A path counts from the folder of this file.\nWhat is left out has the value that stands here. \"mailchute check\" tries everything.\n\nMail for these domains is ours; mail for any other is held (foreign-domain)."`
	Store     storeFile     `toml:"store" comment:"Where the data lie. All of it is one unit: back it up and move it as a whole."`
	Schedule  scheduleFile  `toml:"schedule" comment:"When jobs run, whatever arrives: five fields as in crontab(5), or \"@every 90s\"."`
	Limits    limitsFile    `toml:"limits" comment:"What one message may cost. A message beyond a limit is held (over-limits)."`
	DKIM      dkimFile      `toml:"dkim" comment:"For feeds with dkim = \"verify\": how the keys of signatures are looked up."`
	Directory directoryFile `toml:"directory" comment:"An LDAP directory of users and groups, beside those of the catalog: who has an address, and\nwhich groups they are in."`
	DMS       dmsFile       `toml:"dms" comment:"The directory management service: a contact for each library with an address, and the\ndistribution groups that were approved (mailchute help directory)."`
	Remote    remoteFile    `toml:"remote" comment:"The directory management service for SharePoint farms (SharepointEmailWS.asmx), by HTTPS."`
	Log       logFile       `toml:"log" comment:"What \"mailchute serve\" writes to standard error."`
	Feeds     []feedFile    `toml:"feed" comment:"A drop folder. For more of them, repeat from [[feed]] with another name and path."`
}

type storeFile struct {
	Catalog   string `toml:"catalog" comment:"The database (SQLite), on a local disk: NFS and SMB cannot lock it."`
	Blobs     string `toml:"blobs" comment:"The bytes of documents and held mail, named by their SHA-256."`
	Libraries string `toml:"libraries" comment:"The libraries as plain folders that people open."`
	Locks     string `toml:"locks" comment:"Lock files of running processes, on a local disk."`
	Tree      string `toml:"tree" comment:"\"link\": files of the libraries are read-only hard links to the blobs. \"copy\": copies."`
	Barrier   string `toml:"barrier" comment:"How what was written is made durable. \"syncfs\": the whole file system by one call, fastest\nwhere the store has its own. \"fsync\": file by file. \"auto\": syncfs where the file system is\nlocal, is not that of /, /home, /tmp or /var, and the kernel tells of its errors (Linux 5.8)."`
	MinFree   string `toml:"min_free" comment:"While less of the disk is free, nothing is taken from the drop folders."`
}

type scheduleFile struct {
	Incoming string `toml:"incoming" comment:"Files the mail in the drop folders; what arrives in between is filed at once, too."`
	Sweep    string `toml:"sweep" comment:"Removes what retention lets go (mailchute settings show: held_keep)."`
	DMS      string `toml:"dms" comment:"Makes the directory follow the catalog; what changes in between is published at once, too."`
}

type limitsFile struct {
	Bytes    string `toml:"bytes" comment:"The message as it stands in the drop folder."`
	Parts    int    `toml:"parts" comment:"MIME parts, containers included."`
	Depth    int    `toml:"depth" comment:"Containers within containers."`
	Header   string `toml:"header" comment:"The header of the message or of one part."`
	Boundary int    `toml:"boundary" comment:"Characters of a MIME boundary; RFC 2046 has 70."`
	Time     string `toml:"time" comment:"Reading and decoding it."`
}

type dkimFile struct {
	Resolver string `toml:"resolver" comment:"A DNS server, like \"127.0.0.1:53\". Who can answer in its place can forge senders. Empty: those\nof the system."`
	Timeout  string `toml:"timeout" comment:"For all keys of one message; then it is tried again later."`
}

type logFile struct {
	Level  string `toml:"level" comment:"\"debug\", \"info\", \"warn\" or \"error\"."`
	Format string `toml:"format" comment:"\"json\", \"console\", or \"auto\": console on a terminal, else JSON."`
}

func defaults() file {
	return file{
		Domains: []string{},
		Store: storeFile{
			Catalog: "catalog.db", Blobs: "blobs", Libraries: "libraries", Locks: "locks",
			Tree: TreeLink, Barrier: BarrierAuto, MinFree: "5%",
		},
		Schedule:  scheduleFile{Incoming: "* * * * *", Sweep: "17 * * * *", DMS: "*/5 * * * *"},
		Limits:    limitsFile{Bytes: "256MB", Parts: 10_000, Depth: 50, Header: "1MB", Boundary: 200, Time: "1m"},
		DKIM:      dkimFile{Timeout: "5s"},
		Directory: defaultDirectory(),
		DMS:       defaultDMS(),
		Remote:    defaultRemote(),
		Log:       logFile{Level: "info", Format: LogAuto},
	}
}

// Sample returns the text of a configuration with every setting, its documentation and its
// default, and one feed. Parse reads it.
func Sample(domains []string, f Feed) ([]byte, error) {
	sample, feed := defaults(), defaultFeed()
	sample.Domains = domains
	feed.Name, feed.Path, feed.Format = f.Name, f.Path, f.Format
	if f.Settle != 0 {
		feed.Settle = library.FormatDuration(f.Settle)
	}
	sample.Feeds = []feedFile{feed}
	text, err := toml.Marshal(sample)
	if err != nil {
		return nil, fmt.Errorf("write the sample configuration: %w", err)
	}
	return bytes.ReplaceAll(text, []byte("# \n"), []byte("#\n")), nil
}
