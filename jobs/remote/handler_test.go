package remote_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"mailchute/jobs/remote"
	"mailchute/pkg/emailws"
)

// nothingChanged expects the catalog to be as it was at the change before.
func (w *world) nothingChanged(before int64) {
	w.Helper()
	after, err := w.LastChange(w.Context())
	w.must(err)
	contacts, err := w.FarmContacts(w.Context())
	w.must(err)
	if after != before || len(contacts) > 0 || w.changed.Load() > 0 {
		w.Errorf("something was changed: %d changes, contacts %+v", after-before, contacts)
	}
}

func (w *world) lastChange() int64 {
	w.Helper()
	n, err := w.LastChange(w.Context())
	w.must(err)
	return n
}

func TestMalformedRequestsChangeNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *remote.Options) { o.Limits.Burst = 10_000 })
	before := w.lastChange()
	good := request(emailws.OpCreateContact, contact("docs72", "docs72@sp.corp.example"))
	documents := map[string]string{
		"nothing": "", "no XML": "Alias=docs72", "HTML": "<html/>",
		"a document type": `<!DOCTYPE a [<!ENTITY b "c">]>` + strings.TrimPrefix(good, `<?xml version="1.0" encoding="utf-8"?>`),
		"two of them":     good + good,
		"rubbish behind":  good + "x",
		"two operations":  strings.Replace(good, "</soap:Body>", `<DeleteContact xmlns="`+emailws.Namespace+`"/></soap:Body>`, 1),
		"unknown":         strings.ReplaceAll(good, "CreateContact", "DropContacts"),
		"unknown flags":   strings.Replace(good, ">None<", ">Everything<", 1),
		"a header that must be understood": strings.Replace(good, "<soap:Body>",
			`<soap:Header><a:Sign xmlns:a="urn:a" soap:mustUnderstand="1"/></soap:Header><soap:Body>`, 1),
		"no UTF-8": strings.Replace(good, "Finance", "F\xffnance", 1),
	}
	for cut := 0; cut < len(good); cut += 5 {
		documents["cut after "+good[:cut]] = good[:cut]
	}
	for name, document := range documents {
		a := w.post(alpha, document)
		if a.HTTP != http.StatusInternalServerError || !strings.HasPrefix(a.Fault, "soap:") || a.Fault == "soap:Server" || a.Text == "" {
			t.Errorf("%s: got %d %s, want a fault of the client", name, a.HTTP, a.document)
		}
	}
	w.nothingChanged(before)
	if a := w.call(alpha, emailws.OpCreateContact, contact("docs72", "docs72@sp.corp.example")); a.Status != "Success" {
		t.Errorf("the good one: got %s", a.Status)
	}
}

func TestMediaTypes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.lastChange()
	good := request(emailws.OpCreateContact, contact("docs72", "docs72@sp.corp.example"))
	for _, tt := range []struct {
		name, contentType, encoding string
	}{
		{"a form", "application/x-www-form-urlencoded", ""},
		{"none", "", ""},
		{"JSON", "application/json", ""},
		{"another charset", "text/xml; charset=iso-8859-1", ""},
		{"compressed", "text/xml", "gzip"},
	} {
		a := w.post(alpha, good, func(r *http.Request) {
			r.Header.Set("Content-Type", tt.contentType)
			if tt.encoding != "" {
				r.Header.Set("Content-Encoding", tt.encoding)
			}
		})
		if a.HTTP != http.StatusUnsupportedMediaType || a.Fault != "soap:Client" {
			t.Errorf("%s: got %d %s", tt.name, a.HTTP, a.document)
		}
	}
	soap12 := func(r *http.Request) {
		r.Header.Del("SOAPAction")
		r.Header.Set("Content-Type", `application/soap+xml; charset=utf-8; action="urn:x"`)
	}
	if a := w.post(alpha, good, soap12); a.HTTP != http.StatusInternalServerError || a.Fault != "soap:VersionMismatch" {
		t.Errorf("an envelope of 1.1 in a message of 1.2: got %d %s", a.HTTP, a.document)
	}
	good = strings.Replace(good, "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope", 1)
	if a := w.post(alpha, good+"x", soap12); a.HTTP != http.StatusBadRequest || a.Fault != "soap:Sender" || !strings.HasPrefix(a.kind, "application/soap+xml") {
		t.Errorf("a fault of 1.2: got %d %s %s", a.HTTP, a.kind, a.document)
	}
	w.nothingChanged(before)
	if a := w.post(alpha, good, soap12); a.HTTP != http.StatusOK || a.Status != "Success" || !strings.HasPrefix(a.kind, "application/soap+xml") {
		t.Errorf("a request of 1.2: got %d %s %s", a.HTTP, a.kind, a.document)
	}
}

func TestPathsAndMethods(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct {
		client, method, path string
		want                 int
		says                 string
	}{
		{alpha, http.MethodGet, emailws.Path + "?WSDL", http.StatusOK, `location="https://mail.corp.example:8443/_vti_bin/SharepointEmailWS.asmx"`},
		{alpha, http.MethodGet, "/_VTI_BIN/SharePointEmailWS.asmx?wsdl", http.StatusOK, "wsdl:definitions"},
		{alpha, http.MethodGet, emailws.Path, http.StatusOK, "?WSDL"},
		{alpha, http.MethodHead, emailws.Path, http.StatusOK, ""},
		{"", http.MethodGet, emailws.Path + "?WSDL", http.StatusUnauthorized, "name and a password"},
		{alpha, http.MethodGet, "/", http.StatusNotFound, ""},
		{alpha, http.MethodPost, "/_vti_bin/Lists.asmx", http.StatusNotFound, ""},
		{alpha, http.MethodPut, emailws.Path, http.StatusMethodNotAllowed, ""},
		{alpha, http.MethodOptions, emailws.Path, http.StatusMethodNotAllowed, ""},
	} {
		a := w.send(tt.client, tt.method, tt.path, "", func(r *http.Request) { r.Host = "evil.example" })
		if a.HTTP != tt.want || !strings.Contains(a.document, tt.says) || strings.Contains(a.document, "evil") {
			t.Errorf("%s %s: got %d %s, want %d and %q", tt.method, tt.path, a.HTTP, a.document, tt.want, tt.says)
		}
	}
}

func TestNothingWithoutTLS(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	h := remote.Handler(remote.Options{Store: s, UsersFile: usersFile(t, ""), Log: zerolog.Nop()})
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, emailws.Path, nil)
	r.SetBasicAuth(alpha, password)
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	if answer.Code != http.StatusForbidden {
		t.Errorf("got %d, want %d", answer.Code, http.StatusForbidden)
	}
}

func TestPanicIsAFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	trouble := func() error { panic("secret") }
	w.catalog.trouble.Store(&trouble)
	for range 2 { // the first has left nothing locked
		a := w.post(alpha, request(emailws.OpCreateDistributionGroup, team))
		if a.HTTP != http.StatusInternalServerError || a.Fault != "soap:Server" || strings.Contains(a.document, "secret") {
			t.Errorf("got %d %s", a.HTTP, a.document)
		}
	}
	if !strings.Contains(w.log.String(), "secret") {
		t.Errorf("the log does not have it: %s", w.log)
	}
	w.catalog.trouble.Store(nil)
	if a := w.call(alpha, emailws.OpCreateDistributionGroup, team); a.Status != "PendingApproval" {
		t.Errorf("after it: got %s", a.Status)
	}
}
