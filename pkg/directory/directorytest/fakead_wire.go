package directorytest

import (
	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// The operations, by their tags, and the tags of their answers (RFC 4511 §4.2-4.14).
var (
	operations = map[ber.Tag]string{0: "bind", 2: "unbind", 3: "search", 6: "modify", 8: "add", 10: "delete", 12: "rename", 16: "abandon"}
	answers    = map[string]ber.Tag{"bind": 1, "search": 5, "modify": 7, "add": 9, "delete": 11, "rename": 13}
)

func newFakeRequest(message *ber.Packet) FakeRequest {
	op := message.Children[1]
	r := FakeRequest{Op: operations[op.Tag]}
	switch {
	case r.Op == "delete":
		r.DN = op.Data.String()
	case r.Op == "bind":
		r.DN = text(op, 1)
	case r.Op == "search":
		r.Filter, _ = ldap.DecompileFilter(child(op, 6))
		for _, name := range child(op, 7).Children {
			r.Attributes = append(r.Attributes, name.Data.String())
		}
		_, cookie := paging(message)
		r.NextPage = cookie != ""
		r.DN = text(op, 0)
	default:
		r.DN = text(op, 0)
	}
	return r
}

// child returns a part of a packet; an empty one where there is none.
func child(p *ber.Packet, i int) *ber.Packet {
	if i >= len(p.Children) {
		return ber.NewSequence("")
	}
	return p.Children[i]
}

func text(p *ber.Packet, i int) string { return child(p, i).Data.String() }

// respond returns a message with the result of an operation.
func respond(to *ber.Packet, tag ber.Tag, code int, control *ber.Packet) []byte {
	result := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
	result.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, int64(code), ""))
	result.AppendChild(octets(""))
	result.AppendChild(octets(""))
	return envelope(to, result, control)
}

func envelope(to, op, control *ber.Packet) []byte {
	message := ber.NewSequence("")
	message.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, to.Children[0].Value, ""))
	message.AppendChild(op)
	if control != nil {
		controls := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
		controls.AppendChild(control)
		message.AppendChild(controls)
	}
	return message.Bytes()
}

func octets(s string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
}

// paging returns the size of a page that a search asks for, and where it goes on; 0 is no
// paging (RFC 2696).
func paging(message *ber.Packet) (size int, cookie string) {
	for _, control := range child(message, 2).Children {
		c, err := ldap.DecodeControl(control)
		if p, ok := c.(*ldap.ControlPaging); ok && err == nil {
			return int(p.PagingSize), string(p.Cookie)
		}
	}
	return 0, ""
}
