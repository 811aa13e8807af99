package emailws

import (
	"bytes"
	"encoding/xml"
	"strconv"
)

// Encode returns the answer to a request for an operation: the Status alone where the
// protocol has no more. Characters that XML cannot have become U+FFFD.
func Encode(v Version, op Operation, r Response) []byte {
	return envelope(v, func(b *bytes.Buffer) {
		b.WriteString(`<` + string(op) + `Response xmlns="` + Namespace + `">`)
		b.WriteString(`<` + string(op) + `Result>`)
		if o, _ := operationNamed(string(op)); o.bare {
			escape(b, r.Status.String())
		} else {
			element(b, "JobID", strconv.Itoa(int(r.JobID)))
			optional(b, "Comment", r.Comment)
			element(b, "JobStatus", r.Status.String())
			optional(b, "Alias", r.Alias)
		}
		b.WriteString(`</` + string(op) + `Result></` + string(op) + `Response>`)
	})
}

// Encode returns the fault as an answer.
func (f *Fault) Encode(v Version) []byte {
	code := "soap:" + f.Code.name(v)
	return envelope(v, func(b *bytes.Buffer) {
		if v == SOAP12 {
			b.WriteString(`<soap:Fault><soap:Code><soap:Value>` + code + `</soap:Value></soap:Code><soap:Reason><soap:Text xml:lang="en">`)
			escape(b, f.Text)
			b.WriteString(`</soap:Text></soap:Reason></soap:Fault>`)
			return
		}
		b.WriteString(`<soap:Fault>`)
		element(b, "faultcode", code)
		element(b, "faultstring", f.Text)
		b.WriteString(`<detail/></soap:Fault>`)
	})
}

func envelope(v Version, body func(*bytes.Buffer)) []byte {
	var b bytes.Buffer
	b.WriteString(xml.Header + `<soap:Envelope xmlns:soap="` + v.namespace() + `"><soap:Body>`)
	body(&b)
	b.WriteString(`</soap:Body></soap:Envelope>`)
	return b.Bytes()
}

func element(b *bytes.Buffer, name, content string) {
	b.WriteString("<" + name + ">")
	escape(b, content)
	b.WriteString("</" + name + ">")
}

func optional(b *bytes.Buffer, name, content string) {
	if content != "" {
		element(b, name, content)
	}
}

func escape(b *bytes.Buffer, s string) {
	_ = xml.EscapeText(b, []byte(s)) // a Buffer takes everything
}
