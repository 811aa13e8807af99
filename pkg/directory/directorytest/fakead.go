package directorytest

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// FakeAD is a small server that does what Active Directory does and Samba does not: at most
// 1000 entries in an answer, and 1500 values of an attribute, with the rest to be asked for
// by ranges (MS-ADTS §3.1.1.3.1.3.3); and that goes wrong when it is told to. It knows no
// rights: whoever logs in may do everything. Controls but for paging it does not look at.
type FakeAD struct {
	LDAPS    string // URL
	Password string // of every account
	Certificate

	asking    sync.Mutex // held while onRequest is called
	mu        sync.Mutex
	entries   map[string]*fakeEntry // by their names as key returns them
	keys      map[string]string     // what key has returned
	world     World
	options   FakeADOptions
	onRequest func(FakeRequest) Trouble
	writes    int
	conns     map[net.Conn]bool
}

// FakeADOptions says how a FakeAD differs from the usual.
type FakeADOptions struct {
	Certificate func(*x509.Certificate) // changes it before it is signed
	Entries     int                     // of an answer; 0: 1000
	Values      int                     // of an attribute in an answer; 0: 1500
	Referral    string                  // URL of another server, in the answer to each search below BaseDN; "" is none
}

// FakeRequest is what a client asks for.
type FakeRequest struct {
	Op         string // "bind", "search", "modify", "add", "delete", "rename", or another that is not known
	DN         string // of the entry, or the base
	Filter     string
	Attributes []string // that are searched for
	NextPage   bool     // of a search, after the first
}

// Trouble is what goes wrong with a request. The zero Trouble is none.
type Trouble struct {
	Done  bool // the request is carried out, whatever follows
	Code  int  // of the answer (RFC 4511 §4.1.9); entries that were found come before it
	Hang  bool // there is no answer, to this or any later request of the connection
	Close bool // the connection ends without an answer
}

// StartFakeAD starts a server that holds a world. It ends with the test.
func StartFakeAD(t *testing.T, w World, o FakeADOptions) *FakeAD {
	t.Helper()
	f := &FakeAD{Password: rand.Text(), world: w, options: o, entries: map[string]*fakeEntry{}, keys: map[string]string{}, conns: map[net.Conn]bool{}}
	if f.options.Entries == 0 {
		f.options.Entries = 1000
	}
	if f.options.Values == 0 {
		f.options.Values = 1500
	}
	f.fill()
	var changes []func(*x509.Certificate)
	if o.Certificate != nil {
		changes = append(changes, o.Certificate)
	}
	f.Certificate = NewCertificate(t, t.TempDir(), changes...)
	pair, err := tls.LoadX509KeyPair(f.File, f.Key)
	if err != nil {
		t.Fatal(err)
	}
	var listen net.ListenConfig
	l, err := listen.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.LDAPS = "ldaps://" + l.Addr().String()
	var served sync.WaitGroup
	served.Go(func() {
		f.accept(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}), &served)
	})
	t.Cleanup(func() {
		_ = l.Close()
		f.Drop()
		served.Wait()
	})
	return f
}

// OnRequest has a function say what goes wrong with each request. It may change what the
// server holds. It is called for one request at a time.
func (f *FakeAD) OnRequest(g func(FakeRequest) Trouble) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.onRequest = g
}

// Administrator returns who may do everything, connected until the test ends.
func (f *FakeAD) Administrator(t *testing.T) Administrator {
	t.Helper()
	return &ldapAdmin{logIn(t, f.LDAPS, f.Authority, AdminDN, f.Password), true}
}

// Drop ends all connections.
func (f *FakeAD) Drop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.conns {
		_ = c.Close()
	}
}

// Writes returns how many changes the server has carried out.
func (f *FakeAD) Writes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.writes
}

func (f *FakeAD) accept(l net.Listener, served *sync.WaitGroup) {
	for {
		c, err := l.Accept()
		if err != nil {
			f.Drop()
			return
		}
		f.mu.Lock()
		f.conns[c] = true
		f.mu.Unlock()
		served.Go(func() {
			f.serve(c)
			_ = c.Close()
			f.mu.Lock()
			defer f.mu.Unlock()
			delete(f.conns, c)
		})
	}
}

// serve answers the requests of a connection, one after another.
func (f *FakeAD) serve(c net.Conn) {
	bound := false
	for {
		message, err := ber.ReadPacket(c)
		if err != nil || len(message.Children) < 2 {
			return
		}
		request := newFakeRequest(message)
		if request.Op == "unbind" {
			return
		}
		if request.Op == "abandon" {
			continue
		}
		answer, trouble := f.answer(message, request, &bound)
		if trouble.Hang {
			_, _ = io.Copy(io.Discard, c)
		}
		if trouble.Hang || trouble.Close {
			return
		}
		if _, err := c.Write(answer); err != nil {
			return
		}
	}
}

// answer carries a request out and returns what is said then.
func (f *FakeAD) answer(message *ber.Packet, r FakeRequest, bound *bool) ([]byte, Trouble) {
	f.mu.Lock()
	ask := f.onRequest
	f.mu.Unlock()
	var trouble Trouble
	if ask != nil {
		f.asking.Lock()
		trouble = ask(r)
		f.asking.Unlock()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Op == "search" {
		found, code, control := f.search(message, *bound)
		if trouble.Code != 0 {
			code = trouble.Code
		}
		return append(found, respond(message, answers[r.Op], code, control)...), trouble
	}
	if trouble != (Trouble{}) && !trouble.Done {
		return respond(message, answers[r.Op], trouble.Code, nil), trouble
	}
	code := f.do(message.Children[1], r, bound)
	if trouble.Code != 0 {
		code = trouble.Code
	}
	return respond(message, answers[r.Op], code, nil), trouble
}

// do carries out what is no search.
func (f *FakeAD) do(op *ber.Packet, r FakeRequest, bound *bool) int {
	if r.Op == "bind" {
		*bound = text(op, 2) == f.Password && f.entries[f.key(r.DN)] != nil
		if !*bound {
			return ldap.LDAPResultInvalidCredentials
		}
		return ldap.LDAPResultSuccess
	}
	if !*bound {
		return ldap.LDAPResultOperationsError // as AD has it
	}
	change := map[string]func(*ber.Packet, string) int{"modify": f.modify, "add": f.add, "delete": f.remove, "rename": f.rename}[r.Op]
	if change == nil {
		return ldap.LDAPResultProtocolError
	}
	code := change(op, r.DN)
	if code == ldap.LDAPResultSuccess {
		f.writes++
	}
	return code
}

// key returns a distinguished name in the one way that the server looks for it.
func (f *FakeAD) key(dn string) string {
	folded, known := f.keys[dn]
	if known {
		return folded
	}
	if parsed, err := ldap.ParseDN(dn); err == nil {
		folded = strings.ToLower(parsed.String())
	} else {
		folded = "?" + dn
	}
	f.keys[dn] = folded
	return folded
}
