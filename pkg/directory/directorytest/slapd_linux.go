package directorytest

import (
	"crypto/rand"
	"crypto/x509"
	_ "embed"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

//go:embed testdata/people.schema
var schema string

// Slapd is an OpenLDAP server on this computer, for one test.
type Slapd struct {
	LDAPS    string // URL
	LDAP     string // URL; needs StartTLS
	Socket   string // URL of an ldapi:// socket; the user of the process may read there
	Password string // of ReaderDN
	Certificate

	dir     string
	ports   [2]string
	process *process
}

// SlapdOptions says how a server differs from the usual.
type SlapdOptions struct {
	Certificate func(*x509.Certificate) // changes it before it is signed
	Limits      string                  // like "size.prtotal=3", see slapd.conf(5)
	LDIF        string                  // more entries
}

// StartSlapd starts an OpenLDAP server that holds a world. It is Debian's, of .ci/servers
// or installed; without it the test is skipped.
func StartSlapd(t *testing.T, w World, o SlapdOptions) *Slapd {
	t.Helper()
	slapd, etc, modules := findSlapd(t)
	dir, err := os.MkdirTemp("", "slapd") //nolint:usetesting // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &Slapd{Password: rand.Text(), dir: dir, ports: [2]string{freePort(t), freePort(t)}}
	s.LDAPS, s.LDAP = "ldaps://127.0.0.1:"+s.ports[0], "ldap://127.0.0.1:"+s.ports[1]
	s.Socket = "ldapi://" + url.PathEscape(filepath.Join(dir, "ldapi"))
	var changes []func(*x509.Certificate)
	if o.Certificate != nil {
		changes = append(changes, o.Certificate)
	}
	s.Certificate = NewCertificate(t, dir, changes...)
	s.write(t, "people.schema", schema)
	s.write(t, "slapd.conf", s.configuration(etc, modules, o.Limits))
	s.write(t, "world.ldif", s.ldif(w)+o.LDIF)
	if err := os.Mkdir(filepath.Join(dir, "db"), 0o700); err != nil {
		t.Fatal(err)
	}
	run(t, s.command(slapd, "-Tadd", "-q", "-l", filepath.Join(dir, "world.ldif")))
	s.Start(t)
	return s
}

// Start starts a server that was stopped; it holds what it held.
func (s *Slapd) Start(t *testing.T) {
	t.Helper()
	slapd, _, _ := findSlapd(t)
	s.process = start(t, s.command(slapd, "-d0", "-h", s.LDAPS+" "+s.LDAP+" "+s.Socket))
	for _, port := range s.ports {
		s.process.answers(t, "127.0.0.1:"+port)
	}
}

// Stop ends the server, and with it its connections.
func (s *Slapd) Stop() { s.process.kill() }

func (s *Slapd) command(slapd []string, args ...string) *exec.Cmd {
	args = append(append(slapd[1:len(slapd):len(slapd)], args...), "-f", filepath.Join(s.dir, "slapd.conf"))
	return exec.Command(slapd[0], args...) //nolint:noctx,gosec // it is killed by the test's Cleanup
}

func (s *Slapd) write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// findSlapd returns how the server is called, and where its schemas and modules are.
func findSlapd(t *testing.T) (command []string, etc, modules string) {
	t.Helper()
	if root := packages(); root != "" {
		// The packages' own libraries, by their own loader.
		loaders, _ := filepath.Glob(filepath.Join(root, "usr/lib/*/ld-linux*.so.*"))
		server := filepath.Join(root, "usr/sbin/slapd")
		if _, err := os.Stat(server); err == nil && len(loaders) == 1 {
			return []string{loaders[0], "--library-path", filepath.Dir(loaders[0]), server}, root + "/etc/ldap", root + "/usr/lib/ldap"
		}
	}
	const installed = "/usr/sbin/slapd"
	if _, err := os.Stat(installed); err != nil {
		missing(t, "server missing: run .ci/servers as root, and set MAILCHUTE_TEST_ROOT to what it prints; or install slapd")
	}
	return []string{installed}, "/etc/ldap", "/usr/lib/ldap"
}

// configuration returns slapd.conf(5): as with AD, nothing is told before a login, and a
// password is taken inside TLS only.
func (s *Slapd) configuration(etc, modules, limits string) string {
	if limits == "" {
		limits = "size.soft=1000 size.hard=1000 size.prtotal=unlimited"
	}
	return strings.NewReplacer("$ETC", etc, "$MODULES", modules, "$DIR", s.dir, "$BASE", BaseDN, "$READER", ReaderDN, "$LIMITS", limits).Replace(`
include $ETC/schema/core.schema
include $ETC/schema/cosine.schema
include $ETC/schema/nis.schema
include $ETC/schema/inetorgperson.schema
include $DIR/people.schema
modulepath $MODULES
moduleload back_mdb
moduleload ppolicy
TLSCACertificateFile $DIR/ca.pem
TLSCertificateFile $DIR/server.pem
TLSCertificateKeyFile $DIR/server.key
TLSProtocolMin 3.3
security simple_bind=128
disallow bind_anon
database frontend
access to dn.base="" by * read
database mdb
maxsize 268435456
dbnosync
suffix "$BASE"
directory $DIR/db
index objectClass,entryUUID,cn,uid,sAMAccountName,userPrincipalName,mail,proxyAddresses,member,uniqueMember eq
limits users $LIMITS
overlay ppolicy
access to attrs=userPassword by anonymous auth by * none
access to * by users read
`)
}

func (s *Slapd) ldif(w World) string {
	var b strings.Builder
	fmt.Fprint(&b, entry{BaseDN, []string{"objectClass", "dcObject", "objectClass", "organization", "dc", "corp", "o", "corp"}})
	for _, e := range units() {
		fmt.Fprint(&b, e)
	}
	fmt.Fprint(&b, entry{ReaderDN, []string{"objectClass", "person", "cn", "reader", "sn", "reader", "userPassword", s.Password}})
	members := w.members()
	for _, e := range w.entries() {
		for _, m := range members[e.dn] {
			e.attributes = append(e.attributes, "member", m)
		}
		fmt.Fprint(&b, e)
	}
	return b.String()
}
