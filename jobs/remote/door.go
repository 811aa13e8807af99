package remote

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"mailchute/jobs"
)

// door tells who a client is.
type door struct {
	Options
	users    *users // nil: nobody has a password
	failures *buckets
	trouble  jobs.Trouble // with the file of users
}

// A client that is not let in.
var (
	errNone = errors.New("this service needs a name and a password")
	errWho  = errors.New("this name and this password are not let in")
	errNot  = errors.New("this certificate is not let in")
	errMany = errors.New("too many wrong passwords came from this host: wait")
)

func newDoor(o Options) *door {
	d := &door{Options: o, failures: newBuckets(o.Now, o.Limits.Failures, time.Minute)}
	if o.UsersFile != "" {
		d.users = newUsers(o.UsersFile)
	}
	return d
}

// client returns the name of who makes a request: that of the certificate, which the TLS
// connection has verified, else that of a right password.
func (d *door) client(r *http.Request) (string, error) {
	if name, ok := d.certified(r); ok {
		return name, nil
	}
	if d.users == nil {
		return "", errNot
	}
	name, password, ok := r.BasicAuth()
	if !ok {
		return "", errNone // clients ask first, and learn that they must
	}
	if CheckName(name) != nil || len(password) > maxPassword {
		return "", errWho
	}
	err := d.users.load()
	d.trouble.Report(d.Log, err, "Nobody is let in by a password: the file of users cannot be used.", "The file of users can be used again.")
	if err != nil {
		return "", errWho
	}
	if d.users.knows(name, password) {
		return name, nil
	}
	// One after the other: of many requests that come at once the first may be enough.
	defer d.users.turn()()
	if d.users.knows(name, password) {
		return name, nil
	}
	peer := peerOf(r.RemoteAddr)
	if _, ok := d.failures.take(peer, 0); !ok {
		return "", errMany
	}
	if !d.users.fits(name, password) {
		return "", errWho
	}
	d.failures.giveBack(peer)
	return name, nil
}

// certified returns the common name of a verified certificate that is let in.
func (d *door) certified(r *http.Request) (string, bool) {
	if len(r.TLS.VerifiedChains) == 0 {
		return "", false
	}
	own := r.TLS.VerifiedChains[0][0]
	name := own.Subject.CommonName
	switch {
	case CheckName(name) != nil, len(d.Clients) > 0 && !slices.Contains(d.Clients, name):
		return "", false
	case d.Now().After(own.NotAfter): // since the connection was made, which may be old
		return "", false
	}
	return name, true
}

// peerOf returns whom wrong passwords are counted for: an address of IPv4, or a network of
// IPv6 as one site has it.
func peerOf(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return remote
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	network, _ := ip.Prefix(64) // an address of IPv6 has it
	return network.String()
}
