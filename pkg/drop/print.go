package drop

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"mailchute/pkg/address"
	"mailchute/pkg/fault"
)

// NewEnvelope returns the envelope that an MTA hands to a program as arguments: addresses
// with angle brackets or without, each with its domain, and the login that the sender
// proved to it, "" for none. The null sender is "", "<>" or, as MTAs write it by default
// where an address is wanted, MAILER-DAEMON. What Write could not write for ReadEnvelope
// to understand is fault.ErrInvalid.
func NewEnvelope(sender string, recipients []string, auth string) (e Envelope, err error) {
	if strings.EqualFold(sender, "MAILER-DAEMON") {
		sender = ""
	}
	z := zone{format: Format{EmptyIsNull: true}}
	if e.Sender, err = z.address(sender); err != nil {
		return Envelope{}, fmt.Errorf("sender: %w: %w", err, fault.ErrInvalid)
	}
	for _, r := range recipients {
		a, err := z.address(r)
		if err == nil && a.IsNull() {
			err = fmt.Errorf("%q is no address", r)
		}
		if err != nil {
			return Envelope{}, fmt.Errorf("recipient: %w: %w", err, fault.ErrInvalid)
		}
		e.Recipients = append(e.Recipients, a)
	}
	e.Auth = auth
	if _, err := printEnvelope(e, ""); err != nil {
		return Envelope{}, err
	}
	return e, nil
}

// printEnvelope returns the lines above the message in the format WriteFormat, the last
// one with an id. They have been read back: what the reader would not understand is not
// written.
func printEnvelope(e Envelope, id string) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "X-Sender: <%s>\n", e.Sender)
	for _, r := range e.Recipients {
		fmt.Fprintf(&b, "X-Receiver: <%s>\n", r)
	}
	if e.Auth != "" {
		fmt.Fprintf(&b, "X-Drop-Auth: %s\n", e.Auth)
	}
	fmt.Fprintf(&b, "X-EndOfInjectedXHeaders: %s\n", id)
	format, err := FormatNamed(WriteFormat)
	if err != nil {
		return nil, err
	}
	read, err := ReadEnvelope(bytes.NewReader(b.Bytes()), int64(b.Len()), format)
	switch {
	case err != nil:
		return nil, fmt.Errorf("envelope: %w: %w", err, fault.ErrInvalid)
	case read.Auth != e.Auth:
		return nil, fmt.Errorf("login %q: blanks around it or a control character in it: %w", e.Auth, fault.ErrInvalid)
	case read.Sender != e.Sender || !slices.Equal(read.Recipients, distinct(e.Recipients)):
		return nil, fmt.Errorf("envelope: an address that cannot be written: %w", fault.ErrInvalid)
	}
	return b.Bytes(), nil
}

// distinct returns the first of those that are the same address.
func distinct(all []address.Address) (first []address.Address) {
	seen := map[string]bool{}
	for _, a := range all {
		if key := a.Key(); !seen[key] {
			seen[key] = true
			first = append(first, a)
		}
	}
	return first
}
