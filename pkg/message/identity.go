package message

import (
	"bytes"
	"context"
)

// OddIdentity reports whether a DKIM signature of the message has an identity (i=, RFC 6376
// §3.5) with other characters than those of plain addresses. Some mail systems write it as
// it is into their Authentication-Results, where it could look like results of theirs.
// Errors are those of the source, and the context's.
func (m *Message) OddIdentity(ctx context.Context) (odd bool, err error) {
	block, err := m.headerBlock(ctx)
	if err != nil {
		return false, err
	}
	eachField(block, func(name, value []byte) {
		odd = odd || isNamed(name, "dkim-signature") && hasOddIdentity(value)
	})
	return odd, nil
}

func hasOddIdentity(signature []byte) bool {
	for tag := range bytes.SplitSeq(signature, []byte(";")) {
		name, value, _ := bytes.Cut(tag, []byte("="))
		if bytes.EqualFold(bytes.TrimSpace(name), []byte("i")) && bytes.ContainsFunc(value, isOddInIdentity) {
			return true
		}
	}
	return false
}

// isOddInIdentity reports whether a character is neither one of plain addresses nor the
// white space of a fold.
func isOddInIdentity(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !bytes.ContainsRune([]byte("@.-_+!#$%&'*/?^`{|}~ \t\r\n"), r)
}
