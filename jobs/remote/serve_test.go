package remote_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"mailchute/jobs/remote"
	"mailchute/pkg/directory/directorytest"
	"mailchute/pkg/emailws"
	"mailchute/store"
)

// service is one that listens, with its files.
type service struct {
	*testing.T
	*store.Store
	options remote.ServeOptions
	catalog *catalog
	server  directorytest.Certificate
	address string
	end     context.CancelFunc
	ended   chan error
}

// start starts a service that has a certificate, with authorities for clients as changes say.
func start(t *testing.T, changes ...func(*remote.ServeOptions)) *service {
	t.Helper()
	s := &service{T: t, ended: make(chan error, 1)}
	s.Store, s.catalog = newStore(t)
	s.server = directorytest.NewCertificate(t, t.TempDir())
	s.options = remote.ServeOptions{
		Options: remote.Options{Store: s.Store, UsersFile: usersFile(t, ""), Log: zerolog.Nop()},
		Listen:  "127.0.0.1:0", CertificateFile: s.server.File, KeyFile: s.server.Key,
	}
	listening := make(chan string, 1)
	s.options.Listening = func(at string) { listening <- at }
	for _, change := range changes {
		change(&s.options)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s.end = cancel
	go func() { s.ended <- remote.Serve(ctx, s.options) }()
	select {
	case s.address = <-listening:
	case err := <-s.ended:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err, open := <-s.ended; open && err != nil {
			t.Errorf("the service ended: %v", err)
		}
	})
	return s
}

// client returns one that trusts an authority, and has a certificate if it is named.
func (s *service) client(authority string, own *directorytest.Certificate) *http.Client {
	s.Helper()
	pem, err := os.ReadFile(authority)
	if err != nil {
		s.Fatal(err)
	}
	c := &tls.Config{RootCAs: x509.NewCertPool()}
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		s.Fatal("no authority")
	}
	if own != nil {
		pair, err := tls.LoadX509KeyPair(own.File, own.Key)
		if err != nil {
			s.Fatal(err)
		}
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	t := &http.Transport{TLSClientConfig: c, DisableKeepAlives: true}
	s.Cleanup(t.CloseIdleConnections)
	return &http.Client{Transport: t}
}

// get asks for the page of the service; an error is one of the connection.
func (s *service) get(c *http.Client, user string) (int, error) {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), http.MethodGet, "https://"+s.address+emailws.Path, nil)
	if err != nil {
		s.Fatal(err)
	}
	if user != "" {
		r.SetBasicAuth(user, password)
	}
	response, err := c.Do(r)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// certificateOf makes the certificate of a client, by an authority of its own.
func certificateOf(t *testing.T, name string) *directorytest.Certificate {
	t.Helper()
	c := directorytest.NewCertificate(t, t.TempDir(), func(c *x509.Certificate) {
		c.Subject.CommonName, c.ExtKeyUsage = name, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	})
	return &c
}

func TestServeByPassword(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client(s.server.Authority, nil)
	if code, err := s.get(c, alpha); code != http.StatusOK {
		t.Errorf("got %d, %v", code, err)
	}
	if code, err := s.get(c, ""); code != http.StatusUnauthorized {
		t.Errorf("nobody: got %d, %v", code, err)
	}
	plain, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.address+emailws.Path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(plain)
	if err == nil {
		_ = response.Body.Close()
	}
	if err != nil || response.StatusCode != http.StatusBadRequest {
		t.Errorf("without TLS: got %+v, %v", response, err)
	}
	old := c.Transport.(*http.Transport).TLSClientConfig.Clone()
	old.MaxVersion = tls.VersionTLS11
	old.MinVersion = tls.VersionTLS10
	if _, err := s.get(&http.Client{Transport: &http.Transport{TLSClientConfig: old}}, alpha); err == nil {
		t.Error("TLS 1.1 was taken")
	}
}

func TestServeByCertificate(t *testing.T) {
	t.Parallel()
	one, other, odd := certificateOf(t, "farm one"), certificateOf(t, "farm two"), certificateOf(t, "farm:one")
	stranger := certificateOf(t, "farm one")
	authorities := filepath.Join(t.TempDir(), "clients.pem")
	var all []byte
	for _, c := range []*directorytest.Certificate{one, other, odd} {
		pem, err := os.ReadFile(c.Authority)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, pem...)
	}
	if err := os.WriteFile(authorities, all, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name      string
		passwords bool
		clients   []string
		own       *directorytest.Certificate
		user      string
		want      int // 0: no connection
	}{
		{"its certificate", false, nil, one, "", http.StatusOK},
		{"one of those named", false, []string{"farm one"}, one, "", http.StatusOK},
		{"none of those named", false, []string{"farm one"}, other, "", http.StatusForbidden},
		{"a name that is none", false, nil, odd, "", http.StatusForbidden},
		{"none", false, nil, nil, "", 0},
		{"a password instead", false, nil, nil, alpha, 0},
		{"of another authority", false, nil, stranger, "", 0},
		{"of another authority, and a password", true, nil, stranger, alpha, 0},
		{"a certificate, where passwords do too", true, nil, one, "", http.StatusOK},
		{"a password, where certificates do too", true, nil, nil, alpha, http.StatusOK},
		{"neither", true, nil, nil, "", http.StatusUnauthorized},
		{"not named, but a password", true, []string{"farm one"}, other, alpha, http.StatusOK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, func(o *remote.ServeOptions) {
				o.ClientCAFile, o.Clients = authorities, tt.clients
				if !tt.passwords {
					o.UsersFile = ""
				}
			})
			code, err := s.get(s.client(s.server.Authority, tt.own), tt.user)
			if code != tt.want || (err == nil) != (tt.want > 0) {
				t.Errorf("got %d, %v, want %d", code, err, tt.want)
			}
		})
	}
}

