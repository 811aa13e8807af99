package emailws

import (
	"fmt"
	"mime"
	"strings"

	"mailchute/pkg/text"
)

// Version is a version of SOAP.
type Version int

// The versions.
const (
	SOAP11 Version = iota
	SOAP12
)

// VersionOf returns the version of requests of a media type: text/xml and
// application/soap+xml, in UTF-8 or UTF-16. ok is false for any other.
func VersionOf(contentType string) (v Version, ok bool) {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return SOAP11, false
	}
	switch strings.ToLower(params["charset"]) {
	case "", "utf-8", "utf-16":
	default:
		return SOAP11, false
	}
	switch media {
	case "text/xml":
		return SOAP11, true
	case "application/soap+xml":
		return SOAP12, true
	}
	return SOAP11, false
}

// ContentType is that of what Encode and Fault.Encode return.
func (v Version) ContentType() string {
	if v == SOAP12 {
		return "application/soap+xml; charset=utf-8"
	}
	return "text/xml; charset=utf-8"
}

// namespace is that of the envelope.
func (v Version) namespace() string {
	if v == SOAP12 {
		return "http://www.w3.org/2003/05/soap-envelope"
	}
	return "http://schemas.xmlsoap.org/soap/envelope/"
}

// isForUs reports whether a header block with that actor or role is for whoever answers the
// request.
func (v Version) isForUs(role string) bool {
	switch role {
	case "":
		return true
	case "http://schemas.xmlsoap.org/soap/actor/next":
		return v == SOAP11
	case "http://www.w3.org/2003/05/soap-envelope/role/next", "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver":
		return v == SOAP12
	}
	return false
}

// FaultCode says whose fault a Fault is.
type FaultCode int

// The codes.
const (
	FaultClient         FaultCode = iota // the request is not as it must be; 1.2 calls it Sender
	FaultServer                          // it was not carried out; 1.2 calls it Receiver
	FaultMustUnderstand                  // it has a header that must be understood and is not
	FaultVersion                         // its envelope is of another version of SOAP
)

// Fault says that a request was not carried out.
type Fault struct {
	Code FaultCode
	Text string // for people; of Read: one line of at most 300 characters
}

// Error returns the text.
func (f *Fault) Error() string { return f.Text }

// name is the code's local name.
func (c FaultCode) name(v Version) string {
	switch c {
	case FaultMustUnderstand:
		return "MustUnderstand"
	case FaultVersion:
		return "VersionMismatch"
	case FaultServer:
		if v == SOAP12 {
			return "Receiver"
		}
		return "Server"
	case FaultClient:
	}
	if v == SOAP12 {
		return "Sender"
	}
	return "Client"
}

// maxText is how many characters the text of a fault has, which may repeat what a client
// sent.
const maxText = 300

func clientFault(format string, args ...any) *Fault { return newFault(FaultClient, format, args...) }

func newFault(code FaultCode, format string, args ...any) *Fault {
	return &Fault{code, text.Cut(fmt.Sprintf(format, args...), maxText)}
}
