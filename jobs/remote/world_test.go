package remote_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"mailchute/jobs/remote"
	"mailchute/pkg/directory"
	"mailchute/pkg/durable"
	"mailchute/pkg/emailws"
	"mailchute/store"
	"mailchute/store/mem"
)

// The users of every test, and their password. The hash has the fewest rounds that are taken.
const (
	alpha, beta = "alpha", "beta"
	password    = "a right password"
	hash        = "pbkdf2-sha256$100000$MDEyMzQ1Njc4OWFiY2RlZg$yEgMBzP84fgG/ZUVKXUmWVo4eCdWb4lagiw+tdMD34M"
)

// world is a service with a catalog, and what it was heard to say.
type world struct {
	*testing.T
	*store.Store
	server  *httptest.Server
	catalog *catalog
	changed atomic.Int64
	log     *bytes.Buffer
}

// catalog is one that may be out of order.
type catalog struct {
	store.Catalog
	trouble atomic.Pointer[func() error] // nil: it is well
}

func (c *catalog) err() error {
	if trouble := c.trouble.Load(); trouble != nil {
		return (*trouble)()
	}
	return nil
}

func (c *catalog) View(ctx context.Context, f func(store.Tx) error) error {
	if err := c.err(); err != nil {
		return err
	}
	return c.Catalog.View(ctx, f)
}

func (c *catalog) Update(ctx context.Context, f func(store.Tx) error) error {
	if err := c.err(); err != nil {
		return err
	}
	return c.Catalog.Update(ctx, f)
}

// newStore opens a store in memory.
func newStore(t *testing.T) (*store.Store, *catalog) {
	t.Helper()
	locks, err := durable.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := &catalog{Catalog: mem.NewCatalog()}
	s, err := store.Open(t.Context(), store.Options{Catalog: c, Blobs: mem.NewBlobs(), Tree: mem.NewTree(), Locks: locks, Actor: "tester"})
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

func newWorld(t *testing.T, changes ...func(*remote.Options)) *world {
	t.Helper()
	w := &world{T: t, log: &bytes.Buffer{}}
	w.Store, w.catalog = newStore(t)
	o := remote.Options{
		Store: w.Store, URL: "https://mail.corp.example:8443/", UsersFile: usersFile(t, ""),
		Changed: func() { w.changed.Add(1) }, Log: zerolog.New(zerolog.SyncWriter(w.log)),
	}
	o.Limits.Wait = 10 * time.Millisecond
	for _, change := range changes {
		change(&o)
	}
	w.server = httptest.NewTLSServer(remote.Handler(o))
	t.Cleanup(w.server.Close)
	return w
}

// usersFile writes a file of users: alpha and beta, and further lines.
func usersFile(t *testing.T, more string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "users")
	content := "# the farms\n\nalpha:" + hash + "\n  beta:" + hash + "\r\n" + more
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// answer is what a client is told.
type answer struct {
	HTTP                           int
	Fault                          string // its code
	Text                           string // of the fault
	Status, Comment, Alias         string
	JobID                          int32
	retryAfter, authenticate, kind string
	document                       string
}

// post sends a document of SOAP 1.1 in the name of a client.
func (w *world) post(client, document string, changes ...func(*http.Request)) answer {
	w.Helper()
	return w.send(client, http.MethodPost, emailws.Path, document, changes...)
}

func (w *world) send(client, method, path, document string, changes ...func(*http.Request)) answer {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), method, w.server.URL+path, strings.NewReader(document))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	r.Header.Set("SOAPAction", `"`+emailws.Namespace+`CreateContact"`)
	if client != "" {
		r.SetBasicAuth(client, password)
	}
	for _, change := range changes {
		change(r)
	}
	return ask(w.T, w.server.Client(), r)
}

// ask sends a request and reads the answer.
func ask(t *testing.T, c *http.Client, r *http.Request) answer {
	t.Helper()
	response, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	document, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{
		HTTP: response.StatusCode, document: string(document), retryAfter: response.Header.Get("Retry-After"),
		authenticate: response.Header.Get("WWW-Authenticate"), kind: response.Header.Get("Content-Type"),
	}
	a.read(t)
	return a
}

// read reads what is SOAP.
func (a *answer) read(t *testing.T) {
	t.Helper()
	if !strings.Contains(a.document, ":Envelope") || strings.Contains(a.document, "wsdl:definitions") {
		return
	}
	var e struct {
		Body struct {
			Fault struct {
				Code11 string `xml:"faultcode"`
				Text11 string `xml:"faultstring"`
				Code12 string `xml:"Code>Value"`
				Text12 string `xml:"Reason>Text"`
			}
			Response struct {
				Result struct {
					Bare                      string `xml:",chardata"`
					Comment, JobStatus, Alias string
					JobID                     int32
				} `xml:",any"`
			} `xml:",any"`
		}
	}
	if err := xml.Unmarshal([]byte(a.document), &e); err != nil {
		t.Fatalf("%v\n%s", err, a.document)
	}
	f, result := e.Body.Fault, e.Body.Response.Result
	a.Fault, a.Text = f.Code11+f.Code12, f.Text11+f.Text12
	a.Status, a.Comment, a.Alias, a.JobID = result.Bare+result.JobStatus, result.Comment, result.Alias, result.JobID
}

// request writes a request as the clients do that System.Web.Services makes.
func request(op emailws.Operation, parameters string) string {
	return `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"` +
		` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soap:Body><` +
		string(op) + ` xmlns="` + emailws.Namespace + `">` + parameters + `</` + string(op) + `></soap:Body></soap:Envelope>`
}

// call sends an operation's parameters in the name of a client, and expects an answer.
func (w *world) call(client string, op emailws.Operation, parameters string) answer {
	w.Helper()
	a := w.post(client, request(op, parameters))
	if a.HTTP != http.StatusOK || a.Status == "" {
		w.Fatalf("%s: got %d %s", op, a.HTTP, a.document)
	}
	return a
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// settings sets keys of the policy, in turn with their values.
func (w *world) settings(pairs ...string) {
	w.Helper()
	values := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	w.must(w.SetSettings(w.Context(), values))
}

// followed does what the job dms does for the approved requests: they end in that state, and
// this is what is known of the objects.
func (w *world) followed(to directory.RequestState, as directory.Status) {
	w.Helper()
	run, err := w.OpenRun(w.Context(), "dms", "manual")
	w.must(err)
	approved, err := w.Requests(w.Context(), directory.Approved)
	w.must(err)
	if len(approved) == 0 {
		w.Fatal("there is no approved request")
	}
	for _, r := range approved {
		result := store.DirectoryResult{Ends: []store.Ending{{Request: r.ID, To: to}}}
		if to == directory.Applied {
			result.Known = directory.Known{Key: r.Distribution, Kind: directory.KindGroup, Of: r.Name, Backend: "builtin", State: directory.ObjectActive}
		}
		if to == directory.Failed {
			result.Ends[0].Status = as
			result.Ends[0].Trouble = "CN=secret,OU=internal: it did not work"
		}
		w.must(w.RecordDirectory(w.Context(), run.ID, result))
	}
}
