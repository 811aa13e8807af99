package drop_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailchute/pkg/address"
	"mailchute/pkg/drop"
	"mailchute/pkg/fault"
	"mailchute/testdata"
)

// judgedOtherwise are the samples whose state we see in another way, with the reason.
var judgedOtherwise = map[string]struct{ state, why string }{
	"broken/new/null-sender-without-return-path": {
		"hold", "OpenSMTPD wrote it; Postfix writes Return-Path always, and the recipient in X-Original-To",
	},
	"aws-ses-s3/28ed101af81ee6039e54e3dcf6d5cf23":                       {"hold", "no line of the mail system's names a recipient"},
	"aws-ses-s3/f1e6a76f8e9372b54766e06b76999601":                       {"hold", "no line of the mail system's names a recipient"},
	"haraka-quarantine/20261123/61A06E7A-784C-DAA7-21D5-3ECBA2C1317E.1": {"hold", "it has no envelope"},
	"haraka-quarantine/20261123/E78E9021-4B06-9C66-2FE5-E213605AC91A.1": {"hold", "it has no envelope"},
}

type sample struct {
	File       string
	As         *string `json:"authenticated_as"`
	Sender     *string
	Recipients []string
	Auth       *string
	State      string

	folder  string
	format  drop.Format
	content []byte
}

// dropfiles returns the folder of sample folders beside the checkout; "" where it is not.
func dropfiles(t testing.TB) string {
	t.Helper()
	root, err := os.Getwd()
	for err == nil && root != "/" {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		root = filepath.Dir(root)
	}
	root = filepath.Join(root, "../shared/dropfiles")
	if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return root
}

// samples returns the files of these sample folders, or of all, beside the checkout; none
// where they are not.
func samples(t testing.TB, folders ...string) (all []sample) {
	t.Helper()
	root := dropfiles(t)
	if root == "" {
		return nil
	}
	for folder, writer := range testdata.Writers() {
		if len(folders) > 0 && !slices.Contains(folders, folder) {
			continue
		}
		listed, err := os.ReadFile(filepath.Join(root, folder, "samples.json"))
		if err != nil {
			t.Fatal(err)
		}
		var list []sample
		if err := json.Unmarshal(listed, &list); err != nil {
			t.Fatal(err)
		}
		f := format(t, writer.Format)
		if f.Custom {
			f.Maildir, f.Pattern, f.EmptyIsNull = writer.Pattern == "", writer.Pattern, writer.EmptyIsNull
			f.Sender, f.Recipient, f.List = writer.Sender, writer.Recipient, writer.List
		}
		for _, s := range list {
			s.folder, s.format = folder, f
			s.content, err = os.ReadFile(filepath.Join(root, folder, "drop", s.File))
			if err != nil {
				t.Fatal(err)
			}
			if other, ok := judgedOtherwise[folder+"/"+s.File]; ok {
				s.State = other.state
			}
			all = append(all, s)
		}
	}
	return all
}

func TestSamples(t *testing.T) {
	t.Parallel()
	all := samples(t)
	if len(all) == 0 {
		t.Skip("../shared/dropfiles is not beside the checkout")
	}
	folders, err := os.ReadDir(dropfiles(t))
	ok(t, err)
	writers := testdata.Writers()
	for _, folder := range folders {
		if folder.IsDir() && writers[folder.Name()].Format == "" {
			t.Errorf("the samples of %s have no format here", folder.Name())
		}
	}
	states := map[string]int{}
	for _, s := range all {
		states[s.State]++
		t.Run(s.folder+"/"+s.File, func(t *testing.T) {
			t.Parallel()
			checkSample(t, s)
		})
	}
	t.Logf("%d samples: %v", len(all), states)
}

