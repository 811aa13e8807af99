package remote_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"mailchute/jobs/remote"
	"mailchute/pkg/directory"
	"mailchute/pkg/emailws"
)

// TestTitlesOfPeople: what people have named their sites and lists is no reason to refuse a
// contact or group; a directory gets what it can show.
func TestTitlesOfPeople(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ sends, want string }{
		"as it is":         {"Büro &amp; 東京", "Büro & 東京"},
		"lines and blanks": {" a \r\n\t b&#x85;c\u00a0d ", "a b c d"},
		"directions":       {"\u202b\u200fحساب\u202c\u2066", "حساب"},
		"what hides":       {"pay\u200bpal\u00ad\ufeff", "paypal"},
		"nothing at all":   {"\u200b \u202e", ""},
		"a long one":       {strings.Repeat("東", 255), strings.Repeat("東", 85)},
		"half a character": {"a" + strings.Repeat("é", 200), "a" + strings.Repeat("é", 127)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			made := w.call(alpha, emailws.OpCreateContact, `<Alias>docs</Alias><FirstName>`+tt.sends+`</FirstName><LastName>`+tt.sends+`</LastName><ForwardingEmail>a@b.example</ForwardingEmail>`+anyFlags)
			contacts, err := w.FarmContacts(t.Context())
			w.must(err)
			if made.Status != "Success" || len(contacts) != 1 || contacts[0].FirstName != tt.want || contacts[0].LastName != tt.want {
				t.Errorf("got %s, %+v, want %q", made.Status, contacts, tt.want)
			}
			asked := w.call(alpha, emailws.OpCreateDistributionGroup, aliasTeam+`<Name>Team `+tt.sends+`</Name><Description>`+tt.sends+`</Description>`+anyFlags)
			r, _, err := w.Request(t.Context(), 1)
			w.must(err)
			if asked.Status != "PendingApproval" || !strings.HasPrefix(r.Want.Title, "Team") || len(r.Want.Title) > 256 || !strings.HasPrefix(r.Want.Description, tt.want) {
				t.Errorf("got %s, %+v", asked.Status, r.Want)
			}
		})
	}
}

func TestNamesThatCannotBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call(alpha, emailws.OpCreateDistributionGroup, team)
	before := w.lastChange()
	for _, name := range []string{
		"", " ", `CORP\`, "alice@corp.example", "a\u202eb", "a\u200bb", "a&#10;b", "a&#x85;b", "a/b", "a;b", "user:alice", strings.Repeat("a", 257),
		"c:0(.s|true", "c:0+.w|s-1-5-21-1", "i:0e.t|adfs|alice", "i:0#.f|members|alice", "i:0#.w|a|b", "i:0#.w|",
	} {
		a := w.call(alpha, emailws.OpChangeUsers, aliasTeam+`<AddNt4NameList><string>CORP\bob</string><string>`+name+`</string></AddNt4NameList><DeleteAllCurrentMembers>true</DeleteAllCurrentMembers>`)
		if a.Status != directory.StatusInvalidMember.String() {
			t.Errorf("member %q: got %s", name, a.Status)
		}
	}
	for _, alias := range []string{"", "a b", "a\u202eb", "a&#10;b", "a/b", `a\b`, "a@b", "../a", "ａ", "büro", ".a", "a..b", "postmaster", "Root", strings.Repeat("a", 65)} {
		for op, sends := range map[emailws.Operation]string{
			emailws.OpCreateContact:           contact(alias, "a@b.example"),
			emailws.OpCreateDistributionGroup: `<Alias>` + alias + `</Alias>` + anyFlags,
			emailws.OpRenameDistributionGroup: `<OldAlias>team</OldAlias><NewAlias>` + alias + `</NewAlias>`,
		} {
			if a := w.call(alpha, op, sends); a.Status != directory.StatusInvalidArgument.String() {
				t.Errorf("%s, alias %q: got %s", op, alias, a.Status)
			}
		}
	}
	for _, mail := range []string{"", "a", "a@", "A &lt;a@b.example&gt;", "a@b.example&#13;&#10;Bcc: c@d.example", "a@b.example, c@d.example", "smtp:a@b.example", strings.Repeat("a", 320) + "@b.example"} {
		if a := w.call(alpha, emailws.OpCreateContact, contact("docs72", mail)); a.Status != directory.StatusInvalidArgument.String() {
			t.Errorf("address %q: got %s", mail, a.Status)
		}
	}
	if after := w.lastChange(); after != before {
		t.Errorf("%d changes were made", after-before)
	}
}

// TestWhoAsksIsCleaned: a requestor's address that is none is left out, and a justification
// is one line that shows all that is in it.
func TestWhoAsksIsCleaned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, mail := range []string{"a@b.example&#13;&#10;Bcc: c@d.example", "A &lt;a@b.example&gt;", strings.Repeat("a", 1000) + "@b.example"} {
		alias := string(rune('a' + i))
		w.call(alpha, emailws.OpCreateDistributionGroup, `<Alias>`+alias+`</Alias><Info><RequestorEmail>`+mail+`</RequestorEmail><Justification>one`+"\r\n\u202etwo "+strings.Repeat("é", 2000)+`</Justification></Info>`+anyFlags)
		r, _, err := w.Request(t.Context(), int64(i+1))
		w.must(err)
		if r.RequesterMail != "" || !strings.HasPrefix(r.Justification, "one two é") || len(r.Justification) > 2000 {
			t.Errorf("%q: got %q, %q", mail, r.RequesterMail, r.Justification)
		}
	}
}

// TestWhatIsRepeatedIsShort: neither an answer nor the log grows with what a client sends.
func TestWhatIsRepeatedIsShort(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a\u202e", 50_000)
	for name, document := range map[string]string{
		"an alias":       request(emailws.OpCreateDistributionGroup, `<Alias>`+long+`</Alias>`+anyFlags),
		"an alias again": request(emailws.OpDeleteContact, `<Alias>`+long+`</Alias>`),
		"an address":     request(emailws.OpCreateContact, contact("docs", long)),
		"a member":       request(emailws.OpChangeUsers, users(long, "", false)),
		"a number":       request(emailws.OpGetJobStatus, `<JobId>`+long+`</JobId>`),
		"an operation":   request(emailws.Operation("a"+strings.Repeat("b", 50_000)), ""),
		"no XML":         "<a><" + strings.Repeat("b", 50_000),
	} {
		w := newWorld(t)
		a := w.post(alpha, document)
		if len(a.document) > 3000 || w.log.Len() > 3000 {
			t.Errorf("%s: got an answer of %d octets, and %d in the log", name, len(a.document), w.log.Len())
		}
		if strings.Contains(w.log.String(), "\u202e") {
			t.Errorf("%s: the log has what turns the direction", name)
		}
	}
}

// TestACertificateEnds: a connection may be older than the end of its certificate.
func TestACertificateEnds(t *testing.T) {
	t.Parallel()
	var c clock
	s, _ := newStore(t)
	h := remote.Handler(remote.Options{Store: s, Log: zerolog.Nop(), Now: c.now})
	own := &x509.Certificate{Subject: pkix.Name{CommonName: "farm one"}, NotAfter: c.now().Add(time.Hour)}
	for _, want := range []int{http.StatusOK, http.StatusForbidden} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, emailws.Path, nil)
		r.TLS = &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{own}}}
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		if answer.Code != want {
			t.Errorf("got %d, want %d", answer.Code, want)
		}
		c.pass(time.Hour + time.Second)
	}
}

func TestCheckName(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"alpha", "farm one", "büro 東京", strings.Repeat("é", 64)} {
		if err := remote.CheckName(good); err != nil {
			t.Errorf("%q: got %v", good, err)
		}
	}
	for _, bad := range []string{"", " alpha", "alpha ", "al:pha", "al\npha", "a\u202eb", "a\xffb", "#alpha", strings.Repeat("é", 65)} {
		if remote.CheckName(bad) == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
