package ldapdir_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"

	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
	"mailchute/pkg/directory/ldapdir"
	"mailchute/pkg/fault"
)

// serve listens on this computer and gives each connection to handle, until the test ends.
func serve(t *testing.T, handle func(net.Conn)) (address string) {
	t.Helper()
	var listen net.ListenConfig
	l, err := listen.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var handlers sync.WaitGroup
	handlers.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			handlers.Go(func() {
				defer c.Close()
				handle(c)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		handlers.Wait() // so the client has closed its connections
	})
	return l.Addr().String()
}

// hang reads until the client gives up.
func hang(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// idOf returns the message ID of a request.
func idOf(request *ber.Packet) int64 {
	id, _ := request.Children[0].Value.(int64)
	return id
}

// reply returns an answer of RFC 4511 §4.1.9 with a code; without one there is nothing in it.
func reply(id int64, op ber.Tag, code ...int64) []byte {
	result := ber.Encode(ber.ClassApplication, ber.TypeConstructed, op, nil, "result")
	for _, c := range code {
		result.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, c, "code"))
		result.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", "matched"))
		result.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", "text"))
	}
	p := ber.NewSequence("message")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, "id"))
	p.AppendChild(result)
	return p.Bytes()
}

// The operations of RFC 4511.
const (
	opBind       = 0
	bindDone     = 1
	opSearch     = 3
	searchDone   = 5
	opExtended   = 23
	extendedDone = 24
)

// answering returns a server that answers requests of one kind in turn, and then hangs.
func answering(turns ...[2]ber.Tag) func(net.Conn) {
	return func(c net.Conn) {
		for _, turn := range turns {
			request, err := ber.ReadPacket(c)
			if err != nil || request.Children[1].Tag != turn[0] {
				break
			}
			if _, err := c.Write(reply(idOf(request), turn[1], 0)); err != nil {
				return
			}
		}
		hang(c)
	}
}

// secured returns a server with TLS, and how it is asked.
func secured(t *testing.T, handle func(net.Conn)) ldapdir.Options {
	t.Helper()
	c := directorytest.NewCertificate(t, t.TempDir())
	pair, err := tls.LoadX509KeyPair(c.File, c.Key)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	o := asked("")
	o.URL = "ldaps://" + serve(t, func(raw net.Conn) { handle(tls.Server(raw, config)) })
	o.CAFile = c.Authority
	return o
}

func asked(url string) ldapdir.Options {
	return ldapdir.Options{
		URL: url, Base: directorytest.BaseDN, BindDN: directorytest.ReaderDN,
		Password: func() (string, error) { return password, nil },
	}
}

// TestServerHangs holds that each step has an end, and that nothing is left of it: serve
// waits until the client has closed its connections.
func TestServerHangs(t *testing.T) {
	t.Parallel()
	startTLS := func(handle func(net.Conn)) ldapdir.Options {
		o := asked("ldap://" + serve(t, handle))
		o.StartTLS = true
		return o
	}
	for name, o := range map[string]ldapdir.Options{
		"TLS":             asked("ldaps://" + serve(t, hang)),
		"StartTLS":        startTLS(hang),
		"after StartTLS":  startTLS(answering([2]ber.Tag{opExtended, extendedDone})),
		"login":           secured(t, hang),
		"first question":  secured(t, answering([2]ber.Tag{opBind, bindDone})),
		"second question": secured(t, answering([2]ber.Tag{opBind, bindDone}, [2]ber.Tag{opSearch, searchDone})),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.Flavour = ldapdir.OpenLDAP
			cancelled, cancel := context.WithCancel(t.Context())
			cancel()
			o.Timeout = time.Hour // a minute would be too long for the test as well
			d := open(t, o)
			if _, err := d.ByAddress(cancelled, bob()); fault.Of(err) != fault.Interrupted {
				t.Errorf("asked to stop before: got %v", err)
			}
			asking, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer stop()
			for err := error(nil); !errors.Is(err, context.DeadlineExceeded); { // some answer the first
				_, err = d.ByAddress(asking, bob())
				if !errors.Is(err, fault.ErrNotFound) {
					unknown(t, err)
				}
			}
			o.Timeout = 50 * time.Millisecond
			d = open(t, o)
			for err := fault.ErrNotFound; errors.Is(err, fault.ErrNotFound); {
				if _, err = d.ByAddress(t.Context(), bob()); !errors.Is(err, fault.ErrNotFound) {
					unknown(t, err)
					if !strings.Contains(err.Error(), "no answer in time") {
						t.Errorf("got %v, want that there was no answer in time", err)
					}
				}
			}
		})
	}
}

