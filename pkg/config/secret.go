package config

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of a secret in characters.
const (
	minSecret = 16
	maxSecret = 1024
)

// Secret reads the secret in a file: 16 to 1024 characters without a blank, in one line.
// Others than the file's owner must not be able to read or change it.
func Secret(path string) (string, error) {
	secret, err := onlyLine(path)
	odd := func(c rune) bool { return c <= ' ' || c > '~' }
	if err == nil && (len(secret) < minSecret || len(secret) > maxSecret || strings.ContainsFunc(secret, odd)) {
		return "", fmt.Errorf("secret %s: write %d letters, digits and marks or more into its only line, without a blank", path, minSecret)
	}
	return secret, err
}

// Password reads the password in a file, which somebody else has chosen: up to 1024 bytes of
// UTF-8 in one line. Others than the file's owner must not be able to read or change it.
func Password(path string) (string, error) {
	password, err := onlyLine(path)
	if err == nil && (password == "" || len(password) > maxSecret || !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl)) {
		return "", fmt.Errorf("secret %s: write the password into its only line", path)
	}
	return password, err
}

// onlyLine reads a file that nobody but its owner has rights to, without the end of its line.
func onlyLine(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("secret: %w", err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("secret: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("secret %s: others than its owner have rights to it (mode %#o): chmod 600 it", path, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSecret+3))
	if err != nil {
		return "", fmt.Errorf("secret: %w", err)
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), nil
}