func checkSample(t *testing.T, s sample) {
	env, lines, err := drop.Trace(bytes.NewReader(s.content), int64(len(s.content)), s.format)
	switch s.State {
	case "ignore":
		inPlace := s.format.Maildir && path.Dir(s.File) == "new" || !s.format.Maildir && path.Dir(s.File) == "."
		if name := path.Base(s.File); inPlace && s.format.Takes(name) && len(s.content) > 0 {
			t.Errorf("%s is taken for a message", name)
		}
		return
	case "partial": // it is not opened before it has settled, and then it is a file like others
		if err != nil {
			return
		}
	case "hold":
		// Behind an alias the recipient is nobody's; one elsewhere is not ours. Both are held
		// by what the catalog says.
		elsewhere := err == nil && !slices.ContainsFunc(env.Recipients, func(a address.Address) bool { return a.Domain == "drop.test" })
		if fault.ReasonOf(err) != fault.NoEnvelope && !strings.HasSuffix(s.folder, "-catchall") && !elsewhere {
			t.Errorf("got %+v, %v; want it held", env, err)
		}
		if err != nil {
			return
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	checkSampleEnvelope(t, s, env)
	checkBelieved(t, s, env, lines)
}

// With everything vouched for, a real MTA's files say who had logged in and nobody else,
// and their first Received line is the MTA's.
func TestSamplesVouchedFor(t *testing.T) {
	t.Parallel()
	all := slices.DeleteFunc(samples(t), func(s sample) bool { return s.As == nil && s.Auth == nil })
	if dropfiles(t) == "" {
		t.Skip("../shared/dropfiles is not beside the checkout")
	}
	all = append(all, samples(t, "postfix", "postfix-plain", "exim4", "exim4-file", "opensmtpd", "dovecot", "sendmail", "postfix-pipe", "opensmtpd-mda")...)
	proofs := 0
	for _, s := range all {
		if s.State != "complete" {
			continue
		}
		f := s.format
		f.Trust = drop.Trust{ReceivedBy: "mx.drop.test", AuthHeader: true, AuthservID: "mx.drop.test", BelowReceived: s.folder == "postfix-rspamd"}
		if s.folder == "hmailserver" {
			f.ReceivedBy = "MAIL1"
		}
		env, err := drop.ReadEnvelope(bytes.NewReader(s.content), int64(len(s.content)), f)
		if err != nil {
			t.Errorf("%s/%s: %v", s.folder, s.File, err)
		}
		says := s.Auth != nil || s.folder == "postfix-rspamd"
		want := ""
		if says && s.As != nil {
			want = *s.As
			proofs++
		}
		if env.Proof.Login != want {
			t.Errorf("%s/%s: got %+v, want the login %q", s.folder, s.File, env.Proof, want)
		}
		f.ReceivedBy = "other.test"
		if env, err := drop.ReadEnvelope(bytes.NewReader(s.content), int64(len(s.content)), f); fault.ReasonOf(err) != fault.NoEnvelope {
			t.Errorf("%s/%s: got %+v, %v; want it held for its Received line", s.folder, s.File, env, err)
		}
	}
	if len(all) < 300 || proofs < 20 {
		t.Errorf("got %d samples with %d logins, want most of the MTAs'", len(all), proofs)
	}
}

func checkSampleEnvelope(t *testing.T, s sample, env drop.Envelope) {
	if s.Sender == nil || keyOf(t, *s.Sender) != env.Sender.Key() {
		t.Errorf("got sender %v, want %v", env.Sender, s.Sender)
	}
	want := map[string]bool{}
	for _, r := range s.Recipients {
		want[keyOf(t, r)] = true
	}
	for _, r := range env.Recipients {
		if !want[r.Key()] {
			t.Errorf("recipient %v is not one of %v", r, s.Recipients)
		}
	}
	if len(env.Recipients) != len(want) {
		t.Errorf("got recipients %v, want %v", env.Recipients, s.Recipients)
	}
	auth := ""
	if s.Auth != nil {
		auth = *s.Auth
	}
	if env.Auth != auth {
		t.Errorf("got login %q, want %q", env.Auth, auth)
	}
	if env.Proof != (drop.Proof{}) {
		t.Errorf("got proof %+v of a feed that vouches for nobody", env.Proof)
	}
}

// checkBelieved checks that the lines that were believed are the zone's own, and that no
// line below it is among them.
func checkBelieved(t *testing.T, s sample, env drop.Envelope, lines []drop.Line) {
	last := bytes.Count(s.content[:env.Zone], []byte("\n"))
	believed := map[string]int{}
	for _, l := range lines {
		if l.Why == "" || l.Believed && l.Number > last {
			t.Errorf("got %+v, want none believed after line %d, and why", l, last)
		}
		if l.Believed {
			believed[l.Field]++
		}
	}
	if believed[s.format.Recipient] == 0 || believed[s.format.Sender] > 1 || (believed[s.format.Sender] == 0) != (s.format.AbsentIsNull && env.Sender.IsNull()) {
		t.Errorf("got %v believed, want sender and recipients", believed)
	}
	first, _, _ := bytes.Cut(s.content[env.Zone:], []byte(":"))
	after := strings.ToLower(string(first))
	if s.format.End == "received" && after != "received" || slices.Contains([]string{"x-sender", "x-receiver"}, after) && s.folder == "postfix-pipe" {
		t.Errorf("the message begins with %q", after)
	}
}

func keyOf(t *testing.T, s string) string {
	t.Helper()
	if s == "" {
		return ""
	}
	a, rest, err := address.ParsePath(s)
	if err != nil || rest != "" {
		t.Fatalf("%q in samples.json: %v", s, err)
	}
	return a.Key()
}
