package main_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// picture is the architecture. A line has a package, what it may import of ours, and
// what it may import from elsewhere; "pkg" stands for every pkg/… but pkg/config and
// those for tests (pkg/…test). What is not listed is forbidden: so cobra, cron, fsnotify,
// enmime and the others have one home each, and back ends do not know each other. Imports
// go down only: a package may name only those that stand below it.
const picture = `
which
  cmd/mailchute   | jobs/incoming jobs/dms jobs/remote jobs/sweep jobs store/sqlite store/dirblob store/tree store pkg/config pkg testdata
                  | github.com/spf13/cobra github.com/spf13/pflag github.com/rs/zerolog golang.org/x/term
when
  jobs/incoming   | jobs store pkg | github.com/rs/zerolog
  jobs/dms        | jobs store pkg | github.com/rs/zerolog
  jobs/remote     | jobs store pkg | github.com/rs/zerolog golang.org/x/net net net/http
  jobs/sweep      | jobs store pkg | github.com/rs/zerolog
  jobs            | pkg/event pkg/text pkg/fault | github.com/robfig/cron/v3 github.com/rs/zerolog
where
  store/storetest | store pkg/access pkg/address pkg/directory pkg/durable pkg/event pkg/fault pkg/library pkg/message pkg/text
                  | github.com/google/go-cmp os/exec
  store/mem       | store pkg/access pkg/directory pkg/fault pkg/library pkg/message
  store/sqlite    | store/sqlcat store pkg/durable pkg/fault | modernc.org/sqlite database/sql golang.org/x/sys
  store/sqlcat    | store pkg/access pkg/directory pkg/fault pkg/library pkg/message | database/sql
  store/dirblob   | store pkg/durable pkg/fault pkg/message
  store/tree      | store pkg/durable pkg/fault
  store           | pkg/access pkg/address pkg/directory pkg/durable pkg/event pkg/fault pkg/library pkg/message pkg/text
what
  pkg/config      | pkg | github.com/pelletier/go-toml/v2
  pkg/drop        | pkg/durable pkg/address pkg/fault | github.com/fsnotify/fsnotify golang.org/x/sys
  pkg/directory/ldapdir | pkg/directory pkg/address pkg/fault pkg/text
                  | github.com/go-ldap/ldap/v3 github.com/go-asn1-ber/asn1-ber net
  pkg/directory/directorytest | pkg/directory pkg/address pkg/fault
                  | github.com/google/go-cmp github.com/go-ldap/ldap/v3 github.com/go-asn1-ber/asn1-ber net os/exec
  pkg/emailws     | pkg/directory pkg/fault pkg/text
  pkg/directory   | pkg/address pkg/fault pkg/text
  pkg/dkim        | | github.com/emersion/go-msgauth net
  pkg/access      | pkg/library pkg/address pkg/text pkg/fault | golang.org/x/net
  pkg/library     | pkg/message pkg/address pkg/text pkg/fault | golang.org/x/text
  pkg/message     | pkg/address pkg/text pkg/fault | github.com/jhillyerd/enmime/v2 github.com/gabriel-vasile/mimetype
                  | github.com/segmentio/asm golang.org/x/text
  pkg/address     | pkg/text pkg/fault | golang.org/x/net
  pkg/durable/durabletest | pkg/durable | github.com/google/go-cmp
  pkg/durable     | | golang.org/x/sys
  pkg/event       | | github.com/rs/zerolog
  pkg/text        | | golang.org/x/text
  pkg/fault       |
  pkg/workload    |
  testdata        |
`

// guarded are the packages of the standard library that need a home as well.
var guarded = []string{"C", "database/sql", "net", "net/http", "os/exec", "plugin", "unsafe"}

// unit is a package as go list shows it.
type unit struct {
	name    string // below the module
	dir     string
	imports []string // of its non-test files
}

type row struct {
	name          string
	ours, outside []string
}

func TestLayers(t *testing.T) {
	t.Parallel()
	for _, goos := range []string{"linux", "windows"} {
		for _, breach := range breaches(picture, units(t, goos)) {
			t.Errorf("GOOS=%s: %s", goos, breach)
		}
	}
}

// breaches returns what in the packages is not as the picture has it.
func breaches(picture string, units []unit) (all []string) {
	rows := readPicture(picture)
	for i, r := range rows {
		for _, want := range r.ours {
			if want != "pkg" && !slices.ContainsFunc(rows[i+1:], func(below row) bool { return below.name == want }) {
				all = append(all, fmt.Sprintf("picture: %s may import %s, which does not stand below it", r.name, want))
			}
		}
		if !slices.ContainsFunc(units, func(u unit) bool { return u.name == r.name }) {
			all = append(all, fmt.Sprintf("picture: there is no package %s", r.name))
		}
	}
	for _, u := range units {
		i := slices.IndexFunc(rows, func(r row) bool { return r.name == u.name })
		if i < 0 {
			all = append(all, fmt.Sprintf("%s is not in the picture", u.name))
			continue
		}
		for _, imp := range u.imports {
			if !rows[i].allows(imp) {
				all = append(all, fmt.Sprintf("%s may not import %s", u.name, imp))
			}
		}
	}
	return all
}

