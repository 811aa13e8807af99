package message_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"math/rand/v2"
	"mime/quotedprintable"
	"strings"
	"testing"
	"unicode/utf8"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
)

// FuzzParse: whatever the message, its own parts lie in it one behind the other, those in
// wrappers follow these, the limits hold, all text is UTF-8, base64 comes to what it is,
// and decoding parts again in another order gives the same.
func FuzzParse(f *testing.F) {
	const mixed = "Content-Type: multipart/mixed; boundary=B\n\n--B\n"
	for _, seed := range []string{
		"", "\n", "Subject: =?utf-8?B?w7w=?=\n\nx", mixed + "\none\n--B--\n",
		mixed + "Content-Type: multipart/alternative; boundary=\"C\"\n\n--C\n\nx\n--C\nContent-Type: text/html\n\n<img src=cid:a>\n--B\n" +
			"Content-Type: image/png\nContent-ID: <a>\nContent-Transfer-Encoding: base64\n\nQUJD\n--B--",
		mixed + "Content-Transfer-Encoding: quoted-printable\n\na=3D=\nb \n--B\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n#04%!\nend\n--B--",
		mixed + "Content-Type: a/b; name*0*=gb2312''%B2%E2; name*1=x\nContent-Disposition: attachment filename=\"=?utf-8?Q?a?=\"\n\n",
		"Content-Type: multipart/digest; boundary=B\r\n\r\n--B\r\n\r\nSubject: x\r\n--B--\r\n",
	} {
		f.Add([]byte(seed))
	}
	for _, seed := range wrapperSeeds() {
		f.Add([]byte(seed))
	}
	lim := message.Limits{Bytes: 1 << 16, Parts: 30, Depth: 5, Header: 1 << 12, Boundary: 70}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p := message.NewParser(lim)
		m, err := p.Parse(t.Context(), bytes.NewReader(raw), int64(len(raw)))
		if err != nil && (m == nil || fault.ReasonOf(err) != fault.OverLimits) {
			t.Fatalf("Parse: got %v, %v", m, err)
		}
		h := m.Header
		for _, s := range []string{h.MessageID, h.Subject, h.From, h.To, h.Cc, h.Date, h.InReplyTo, h.References, m.FirstField} {
			checkText(t, s, 24<<10)
		}
		if err != nil {
			return
		}
		if len(m.Parts) > lim.Parts {
			t.Errorf("%d parts", len(m.Parts))
		}
		checkPlaces(t, m)
		for _, part := range m.Parts {
			for _, s := range []string{part.Type, part.Charset, part.Method, part.Disposition, part.Name, part.ContentID, part.Encoding, part.Subject} {
				checkText(t, s, 1<<10)
			}
		}
		checkDecode(t, m, raw)
	})
}

// wrapperSeeds are messages with wrappers of all kinds.
func wrapperSeeds() []string {
	files := winmail(named{"a.txt", "one"}, named{"winmail.dat", winmail(named{"b", "two"})})
	return []string{
		tnef(files), pkcs7(streamed(tnef(files), 9)), pkcs7(signed(startOf + "x\n" + lineOf)),
		"Content-Type: application/pkcs7-mime\n\n" + streamed(pkcs7(signed("Content-Type: text/html\n\n<img src=cid:a>")), 50),
		startOf + "x\n" + lineOf + yencoded("a", "some data\n"), apple(appleFile(0x00051600, "a", "data")),
		"Content-Type: multipart/appledouble; boundary=B\n\n--B\n" + apple(appleFile(0x00051607, "x.doc", "")) + "--B\nContent-Type: a/b\n\ndata\n--B--\n",
		"Content-Type: multipart/signed; boundary=B\n\n--B\nContent-Type: message/rfc822\n\nSubject: x\n\ny\n--B\n" + pkcs7(der(0x30, oidEnveloped)),
	}
}

// checkPlaces checks where parts lie, and what they are called.
func checkPlaces(t *testing.T, m *message.Message) {
	t.Helper()
	before := map[string]message.Wrapper{}
	end := int64(0)
	for i, part := range m.Parts {
		header, body := message.Spans(m, i)
		if _, twice := before[part.ID]; twice {
			t.Errorf("two parts are called %s", part.ID)
		}
		before[part.ID] = part.Opened
		if part.Within != "" {
			if before[part.Within] == "" || !strings.HasPrefix(part.ID, part.Within+"/") {
				t.Errorf("part %s lies within %q, of %v", part.ID, part.Within, before)
			}
			continue
		}
		if header.Start < end || header.End < header.Start || body.Start < header.End || body.End < body.Start || body.End > m.Size {
			t.Errorf("part %s: header %v, body %v, after %d of %d", part.ID, header, body, end, m.Size)
		}
		end = body.End
	}
}

func checkText(t *testing.T, s string, most int) {
	t.Helper()
	if !utf8.ValidString(s) || len(s) > most {
		t.Errorf("%.100q: %d bytes, UTF-8: %v", s, len(s), utf8.ValidString(s))
	}
}

