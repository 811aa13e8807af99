package remote

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The bounds of what a password's hash may cost: rounds of PBKDF2 with HMAC-SHA-256.
const (
	hashKind   = "pbkdf2-sha256"
	hashRounds = 600_000
	minRounds  = 100_000
	maxRounds  = 10_000_000
	hashSize   = sha256.Size
	saltSize   = 16
)

// The bounds of a password in bytes.
const (
	minPassword = 12
	maxPassword = 1024
)

// HashPassword returns what the file of users has after a name for that password. The error
// says what is wrong with it.
func HashPassword(password string) (string, error) {
	if len(password) < minPassword || len(password) > maxPassword {
		return "", fmt.Errorf("use a password of %d to %d bytes", minPassword, maxPassword)
	}
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // it never fails
	return newHash(password, salt, hashRounds)
}

func newHash(password string, salt []byte, rounds int) (string, error) {
	key, err := pbkdf2.Key(sha256.New, password, salt, rounds, hashSize)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	text := base64.RawStdEncoding.EncodeToString
	return strings.Join([]string{hashKind, strconv.Itoa(rounds), text(salt), text(key)}, "$"), nil
}

// passwordHash is what the file of users has of a password.
type passwordHash struct {
	rounds    int
	salt, key []byte
}

func parseHash(s string) (h passwordHash, err error) {
	f := strings.Split(s, "$")
	if len(f) != 4 || f[0] != hashKind {
		return h, errors.New("it has no hash of a password: make it with mailchute remote password")
	}
	if h.rounds, err = strconv.Atoi(f[1]); err != nil || h.rounds < minRounds || h.rounds > maxRounds {
		return h, fmt.Errorf("the hash has %q rounds: use %d to %d", f[1], minRounds, maxRounds)
	}
	if h.salt, err = base64.RawStdEncoding.DecodeString(f[2]); err != nil || len(h.salt) < saltSize {
		return h, errors.New("the salt of the hash is damaged")
	}
	if h.key, err = base64.RawStdEncoding.DecodeString(f[3]); err != nil || len(h.key) != hashSize {
		return h, errors.New("the hash is damaged")
	}
	return h, nil
}

// fits reports whether it is the hash of a password, in a time that does not depend on it.
func (h passwordHash) fits(password string) bool {
	key, err := pbkdf2.Key(sha256.New, password, h.salt, h.rounds, hashSize)
	return err == nil && subtle.ConstantTimeCompare(key, h.key) == 1
}
