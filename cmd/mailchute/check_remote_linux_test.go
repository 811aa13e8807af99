package main

import (
	"bytes"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailchute/pkg/directory/directorytest"
)

func TestCheckRemote(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		until time.Time
		users string
		want  string
	}{
		{"good", time.Now().AddDate(1, 0, 0), "", "ok    remote: farms are answered at 127.0.0.1:8443; the certificate server.pem is good until "},
		{"soon over", time.Now().Add(time.Hour), "", "warn  remote: farms are answered at 127.0.0.1:8443; the certificate server.pem is good until "},
		{"over", time.Now().Add(-time.Hour), "", "FAIL  remote: "},
		{"damaged users", time.Now().AddDate(1, 0, 0), "farm:nonsense\n", "FAIL  remote: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := newFarm(t)
			directorytest.NewCertificate(t, dir, func(c *x509.Certificate) { c.NotAfter = tt.until })
			users := tt.users
			if users == "" {
				users = lineFor(t, "farm")
			}
			if err := os.WriteFile(filepath.Join(dir, "remote.users"), []byte(users), 0o600); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, "mailchute.toml")
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			set := strings.NewReplacer("\nlisten = ''", "\nlisten = '127.0.0.1:8443'", "\ncertificate_file = ''", "\ncertificate_file = 'server.pem'",
				"\nkey_file = ''", "\nkey_file = 'server.key'", "\nusers_file = ''", "\nusers_file = 'remote.users'")
			if err := os.WriteFile(file, []byte(set.Replace(string(text))), 0o600); err != nil {
				t.Fatal(err)
			}
			var stdout bytes.Buffer
			code := run(t.Context(), []string{"-c", dir, "check"}, nil, &stdout, &stdout, func(string) string { return "" })
			says(t, stdout.String(), tt.want)
			if failed := strings.HasPrefix(tt.want, "FAIL"); failed != (code == exitFailed) {
				t.Errorf("got exit code %d\n%s", code, &stdout)
			}
		})
	}
}

// lineFor makes a line of users_file.
func lineFor(t *testing.T, name string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"remote", "password", name}, strings.NewReader("a long enough password\n"), &stdout, &stderr, func(string) string { return "" }); code != exitDone {
		t.Fatalf("got exit code %d\n%s", code, &stderr)
	}
	return stdout.String()
}
