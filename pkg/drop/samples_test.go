package drop_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailchute/pkg/address"
	"mailchute/pkg/drop"
	"mailchute/pkg/fault"
)

// sampleFolders are those of writers whose formats there are.
var sampleFolders = []string{
	"postfix", "postfix-local", "postfix-maildrop", "postfix-procmail", "postfix-dovecotlda", "postfix-plain",
	"postfix-catchall", "postfix-opendkim", "postfix-rspamd", "iis-smtp", "postfix-pipe", "sendmail", "opensmtpd-mda",
	"broken", "maildir-edge",
}

// sampleFormat returns the format of a sample folder.
func sampleFormat(folder string) string {
	switch folder {
	case "iis-smtp":
		return "iis"
	case "postfix-pipe", "sendmail", "opensmtpd-mda":
		return "drop-write"
	}
	return "postfix"
}

type sample struct {
	File       string
	Sender     *string
	Recipients []string
	Auth       *string
	State      string

	folder  string
	format  byte // its place in Formats
	content []byte
}

// samples returns the files of real writers beside the checkout; none where they are not.
func samples(t testing.TB, folders ...string) []sample {
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
		return nil
	}
	var all []sample
	for _, folder := range folders {
		listed, err := os.ReadFile(filepath.Join(root, folder, "samples.json"))
		if err != nil {
			t.Fatal(err)
		}
		var list []sample
		if err := json.Unmarshal(listed, &list); err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			s.folder = folder
			s.format = byte(slices.Index(drop.Formats(), sampleFormat(folder)))
			s.content, err = os.ReadFile(filepath.Join(root, folder, "drop", s.File))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, s)
		}
	}
	return all
}

func TestSamples(t *testing.T) {
	t.Parallel()
	all := samples(t, sampleFolders...)
	if len(all) == 0 {
		t.Skip("../shared/dropfiles is not beside the checkout")
	}
	for _, s := range all {
		t.Run(s.folder+"/"+s.File, func(t *testing.T) {
			t.Parallel()
			if s.State == "ignore" || (s.State == "partial" && !bytes.Contains(s.content, []byte("Received:"))) {
				return // never claimed; see TestFolderSamples
			}
			if s.File == "new/null-sender-without-return-path" {
				// OpenSMTPD wrote it; Postfix writes Return-Path always, and the recipient in
				// X-Original-To, so under this format it may only be held.
				s.State = "hold"
			}
			checkSample(t, s)
		})
	}
}

func checkSample(t *testing.T, s sample) {
	env, err := drop.ReadEnvelope(bytes.NewReader(s.content), int64(len(s.content)), format(t, sampleFormat(s.folder)))
	if s.State == "hold" {
		if fault.ReasonOf(err) != fault.NoEnvelope {
			t.Errorf("got %+v, %v; want it held", env, err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if s.Sender == nil || keyOf(t, *s.Sender) != env.Sender.Key() {
		t.Errorf("got sender %v, want %v", env.Sender, s.Sender)
	}
	want := map[string]bool{}
	for _, r := range s.Recipients {
		want[keyOf(t, r)] = true
	}
	for _, r := range env.Recipients {
		if !want[r.Key()] || strings.HasPrefix(r.Local, "secret") || strings.HasPrefix(r.Local, "ceo") {
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
	first, _, _ := bytes.Cut(s.content[env.Zone:], []byte(":"))
	if got := strings.ToLower(string(first)); got != "received" && (s.folder != "opensmtpd-mda" || (got != "return-path" && got != "delivered-to")) {
		t.Errorf("the message begins with %q", got)
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
