package message_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"mailchute/pkg/message"
)

// Every byte, in every place of a block, is to the fast decoder what it is to the slow one.
func TestBase64EveryByte(t *testing.T) {
	t.Parallel()
	const head = "Content-Transfer-Encoding: base64\n\n"
	p := message.NewParser(message.Limits{})
	good := strings.ReplaceAll(folded(noise(150)), "\r\n", "")
	for at := range len(good) - 1 {
		for c := range 256 {
			body := good[:at] + string([]byte{byte(c)}) + good[at+1:]
			want, damage := message.SlowBase64([]byte(body))
			m, err := p.Parse(t.Context(), strings.NewReader(head+body), int64(len(head+body)))
			if err != nil {
				t.Fatal(err)
			}
			got, content := decode(t, m, 0)
			if got != string(want) || content.Damaged != damage {
				t.Fatalf("byte %#x at %d: got %d bytes, damaged %q, want %d, %q", c, at, len(got), content.Damaged, len(want), damage)
			}
		}
	}
}

// FuzzBase64: decoding in blocks gives what decoding by the character gives, whatever the
// text, in whatever pieces it comes.
func FuzzBase64(f *testing.F) {
	f.Add([]byte("data"), []byte("!"), uint16(3), uint16(1), uint64(1))
	f.Add([]byte("data"), []byte("==\nfooter and more\n"), uint16(200), uint16(100), uint64(2))
	f.Add([]byte("data"), []byte(" \r\n\r\r\n"), uint16(70), uint16(33), uint64(3))
	f.Add([]byte("data"), []byte("=\xff="), uint16(900), uint16(2000), uint64(4))
	f.Add([]byte{}, []byte("QUJD\nQQ==\n"), uint16(0), uint16(0), uint64(5))
	f.Fuzz(func(t *testing.T, data, strange []byte, at, repeat uint16, seed uint64) {
		text := folded(bytes.Repeat(data, min(int(repeat), 200_000/(len(data)+1))))
		if seed%2 == 0 {
			text = strings.ReplaceAll(text, "\r\n", "\n")
		}
		n := min(int(at), len(text))
		damaged := []byte(text[:n] + string(strange) + text[n:])
		want, wantDamage := message.SlowBase64(damaged)
		r := rand.New(rand.NewPCG(seed, 0))
		for _, largest := range []int{len(damaged) + 1, max(1<<r.IntN(17), len(damaged)>>9)} {
			got, damage, err := message.DecodePieces("base64", damaged, func(int) int { return r.IntN(largest) + 1 })
			if err != nil || !bytes.Equal(got, want) || damage != wantDamage {
				t.Errorf("in pieces of up to %d: %d bytes, damaged %q, %v; by the character %d bytes, %q", largest, len(got), damage, err, len(want), wantDamage)
			}
		}
	})
}
