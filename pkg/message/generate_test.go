package message_test

import (
	"bytes"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net/url"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"mailchute/pkg/message"
)

// generator writes a well-formed message as its choices say, and knows the leaves.
type generator struct {
	choices    []byte
	eol        string
	boundaries int
	leaves     []leaf
}

// pick makes a choice of n; the first when there are no more.
func (g *generator) pick(n int) int {
	if len(g.choices) == 0 {
		return 0
	}
	c := int(g.choices[0])
	g.choices = g.choices[1:]
	return c % n
}

// oneOf chooses one of several.
func oneOf[T any](g *generator, from ...T) T { return from[g.pick(len(from))] }

// message writes a whole message; its leaves are in g.leaves.
func (g *generator) message(depth int) string {
	return "From: a@example.org" + g.eol + "Subject: x" + g.eol + "MIME-Version: 1.0" + g.eol + g.entity(depth)
}

// entity writes the Content fields and the body of an entity.
func (g *generator) entity(depth int) string {
	if depth > 0 && g.pick(3) == 0 {
		return g.multipart(depth)
	}
	return g.leaf(depth)
}

func (g *generator) multipart(depth int) string {
	g.boundaries++
	boundary := fmt.Sprintf("=_%d_", g.boundaries) + oneOf(g, "x", "--", "a b", "'()+_,-./:?", strings.Repeat("y", 60))
	var b strings.Builder
	fmt.Fprintf(&b, "Content-Type: %s;%sboundary=\"%s\"%s", oneOf(g, "multipart/mixed", "Multipart/Alternative", "multipart/related"),
		oneOf(g, " ", g.eol+"\t", ""), boundary, g.eol)
	b.WriteString(oneOf(g, "", "Content-Transfer-Encoding: 8bit"+g.eol) + g.eol)
	b.WriteString(oneOf(g, "", "A preamble."+g.eol, g.eol))
	for range 1 + g.pick(4) {
		b.WriteString("--" + boundary + oneOf(g, "", " ", "\t") + g.eol + g.entity(depth-1) + g.eol)
	}
	return b.String() + "--" + boundary + "--" + oneOf(g, g.eol, "", g.eol+"An epilogue."+g.eol)
}

func (g *generator) leaf(depth int) string {
	at := len(g.leaves)
	g.leaves = append(g.leaves, leaf{part: message.Part{Type: "text/plain"}})
	var fields []string
	typ := oneOf(g, "text/plain", "text/html", "application/pdf", "image/png", "message/rfc822", "text/csv", "application/octet-stream")
	name, param := g.name()
	ofType := "Content-Type: " + typ
	if strings.HasPrefix(typ, "text/") {
		ofType += oneOf(g, "; charset=utf-8", "; charset=\"iso-8859-1\"", "", "; charset=koi8-r;"+g.eol+" format=flowed")
	}
	switch g.pick(3) {
	case 0:
		name = ""
	case 1:
		ofType += "; " + fmt.Sprintf(param, "name")
	default:
		fields = append(fields, "Content-Disposition: "+oneOf(g, "attachment", "inline", "ATTACHMENT")+";"+oneOf(g, " ", g.eol+" ")+fmt.Sprintf(param, "filename"))
	}
	fields = append(fields, ofType)
	var body, data string
	if typ == "message/rfc822" && depth > 0 {
		inner := generator{choices: g.choices, eol: g.eol, boundaries: g.boundaries}
		body = inner.message(depth - 1)
		data, g.choices, g.boundaries = body, inner.choices, inner.boundaries
	} else {
		var encoding string
		encoding, body, data = g.body()
		fields = append(fields, encoding)
	}
	if g.pick(2) == 1 {
		fields[0], fields[len(fields)-1] = fields[len(fields)-1], fields[0]
	}
	g.leaves[at] = leaf{message.Part{Type: typ, Name: name}, []byte(data)}
	return strings.Join(fields, g.eol) + g.eol + g.eol + body
}

// name chooses a file name, and a parameter that has it, but for the parameter's name.
func (g *generator) name() (name, param string) {
	switch g.pick(6) {
	case 0:
		return "a.pdf", "%s=a.pdf"
	case 1:
		return "An invoice, final (2).pdf", `%s="An invoice, final (2).pdf"`
	case 2:
		name = "Größe.pdf"
		return name, `%s="` + mime.QEncoding.Encode("utf-8", name) + `"`
	case 3:
		return "Größe.pdf", `%s="` + mime.BEncoding.Encode("iso-8859-1", "Gr\xf6\xdfe.pdf") + `"`
	case 4:
		name = "Größe €.pdf"
		return name, "%s*=utf-8''" + strings.ReplaceAll(url.PathEscape(name), "%", "%%")
	}
	return "one two.pdf", "%[1]s*0=\"one \";" + g.eol + " %[1]s*1=\"two.pdf\""
}

// body chooses a transfer encoding and a body.
func (g *generator) body() (field, body, data string) {
	n := g.pick(64)
	if g.pick(8) == 7 {
		n *= 100
	}
	seed := []byte{byte(g.pick(256)), byte(g.pick(256)), byte(g.pick(256)), 0}
	raw := make([]byte, n)
	for i := range raw {
		seed[3] = byte(i)*seed[0] + seed[1] ^ byte(i>>3)*seed[2]
		raw[i] = seed[3]
	}
	const field0 = "Content-Transfer-Encoding: "
	switch g.pick(3) {
	case 0:
		body = strings.ReplaceAll(folded(raw), "\r\n", g.eol)
		return field0 + oneOf(g, "base64", "BASE64"), body, string(raw)
	case 1:
		var b bytes.Buffer
		w := quotedprintable.NewWriter(&b)
		w.Binary = true
		_, _ = w.Write(raw)
		_ = w.Close()
		return field0 + "quoted-printable", strings.ReplaceAll(b.String(), "\r\n", g.eol), string(raw)
	}
	var b strings.Builder
	for _, c := range raw { // no line end but the message's, and no "=" as boundaries have
		switch {
		case c%32 == 0:
			b.WriteString(g.eol)
		case c < ' ' || c == '=':
			b.WriteByte('-')
		default:
			b.WriteByte(c)
		}
	}
	return field0 + oneOf(g, "8bit", "7bit", "binary"), b.String(), b.String()
}

// FuzzByEnmime: of a well-formed message we find all leaves, byte for byte, and so does
// enmime when it reads the whole message.
func FuzzByEnmime(f *testing.F) {
	f.Add([]byte{}, false)
	f.Add([]byte("\x00a\x00b\x00c"), true)
	f.Add(bytes.Repeat([]byte{0, 1, 2, 3, 4, 5, 7}, 40), true)
	f.Add(bytes.Repeat([]byte{3, 0, 1, 6, 255, 31, 9, 12, 8, 15}, 30), false)
	f.Fuzz(func(t *testing.T, choices []byte, crlf bool) {
		g := generator{choices: choices[:min(len(choices), 2000)], eol: "\n"}
		if crlf {
			g.eol = "\r\n"
		}
		raw := []byte(g.message(4))
		want := outlines(g.leaves)
		if diff := gocmp.Diff(want, outlines(byUs(t, message.NewParser(message.Limits{}), raw))); diff != "" {
			t.Errorf("(-want +ours):\n%s\nof\n%s", diff, raw)
		}
		theirs, ok := byEnmime(raw)
		if diff := gocmp.Diff(want, outlines(theirs)); diff != "" || !ok {
			t.Errorf("(-want +enmime):\n%s\nof\n%s", diff, raw)
		}
	})
}
