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
	WriterPassword string // of WriterDN
	AdminPassword  string // of AdminDN

	dir     string
	ports   [2]string
	process *process
}

// SlapdOptions says how a server differs from the usual.
type SlapdOptions struct {
	Certificate func(*x509.Certificate) // changes it before it is signed
	Limits      string                  // like "size.prtotal=3", see slapd.conf(5)
	LDIF        string                  // more entries
	// Strict makes it more like AD: names of accounts are there once, what is renamed or
	// deleted is so in the groups that it is in, and values have a length.
	Strict bool
}

// StartSlapd starts an OpenLDAP server that holds a world. It is Debian's, of .ci/servers
// or installed; without it the test is skipped.
func StartSlapd(t testing.TB, w World, o SlapdOptions) *Slapd {
	t.Helper()
	slapd, etc, modules := findSlapd(t)
	dir, err := os.MkdirTemp("", "slapd") //nolint:usetesting // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &Slapd{Password: rand.Text(), WriterPassword: rand.Text(), AdminPassword: rand.Text(), dir: dir, ports: [2]string{freePort(t), freePort(t)}}
	s.LDAPS, s.LDAP = "ldaps://127.0.0.1:"+s.ports[0], "ldap://127.0.0.1:"+s.ports[1]
	s.Socket = "ldapi://" + url.PathEscape(filepath.Join(dir, "ldapi"))
	var changes []func(*x509.Certificate)
	if o.Certificate != nil {
		changes = append(changes, o.Certificate)
	}
	s.Certificate = NewCertificate(t, dir, changes...)
	s.write(t, "people.schema", schema)
	s.write(t, "exchange.schema", w.schemaConf())
	s.write(t, "slapd.conf", s.configuration(w, o, etc, modules))
	s.write(t, "world.ldif", s.ldif(w)+o.LDIF)
	if err := os.Mkdir(filepath.Join(dir, "db"), 0o700); err != nil {
		t.Fatal(err)
	}
	run(t, s.command(slapd, "-Tadd", "-q", "-l", filepath.Join(dir, "world.ldif")))
	s.Start(t)
	return s
}

// Start starts a server that was stopped; it holds what it held.
func (s *Slapd) Start(t testing.TB) {
	t.Helper()
	slapd, _, _ := findSlapd(t)
	s.process = start(t, s.command(slapd, "-d0", "-h", s.LDAPS+" "+s.LDAP+" "+s.Socket))
	for _, port := range s.ports {
		s.process.answers(t, "127.0.0.1:"+port)
	}
}

// Administrator returns who may do everything, connected until the test ends.
func (s *Slapd) Administrator(t *testing.T) Administrator {
	t.Helper()
	return &ldapAdmin{logIn(t, s.LDAPS, s.Authority, AdminDN, s.AdminPassword), false}
}

// Stop ends the server, and with it its connections.
func (s *Slapd) Stop() { s.process.kill() }

func (s *Slapd) command(slapd []string, args ...string) *exec.Cmd {
	args = append(append(slapd[1:len(slapd):len(slapd)], args...), "-f", filepath.Join(s.dir, "slapd.conf"))
	return exec.Command(slapd[0], args...) //nolint:noctx,gosec // it is killed by the test's Cleanup
}

func (s *Slapd) write(t testing.TB, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// findSlapd returns how the server is called, and where its schemas and modules are.
func findSlapd(t testing.TB) (command []string, etc, modules string) {
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
func (s *Slapd) configuration(w World, o SlapdOptions, etc, modules string) string {
	limits, strict := "size.soft=1000 size.hard=1000 size.prtotal=unlimited", ""
	if o.Limits != "" {
		limits = o.Limits
	}
	if o.Strict {
		strict = strictOverlays
	}
	indexed := "adminDescription"
	if !w.Plain {
		indexed += ",mailNickname,targetAddress"
	}
	return strings.NewReplacer("$ETC", etc, "$MODULES", modules, "$DIR", s.dir, "$BASE", BaseDN, "$CONTAINER", ContainerDN,
		"$ADMINPASSWORD", s.AdminPassword, "$ADMIN", AdminDN, "$WRITER", WriterDN, "$LIMITS", limits, "$STRICT", strict, "$INDEXED", indexed,
		"$CONTACTS", strings.Join(w.writable(contactClass), ","), "$GROUPS", strings.Join(w.writable(groupClass), ",")).Replace(`
include $ETC/schema/core.schema
include $ETC/schema/cosine.schema
include $ETC/schema/nis.schema
include $ETC/schema/inetorgperson.schema
include $DIR/people.schema
include $DIR/exchange.schema
modulepath $MODULES
moduleload back_mdb
moduleload back_monitor
moduleload ppolicy
moduleload memberof
moduleload unique
moduleload constraint
TLSCACertificateFile $DIR/ca.pem
TLSCertificateFile $DIR/server.pem
TLSCertificateKeyFile $DIR/server.key
TLSProtocolMin 3.3
security simple_bind=128
disallow bind_anon
database frontend
access to dn.base="" by * read
access to dn.base="cn=Subschema" by users read
database mdb
maxsize 268435456
dbnosync
suffix "$BASE"
rootdn "$ADMIN"
rootpw "$ADMINPASSWORD"
directory $DIR/db
index objectClass,entryUUID,cn,uid,sAMAccountName,userPrincipalName,mail,proxyAddresses,member,uniqueMember eq
index $INDEXED eq,sub
limits users $LIMITS
overlay ppolicy
$STRICT
access to attrs=userPassword by anonymous auth by * none
access to dn.subtree="$CONTAINER" filter="(objectClass=organizationalUnit)" attrs=children by dn.exact="$WRITER" write by users read
access to dn.subtree="$CONTAINER" filter="(objectClass=contact)" attrs=entry,$CONTACTS by dn.exact="$WRITER" write by users read
access to dn.subtree="$CONTAINER" filter="(objectClass=group)" attrs=entry,$GROUPS by dn.exact="$WRITER" write by users read
access to * by users read
database monitor
access to * by dn.exact="$ADMIN" read by * none
`)
}

const strictOverlays = `overlay memberof
memberof-group-oc group
memberof-member-ad member
memberof-memberof-ad memberOf
memberof-refint TRUE
overlay unique
unique_uri ldap:///?sAMAccountName?sub
overlay constraint
constraint_attribute mail count 1
constraint_attribute mail size 256
constraint_attribute sAMAccountName size 256
constraint_attribute sAMAccountName regex "^[^]\"[/\\:;|=,+*?<>]*[^].\"[/\\:;|=,+*?<>]$"`

func (s *Slapd) ldif(w World) string {
	var b strings.Builder
	fmt.Fprint(&b, entry{BaseDN, []string{"objectClass", "dcObject", "objectClass", "organization", "dc", "corp", "o", "corp"}})
	for _, e := range units() {
		fmt.Fprint(&b, e)
	}
	for dn, password := range map[string]string{ReaderDN: s.Password, WriterDN: s.WriterPassword} {
		fmt.Fprint(&b, entry{dn, []string{"objectClass", "person", "cn", nameOf(dn), "sn", "account of a program", "userPassword", password}})
	}
	members := w.members()
	for _, e := range w.entries() {
		for _, m := range members[e.dn] {
			e.attributes = append(e.attributes, "member", m)
		}
		fmt.Fprint(&b, e)
	}
	return b.String()
}
