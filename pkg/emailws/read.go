package emailws

import (
	"encoding/xml"
	"slices"
	"strconv"
	"strings"
)

const instance = "http://www.w3.org/2001/XMLSchema-instance"

// Read reads a request. It takes the one operation in the envelope's body, whatever action a
// header of HTTP names; parameters may be missing and come in any order, but none twice, and
// none that is unknown. The document must be well-formed to its end, in UTF-8, or in UTF-16
// with a byte order mark, and without a document type. An error is a *Fault.
func Read(v Version, document []byte) (Call, error) {
	r, err := newReader(document)
	if err != nil {
		return nil, err
	}
	root, err := r.root()
	if err != nil {
		return nil, err
	}
	if root.Name.Local != "Envelope" {
		return nil, clientFault("the document is %s, not an Envelope of SOAP", root.Name.Local)
	}
	if root.Name.Space != v.namespace() {
		return nil, newFault(FaultVersion, "the Envelope is not of the version of SOAP that the Content-Type stands for")
	}
	call, err := r.envelope(v)
	if err != nil {
		return nil, err
	}
	return call, r.end()
}

// envelope reads a Header, which may be missing, and a Body.
func (r *reader) envelope(v Version) (call Call, err error) {
	headed := false
	err = r.children("Envelope", func(e xml.StartElement) error {
		switch {
		case e.Name == xml.Name{Space: v.namespace(), Local: "Header"} && !headed && call == nil:
			headed = true
			return r.header(v)
		case e.Name == xml.Name{Space: v.namespace(), Local: "Body"} && call == nil:
			call, err = r.body()
			return err
		}
		return clientFault("%s is out of place in the Envelope", e.Name.Local)
	})
	if err == nil && call == nil {
		return nil, clientFault("the Envelope has no Body")
	}
	return call, err
}

// header refuses what must be understood, as we understand none.
func (r *reader) header(v Version) error {
	return r.children("Header", func(e xml.StartElement) error {
		role := attribute(e, v.namespace(), "actor")
		if v == SOAP12 {
			role = attribute(e, v.namespace(), "role")
		}
		switch must := trim(attribute(e, v.namespace(), "mustUnderstand")); must {
		case "", "0", "false":
		default:
			if v.isForUs(trim(role)) {
				return newFault(FaultMustUnderstand, "the header %s is not understood", e.Name.Local)
			}
		}
		return r.skip()
	})
}

// body reads the one operation that is asked for.
func (r *reader) body() (call Call, err error) {
	err = r.children("Body", func(e xml.StartElement) error {
		if call != nil {
			return clientFault("the Body asks for more than one operation")
		}
		op, ok := operationNamed(e.Name.Local)
		if !ok || e.Name.Space != Namespace {
			return clientFault("there is no operation %s in the namespace %q", e.Name.Local, e.Name.Space)
		}
		v, err := r.parameters(e.Name.Local, op.parameters)
		if err == nil {
			call = op.call(v)
		}
		return err
	})
	if err == nil && call == nil {
		return nil, clientFault("the Body asks for no operation")
	}
	return call, err
}

// parameters reads the parameters of an element that has begun.
func (r *reader) parameters(of string, list []parameter) (values, error) {
	v := values{}
	seen := map[string]bool{}
	err := r.children(of, func(e xml.StartElement) error {
		i := slices.IndexFunc(list, func(p parameter) bool { return e.Name == xml.Name{Space: Namespace, Local: p.name} })
		switch {
		case i < 0:
			return clientFault("%s has no parameter %s in the namespace %q", of, e.Name.Local, e.Name.Space)
		case seen[e.Name.Local]:
			return clientFault("%s has the parameter %s twice", of, e.Name.Local)
		}
		seen[e.Name.Local] = true
		null, err := isNil(e)
		if err != nil {
			return err
		}
		if null {
			return r.nothing(e.Name.Local)
		}
		v[e.Name.Local], err = r.value(list[i])
		return err
	})
	return v, err
}

// value reads the value of a parameter that has begun.
func (r *reader) value(p parameter) (v value, err error) {
	switch p.kind {
	case info:
		of, err := r.parameters(p.name, infoParameters)
		return value{info: Info{of["RequestorEmail"].text, of["Justification"].text, of["RequestId"].text}}, err
	case names:
		v.names, err = r.names(p.name)
		return v, err
	case str, guid, number, truth, contactFlags, groupFlags:
	}
	s, err := r.text(p.name)
	if err != nil {
		return value{}, err
	}
	return simple(p, s)
}

// simple returns the value of a parameter without elements.
func simple(p parameter, s string) (value, error) {
	switch p.kind {
	case number:
		n, err := strconv.ParseInt(trim(s), 10, 32)
		if err != nil {
			return value{}, clientFault("%s: %q is no whole number of 32 bits", p.name, s)
		}
		return value{number: int32(n)}, nil
	case truth:
		switch trim(s) {
		case "true", "1":
			return value{truth: true}, nil
		case "false", "0":
			return value{}, nil
		}
		return value{}, clientFault("%s: %q is neither true nor false", p.name, s)
	case contactFlags, groupFlags:
		switch s {
		case flagNone:
			return value{}, nil
		case flagRequireAuth:
			return value{truth: true}, nil
		}
		return value{}, clientFault("%s: %q is neither %s nor %s", p.name, s, flagNone, flagRequireAuth)
	case str, guid, info, names:
	}
	return value{text: s}, nil
}

// names reads an array of strings; one that is nil is empty.
func (r *reader) names(of string) (list []string, err error) {
	err = r.children(of, func(e xml.StartElement) error {
		if e.Name != (xml.Name{Space: Namespace, Local: "string"}) {
			return clientFault("%s: %s is no element of an array of strings", of, e.Name.Local)
		}
		null, err := isNil(e)
		if err != nil {
			return err
		}
		var s string
		if null {
			err = r.nothing(of)
		} else {
			s, err = r.text(of)
		}
		list = append(list, s)
		return err
	})
	return list, err
}

// isNil reports whether an element is nil. Attributes without a namespace are none of the
// service's: href would say that the value stands elsewhere.
func isNil(e xml.StartElement) (bool, error) {
	for _, a := range e.Attr {
		if a.Name.Space == "" && a.Name.Local != "xmlns" {
			return false, clientFault("%s has an attribute %s, which is not known", e.Name.Local, a.Name.Local)
		}
	}
	switch s := trim(attribute(e, instance, "nil")); s {
	case "", "false", "0":
		return false, nil
	case "true", "1":
		return true, nil
	default:
		return false, clientFault("%s: nil is %q, neither true nor false", e.Name.Local, s)
	}
}

// attribute returns the value of an attribute, "" where it is missing.
func attribute(e xml.StartElement, space, local string) string {
	for _, a := range e.Attr {
		if a.Name == (xml.Name{Space: space, Local: local}) {
			return a.Value
		}
	}
	return ""
}

// trim cuts off what XML takes for white space.
func trim(s string) string { return strings.Trim(s, " \t\r\n") }
