package remote

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"sync"
	"unicode/utf8"

	"mailchute/pkg/text"
)

// maxName is how long the name of a client may be, in characters.
const maxName = 64

// users are those of a file who are let in by name and password. The file is read again
// when it changes.
type users struct {
	path string
	key  []byte        // of the digests in right
	busy chan struct{} // of those whose turn it is

	mu     sync.Mutex
	read   os.FileInfo             // the file that hashes are of; nil: of none
	hashes map[string]passwordHash // by name
	right  map[string][]byte       // digests of passwords that were right, by name
}

func newUsers(path string) *users {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // it never fails
	return &users{path: path, key: key, busy: make(chan struct{}, 2)}
}

// load reads the file where it has changed. With an error nobody is let in.
func (u *users) load() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	info, err := os.Stat(u.path)
	if err == nil && u.read != nil && unchanged(info, u.read) {
		return nil
	}
	u.read, u.hashes, u.right = nil, nil, map[string][]byte{}
	if err != nil {
		return fmt.Errorf("users of the service: %w", err)
	}
	hashes, info, err := readUsers(u.path)
	if err != nil {
		return fmt.Errorf("users of the service: %w", err)
	}
	u.hashes, u.read = hashes, info
	return nil
}

// readUsers reads a file of users.
func readUsers(path string) (map[string]passwordHash, os.FileInfo, error) {
	content, info, err := readPrivate(path)
	if err != nil {
		return nil, nil, err
	}
	hashes := map[string]passwordHash{}
	number := 0
	for line := range bytes.Lines(content) {
		number++
		s := strings.TrimSpace(string(line))
		if s == "" || strings.HasPrefix(s, "#") {
			continue
		}
		name, hash, _ := strings.Cut(s, ":")
		h, err := parseHash(hash)
		if wrong := CheckName(name); wrong != nil {
			err = wrong
		}
		if _, twice := hashes[name]; twice {
			err = fmt.Errorf("%q is there twice", name)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s, line %d: %w", path, number, err)
		}
		hashes[name] = h
	}
	return hashes, info, nil
}

// CheckName says why no client can have that name; nil: one can.
func CheckName(s string) error {
	odd := func(r rune) bool { return !text.Printable(r) || r == ':' }
	if s == "" || s != strings.TrimSpace(s) || !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxName || strings.HasPrefix(s, "#") || strings.ContainsFunc(s, odd) {
		return fmt.Errorf("%q is no name of a client: use up to %d characters, no colon among them, no # first and no blanks around", text.Cut(s, maxName), maxName)
	}
	return nil
}

// knows reports whether a password was right before, and the file is still the same. It
// costs nothing.
func (u *users) knows(name, password string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	was, ok := u.right[name]
	return ok && hmac.Equal(was, u.digest(name, password))
}

// turn waits for a turn to use fits, which costs much, and returns what ends it.
func (u *users) turn() (end func()) {
	u.busy <- struct{}{}
	return func() { <-u.busy }
}

// fits reports whether a password is right. It takes as long where there is no such user.
func (u *users) fits(name, password string) bool {
	u.mu.Lock()
	h, ok := u.hashes[name]
	read := u.read
	u.mu.Unlock()
	if !ok {
		h = passwordHash{rounds: hashRounds, salt: u.key, key: u.key}
	}
	if right := h.fits(password); !ok || !right {
		return false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.read == read {
		u.right[name] = u.digest(name, password)
	}
	return true
}

// digest stands for a name and a password, in memory.
func (u *users) digest(name, password string) []byte {
	mac := hmac.New(sha256.New, u.key)
	mac.Write([]byte(name + ":" + password)) // a name has no colon
	return mac.Sum(nil)
}
