package remote

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"
)

// DefaultListen is where Serve listens by itself: only this computer reaches it.
const DefaultListen = "127.0.0.1:8443"

// maxConnections is how many clients may be connected; others wait.
const maxConnections = 256

// How long clients and the end of the service may take.
const (
	headerTime = 10 * time.Second // for the handshake, and for the head of a request
	bodyTime   = 30 * time.Second // for a request
	idleTime   = 60 * time.Second
	endTime    = 3500 * time.Millisecond // for requests that are in hand at the end
)

// ServeOptions are what the service needs to listen.
type ServeOptions struct {
	Options
	Listen string // host:port; "": DefaultListen
	// CertificateFile and KeyFile have the server's certificate, with those between it and
	// its authority, and its key in PEM; ClientCAFile the authorities of clients'
	// certificates, "" asks for none. They are read again when they change; what cannot be
	// used then is said, and the old ones stay.
	CertificateFile, KeyFile, ClientCAFile string
	// Listening is called with host:port when it listens; nil: nobody needs it.
	Listening func(at string)
}

// Serve answers requests by HTTPS until ctx is done, and finishes those in hand within four
// seconds: then it returns nil. It does not start without a certificate, nor where nobody
// could be let in. There is no service without TLS, and none before version 1.2.
func Serve(ctx context.Context, o ServeOptions) error {
	if o.Listen == "" {
		o.Listen = DefaultListen
	}
	files, err := o.files()
	if err != nil {
		return fmt.Errorf("the directory management service does not start: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return fmt.Errorf("the directory management service does not start: %w", err)
	}
	if o.URL == "" {
		o.URL = "https://" + listener.Addr().String()
	}
	return serve(ctx, o, listener, files)
}

// Check reads the files as Serve does, and says until when clients trust the certificate. An
// error is one that Serve would not start with.
func Check(o ServeOptions) (until time.Time, err error) {
	files, err := o.files()
	if err != nil {
		return time.Time{}, err
	}
	return files.current().Certificates[0].Leaf.NotAfter, nil
}

// files reads the files, and says why the service could not start with them.
func (o ServeOptions) files() (*tlsFiles, error) {
	if o.ClientCAFile == "" && o.UsersFile == "" {
		return nil, errors.New("it would let nobody in: it needs authorities for certificates, or a file of users")
	}
	files := &tlsFiles{certificate: o.CertificateFile, key: o.KeyFile, authorities: o.ClientCAFile, passwords: o.UsersFile != "", log: o.Log}
	if err := files.load(); err != nil {
		return nil, err
	}
	if o.UsersFile == "" {
		return files, nil
	}
	return files, newUsers(o.UsersFile).load()
}

// serve answers requests that come in at a listener, and closes it.
func serve(ctx context.Context, o ServeOptions, listener net.Listener, files *tlsFiles) error {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	server := &http.Server{
		Handler:           Handler(o.Options),
		ReadHeaderTimeout: headerTime, ReadTimeout: bodyTime, IdleTimeout: idleTime,
		WriteTimeout:   bodyTime + o.Limits.orDefaults().Time,
		MaxHeaderBytes: 16 << 10,
		Protocols:      &protocols,
		ErrorLog:       log.New(quiet{o}, "", 0),
		BaseContext:    func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	if o.Listening != nil {
		o.Listening(listener.Addr().String())
	}
	o.Log.Info().Str("address", listener.Addr().String()).Msg("The directory management service listens.")
	ended := make(chan error, 1)
	go func() {
		ended <- server.Serve(tls.NewListener(netutil.LimitListener(listener, maxConnections), files.config()))
	}()
	select {
	case err := <-ended:
		return fmt.Errorf("the directory management service ended: %w", err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		_ = server.Close() // what is still in hand is cut off, and its transaction with it
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("the directory management service ended: %w", err)
	}
	return nil
}

// quiet takes what http.Server says of connections: handshakes that fail and the like.
type quiet struct{ ServeOptions }

// Write implements io.Writer.
func (q quiet) Write(line []byte) (int, error) {
	q.Log.Debug().Str("what", string(line)).Msg("A connection to the directory management service failed.")
	return len(line), nil
}