func (r row) allows(imp string) bool {
	if name, ok := strings.CutPrefix(imp, "mailchute/"); ok {
		floor := strings.HasPrefix(name, "pkg/") && name != "pkg/config" && !strings.HasSuffix(name, "test") && slices.Contains(r.ours, "pkg")
		return floor || slices.Contains(r.ours, name)
	}
	host, _, _ := strings.Cut(imp, "/")
	if !strings.Contains(host, ".") && !slices.Contains(guarded, imp) {
		return true // the standard library
	}
	return slices.ContainsFunc(r.outside, func(home string) bool { return imp == home || strings.HasPrefix(imp, home+"/") })
}

// readPicture reads the lines with a "|"; one that begins with it continues the line above.
func readPicture(picture string) (rows []row) {
	picture = strings.ReplaceAll(picture, "\n                  |", " |")
	for line := range strings.Lines(picture) {
		name, rest, ok := strings.Cut(line, "|")
		if !ok {
			continue // the name of a floor
		}
		ours, outside, _ := strings.Cut(rest, "|")
		rows = append(rows, row{strings.TrimSpace(name), strings.Fields(ours), strings.Fields(outside)})
	}
	return rows
}

// units asks go list for the packages of the module, on one operating system.
func units(t *testing.T, goos string) (all []unit) {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{.Dir}}{{range .Imports}} {{.}}{{end}}`,
		"mailchute/...", "mailchute/testdata")
	list.Env = append(list.Environ(), "GOOS="+goos, "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOPROXY=off")
	var stderr bytes.Buffer
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		all = append(all, unit{strings.TrimPrefix(f[0], "mailchute/"), f[1], f[2:]})
	}
	return all
}

// TestTheRulesCanFail shows the checker a small world with one breach at a time.
func TestTheRulesCanFail(t *testing.T) {
	t.Parallel()
	const small = `
		cmd        | jobs pkg/config pkg | x.org/flags
		jobs       | store pkg |
		store/a    | store |
		store/b    | store | database/sql
		store      | pkg/text |
		pkg/config | pkg |
		pkg/text   | | x.org/text/v2
	`
	for _, tt := range []struct {
		name, from, imp string
		forbidden       bool
	}{
		{"the standard library", "cmd", "strings", false},
		{"the floor", "jobs", "mailchute/pkg/text", false},
		{"up", "store", "mailchute/jobs", true},
		{"sideways", "store/a", "mailchute/store/b", true},
		{"the store and its driver", "store", "mailchute/store/a", true},
		{"the floor without config", "jobs", "mailchute/pkg/config", true},
		{"the floor without tests' packages", "jobs", "mailchute/pkg/text/texttest", true},
		{"another's module", "jobs", "x.org/flags", true},
		{"a module of like name", "cmd", "x.org/flags2", true},
		{"a guarded package", "store/a", "database/sql", true},
	} {
		world := []unit{
			{"cmd", "", []string{"fmt", "mailchute/jobs", "mailchute/pkg/text", "mailchute/pkg/config", "x.org/flags"}},
			{"jobs", "", []string{"mailchute/store"}},
			{"store/a", "", []string{"mailchute/store", "os"}},
			{"store/b", "", []string{"database/sql", "mailchute/store"}},
			{"store", "", nil},
			{"pkg/config", "", []string{"mailchute/pkg/text"}},
			{"pkg/text", "", []string{"x.org/text/v2/norm"}},
		}
		i := slices.IndexFunc(world, func(u unit) bool { return u.name == tt.from })
		world[i].imports = append(world[i].imports, tt.imp)
		var want []string
		if tt.forbidden {
			want = []string{tt.from + " may not import " + tt.imp}
		}
		if diff := cmp.Diff(want, breaches(small, world)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	for _, tt := range []struct {
		name, picture string
		want          []string
	}{
		{"a row too few", "cmd | |", []string{"pkg/text is not in the picture"}},
		{"a row too many", "cmd | |\npkg/gone | |\npkg/text | |", []string{"picture: there is no package pkg/gone"}},
		{"a row that points up", "cmd | |\npkg/text | cmd |", []string{"picture: pkg/text may import cmd, which does not stand below it"}},
	} {
		if diff := cmp.Diff(tt.want, breaches(tt.picture, []unit{{name: "cmd"}, {name: "pkg/text"}})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
