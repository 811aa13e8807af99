package remote_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"mailchute/pkg/emailws"
)

// TestAConversationOfDotNet has the words of HTTP as clients of System.Web.Services use them:
// they ask without a password first, and wait with the body until they are told to go on.
func TestAConversationOfDotNet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := request(emailws.OpCreateContact, contact("docs72", "docs72@sp.corp.example"))
	head := func(authorization string) string {
		return "POST /_vti_bin/SharePointEmailWS.asmx HTTP/1.1\r\n" +
			"User-Agent: Mozilla/4.0 (compatible; MSIE 6.0; MS Web Services Client Protocol 4.0.30319.42000)\r\n" +
			"Content-Type: text/xml; charset=utf-8\r\n" +
			`SOAPAction: "http://microsoft.com/webservices/SharePoint/SharepointEmailWS/CreateContact"` + "\r\n" + authorization +
			"Host: mail.corp.example:8443\r\n" +
			fmt.Sprintf("Content-Length: %d\r\n", len(body)) +
			"Expect: 100-continue\r\n\r\n"
	}
	first := w.dial()
	first.say(head(""))
	response := first.hear()
	if response.StatusCode != http.StatusUnauthorized || !strings.HasPrefix(response.Header.Get("WWW-Authenticate"), "Basic ") {
		t.Errorf("without a password: got %s %v", response.Status, response.Header)
	}
	second := w.dial()
	for range 2 { // the connection stays
		second.say(head("Authorization: Basic YWxwaGE6YSByaWdodCBwYXNzd29yZA==\r\n"))
		if response := second.hear(); response.StatusCode != http.StatusContinue {
			t.Fatalf("with a password: got %s, want to go on", response.Status)
		}
		second.say(body)
		response = second.hear()
		document, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/xml; charset=utf-8" {
			t.Errorf("got %s %v %s, %v", response.Status, response.Header, document, err)
		}
	}
}

// conversation is a connection that speaks HTTP word for word.
type conversation struct {
	*testing.T
	c      *tls.Conn
	reader *bufio.Reader
}

func (w *world) dial() conversation {
	w.Helper()
	d := tls.Dialer{Config: w.server.Client().Transport.(*http.Transport).TLSClientConfig}
	c, err := d.DialContext(w.Context(), "tcp", w.server.Listener.Addr().String())
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = c.Close() })
	return conversation{w.T, c.(*tls.Conn), bufio.NewReader(c)}
}

func (c conversation) say(words string) {
	c.Helper()
	if _, err := io.WriteString(c.c, words); err != nil {
		c.Fatal(err)
	}
}

func (c conversation) hear() *http.Response {
	c.Helper()
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		c.Fatal(err)
	}
	return response
}
