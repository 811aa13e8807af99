package directorytest

import (
	"crypto/rand"
	"crypto/x509"
	_ "embed"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

//go:embed testdata/fill.py
var fill string

// Samba is the LDAP service of a Samba Active Directory domain controller on this computer,
// for one test. It has a loopback address of its own, as its ports cannot be chosen.
type Samba struct {
	LDAPS    string // URL
	LDAP     string // URL; needs StartTLS
	Password string // of ReaderDN
	Certificate
	WriterPassword string // of WriterDN
	AdminPassword  string // of AdminDN

	root, dir, address string
	process            *process
}

// inside runs a program that has the packages of .ci/servers as its root directory, which it
// cannot write, and the folder of the test as /srv. It is in namespaces of its own: what it
// starts ends with it.
const inside = `set -e
mount --make-rprivate /
mount --bind "$ROOT" "$ROOT"
mount -o remount,bind,ro "$ROOT"
mount --bind "$DIR" "$ROOT/srv"
mount --bind "$DIR/tmp" "$ROOT/tmp"
mount --rbind /dev "$ROOT/dev"
mount -t proc proc "$ROOT/proc"
exec chroot "$ROOT" "$@"`

// StartSamba starts a domain controller that holds a world. It is Debian's, of .ci/servers,
// and needs root; without these the test is skipped.
func StartSamba(t *testing.T, w World) *Samba {
	t.Helper()
	s := &Samba{root: packages(), dir: t.TempDir(), Password: newPassword(), WriterPassword: newPassword(), AdminPassword: newPassword()}
	if _, err := os.Stat(filepath.Join(s.root, "usr/sbin/samba")); s.root == "" || err != nil {
		missing(t, "server missing: run .ci/servers as root, and set MAILCHUTE_TEST_ROOT to what it prints")
	}
	if os.Geteuid() != 0 {
		missing(t, "server missing: root must start it")
	}
	ip := net.IPv4(127, byte(1+mathrand.IntN(250)), byte(1+mathrand.IntN(250)), byte(1+mathrand.IntN(250)))
	s.address = ip.String()
	s.LDAPS, s.LDAP = "ldaps://"+s.address, "ldap://"+s.address
	if err := errors.Join(os.Mkdir(filepath.Join(s.dir, "tmp"), 0o700), os.Mkdir(filepath.Join(s.dir, "run"), 0o755)); err != nil { //nolint:gosec // the test's alone
		t.Fatal(err)
	}
	s.Certificate = NewCertificate(t, s.dir, func(c *x509.Certificate) { c.IPAddresses = []net.IP{ip} })
	s.provision(t)
	s.fill(t, w)
	s.Start(t)
	return s
}

// Start starts a server that was stopped; it holds what it held.
func (s *Samba) Start(t *testing.T) {
	t.Helper()
	s.process = start(t, s.command("samba", "-s", "/srv/smb.conf", "--foreground", "--no-process-group", "-M", "single", "--debug-stdout"))
	for _, port := range []string{"389", "636"} {
		s.process.answers(t, net.JoinHostPort(s.address, port))
	}
}

// Administrator returns who may do everything, connected until the test ends.
func (s *Samba) Administrator(t *testing.T) Administrator {
	t.Helper()
	return &ldapAdmin{logIn(t, s.LDAPS, s.Authority, AdminDN, s.AdminPassword), true}
}

// Stop ends the server, and with it its connections.
func (s *Samba) Stop() { s.process.kill() }

// newPassword returns one that AD finds complicated enough.
func newPassword() string { return "aA1-" + rand.Text() }

func (s *Samba) command(args ...string) *exec.Cmd {
	cmd := exec.Command("/bin/sh", append([]string{"-c", inside, "inside"}, args...)...) //nolint:noctx // it is killed by the test's Cleanup
	cmd.Env = []string{
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "ROOT=" + s.root, "DIR=" + s.dir, "HOME=/srv", "TMPDIR=/tmp",
		"PYTHONDONTWRITEBYTECODE=1", "TDB_NO_FSYNC=1", // it is thrown away
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID}
	return cmd
}

func (s *Samba) write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// provision makes a domain of which only the LDAP service will run.
func (s *Samba) provision(t *testing.T) {
	t.Helper()
	s.write(t, "empty.conf", "[global]\n")
	run(t, s.command("samba-tool", "domain", "provision", "--configfile=/srv/empty.conf", "--targetdir=/srv/ad",
		"--realm=CORP.EXAMPLE", "--domain=CORP", "--server-role=dc", "--dns-backend=NONE", "--host-name=dc1",
		"--host-ip="+s.address, "--adminpass="+s.AdminPassword, "--option=vfs objects = fake_perms"))
	s.write(t, "smb.conf", strings.ReplaceAll(`[global]
netbios name = DC1
realm = CORP.EXAMPLE
workgroup = CORP
server role = active directory domain controller
server services = ldap
interfaces = $ADDRESS/8
bind interfaces only = yes
private dir = /srv/ad/private
state directory = /srv/ad/state
cache directory = /srv/ad/cache
lock directory = /srv/ad
binddns dir = /srv/ad/bind-dns
pid directory = /srv/run
ncalrpc dir = /srv/run/ncalrpc
winbindd socket directory = /srv/run/winbindd
ntp signd socket directory = /srv/run/ntp
tls cafile = /srv/ca.pem
tls certfile = /srv/server.pem
tls keyfile = /srv/server.key
log file = /srv/log.%m
log level = 1
ldap server require strong auth = yes
`, "$ADDRESS", s.address))
}

// fill writes a world into the domain. Accounts get passwords: AD enables none without.
func (s *Samba) fill(t *testing.T, w World) {
	t.Helper()
	var entries, members, passwords, rights strings.Builder
	accounts := map[string]string{"reader": s.Password, "writer": s.WriterPassword}
	for _, u := range w.Users {
		if !u.Disabled {
			accounts[u.Login] = newPassword()
		}
	}
	for name, password := range accounts {
		fmt.Fprintf(&passwords, "%s\t%s\n", name, password)
	}
	for _, e := range slices.Concat(units(), []entry{account(ReaderDN, "reader"), account(WriterDN, "writer")}, w.entries()) {
		fmt.Fprint(&entries, e.without("userAccountControl"))
	}
	for dn, names := range w.members() {
		e := entry{dn, []string{"changetype", "modify", "add", "member"}}
		for _, m := range names {
			e.attributes = append(e.attributes, "member", m)
		}
		fmt.Fprint(&members, e)
	}
	for _, class := range []string{contactClass, groupClass} {
		for _, name := range append(w.writable(class), "name") { // that of an entry is two attributes, for AD
			fmt.Fprintf(&rights, "%s\t%s\n", class, name)
		}
	}
	for name, content := range map[string]string{
		"fill.py": fill, "entries.ldif": entries.String(), "members.ldif": members.String(),
		"passwords": passwords.String(), "rights": rights.String(), "schema.ldif": w.schemaLDIF(),
	} {
		s.write(t, name, content)
	}
	run(t, s.command("python3", "/srv/fill.py", "/srv/smb.conf", "/srv/ad/private/sam.ldb", ContainerDN, WriterDN))
}
