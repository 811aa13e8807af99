package message_test

import (
	"strings"
	"testing"
)

func TestReferenced(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, html string
		want       bool
	}{
		{"image", `<img src="cid:a%20b@x">`, true},
		{"upper case", `<IMG SRC='CID:a%20b@x'>`, true},
		{"as it is", `<img src="cid:a b@x">`, true},
		{"not quoted", `<img src=cid:a%20b@x width=3>`, true},
		{"character reference", `<img src="cid:a%20b&#64;x">`, true},
		{"style", `<p style="background: url(cid:a%20b@x)">`, true},
		{"style in quotes", `<p style="background: url(&quot;cid:a%20b@x&quot;)">`, true},
		{"behind a comment", `<!-- x --><img src="cid:a%20b@x">`, true},
		{"another", `<img src="cid:a%20b@y">`, false},
		{"more of it", `<img src="cid:a%20b@x2">`, false},
		{"in a comment", `<!-- <img src="cid:a%20b@x"> -->`, false},
		{"in the text", `<p>write cid:a%20b@x to see it</p>`, false},
		{"part of a word", `<img src="acid:a%20b@x">`, false},
		{"at the end of what is searched", strings.Repeat("x", 4<<20-40) + `<img src="cid:a%20b@x">`, true},
		{"behind what is searched", strings.Repeat("x", 4<<20) + `<img src="cid:a%20b@x">`, false},
	}
	message := func(html, picture string) string {
		return "Content-Type: multipart/related; boundary=B\n\n--B\nContent-Type: text/html\n\n" + html + "\n--B\n" + picture + "\n\nx\n--B--\n"
	}
	const inline = "Content-Type: image/png\nContent-ID: <a b@x>"
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := parse(t, message(tc.html, inline)).Parts[1].Referenced; got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
	t.Run("attachment", func(t *testing.T) {
		t.Parallel()
		if parse(t, message(tests[0].html, inline+"\nContent-Disposition: attachment")).Parts[1].Referenced {
			t.Error("an attachment counts as shown")
		}
	})
	t.Run("encoded text", func(t *testing.T) {
		t.Parallel()
		raw := strings.Replace(message("<img =\nsrc=3D\"cid:a b=40x\">", inline), "text/html", "text/html\nContent-Transfer-Encoding: quoted-printable", 1)
		if !parse(t, raw).Parts[1].Referenced {
			t.Error("not found in quoted-printable")
		}
	})
}
