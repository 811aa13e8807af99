package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
)

// installationKey is where the name of the installation is among the settings; it is not
// one of the farm policy.
const installationKey = "installation"

// Installation returns the name of this installation in directories: a UUID that is made
// once, and is the catalog's for good.
func (s *Store) Installation(ctx context.Context) (id string, err error) {
	err = s.view(ctx, "name of the installation", func(tx Tx) error {
		id, err = installation(tx)
		return err
	})
	if err != nil || id != "" {
		return id, err
	}
	err = s.catalog.Update(ctx, func(tx Tx) error {
		if id, err = installation(tx); err != nil || id != "" {
			return err // another was faster
		}
		id = newUUID()
		return tx.PutSetting(installationKey, id)
	})
	if err != nil {
		return "", fmt.Errorf("name of the installation: %w", err)
	}
	return id, nil
}

// installation returns "" where there is no name yet.
func installation(tx Tx) (string, error) {
	set, err := tx.Settings()
	return set[installationKey], err
}

// newUUID returns a random UUID (RFC 9562 §5.4), in lower case.
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	return uuidText(b, 4)
}

// libraryKey returns the key of a library's contact: the same as long as installation and
// name are (RFC 9562 §5.8).
func libraryKey(installation, name string) string {
	sum := sha256.Sum256([]byte("mailchute " + installation + " library " + name))
	return uuidText([16]byte(sum[:16]), 8)
}

func uuidText(b [16]byte, version byte) string {
	b[6] = b[6]&0x0f | version<<4
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
