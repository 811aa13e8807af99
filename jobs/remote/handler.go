package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"mailchute/pkg/directory"
	"mailchute/pkg/emailws"
	"mailchute/pkg/text"
)

// handler answers requests.
type handler struct {
	Options
	door    *door
	rates   *buckets
	places  chan struct{} // of requests that are carried out
	changes sync.Mutex    // held while a request looks at the catalog and then changes it
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.TLS == nil {
		http.Error(w, "This service needs HTTPS.", http.StatusForbidden)
		return
	}
	if !strings.EqualFold(r.URL.Path, emailws.Path) {
		http.NotFound(w, r)
		return
	}
	client, err := h.door.client(r)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	wait, ok := h.rates.take(client, h.Limits.Wait)
	if !ok {
		retryAfter(w, wait)
		h.fault(w, r, http.StatusTooManyRequests, emailws.FaultServer, "too many requests: try again later")
		return
	}
	time.Sleep(wait) // bounded, and the token is taken whether the client stays or not
	switch r.Method {
	case http.MethodPost:
		h.post(w, r, client)
	case http.MethodGet, http.MethodHead:
		h.get(w, r)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		http.Error(w, "This service takes POST and GET.", http.StatusMethodNotAllowed)
	}
}

// refuse answers a client who is not let in.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, why error) {
	level, status := zerolog.WarnLevel, http.StatusForbidden
	switch {
	case errors.Is(why, errMany):
		level, status = zerolog.DebugLevel, http.StatusTooManyRequests
		retryAfter(w, time.Minute)
	case errors.Is(why, errNone):
		level, status = zerolog.DebugLevel, http.StatusUnauthorized
	case errors.Is(why, errWho):
		status = http.StatusUnauthorized
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="mailchute", charset="UTF-8"`)
	}
	h.Log.WithLevel(level).Str("peer", r.RemoteAddr).Err(why).Msg("A client of the directory management service was not let in.")
	h.fault(w, r, status, emailws.FaultClient, why.Error())
}

// get answers with the description of the service, or with a page that says where it is.
func (h *handler) get(w http.ResponseWriter, r *http.Request) {
	address := strings.TrimSuffix(h.URL, "/") + emailws.Path
	if strings.EqualFold(r.URL.RawQuery, "wsdl") {
		w.Header().Set("Content-Type", emailws.SOAP11.ContentType())
		_, _ = w.Write(emailws.WSDL(address)) // the client may be gone
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintf(w, "SharepointEmailWS, the directory management service of mailchute.\n\nDescription: %s?WSDL\n", address)
}

// post answers a request of SOAP.
func (h *handler) post(w http.ResponseWriter, r *http.Request, client string) {
	v, ok := emailws.VersionOf(r.Header.Get("Content-Type"))
	if !ok || r.Header.Get("Content-Encoding") != "" {
		h.fault(w, r, http.StatusUnsupportedMediaType, emailws.FaultClient, "use text/xml (SOAP 1.1) or application/soap+xml (SOAP 1.2), in UTF-8 or UTF-16, not compressed")
		return
	}
	// r.Body stays: by it http.Server sees that a client waits to be told to go on.
	document, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.Limits.Body))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		h.fault(w, r, http.StatusRequestEntityTooLarge, emailws.FaultClient, fmt.Sprintf("a request has at most %d bytes", h.Limits.Body))
		return
	}
	if err != nil {
		h.fault(w, r, http.StatusBadRequest, emailws.FaultClient, "the request did not arrive whole")
		return
	}
	call, err := emailws.Read(v, document)
	if f, ok := errors.AsType[*emailws.Fault](err); ok {
		h.Log.Warn().Str("client", client).Str("why", text.Cut(f.Text, maxShown)).Msg("A request to the directory management service is not as it must be.")
		h.send(w, statusOf(v, f.Code), v, f.Encode(v))
		return
	}
	select {
	case h.places <- struct{}{}:
		defer func() { <-h.places }()
	case <-time.After(h.Limits.Wait):
		retryAfter(w, time.Second)
		h.fault(w, r, http.StatusServiceUnavailable, emailws.FaultServer, "too many requests are being carried out: try again")
		return
	}
	answer, err := h.carryOut(r.Context(), client, call)
	if err != nil {
		f := &emailws.Fault{Code: emailws.FaultServer, Text: "an error inside the service, which its log has"}
		h.send(w, statusOf(v, f.Code), v, f.Encode(v))
		return
	}
	h.send(w, http.StatusOK, v, emailws.Encode(v, call.Operation(), answer))
}

// How many characters of a stranger's text an answer or an event has, and of an error.
const (
	maxShown = 200
	maxWhy   = 600
)

// carryOut carries a call out, and logs it. A panic is an error.
func (h *handler) carryOut(ctx context.Context, client string, call emailws.Call) (answer emailws.Response, err error) {
	ctx, cancel := context.WithTimeout(ctx, h.Limits.Time)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
			h.Log.Error().Str("client", client).Str("operation", string(call.Operation())).Err(err).Str("stack", string(debug.Stack())).
				Msg("A request to the directory management service failed.")
		}
	}()
	s := session{handler: h, client: client}
	answer, trouble := s.answer(ctx, call)
	level := zerolog.InfoLevel
	if answer.Status == directory.StatusServerUnavailable || answer.Status == directory.StatusInternalError {
		level = zerolog.ErrorLevel
	}
	answer.Alias = text.Cut(answer.Alias, maxShown)
	event := h.Log.WithLevel(level).Str("client", client).Str("operation", string(call.Operation())).Str("status", answer.Status.String()).Str("alias", answer.Alias)
	if trouble != nil {
		event = event.Str("why", text.Cut(trouble.Error(), maxWhy))
	}
	event.Msg("A farm asked the directory management service.")
	return answer, nil
}

// fault answers with a fault in the version of the request, as far as it is known.
func (h *handler) fault(w http.ResponseWriter, r *http.Request, status int, code emailws.FaultCode, text string) {
	v, _ := emailws.VersionOf(r.Header.Get("Content-Type"))
	h.send(w, status, v, (&emailws.Fault{Code: code, Text: text}).Encode(v))
}

func (h *handler) send(w http.ResponseWriter, status int, v emailws.Version, document []byte) {
	w.Header().Set("Content-Type", v.ContentType())
	w.Header().Set("Content-Length", strconv.Itoa(len(document)))
	w.WriteHeader(status)
	_, _ = w.Write(document) // the client may be gone
}

// statusOf returns the status of HTTP that a fault goes with: SOAP 1.1 §6.2, SOAP 1.2
// part 2 §7.5.2.2.
func statusOf(v emailws.Version, code emailws.FaultCode) int {
	if v == emailws.SOAP12 && code == emailws.FaultClient {
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}

func retryAfter(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
}
