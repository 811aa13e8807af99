package main

import (
	"encoding/base64"
	"errors"
	"net"
	"net/textproto"
	"strings"
	"testing"
	"time"
)

// transaction is what a client says to a mail server.
type transaction struct {
	login      string   // "": the client does not log in
	from       string   // as in MAIL FROM, without brackets
	recipients []string // as in RCPT TO
	parameters string   // of MAIL FROM
	data       string   // what follows DATA, its end included
}

// client is a connection to a mail server.
type client struct {
	*textproto.Conn
}

// dial connects to a mail server that may still be starting.
func dial(t *testing.T, server *process, address string) client {
	t.Helper()
	var c client
	dialer := net.Dialer{Timeout: patience}
	ready := until(t.Context(), func() bool {
		select {
		case <-server.ended:
			return true
		default:
		}
		conn, err := dialer.DialContext(t.Context(), "tcp4", address)
		if err != nil {
			return false
		}
		if err := conn.SetDeadline(time.Now().Add(2 * patience)); err != nil {
			t.Fatal(err)
		}
		greeted := client{textproto.NewConn(conn)}
		if _, _, err := greeted.ReadResponse(220); err != nil {
			greeted.Close()
			return false
		}
		c = greeted
		return true
	})
	if !ready || c.Conn == nil {
		t.Fatal("the server does not greet, or has ended")
	}
	return c
}

// say sends a command; its reply must have that code.
func (c client) say(code int, format string, args ...any) (reply string, err error) {
	id, err := c.Cmd(format, args...)
	if err != nil {
		return "", err
	}
	c.StartResponse(id)
	defer c.EndResponse(id)
	_, reply, err = c.ReadResponse(code)
	return reply, err
}

// send hands a message over. The error is a *textproto.Error where the server refuses one
// of the commands; the transaction has ended then.
func (c client) send(x transaction) error {
	_, err := c.say(250, "EHLO client.example")
	if err == nil && x.login != "" {
		plain := "\x00" + x.login + "\x00" + x.login
		_, err = c.say(235, "AUTH PLAIN %s", base64.StdEncoding.EncodeToString([]byte(plain)))
	}
	if err == nil {
		_, err = c.say(250, "%s", strings.TrimSpace("MAIL FROM:<"+x.from+"> "+x.parameters))
	}
	for _, to := range x.recipients {
		if err == nil {
			_, err = c.say(250, "RCPT TO:<%s>", to)
		}
	}
	if err == nil {
		_, err = c.say(354, "DATA")
	}
	if err != nil {
		_, _ = c.say(250, "RSET") // the connection may be gone
		return err
	}
	_, err = c.W.WriteString(x.data)
	if err = errors.Join(err, c.W.Flush()); err != nil {
		return err
	}
	_, _, err = c.ReadResponse(250)
	return err
}
