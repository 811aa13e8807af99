package message_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/message"
)

func TestHeader(t *testing.T) {
	t.Parallel()
	m := parse(t, crlf(`Message-ID: <1@a.example>
Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=,
	 folded  and   wide
From: "=?iso-8859-1?Q?J=F6rg?=" <j@a.example>
To: b@a.example,
 c@a.example
CC: d@a.example
Date: Mon, 2 Jan 2006 15:04:05 -0700 (MST)
In-Reply-To: <0@a.example>
References: <x@a.example>
 <0@a.example>
Subject: another

body`))
	want := message.Header{
		MessageID: "<1@a.example>", Subject: "Grüße, folded and wide", From: `"Jörg" <j@a.example>`,
		To: "b@a.example, c@a.example", Cc: "d@a.example", Date: "Mon, 2 Jan 2006 15:04:05 -0700 (MST)",
		InReplyTo: "<0@a.example>", References: "<x@a.example> <0@a.example>",
	}
	if diff := cmp.Diff(want, m.Header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

func TestSubject(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, raw, want string }{
		{"plain", "Hello = you", "Hello = you"},
		{"an equals sign inside", "=?utf-8?Q?price=3D5?=", "price=5"},
		{"words beside text", "a =?utf-8?Q?b?= c", "a b c"},
		{"words beside words", "=?utf-8?Q?a?= =?utf-8?Q?b?= =?iso-8859-1?Q?=FC?=", "abü"},
		{"without a blank between", "=?utf-8?Q?a?==?utf-8?Q?b?=x", "abx"},
		{"a character over two words", "=?utf-8?B?w7zD?= =?utf-8?B?nw==?=", "üß"},
		{"blank inside a word", "=?utf-8?Q?a b?=", "a b"},
		{"underscore", "=?utf-8?Q?a_b?=", "a b"},
		{"language", "=?utf-8*de?Q?=C3=BC?=", "ü"},
		{"no padding", "=?utf-8?B?w7w?=", "ü"},
		{"unknown charset", "=?x-none?Q?abc?=", "abc"},
		{"lower case", "=?UTF-8?q?=c3=bc?=", "ü"},
		{"unknown encoding", "=?utf-8?X?abc?=", "=?utf-8?X?abc?="},
		{"not finished", "=?utf-8?Q?abc", "=?utf-8?Q?abc"},
		{"decoded once only", "=?utf-8?Q?=3D=3Futf-8=3FQ=3Fa=3F=3D?=", "=?utf-8?Q?a?="},
		{"raw Latin-1", "Gr\xfc\xdfe", "Grüße"},
		{"raw UTF-8 cut off inside a character", "Grüße \xe2\x82", "Grüße \uFFFD"},
		{"raw in the charset of the first text", "\xb2\xe2\xca\xd4\nContent-Type: multipart/mixed; boundary=B\n\n--B\n\n--B\nContent-Type: text/plain; charset=gbk", "测试"},
		{"raw UTF-8 beside a text in another charset", "ü\nContent-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: text/plain; charset=gbk", "ü"},
		{"words without an end", strings.Repeat("=?utf-8?Q?a", 3) + "?=", "=?utf-8?Q?a=?utf-8?Q?aa"},
		{"an equals sign at the end of a word", "=?utf-8?Q?a=?= =?utf-8?Q?=?=", "a=="},
		{"bad UTF-8 in a word", "=?utf-8?Q?=FC?=", "ü"},
		{"line end and NUL in a word", "=?utf-8?Q?a=0D=0Ab=00c?=", "a b\x00c"},
		{"GB18030", "=?gb18030?B?suLK1A===?=", "测试"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := parse(t, "Subject: "+tc.raw+"\n\n").Header.Subject; got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// Long fields are cut, and end in whole words.
func TestLongHeader(t *testing.T) {
	t.Parallel()
	to := strings.Repeat("someone@a.example, ", 20_000)
	m := parse(t, "To: "+to+"\nSubject: =?utf-8?B?"+strings.Repeat("w7zD", 1<<17)+"?=\nFrom: "+strings.Repeat("ü", 1<<16)+"\n\n")
	if got := m.Header.To; len(got) < 8000 || len(got) > 8<<10 || !strings.HasSuffix(got, "someone@a.example,") {
		t.Errorf("To: %d bytes, ends in %q", len(got), got[max(0, len(got)-30):])
	}
	for _, got := range []string{m.Header.Subject, m.Header.From} {
		if len(got) > 8<<10 || !utf8.ValidString(got) {
			t.Errorf("got %d bytes, valid UTF-8: %v", len(got), utf8.ValidString(got))
		}
	}
}
