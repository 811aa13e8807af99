package message_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/message"
)

// Most parameters of real mail are plain, so that enmime is not asked.
func TestPlainParams(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, params string
		plain        bool
	}{
		{"token", "charset=utf-8", true},
		{"several", ` charset="us-ascii"; format=flowed;  delsp=yes ;`, true},
		{"boundary", `boundary="----=_Part_1_(2)'+,/:= .=-"`, true},
		{"name", `NAME="Invoice 4711, final (2).pdf"`, true},
		{"file name behind a name", `name="a.pdf"; filename="a.pdf"`, true},
		{"name behind a file name", `filename="a.pdf"; name="a.pdf"`, false},
		{"twice", "a=1; A=2", false},
		{"RFC 2231", "name*=utf-8''a", false},
		{"encoded word", `name="=?utf-8?Q?a?="`, false},
		{"escape", `name="a\"b"`, false},
		{"raw UTF-8", `name="ü"`, false},
		{"no semicolon", `name="a" charset=b`, false},
		{"blank in a token", "name=my file.pdf", false},
		{"no value", "name=", false},
		{"blank at the end", "name=a ", false},
		{"no name", "=b", false},
		{"open quote", `name="a`, false},
		{"two quotes", `name=""a"b"`, false},
		{"HTML behind it", "charset=utf-8</head>", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, plain := message.PlainParams(tt.params); plain != tt.plain {
				t.Errorf("got %v, plain: %v, want %v", got, plain, tt.plain)
			}
		})
	}
}

// FuzzParams: where parameters are plain, our reading of them is enmime's.
func FuzzParams(f *testing.F) {
	for _, seed := range []string{
		"a=1", ` boundary="=_;a=b"; b=c ;`, "x=y;yx=z;;", `a="b c"; A=b`, "format=flowed; at=x", `x="x/x;b"; b=c`, `a="b=c"; b="="`,
		"a=b;\ta-b_c.d=e \t", `name="a, (b): [c]/d@e'f.pdf"`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, plain := message.PlainParams(s)
		if !plain {
			return
		}
		want, unread := message.OddParams(s)
		if unread {
			t.Fatalf("%q: got %q, which enmime cannot read", s, got)
		}
		if diff := cmp.Diff(want, got); diff != "" && len(got) > 0 {
			t.Errorf("%q (-want +got):\n%s", s, diff)
		}
	})
}