// TestNonsense asks a server whose answer to a question is none: it is asked once more, over
// another connection.
func TestNonsense(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	o := secured(t, func(c net.Conn) {
		connections.Add(1)
		for _, answer := range []func(id int64) []byte{
			func(id int64) []byte { return reply(id, bindDone, 0) },
			func(id int64) []byte { return reply(id, searchDone) },
		} {
			request, err := ber.ReadPacket(c)
			if err != nil {
				return
			}
			if _, err := c.Write(answer(idOf(request))); err != nil {
				return
			}
		}
		hang(c)
	})
	o.Flavour = ldapdir.OpenLDAP
	_, err := open(t, o).ByAddress(t.Context(), bob())
	unknown(t, err)
	if got := connections.Load(); got != 2 {
		t.Errorf("got %d connections, want 2", got)
	}
}

// TestServerDoesNotSayWhatItIs asks one that has nothing to read at its root.
func TestServerDoesNotSayWhatItIs(t *testing.T) {
	t.Parallel()
	d := open(t, secured(t, answering([2]ber.Tag{opBind, bindDone}, [2]ber.Tag{opSearch, searchDone})))
	_, err := d.ByAddress(t.Context(), bob())
	unknown(t, err)
	if err == nil || !strings.Contains(err.Error(), "flavour") {
		t.Errorf("got %v, want that its flavour must be set", err)
	}
}

// TestNobodyIsAskedAboutWhatCannotBe asks where there is no server.
func TestNobodyIsAskedAboutWhatCannotBe(t *testing.T) {
	t.Parallel()
	nowhere := ""
	t.Run("closed", func(t *testing.T) { nowhere = serve(t, func(net.Conn) {}) })
	d := open(t, asked("ldaps://"+nowhere))
	for _, s := range []string{"", "alice\x00", "alice\n", "\x7falice", "alice\u0085", "alice\xff", strings.Repeat("a", 3000)} {
		_, byAddress := d.ByAddress(t.Context(), address.Address{Local: s, Domain: "corp.example"})
		_, byDomain := d.ByAddress(t.Context(), address.Address{Local: "alice", Domain: s})
		_, byLogin := d.ByLogin(t.Context(), s)
		_, group := d.Group(t.Context(), s)
		_, groups := d.GroupsOf(t.Context(), directory.Person{ID: s})
		for i, err := range []error{byAddress, byDomain, byLogin, group, groups} {
			if !errors.Is(err, fault.ErrNotFound) && (i > 0 || s != "") { // ""@corp.example can be
				t.Errorf("%.10q, question %d: got %v, want that there is no such thing", s, i, err)
			}
		}
	}
	_, err := d.ByAddress(t.Context(), bob())
	unknown(t, err)
}

// TestNothingBeforeTLSCounts has a server, or somebody in between, send an answer in the
// clear right behind that to StartTLS.
func TestNothingBeforeTLSCounts(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]int64{"StartTLS is refused": 2, "StartTLS begins": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen []byte
			done := make(chan struct{})
			o := asked("ldap://" + serve(t, func(c net.Conn) {
				defer close(done)
				request, err := ber.ReadPacket(c)
				if err != nil {
					return
				}
				text := append(reply(idOf(request), extendedDone, code), reply(idOf(request)+1, bindDone, 0)...)
				if _, err := c.Write(text); err == nil {
					seen, _ = io.ReadAll(c)
				}
			}))
			o.StartTLS, o.Timeout = true, 200*time.Millisecond
			_, err := open(t, o).ByAddress(t.Context(), bob())
			unknown(t, err)
			<-done
			const handshake = 22 // RFC 8446 §5.1
			if len(seen) > 0 && seen[0] != handshake {
				t.Errorf("after StartTLS came %q, want TLS or nothing", seen)
			}
		})
	}
}
