package directory

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// MembersDigest returns a digest of a group's members: the same for the same ones in another
// order, or with one of them twice.
func MembersDigest(members []Member) string {
	rows := make([]string, 0, len(members))
	for _, m := range members {
		addresses := make([]string, 0, len(m.Addresses))
		for _, a := range m.Addresses {
			addresses = append(addresses, foldASCII(a))
		}
		slices.Sort(addresses)
		row := []string{strconv.Quote(m.Name), strconv.Quote(m.ID), strconv.Quote(foldASCII(m.Login))}
		for _, a := range slices.Compact(addresses) {
			row = append(row, strconv.Quote(a))
		}
		rows = append(rows, strings.Join(row, " "))
	}
	slices.Sort(rows)
	sum := sha256.Sum256([]byte(strings.Join(slices.Compact(rows), "\n")))
	return hex.EncodeToString(sum[:])
}
