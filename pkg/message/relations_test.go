package message_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/message"
)

// What a part is to the multipart that it is in, and to the message in it.
func TestRelations(t *testing.T) {
	t.Parallel()
	type relation struct {
		ID, Parent, Subject  string
		Signature, Encrypted bool
	}
	const part = "\n--B\n"
	in := func(typ string) string { return "Content-Type: " + typ + "; boundary=B\n" + part }
	attached := "Content-Type: message/rfc822\n"
	tests := []struct {
		name, raw string
		want      []relation
	}{
		{"none", "\nx", []relation{{ID: "1"}}},
		{"clear-signed", in("multipart/signed") + "\nx" + part + "Content-Type: application/pgp-signature\n\ns" + part + "\na footer", []relation{
			{ID: "1", Parent: "multipart/signed"}, {ID: "2", Parent: "multipart/signed", Signature: true}, {ID: "3", Parent: "multipart/signed"},
		}},
		{"a file where a signature should be", in("multipart/signed") + "\nx" + part + "Content-Type: application/pdf\n\nx", []relation{
			{ID: "1", Parent: "multipart/signed"}, {ID: "2", Parent: "multipart/signed"},
		}},
		{"a signature of an odd type, and another behind", in("multipart/signed; protocol=\"A/b\"") + "\nx" + part + "Content-Type: a/b\n\ns" + part + "Content-Type: application/pkcs7-signature\n\ns", []relation{
			{ID: "1", Parent: "multipart/signed"}, {ID: "2", Parent: "multipart/signed", Signature: true}, {ID: "3", Parent: "multipart/signed", Signature: true},
		}},
		{"a signature first", in("multipart/signed") + "Content-Type: application/pkcs7-signature\n\ns", []relation{{ID: "1", Parent: "multipart/signed"}}},
		{"a signature in other company", in("multipart/mixed") + "\nx" + part + "Content-Type: application/pgp-signature\n\ns", []relation{
			{ID: "1", Parent: "multipart/mixed"}, {ID: "2", Parent: "multipart/mixed"},
		}},
		{"encrypted", in("multipart/encrypted") + "Content-Type: application/pgp-encrypted\n\nx" + part + "\nx", []relation{
			{ID: "1", Parent: "multipart/encrypted", Encrypted: true}, {ID: "2", Parent: "multipart/encrypted", Encrypted: true},
		}},
		{"attached message", attached + "\nSubject: =?utf-8?q?=C3=BC?=\n x\n\nSubject: y", []relation{{ID: "1", Subject: "ü x"}}},
		{"attached message with a name", "Content-Type: message/rfc822; name=x\n\nSubject: y\n\n", []relation{{ID: "1"}}},
		{"attached message in base64", "Content-Type: message/global\nContent-Transfer-Encoding: base64\n\n" + folded([]byte("Subject: ü\r\n\r\n")), []relation{{ID: "1", Subject: "ü"}}},
		{"attached message without a subject", attached + "\nFrom: x\n\nSubject: y", []relation{{ID: "1"}}},
		{"attached message, a subject too far on", attached + "\nX: " + strings.Repeat("x", 64<<10) + "\nSubject: y\n\n", []relation{{ID: "1"}}},
		{"attached message in a wrapper", pkcs7(signed(in("multipart/signed") + attached + "\nSubject: y\n\n" + part + "\n")), []relation{
			{ID: "1"}, {ID: "1/1", Parent: "multipart/signed", Subject: "y"}, {ID: "1/2", Parent: "multipart/signed"},
		}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var got []relation
			for _, p := range parse(t, tc.raw).Parts {
				got = append(got, relation{p.ID, p.Parent, p.Subject, p.Signature, p.Encrypted})
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// flaky fails once, when it is told to.
type flaky struct {
	io.ReaderAt
	err   error
	after int // reads that are good
}

func (f *flaky) ReadAt(p []byte, off int64) (int, error) {
	if f.after--; f.err != nil && f.after < 0 {
		err := f.err
		f.err = nil
		return 0, err
	}
	return f.ReaderAt.ReadAt(p, off)
}

// A read error within a wrapper passes: the next attempt gets the same bytes as ever.
func TestFlakySource(t *testing.T) {
	t.Parallel()
	big := string(noise(1 << 20))
	raw := multiple + tnef(winmail(named{"smime.p7m", streamed("Content-Type: a/b\n\n"+big, 999)}, named{"b", big})) + "--B--\n"
	src := &flaky{ReaderAt: strings.NewReader(raw)}
	m, err := message.NewParser(message.Limits{}).Parse(t.Context(), src, int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("disk on fire")
	for i, p := range m.Parts {
		want, _ := decode(t, m, i)
		decode(t, m, 0) // so that bytes must be read again
		src.err = broken
		if _, err := m.Decode(t.Context(), i, io.Discard); !errors.Is(err, broken) {
			t.Errorf("part %s: got %v, want %v", p.ID, err, broken)
		}
		if got, _ := decode(t, m, i); got != want || i == 2 && got != big {
			t.Errorf("part %s: got %d bytes, want %d", p.ID, len(got), len(want))
		}
	}
	reads := 0
	for ; ; reads++ {
		src.err, src.after = broken, reads
		again, err := message.NewParser(message.Limits{}).Parse(t.Context(), src, int64(len(raw)))
		if src.err != nil {
			break // it takes no more reads
		}
		if err == nil { // what was read ahead of need may fail when its turn comes
			if diff := cmp.Diff(wrappers(m), wrappers(again)); diff != "" {
				t.Errorf("Parse, read %d fails (-want +got):\n%s", reads, diff)
			}
		} else if again != nil || !errors.Is(err, broken) {
			t.Errorf("Parse, read %d fails: got %v, want %v", reads, err, broken)
		}
	}
	if reads < 20 {
		t.Errorf("only %d reads", reads)
	}
}

// wrappers says of each part as what it was opened.
func wrappers(m *message.Message) (all []string) {
	for _, p := range m.Parts {
		all = append(all, p.ID+" "+string(p.Opened)+" "+p.Broken)
	}
	return all
}

// Messages of one parser may be decoded by turns.
func TestTwoMessages(t *testing.T) {
	t.Parallel()
	p := message.NewParser(message.Limits{})
	var all [2]*message.Message
	for n, data := range []string{"one", "two"} {
		raw := tnef(winmail(named{"a", data}, named{"b", data}))
		m, err := p.Parse(t.Context(), strings.NewReader(raw), int64(len(raw)))
		if err != nil {
			t.Fatal(err)
		}
		all[n] = m
	}
	for i := range 3 {
		for n, want := range []string{"one", "two"} {
			var got bytes.Buffer
			if _, err := all[n].Decode(t.Context(), i, &got); err != nil {
				t.Fatal(err)
			}
			if i > 0 && got.String() != want {
				t.Errorf("message %d, part %d: got %q, want %q", n, i, got.String(), want)
			}
		}
	}
}
