package message_test

import "testing"

func TestOddIdentity(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		"Subject: x\n": false,
		"DKIM-Signature: v=1; d=example.org; s=a; b=Zm9v==\n":                     false,
		"DKIM-Signature: v=1; i=@example.org; d=example.org\n":                    false,
		"DKIM-Signature: v=1;\n\ti=alice+x@mail.\n\texample.org; d=example.org\n": false,
		"DKIM-Signature: v=1; i=x=3B=20dkim=3Dpass=20header.d=3Dx@evil.test\n":    true,
		"dkim-signature : v=1; I=\"x y\"@evil.test\n":                             true,
		"DKIM-Signature: v=1; i=(x)@evil.test\n":                                  true,
		"DKIM-Signature: v=1; i=@a\nDKIM-Signature: i=a=20b@evil.test\n":          true,
		"Subject: x\n\nDKIM-Signature: i=a=20b@evil.test\n":                       false,
	} {
		got, err := parsed(t, header+"\nbody\n").OddIdentity(t.Context())
		if err != nil || got != want {
			t.Errorf("%q: got %t, %v, want %t", header, got, err, want)
		}
	}
}

// A header that ends at anything but an empty line, or the end, is torn.
func TestTorn(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"From: a\n\nbody\n":                      false,
		"From: a\r\n\r\nbody\n":                  false,
		"From: a\n":                              false,
		"From: <a@b>\nFrom\n\t: <c@d>\n\nbody\n": true,
		"From: a\njunk\nFrom: b\n\nbody\n":       true,
	} {
		if got := parsed(t, text).Torn; got != want {
			t.Errorf("%q: got torn %t, want %t", text, got, want)
		}
	}
}
