package config_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailchute/pkg/config"
)

func TestSecret(t *testing.T) {
	t.Parallel()
	const secret = "0123456789abcdef"
	tests := map[string]struct {
		text, want string
		mode       os.FileMode
	}{
		"a line":               {secret + "\n", secret, 0o600},
		"a line of Windows":    {secret + "\r\n", secret, 0o400},
		"no end of line":       {secret, secret, 0o600},
		"as long as it may be": {strings.Repeat("x", 1024) + "\r\n", strings.Repeat("x", 1024), 0o600},
		"too long":             {strings.Repeat("x", 1025), "", 0o600},
		"too short":            {secret[1:] + "\n", "", 0o600},
		"empty":                {"", "", 0o600},
		"a blank":              {secret + " x\n", "", 0o600},
		"two lines":            {secret + "\n" + secret + "\n", "", 0o600},
		"for the group":        {secret + "\n", "", 0o640},
		"for all":              {secret + "\n", "", 0o604},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "token")
			if err := os.WriteFile(file, []byte(tt.text), tt.mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(file, tt.mode); err != nil {
				t.Fatal(err)
			}
			got, err := config.Secret(file)
			if got != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
			if err != nil && (strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), file)) {
				t.Errorf("got %v, want the file and not what is in it", err)
			}
		})
	}
	if _, err := config.Secret(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want no such file", err)
	}
}

func TestPassword(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text, want string
		mode       os.FileMode
	}{
		"a line":               {"pä ss\n", "pä ss", 0o600},
		"a line of Windows":    {"pass\r\n", "pass", 0o600},
		"blanks count":         {" pass ", " pass ", 0o600},
		"as long as it may be": {strings.Repeat("x", 1024) + "\n", strings.Repeat("x", 1024), 0o600},
		"too long":             {strings.Repeat("x", 1025), "", 0o600},
		"empty":                {"\n", "", 0o600},
		"two lines":            {"geheim\ngeheim\n", "", 0o600},
		"not UTF-8":            {"geheim\xff", "", 0o600},
		"for the group":        {"geheim\n", "", 0o640},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "password")
			if err := errors.Join(os.WriteFile(file, []byte(tt.text), 0o600), os.Chmod(file, tt.mode)); err != nil {
				t.Fatal(err)
			}
			got, err := config.Password(file)
			if got != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
			if err != nil && (strings.Contains(err.Error(), "geheim") || !strings.Contains(err.Error(), file)) {
				t.Errorf("got %v, want the file and not what is in it", err)
			}
		})
	}
}
