package drop

import (
	"bytes"
	"fmt"
	"net/textproto"
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
	f := Format{EmptyIsNull: true}
	if e.Sender, err = f.address(sender); err != nil {
		return Envelope{}, fmt.Errorf("sender: %w: %w", err, fault.ErrInvalid)
	}
	for _, r := range recipients {
		a, err := f.address(r)
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
// one with an id.
func printEnvelope(e Envelope, id string) ([]byte, error) {
	format, err := FormatNamed(WriteFormat)
	if err != nil {
		return nil, err
	}
	return format.print(e, id)
}

// print returns the trusted zone that an MTA of the format writes for an envelope, an id
// in its last line where it has an end of its own. It has been read back: what the reader
// would not understand is fault.ErrInvalid.
func (f Format) print(e Envelope, id string) ([]byte, error) {
	var b bytes.Buffer
	field := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%s: %s\n", spell(name), fmt.Sprintf(format, args...))
	}
	if !e.Sender.IsNull() || !f.AbsentIsNull {
		field(f.Sender, "<%s>", e.Sender)
	}
	if f.Repeated {
		for _, r := range e.Recipients {
			field(f.Recipient, "<%s>", r)
		}
	} else {
		field(f.Recipient, "%s", strings.Join(texts(e.Recipients), ",\n "))
	}
	for _, name := range f.Also {
		field(name, "%s", strings.Join(texts(e.Recipients), ", "))
	}
	if e.Auth != "" {
		field(f.Auth, "%s", strings.TrimLeft(f.Token+" "+e.Auth, " "))
	}
	if e.Host != "" && f.Host != "" {
		field(f.Host, "%s", e.Host)
	}
	if f.EndInside {
		field(f.End, "%s", id)
	}
	return b.Bytes(), f.readBack(b.Bytes(), e)
}

// readBack says what of an envelope is lost in the lines that were printed for it.
func (f Format) readBack(block []byte, e Envelope) error {
	below := "\n"
	if f.End != "" && !f.EndInside {
		below = f.End + ": by printed\n"
	}
	f.Trust = Trust{Token: f.Token}
	file := append(slices.Clone(block), below...)
	read, err := ReadEnvelope(bytes.NewReader(file), int64(len(file)), f)
	switch {
	case err != nil:
		return fmt.Errorf("envelope: %w: %w", err, fault.ErrInvalid)
	case read.Host != e.Host && f.Host != "":
		return fmt.Errorf("host %q: blanks around it or a control character in it: %w", e.Host, fault.ErrInvalid)
	case read.Auth != e.Auth:
		return fmt.Errorf("login %q: blanks around it or a control character in it: %w", e.Auth, fault.ErrInvalid)
	case read.Sender != e.Sender || !slices.Equal(read.Recipients, distinct(e.Recipients)) || read.Zone != int64(len(block)):
		return fmt.Errorf("envelope: an address that cannot be written: %w", fault.ErrInvalid)
	}
	return nil
}

// spell returns a field's name as MTAs write it.
func spell(name string) string {
	if name == injected {
		return "X-EndOfInjectedXHeaders"
	}
	return textproto.CanonicalMIMEHeaderKey(name)
}

func texts(addresses []address.Address) (all []string) {
	for _, a := range addresses {
		all = append(all, a.String())
	}
	return all
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