// checkDecode decodes all parts forwards, then backwards.
func checkDecode(t *testing.T, m *message.Message, raw []byte) {
	t.Helper()
	datas, contents := make([]string, len(m.Parts)), make([]message.Content, len(m.Parts))
	for i, part := range m.Parts {
		datas[i], contents[i] = decode(t, m, i)
		if part.Within != "" {
			continue
		}
		_, body := message.Spans(m, i)
		if size := body.End - body.Start; !strings.Contains(part.Encoding, "uu") && part.Encoding != "x-lzfu" && contents[i].Size > size {
			t.Errorf("part %s: %d bytes made of %d", part.ID, contents[i].Size, size)
		}
		text := strings.Map(func(r rune) rune {
			if r <= ' ' && strings.ContainsRune(" \t\r\n\v\f", r) {
				return -1
			}
			return r
		}, string(raw[body.Start:body.End]))
		if want, err := base64.StdEncoding.Strict().DecodeString(text); part.Encoding == "base64" && err == nil && datas[i] != string(want) {
			t.Errorf("part %s: got %q, want %q", part.ID, datas[i], want)
		}
	}
	for i := len(m.Parts) - 1; i >= 0; i-- {
		if again, c := decode(t, m, i); again != datas[i] || c != contents[i] {
			t.Errorf("part %s: decoded again: %+v, was %+v", m.Parts[i].ID, c, contents[i])
		}
	}
}

// FuzzRoundTrip: what a good encoder writes comes back.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("Hello = \r\n \x00\xff"), true)
	f.Add(bytes.Repeat([]byte("ü \t\n"), 500), false)
	f.Fuzz(func(t *testing.T, data []byte, crlfEnds bool) {
		var qp strings.Builder
		w := quotedprintable.NewWriter(&qp)
		w.Binary = true
		_, _ = w.Write(data)
		_ = w.Close()
		for encoding, body := range map[string]string{"base64": folded(data), "quoted-printable": qp.String(), "x-uuencode": uuencoded(data), "x-yenc": yencoded("a", string(data)), "binary": string(data)} {
			if encoding != "binary" {
				body = strings.ReplaceAll(body, "\r\n", "\n")
				if crlfEnds {
					body = crlf(body)
				}
			}
			got, c := decode(t, parse(t, "Content-Transfer-Encoding: "+encoding+"\n\n"+body), 0)
			if got != string(data) || c.Damaged != "" {
				t.Errorf("%s: got %d bytes of %d, damaged %q", encoding, len(got), len(data), c.Damaged)
			}
		}
	})
}

// folded writes base64 in lines.
func folded(data []byte) string {
	var b strings.Builder
	for s := base64.StdEncoding.EncodeToString(data); s != ""; {
		n := min(76, len(s))
		b.WriteString(s[:n] + "\r\n")
		s = s[n:]
	}
	return b.String()
}

func uuencoded(data []byte) string {
	var b strings.Builder
	b.WriteString("begin 644 x\n")
	for len(data) > 0 {
		line := data[:min(45, len(data))]
		data = data[len(line):]
		b.WriteByte(' ' + byte(len(line)))
		line = append(bytes.Clone(line), 0, 0)
		for i := 0; i+2 < len(line); i += 3 {
			x, y, z := line[i], line[i+1], line[i+2]
			for _, c := range []byte{x >> 2, x<<4&0x3f | y>>4, y<<2&0x3f | z>>6, z & 0x3f} {
				b.WriteByte(' ' + c)
			}
		}
		b.WriteByte('\n')
	}
	b.WriteString("`\nend\n")
	return b.String()
}

// FuzzPieces: it makes no difference to a decoder in what pieces it sees the text.
func FuzzPieces(f *testing.F) {
	const filler = "QUFB"
	f.Add([]byte("QUFBQQ==\nfooter\n"+strings.Repeat(filler, 30)+"\n"), uint64(1), uint16(0))
	f.Add([]byte("a=3D \t= \n=\r\nb  "), uint64(2), uint16(1))
	f.Add([]byte("begin 644 x\n#04%!\nend\nz"), uint64(3), uint16(2))
	f.Add([]byte("=41= \r\n"), uint64(4), uint16(40_001))
	f.Add([]byte(yencoded("a", "some data\n=")), uint64(5), uint16(3))
	f.Fuzz(func(t *testing.T, text []byte, seed uint64, long uint16) {
		text = append(text, bytes.Repeat([]byte{filler[long%4]}, int(long))...) // a long line, too
		text = append(text, text[:len(text)%17]...)
		for _, encoding := range []string{"7bit", "base64", "quoted-printable", "x-uuencode", "x-yenc"} {
			whole, damage, err := message.DecodePieces(encoding, text, func(int) int { return len(text) })
			r := rand.New(rand.NewPCG(seed, 0))
			largest := 1 << r.IntN(17)
			got, damage2, err2 := message.DecodePieces(encoding, text, func(int) int { return r.IntN(largest) })
			if !bytes.Equal(got, whole) || damage != damage2 || err != err2 { //nolint:errorlint // the very same value
				t.Errorf("%s: in pieces %d bytes, %q, %v; whole %d bytes, %q, %v", encoding, len(got), damage2, err2, len(whole), damage, err)
			}
		}
	})
}

// FuzzHTML: a reference is found in whatever pieces the HTML comes, and nothing breaks
// on what surrounds it.
func FuzzHTML(f *testing.F) {
	f.Add("<p>", uint16(300))
	f.Add("<!-", uint16(0))
	f.Fuzz(func(t *testing.T, before string, spaces uint16) {
		if strings.Contains(before, "\n--B") || strings.HasPrefix(before, "--B") {
			return
		}
		html := before + "-->\"'><br " + strings.Repeat(" ", int(spaces)) + "><img src=\"cid:%61@b\">"
		raw := "Content-Type: multipart/related; boundary=B\n\n--B\nContent-Type: text/html\n\n" + html +
			"\n--B\nContent-Type: image/png\nContent-ID: <a@b>\n\nx\n--B--\n"
		m := parse(t, raw)
		if !m.Parts[1].Referenced {
			t.Errorf("not found behind %q", before)
		}
		if _, err := m.Decode(t.Context(), 0, io.Discard); err != nil {
			t.Error(err)
		}
	})
}