func TestAClientActsInTheNameOfItsCertificate(t *testing.T) {
	t.Parallel()
	one := certificateOf(t, "farm one")
	s := start(t, func(o *remote.ServeOptions) { o.ClientCAFile = one.Authority })
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+s.address+emailws.Path,
		strings.NewReader(request(emailws.OpCreateContact, contact("docs72", "docs72@sp.corp.example"))))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "text/xml")
	r.SetBasicAuth(alpha, password)
	if a := ask(t, s.client(s.server.Authority, one), r); a.Status != "Success" {
		t.Fatalf("got %+v", a)
	}
	all, err := s.FarmContacts(t.Context())
	if err != nil || len(all) != 1 || all[0].Client != "soap:farm one" {
		t.Errorf("got %+v, %v", all, err)
	}
}

func TestServeReadsItsCertificatesAgain(t *testing.T) {
	t.Parallel()
	s := start(t)
	old := s.client(s.server.Authority, nil)
	if code, err := s.get(old, alpha); code != http.StatusOK {
		t.Fatalf("got %d, %v", code, err)
	}
	next := directorytest.NewCertificate(t, t.TempDir())
	if err := os.Rename(next.File, s.server.File); err != nil {
		t.Fatal(err)
	}
	if code, err := s.get(old, alpha); code != http.StatusOK {
		t.Errorf("with half of the new one, the old one stays: got %d, %v", code, err)
	}
	if err := os.Rename(next.Key, s.server.Key); err != nil {
		t.Fatal(err)
	}
	if code, err := s.get(s.client(next.Authority, nil), alpha); code != http.StatusOK {
		t.Errorf("the new one: got %d, %v", code, err)
	}
	if _, err := s.get(old, alpha); err == nil {
		t.Error("the old one is still shown")
	}
	if err := os.Remove(s.server.Key); err != nil {
		t.Fatal(err)
	}
	if code, err := s.get(s.client(next.Authority, nil), alpha); code != http.StatusOK {
		t.Errorf("without its file: got %d, %v", code, err)
	}
}

func TestServeDoesNotStart(t *testing.T) {
	t.Parallel()
	c, other := directorytest.NewCertificate(t, t.TempDir()), directorytest.NewCertificate(t, t.TempDir())
	open := filepath.Join(t.TempDir(), "open.key")
	key, err := os.ReadFile(c.Key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(open, key, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o640); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		change func(*remote.ServeOptions)
		says   string
	}{
		{"nobody could be let in", func(o *remote.ServeOptions) { o.UsersFile = "" }, "nobody"},
		{"no certificate", func(o *remote.ServeOptions) { o.CertificateFile = "" }, "no such file"},
		{"no key", func(o *remote.ServeOptions) { o.KeyFile = "" }, "no such file"},
		{"the key of another", func(o *remote.ServeOptions) { o.KeyFile = other.Key }, "private key does not match"},
		{"a key that others may read", func(o *remote.ServeOptions) { o.KeyFile = open }, "chmod 600"},
		{"no authority in the file", func(o *remote.ServeOptions) { o.ClientCAFile = c.Key }, "no certificate"},
		{"no file of authorities", func(o *remote.ServeOptions) { o.ClientCAFile = "missing" }, "missing"},
		{"no file of users", func(o *remote.ServeOptions) { o.UsersFile = "missing" }, "missing"},
		{"an address that is none", func(o *remote.ServeOptions) { o.Listen = "127.0.0.1:x" }, "unknown port"},
	} {
		s, _ := newStore(t)
		o := remote.ServeOptions{
			Options: remote.Options{Store: s, UsersFile: usersFile(t, ""), Log: zerolog.Nop()},
			Listen:  "127.0.0.1:0", CertificateFile: c.File, KeyFile: c.Key,
			Listening: func(string) { t.Errorf("%s: it listens", tt.name) },
		}
		tt.change(&o)
		if err := remote.Serve(t.Context(), o); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.says)
		}
	}
}

func TestServeFinishesWhatIsInHand(t *testing.T) {
	t.Parallel()
	s := start(t)
	begun, end := make(chan struct{}), make(chan struct{})
	trouble := func() error {
		begun <- struct{}{}
		<-end
		return nil
	}
	s.catalog.trouble.Store(&trouble)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+s.address+emailws.Path,
		strings.NewReader(request(emailws.OpCreateContact, contact("docs72", "docs72@sp.corp.example"))))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "text/xml")
	r.SetBasicAuth(alpha, password)
	c := s.client(s.server.Authority, nil)
	told := make(chan answer)
	go func() { told <- ask(t, c, r) }()
	<-begun
	s.catalog.trouble.Store(nil)
	s.end()
	close(end)
	if a := <-told; a.Status != "Success" {
		t.Errorf("got %+v", a)
	}
	if err := <-s.ended; err != nil {
		t.Errorf("the service ended: %v", err)
	}
	close(s.ended)
	if _, err := s.get(c, alpha); err == nil {
		t.Error("it is still there")
	}
}
