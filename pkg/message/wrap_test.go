package message_test

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
)

// der writes an element with its length.
func der(tag byte, parts ...string) string {
	body := strings.Join(parts, "")
	switch n := len(body); {
	case n < 0x80:
		return string([]byte{tag, byte(n)}) + body
	default:
		return string([]byte{tag, 0x84, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) + body
	}
}

// ber writes an element without its length.
func ber(tag byte, parts ...string) string {
	return string([]byte{tag, 0x80}) + strings.Join(parts, "") + "\x00\x00"
}

const (
	oidData      = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
	oidSigned    = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
	oidEnveloped = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"
	oidAuth      = "\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17"
	version      = "\x02\x01\x01"
	noAlgorithms = "\x31\x00"
	noSigners    = "\x31\x00"
)

// signedData writes CMS in DER around the element that is the content.
func signedData(content ...string) string {
	info := der(0x30, append([]string{oidData}, content...)...)
	return der(0x30, oidSigned, der(0xa0, der(0x30, version, noAlgorithms, info, noSigners)))
}

// signed writes a MIME entity as signed data.
func signed(entity string) string { return signedData(der(0xa0, der(0x04, entity))) }

// streamed is signed as programs write it that do not know the length: in BER, the content
// in pieces of n bytes.
func streamed(entity string, n int) string {
	var pieces []string
	for len(entity) > 0 {
		k := min(n, len(entity))
		pieces = append(pieces, der(0x04, entity[:k]))
		entity = entity[k:]
	}
	info := ber(0x30, oidData, ber(0xa0, ber(0x24, pieces...)))
	return ber(0x30, oidSigned, ber(0xa0, ber(0x30, version, noAlgorithms, info, noSigners)))
}

// streamedStart is what stands before the pieces.
const streamedStart = "\x30\x80" + oidSigned + "\xa0\x80\x30\x80" + version + noAlgorithms + "\x30\x80" + oidData + "\xa0\x80\x24\x80"

// pkcs7 writes CMS as an entity.
func pkcs7(cms string) string {
	return "Content-Type: application/pkcs7-mime; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n" + folded([]byte(cms))
}

// named is a file in a wrapper.
type named struct{ name, data string }

// winmail writes TNEF with files.
func winmail(files ...named) string {
	b := []byte("\x78\x9f\x3e\x22\x01\x00")
	attribute := func(id uint32, data string) {
		b = append(b, 2)
		b = binary.LittleEndian.AppendUint32(b, id)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
		b = append(b, data...)
		sum := uint16(0)
		for _, c := range []byte(data) {
			sum += uint16(c)
		}
		b = binary.LittleEndian.AppendUint16(b, sum)
	}
	for _, f := range files {
		attribute(0x00069002, "\x01\x00\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00")
		attribute(0x00018010, f.name+"\x00")
		attribute(0x0006800f, f.data)
	}
	return string(b)
}

// tnef writes TNEF as an entity.
func tnef(stream string) string {
	return "Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n" + folded([]byte(stream))
}

// yencoded writes a file in yEnc.
func yencoded(name, data string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "=ybegin line=64 size=%d name=%s\r\n", len(data), name)
	for i, c := range []byte(data) {
		c += 42
		if c == 0 || c == '\r' || c == '\n' || c == '=' {
			b.WriteByte('=')
			c += 64
		}
		b.WriteByte(c)
		if i%64 == 63 {
			b.WriteString("\r\n")
		}
	}
	fmt.Fprintf(&b, "\r\n=yend size=%d crc32=%08x\r\n", len(data), crc32.ChecksumIEEE([]byte(data)))
	return b.String()
}

// appleFile writes AppleSingle, or AppleDouble's header where there is no data.
func appleFile(magic uint32, name, data string) string {
	b := binary.BigEndian.AppendUint32(nil, magic)
	b = append(b, "\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	entries, body := []byte{}, ""
	add := func(id uint32, data string) {
		entries = binary.BigEndian.AppendUint32(entries, id)
		entries = binary.BigEndian.AppendUint32(entries, uint32(26+3*12+len(body)))
		entries = binary.BigEndian.AppendUint32(entries, uint32(len(data)))
		body += data
	}
	add(3, name)
	add(2, "the resource fork")
	if magic == 0x00051600 {
		add(1, data)
	} else {
		add(9, "finder")
	}
	b = append(b, 3)
	return string(b) + string(entries) + body
}

// apple writes such a file as an entity.
func apple(file string) string {
	return "Content-Type: application/applefile\nContent-Transfer-Encoding: base64\n\n" + folded([]byte(file))
}
