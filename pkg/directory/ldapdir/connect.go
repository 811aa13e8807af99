package ldapdir

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// conn is a connection whose user the server knows.
type conn struct {
	ldap    *ldap.Conn
	raw     net.Conn
	timeout time.Duration
	ad      bool
	used    atomic.Int64 // nanoseconds of the last answer
	schema  *schema      // of a Publisher: nil is not read yet
}

// refusedError says that the server does not let us in.
type refusedError struct{ error }

func (e *refusedError) Unwrap() error { return e.error }

// works reports whether nothing speaks against c; it may be nil.
func (c *conn) works() bool {
	return c != nil && !c.ldap.IsClosing() && time.Since(time.Unix(0, c.used.Load())) < maxIdle
}

// close ends the connection, also one that hangs.
func (c *conn) close() {
	_ = c.raw.Close() // first: the library waits until what it is writing is written
	_ = c.ldap.Close()
}

// address returns where the server of a connection is, for another one to the same.
func (c *conn) address(t target) string {
	if t.network == "unix" {
		return t.address
	}
	return c.raw.RemoteAddr().String()
}

// connect makes a connection to the server at an address, with TLS and logged in, within
// the time-out.
func (d *Directory) connect(ctx context.Context, address string) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.options.Timeout)
	defer cancel()
	dialer := net.Dialer{}
	raw, err := dialer.DialContext(ctx, d.target.network, address)
	if over := ended(ctx); err != nil && over != nil {
		return nil, over
	}
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	// The library knows no context: what it waits for ends with the connection.
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	c, err := d.secure(ctx, raw)
	if err == nil {
		err = d.enter(ctx, c)
	}
	if stop() && err == nil {
		return c, nil
	}
	_ = raw.Close()
	if c != nil {
		c.close()
	}
	if over := ended(ctx); over != nil {
		return nil, over
	}
	return nil, err
}

// secure makes an LDAP connection of a network's: with TLS 1.2 at least and a certificate
// that has been checked, but for a socket of this computer.
func (d *Directory) secure(ctx context.Context, raw net.Conn) (*conn, error) {
	c := &conn{raw: raw, timeout: d.options.Timeout}
	start := func(over net.Conn, isTLS bool) {
		c.ldap = ldap.NewConn(over, isTLS)
		c.ldap.SetTimeout(c.timeout + time.Second) // ours comes first, and says so
		c.ldap.Start()
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: d.target.host, RootCAs: d.trusted}
	switch {
	case d.target.host == "":
		start(raw, false)
	case d.target.startTLS:
		start(raw, false)
		if err := c.ldap.StartTLS(config); err != nil {
			return c, fmt.Errorf("StartTLS: %w", plain(err))
		}
	default:
		secured := tls.Client(raw, config)
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, fmt.Errorf("TLS: %w", err)
		}
		start(secured, true)
	}
	return c, nil
}

// enter logs in and finds out what kind of directory it is.
func (d *Directory) enter(ctx context.Context, c *conn) error {
	if err := d.bind(c); err != nil {
		return err
	}
	c.ad = d.options.Flavour == AD
	if d.options.Flavour != Auto {
		return nil
	}
	const adCapability = "1.2.840.113556.1.4.800" // LDAP_CAP_ACTIVE_DIRECTORY_OID, MS-ADTS §3.1.1.3.4.3.1
	root, err := c.search(ctx, query{filter: anything, attributes: []string{"supportedCapabilities"}})
	switch {
	case err != nil:
		return fmt.Errorf("read what it says of itself: %w", err)
	case len(root) != 1:
		return errors.New("it does not say what it is: set its flavour")
	}
	c.ad = slices.Contains(root[0].GetEqualFoldAttributeValues("supportedCapabilities"), adCapability)
	return nil
}

func (d *Directory) bind(c *conn) error {
	c.used.Store(time.Now().UnixNano())
	var err error
	switch {
	case d.options.BindDN != "":
		var password string
		if password, err = d.options.Password(); err != nil {
			return fmt.Errorf("password: %w", err)
		}
		if password == "" { // RFC 4513 §5.1.2: the server would let anybody in, as nobody
			return errors.New("password: it is empty")
		}
		err = c.ldap.Bind(d.options.BindDN, password)
	case d.target.host == "":
		err = c.ldap.ExternalBind()
	}
	if err == nil {
		return nil
	}
	text := fmt.Errorf("log in as %q: %w", d.options.BindDN, plain(err))
	if isAnswer(err) {
		return &refusedError{text}
	}
	return text
}
