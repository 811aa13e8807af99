package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/access"
	"mailchute/pkg/config"
	"mailchute/pkg/directory"
	"mailchute/pkg/directory/ldapdir"
	"mailchute/pkg/drop"
	"mailchute/pkg/message"
)

// testdata is the folder of the configurations.
const testdata = "../../testdata/config"

func sample(t *testing.T) []byte {
	t.Helper()
	text, err := config.Sample([]string{"docs.example.com"}, config.Feed{Name: "incoming", Path: "drop", Format: "postfix"})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSampleIsDocumented(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile(filepath.Join(testdata, "good.sample.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(sample(t))); diff != "" {
		t.Errorf("the sample differs from good.sample.toml: want -, got +\n%s", diff)
	}
}

// withDefaults is a configuration that says no more than it must.
func withDefaults() config.Config {
	return config.Config{
		File:     "/data/mailchute.toml",
		Domains:  []string{"docs.example.com"},
		Store:    config.Store{Catalog: "catalog.db", Blobs: "blobs", Libraries: "libraries", Locks: "locks", Tree: config.TreeLink, Barrier: config.BarrierAuto, MinFree: 0.05},
		Schedule: config.Schedule{Incoming: "* * * * *", Sweep: "17 * * * *", DMS: "*/5 * * * *"},
		Limits:   message.Limits{Bytes: 256 << 20, Parts: 10_000, Depth: 50, Header: 1 << 20, Boundary: 200, Time: time.Minute},
		DKIM:     config.DKIM{Timeout: 5 * time.Second},
		DMS: config.DMS{
			Publish: config.PublishBuiltin, Mode: directory.ModePlain, MarkerAttribute: "adminDescription", AccountPrefix: "sp-",
			MaxDeletes: 10, MaxDeleteShare: 0.1, Enforce: true, WritesPerSecond: 20,
		},
		Log: config.Log{Level: "info", Format: config.LogAuto},
		Feeds: []config.Feed{{
			Name: "incoming", Path: "drop", Format: "postfix", Settle: 2 * time.Second, DeferFor: 7 * 24 * time.Hour, Owners: []string{},
			Reads: reads("postfix", drop.Trust{LoginDomains: []string{}}),
			Align: access.Alignment{Methods: access.AlignMethods(), Shared: []string{}},
		}},
	}
}

// reads returns a format of the table with what a feed says of it.
func reads(name string, t drop.Trust) drop.Format {
	f, err := drop.FormatNamed(name)
	if err != nil {
		panic(err)
	}
	f.Trust = t
	return f
}

func TestParse(t *testing.T) {
	t.Parallel()
	short := withDefaults()
	short.Feeds[0].Owners, short.Feeds[0].Reads.LoginDomains, short.Feeds[0].Align.Shared = nil, nil, nil
	full := config.Config{
		File:     "/data/mailchute.toml",
		Domains:  []string{"docs.example.com", "bücher.example"},
		Store:    config.Store{Catalog: "/srv/catalog.db", Blobs: "b", Libraries: "../shares", Locks: "/run/mailchute", Tree: config.TreeCopy, Barrier: config.BarrierFsync, MinFree: 0.125},
		Schedule: config.Schedule{Incoming: "*/5 8-18 * * 1-5", Sweep: "@daily", DMS: "@hourly"},
		Limits:   message.Limits{Bytes: 1 << 30, Parts: 5, Depth: 4, Header: 64 << 10, Boundary: 70, Time: 90 * time.Second},
		DKIM:     config.DKIM{Resolver: "127.0.0.1:53", Timeout: 2 * time.Second},
		Directory: config.Directory{
			PasswordFile: "/etc/mailchute/directory",
			Asked: ldapdir.Options{
				URL: "ldap://dc1.corp.example:3890", StartTLS: true, CAFile: "ca.pem", Base: "DC=corp,DC=example", BindDN: "CN=mailchute,DC=corp,DC=example",
				Flavour: ldapdir.OpenLDAP, UserFilter: "(objectClass=inetOrgPerson)", Login: "uid", Addresses: []string{"mail", "mailLocalAddress"},
				Cache: 5 * time.Minute, Timeout: 3 * time.Second,
			},
		},
		DMS: config.DMS{
			Publish: config.PublishLDAP, Container: "OU=mailchute,DC=corp,DC=example", BindDN: "CN=writer,DC=corp,DC=example", PasswordFile: "writer",
			Mode: directory.ModeExchange, MarkerAttribute: "extensionAttribute7", AccountPrefix: "docs-", MaxDeletes: 50, MaxDeleteShare: 0.025, KeepForeignMembers: true, WritesPerSecond: 5,
		},
		Remote: config.Remote{
			Listen: "[::]:8443", CertificateFile: "cert.pem", KeyFile: "/etc/mailchute/key.pem", ClientCAFile: "farms.pem",
			Clients: []string{"farm one", "farm two"}, UsersFile: "users", URL: "https://mail.corp.example:8443",
		},
		Log: config.Log{Level: "debug", Format: config.LogJSON},
		Feeds: []config.Feed{
			{
				Name: "one", Path: "/var/spool/one", Format: "iis", Settle: 10 * time.Second, DeferFor: 36 * time.Hour, Owners: []string{"mail", "1001"}, Reads: reads("iis", drop.Trust{}),
				Align: access.Alignment{Methods: []string{}, Strict: true, Shared: []string{"provider.example"}}, DKIM: true,
			},
			{
				Name: "two", Path: "two", Format: "drop-write", Settle: 2 * time.Second, DeferFor: 7 * 24 * time.Hour, Reads: reads("drop-write", drop.Trust{}),
				Align: access.Alignment{Methods: access.AlignMethods()},
			},
		},
	}
	tests := map[string]config.Config{
		"good.sample.toml": withDefaults(), "good.short.toml": short, "good.full.toml": full,
	}
	for name, want := range tests {
		text, err := os.ReadFile(filepath.Join(testdata, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := config.Parse("/data/mailchute.toml", text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: want -, got +\n%s", name, diff)
		}
	}
}

// TestBad reads every bad configuration: its first line is a comment with the error, the
// file's name left out.
func TestBad(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(testdata, "bad.*.toml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("bad configurations: %v, %v", files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(text), "\n")
		want := "/data/mailchute.toml:" + strings.TrimPrefix(first, "# ")
		c, err := config.Parse("/data/mailchute.toml", text)
		if _, ok := errors.AsType[*config.Error](err); !ok || err.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", filepath.Base(name), err, want)
		}
		if diff := cmp.Diff(config.Config{}, c); diff != "" {
			t.Errorf("%s: a configuration came with the error: %s", filepath.Base(name), diff)
		}
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, config.FileName)
	if _, err := config.Load(file); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), file) {
		t.Errorf("no file: got %v, want one that names %s", err, file)
	}
	if err := os.WriteFile(file, sample(t), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, given := range []string{file, dir} {
		c, err := config.Load(config.Find(given))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := c.Abs(c.Store.Blobs), filepath.Join(dir, "blobs"); got != want {
			t.Errorf("blobs: got %s, want %s", got, want)
		}
		if got, want := c.Abs("/srv/x/../y"), filepath.Clean("/srv/y"); got != want {
			t.Errorf("absolute path: got %s, want %s", got, want)
		}
	}
}

// FuzzParse holds that whatever is read is a whole configuration or none, that an error is
// one for people, and that no fault is placed outside the text.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(testdata, "*.toml"))
	if err != nil || len(files) == 0 {
		f.Fatalf("configurations: %v, %v", files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := config.Parse("/data/mailchute.toml", text)
		if err == nil {
			if len(c.Domains) == 0 || c.Store.MinFree < 0 || c.Store.MinFree >= 1 || c.Limits.Bytes < 1 || c.Limits.Time <= 0 {
				t.Errorf("a configuration that cannot be was read: %+v", c)
			}
			return
		}
		e, ok := errors.AsType[*config.Error](err)
		if !ok {
			t.Fatalf("got %v, want a *config.Error", err)
		}
		if lines := strings.Count(string(text), "\n") + 1; e.Line > lines {
			t.Errorf("line %d of %d: %v", e.Line, lines, e)
		}
		for _, word := range []string{"config.", "struct", "reflect", "Go type"} {
			if strings.Contains(e.Problem, word) && !strings.Contains(string(text), word) {
				t.Errorf("the error speaks Go: %v", e)
			}
		}
	})
}
