package message

import (
	"encoding/binary"
	"hash/crc32"
)

const (
	lzfuHeader   = 16         // bytes
	lzfuPacked   = 0x75465A4C // "LZFu"
	lzfuUnpacked = 0x414C454D // "MELA"
	lzfuWindow   = 4096       // bytes
)

// lzfuText is what the window holds at the start (MS-OXRTFCP §2.1.2.1).
const lzfuText = `{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript ` +
	`\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0` + "\r\n" +
	`\par \pard\plain\f0\fs20\b\i\u\tab\tx`

// lzfuDecoder undoes the compression of RTF in Outlook's messages (MS-OXRTFCP). It writes
// no more than its header promises, and no more than eight times what it reads.
type lzfuDecoder struct {
	begun    bool
	unpacked bool
	content  int64  // bytes of content still to come
	raw      int64  // bytes of text still to come
	want     uint32 // checksum of the content
	sum      uint32
	window   [lzfuWindow]byte
	at       int // where the window is written next
	flags    byte
	tokens   int  // that the flags still tell of
	ended    bool // the mark of the end was read
}

func (d *lzfuDecoder) decode(src []byte, last bool, out *sink) (int, error) {
	used := 0
	if !d.begun {
		if len(src) < lzfuHeader && !last {
			return 0, nil
		}
		if !d.begin(src) {
			return 0, errNotEncoded
		}
		used = lzfuHeader
	}
	content := src[used:]
	content = content[:min(int64(len(content)), d.content)]
	n, err := d.expand(content, last || int64(len(content)) == d.content, out)
	if err != nil {
		return used, err
	}
	d.content -= int64(n)
	d.sum = ^crc32.Update(^d.sum, crc32.IEEETable, content[:n])
	if d.content == 0 {
		return len(src), nil
	}
	return used + n, nil
}

// begin reads the header.
func (d *lzfuDecoder) begin(src []byte) bool {
	if len(src) < lzfuHeader {
		return false
	}
	size := int64(binary.LittleEndian.Uint32(src)) - (lzfuHeader - 4)
	kind := binary.LittleEndian.Uint32(src[8:])
	if size < 0 || kind != lzfuPacked && kind != lzfuUnpacked {
		return false
	}
	d.begun, d.unpacked, d.content = true, kind == lzfuUnpacked, size
	d.raw = int64(binary.LittleEndian.Uint32(src[4:]))
	d.want = binary.LittleEndian.Uint32(src[12:])
	d.at = copy(d.window[:], lzfuText)
	return true
}

// expand writes the text of src and returns how much of it was used up: all of it where
// no more follows, else all but the first byte of a reference.
func (d *lzfuDecoder) expand(src []byte, last bool, out *sink) (int, error) {
	if d.unpacked {
		text := src[:min(int64(len(src)), d.raw)]
		d.raw -= int64(len(text))
		return len(src), out.write(text)
	}
	used := 0
	for used < len(src) && !d.done() {
		switch {
		case d.tokens == 0:
			d.flags, d.tokens = src[used], 8
			used++
			continue
		case d.flags&1 == 0:
			if err := d.put(src[used], out); err != nil {
				return used, err
			}
			used++
		case used+1 == len(src):
			if last {
				return len(src), nil
			}
			return used, nil
		default:
			if err := d.refer(binary.BigEndian.Uint16(src[used:]), out); err != nil {
				return used, err
			}
			used += 2
		}
		d.flags >>= 1
		d.tokens--
	}
	return len(src), nil
}

func (d *lzfuDecoder) done() bool { return d.ended || d.raw == 0 }

// refer repeats text of the window: 12 bits say from where, 4 how much.
func (d *lzfuDecoder) refer(ref uint16, out *sink) error {
	from := int(ref >> 4)
	if from == d.at {
		d.ended = true
		return nil
	}
	for range int(ref&0xf) + 2 {
		if err := d.put(d.window[from], out); err != nil {
			return err
		}
		from = (from + 1) % lzfuWindow
	}
	return nil
}

func (d *lzfuDecoder) put(c byte, out *sink) error {
	if d.raw == 0 {
		return nil
	}
	d.raw--
	d.window[d.at] = c
	d.at = (d.at + 1) % lzfuWindow
	return out.writeByte(c)
}

func (d *lzfuDecoder) damage() string {
	switch {
	case d.content > 0:
		return "cut short"
	case !d.unpacked && d.sum != d.want:
		return "checksum of the compressed RTF is wrong"
	case d.raw > 0:
		return "compressed RTF is shorter than it says"
	}
	return ""
}
