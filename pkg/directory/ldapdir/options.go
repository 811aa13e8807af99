package ldapdir

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// Options says which directory is asked, and how.
type Options struct {
	URL      string // see CheckURL
	StartTLS bool   // TLS begins on an ldap:// connection, before anything else is said
	CAFile   string // PEM certificates of the authorities that are trusted; "": the system's
	Base     string // distinguished name below which people and groups are; see CheckDN
	BindDN   string // who asks; "": nobody in particular (ldapi:// the process's user)
	// Password returns the password of BindDN. It is asked at each connection.
	Password func() (string, error)
	Flavour  string // one of Flavours
	// UserFilter is an LDAP filter (RFC 4515) that every user must fit; "": any. See CheckFilter.
	UserFilter string
	// Login names the attribute with the login; "": sAMAccountName in AD, else uid or
	// sAMAccountName.
	Login string
	// Addresses names the attributes with mail addresses; none: those of
	// DefaultAddresses. Values of proxyAddresses count with "smtp:" before them only.
	Addresses []string
	Cache     time.Duration // how old an answer may be; 0: none is kept
	Timeout   time.Duration // for connecting, and for each request; 0: DefaultTimeout
}

// The values of Options.Flavour.
const (
	Auto     = "auto" // what the server says of itself
	AD       = "ad"
	OpenLDAP = "openldap" // any directory that has entryUUID (RFC 4530)
)

// DefaultTimeout is Options.Timeout where it says nothing.
const DefaultTimeout = 10 * time.Second

// Flavours returns the values of Options.Flavour.
func Flavours() []string { return []string{Auto, AD, OpenLDAP} }

// DefaultAddresses returns the attributes that have a user's mail addresses in AD.
func DefaultAddresses() []string { return []string{"mail", proxyAddresses, "userPrincipalName"} }

// CheckURL says what is wrong with Options.URL: it is ldaps://HOST[:PORT], or
// ldap://HOST[:PORT] with StartTLS, or ldapi://PATH, a socket of this computer with %2F for
// each "/" of its path. Without TLS no password and no answer goes over a network.
func CheckURL(s string, startTLS bool) error {
	_, err := parseURL(s, startTLS)
	return err
}

// CheckDN says what is wrong with a distinguished name (RFC 4514).
func CheckDN(s string) error {
	dn, err := ldap.ParseDN(s)
	if err != nil || len(dn.RDNs) == 0 || !sound(s) {
		return fmt.Errorf("%q is no distinguished name: write it like %q", s, "DC=corp,DC=example")
	}
	return nil
}

// CheckFilter says what is wrong with Options.UserFilter.
func CheckFilter(s string) error {
	if _, err := ldap.CompileFilter(s); s != "" && err != nil {
		return fmt.Errorf("%q is no filter: write it like %q", s, "(objectClass=inetOrgPerson)")
	}
	return nil
}

var attribute = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*$`)

// CheckAttribute says what is wrong with the name of an attribute (RFC 4512 §1.4).
func CheckAttribute(s string) error {
	if !attribute.MatchString(s) {
		return fmt.Errorf("%q is no attribute: write it like %q", s, "mail")
	}
	return nil
}

// orDefaults gives what is left out its default, and checks the rest.
func (o Options) orDefaults() (Options, error) {
	if o.Flavour == "" {
		o.Flavour = Auto
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if len(o.Addresses) == 0 {
		o.Addresses = DefaultAddresses()
	}
	errs := []error{CheckDN(o.Base), CheckFilter(o.UserFilter)}
	for _, name := range o.Addresses {
		errs = append(errs, CheckAttribute(name))
	}
	if o.Login != "" {
		errs = append(errs, CheckAttribute(o.Login))
	}
	if !slices.Contains(Flavours(), o.Flavour) {
		errs = append(errs, fmt.Errorf("%q is no flavour of a directory", o.Flavour))
	}
	if o.BindDN != "" && o.Password == nil {
		errs = append(errs, errors.New("the password is missing"))
	}
	return o, errors.Join(errs...)
}

// target is where a directory is.
type target struct {
	network, address string
	host             string // whose certificate it must be; "": no TLS on a local socket
	startTLS         bool
}

func parseURL(s string, startTLS bool) (target, error) {
	if rest, ok := strings.CutPrefix(s, "ldapi://"); ok {
		path, err := url.PathUnescape(strings.TrimSuffix(rest, "/"))
		switch {
		case err != nil || !filepath.IsAbs(path) || strings.ContainsRune(path, 0):
			return target{}, fmt.Errorf("%q has no path of a socket: write it like %q", s, "ldapi://%2Frun%2Fslapd%2Fldapi")
		case startTLS:
			return target{}, fmt.Errorf("%q is a socket of this computer, which has no TLS", s)
		}
		return target{network: "unix", address: path}, nil
	}
	u, err := url.Parse(s)
	port := map[string]string{"ldap": "389", "ldaps": "636"}
	switch {
	case err != nil || u.Hostname() == "" || port[u.Scheme] == "" || strings.Trim(u.Path, "/")+u.RawQuery+u.Fragment != "" || u.User != nil:
		// The text is not repeated: somebody may have put a password into it.
		return target{}, fmt.Errorf("this is no address of a directory: write it like %q", "ldaps://dc1.corp.example")
	case u.Scheme == "ldap" && !startTLS:
		return target{}, fmt.Errorf("%q would send the password in the clear: use ldaps://, or StartTLS", s)
	case u.Scheme == "ldaps" && startTLS:
		return target{}, fmt.Errorf("%q has TLS from the start: leave StartTLS out, or use ldap://", s)
	}
	if u.Port() != "" {
		port[u.Scheme] = u.Port()
	}
	return target{network: "tcp", address: net.JoinHostPort(u.Hostname(), port[u.Scheme]), host: u.Hostname(), startTLS: startTLS}, nil
}

// authorities reads the certificates in a file; nil, for the system's, where none is named.
func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // as tls.Config has it
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("authorities' certificates: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("authorities' certificates: there is none in %s", file)
	}
	return pool, nil
}
