package message_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"testing"

	"mailchute/pkg/message"
)

// lzfuStart is the text that the window of MS-OXRTFCP §2.1.2.1 holds at the start.
const lzfuStart = "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArial" +
	"Times New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"

// compress packs text as MS-OXRTFCP does, with the longest reference to what was before
// among the last few hundred bytes.
func compress(text []byte) []byte {
	all := append([]byte(lzfuStart), text...)
	var content []byte
	var group []byte
	flags, tokens := byte(0), 0
	add := func(flag byte, token ...byte) {
		flags |= flag << tokens
		group = append(group, token...)
		if tokens++; tokens == 8 {
			content = append(append(content, flags), group...)
			flags, tokens, group = 0, 0, nil
		}
	}
	reference := func(from, n int) { add(1, byte(from%4096>>4), byte(from%4096<<4|(n-2))) }
	for at := len(lzfuStart); at < len(all); {
		best, from := 0, 0
		for i := max(0, at-300); i < at; i++ {
			n := 0
			for n < 17 && at+n < len(all) && all[i+n] == all[at+n] {
				n++
			}
			if n > best {
				best, from = n, i
			}
		}
		if best < 2 {
			add(0, all[at])
			at++
			continue
		}
		reference(from, best)
		at += best
	}
	reference(len(all), 2)
	if tokens > 0 {
		content = append(append(content, flags), group...)
	}
	return packed("LZFu", len(text), content)
}

// packed puts the header before the content.
func packed(kind string, size int, content []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(content)+12))
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	b = append(b, kind...)
	b = binary.LittleEndian.AppendUint32(b, lzfuSum(content))
	return append(b, content...)
}

// lzfuSum is the checksum of MS-OXRTFCP §2.1.3.2: CRC-32 that starts with zero and is not
// inverted.
func lzfuSum(content []byte) uint32 {
	var sum uint32
	for _, c := range content {
		sum ^= uint32(c)
		for range 8 {
			low := sum & 1
			if sum >>= 1; low == 1 {
				sum ^= crc32.IEEE
			}
		}
	}
	return sum
}

// inPieces hands over a random number of bytes at a time.
func inPieces(seed uint64) func(int) int {
	r := rand.New(rand.NewPCG(seed, 1))
	return func(int) int { return 1 + r.IntN(50) }
}

func TestLZFu(t *testing.T) {
	t.Parallel()
	// The examples of MS-OXRTFCP §3.1.
	const (
		simple = "-\x00\x00\x00+\x00\x00\x00LZFu\xf1\xc5\xc7\xa7\x03\x00\x0a\x00rcpg125B2\x0a\xf3 hel\x09\x00 bw\x05\xb0ld}\x0a\x80\x0f\xa0"
		repeat = "\x1a\x00\x00\x00\x1c\x00\x00\x00LZFu\xe2\xd4KQA\x00\x04 WXYZ\x0dn}\x01\x0e\xb0"
	)
	good := string(compress([]byte("{\\rtf1 good}")))
	for name, test := range map[string]struct{ packed, want, damage string }{
		"simple":           {simple, "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n", ""},
		"repeats itself":   {repeat, "{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}", ""},
		"as it is":         {string(packed("MELA", 3, []byte("abc"))), "abc", ""},
		"longer than said": {string(packed("MELA", 2, []byte("abc"))), "ab", ""},
		"shorter":          {string(packed("MELA", 9, []byte("abc"))), "abc", "compressed RTF is shorter than it says"},
		"padded":           {good + "\x00\x00\x00", "{\\rtf1 good}", ""},
		"cut":              {good[:len(good)-3], "{\\rtf1 good", "cut short"},
		"checksum":         {good[:12] + "\x00\x00\x00\x00" + good[16:], "{\\rtf1 good}", "checksum of the compressed RTF is wrong"},
		"empty":            {string(packed("LZFu", 0, nil)), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, damage, err := message.DecodePieces("x-lzfu", []byte(test.packed), inPieces(1))
			if err != nil || string(got) != test.want || damage != test.damage {
				t.Errorf("got %q, %q, %v, want %q, %q", got, damage, err, test.want, test.damage)
			}
		})
	}
}

func TestLZFuIsNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "{\\rtf1 plain}", "0123456789abcde", string(packed("LZFx", 1, []byte("a"))), "\x01\x00\x00\x00\x01\x00\x00\x00LZFu\x00\x00\x00\x00abc"} {
		if got, damage, err := message.DecodePieces("x-lzfu", []byte(text), inPieces(1)); err == nil {
			t.Errorf("%q: got %q, %q, want an error", text, got, damage)
		}
	}
}

// TestLZFuIsNoBomb: references alone make eight bytes of one at most.
func TestLZFuIsNoBomb(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte("\xff\x00\x0f\x00\x0f\x00\x0f\x00\x0f\x00\x0f\x00\x0f\x00\x0f\x00\x0f"), 400)
	bomb := packed("LZFu", 0x7fffffff, content)
	got, damage, err := message.DecodePieces("x-lzfu", bomb, inPieces(1))
	if err != nil || damage == "" || len(got) > 8*len(bomb) || len(got) < 7*len(bomb) {
		t.Errorf("got %d bytes of %d, %q, %v", len(got), len(bomb), damage, err)
	}
}

// FuzzLZFu: what was compressed comes out again, however its bytes come in; what comes out
// of anything is no longer than its header says, nor than eight times as long as it, and
// does not depend on the pieces.
func FuzzLZFu(f *testing.F) {
	f.Add([]byte("{\\rtf1\\ansi hello hello hello}"), uint64(1))
	f.Add(compress([]byte("{\\rtf1\\ansi hello hello hello}")), uint64(2))
	f.Add(packed("MELA", 3, []byte("abc")), uint64(3))
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		data = data[:min(len(data), 1<<14)]
		got, damage, err := message.DecodePieces("x-lzfu", compress(data), inPieces(seed))
		if err != nil || damage != "" || !bytes.Equal(got, data) {
			t.Errorf("round trip: got %q, %q, %v, want %q", got, damage, err, data)
		}
		got, damage, err = message.DecodePieces("x-lzfu", data, inPieces(seed))
		if err != nil {
			return
		}
		if size := binary.LittleEndian.Uint32(data[4:]); len(got) > int(size) || len(got) > 8*len(data) {
			t.Errorf("%d bytes made of %d, which say %d", len(got), len(data), size)
		}
		again, damage2, err := message.DecodePieces("x-lzfu", data, func(int) int { return len(data) })
		if err != nil || damage2 != damage || !bytes.Equal(again, got) {
			t.Errorf("in one piece: got %q, %q, %v, in several %q, %q", again, damage2, err, got, damage)
		}
	})
}
