package remote

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"sync"

	"github.com/rs/zerolog"

	"mailchute/jobs"
)

// tlsFiles are the files that connections are secured with, which are read again when they
// change.
type tlsFiles struct {
	certificate, key string
	authorities      string // of clients' certificates; "": none are asked for
	passwords        bool   // a client without a certificate may have a password
	log              zerolog.Logger
	trouble          jobs.Trouble

	mu   sync.Mutex
	read []os.FileInfo // the files that current was made of
	now  *tls.Config
}

// config returns what a listener needs: each connection gets what the files have then.
func (f *tlsFiles) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			err := f.load()
			f.trouble.Report(f.log, err, "The certificates of the directory management service cannot be read again: the old ones stay in use.",
				"The certificates of the directory management service can be read again.")
			return f.current(), nil
		},
	}
}

func (f *tlsFiles) current() *tls.Config {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// load reads the files where one has changed. With an error, what was read before stays.
func (f *tlsFiles) load() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	infos, err := f.stat()
	if err != nil {
		return err
	}
	if same(infos, f.read) {
		return nil
	}
	c, err := f.make()
	if err != nil {
		return err
	}
	f.now, f.read = c, infos
	return nil
}

func (f *tlsFiles) stat() (infos []os.FileInfo, err error) {
	for _, path := range []string{f.certificate, f.key, f.authorities} {
		if path == "" && len(infos) == 2 {
			break
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		infos = append(infos, info)
	}
	return infos, nil
}

// same reports whether files are those that were read, and unchanged.
func same(now, read []os.FileInfo) bool {
	if len(now) != len(read) {
		return false
	}
	for i, info := range now {
		if !unchanged(info, read[i]) {
			return false
		}
	}
	return true
}

func (f *tlsFiles) make() (*tls.Config, error) {
	certificate, _, err := readFile(f.certificate)
	if err != nil {
		return nil, err
	}
	key, _, err := readPrivate(f.key)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("%s and %s: %w", f.certificate, f.key, err)
	}
	c := &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair},
		SessionTicketsDisabled: true, // each connection is checked anew
		NextProtos:             []string{"http/1.1"},
	}
	if f.authorities == "" {
		return c, nil
	}
	authorities, _, err := readFile(f.authorities)
	if err != nil {
		return nil, err
	}
	c.ClientCAs = x509.NewCertPool()
	if !c.ClientCAs.AppendCertsFromPEM(authorities) {
		return nil, fmt.Errorf("%s has no certificate", f.authorities)
	}
	c.ClientAuth = tls.RequireAndVerifyClientCert
	if f.passwords {
		c.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return c, nil
}
