package message

import (
	"context"
	"errors"
	"io"
	"math"
	"strings"
)

// isPKCS7 reports whether a part may be S/MIME that is not clear-signed (RFC 8551 §3.3).
func isPKCS7(p *Part) bool {
	switch p.Type {
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
		return true
	case "application/octet-stream":
		return len(p.Name) > 4 && strings.EqualFold(p.Name[len(p.Name)-4:], ".p7m")
	}
	return false
}

// multipartSigned is the multipart of a part and its signature (RFC 1847 §2.1).
const multipartSigned = "multipart/signed"

// pkcs7 opens part i if it is signed data with a MIME entity as its content.
func (u *unwrapping) pkcs7(ctx context.Context, i int) error {
	source := u.inside(i)
	s := u.m.stream(ctx, source)
	c := content{in: s}
	size, err := io.Copy(io.Discard, &c)
	p := &u.m.Parts[i]
	switch {
	case errors.Is(err, errEncrypted):
		p.Encrypted = true
		return nil
	case errors.Is(err, errNotWrapped):
		p.Encrypted = p.Encrypted || p.smime == "enveloped-data" || p.smime == "authenveloped-data"
		return nil
	case err != nil:
		return err
	case size == 0 || size > u.m.parser.limits.Bytes || !u.opens(i):
		return nil
	}
	broken, err := u.damage(s, source, c.wrong)
	if err != nil {
		return err
	}
	e := envelope{part: i, size: size, broken: broken}
	e.source = u.m.add(wrapped{parent: source, body: span{0, math.MaxInt64}, signed: true})
	u.signed = append(u.signed, e)
	return nil
}

// walk finds the parts of an envelope's content. What is no MIME entity, but a document
// that somebody signed, is left as it is, with its signature.
func (u *unwrapping) walk(ctx context.Context, e envelope) error {
	m := u.m
	w := m.walker(e.source, e.size)
	if err := w.in.need(ctx, maxHead); err != nil {
		return err
	}
	rest := w.in.rest()
	if !isEntity(rest[:min(len(rest), maxHead)]) {
		return nil
	}
	first := len(m.Parts)
	if err := w.walk(ctx); err != nil {
		return err
	}
	m.parser.open = w.open
	if e.broken == "" {
		e.broken = w.malformed
	}
	u.opened(e.part, first, SignedData, e.broken)
	return nil
}

// isEntity reports whether text starts with a header that has a field of MIME.
func isEntity(text []byte) bool {
	for n := 0; len(text) > 0; n++ {
		line := text[:lineLength(text)]
		text = text[len(line):]
		switch kind := lineKind(line); {
		case kind == fieldLine && isMIMEField(fieldName(line)):
			return true
		case kind != fieldLine && (n == 0 || kind != continuation):
			return false
		}
	}
	return false
}

func isMIMEField(name []byte) bool {
	const content = "content-"
	return strings.EqualFold(string(name), "mime-version") ||
		len(name) > len(content) && strings.EqualFold(string(name[:len(content)]), content)
}
