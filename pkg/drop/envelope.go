package drop

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"mailchute/pkg/address"
	"mailchute/pkg/fault"
)

// maxZone bounds the trusted zone in bytes: a thousand recipients with the parameters
// that Exchange writes need a third of it.
const maxZone = 1 << 20

// Envelope is what a drop file's trusted zone says. Only lines that the MTA wrote at the
// top of the file count; nothing below the zone ever changes it.
type Envelope struct {
	Sender address.Address // null for <>
	// Recipients are in the order of the file; of several that are the same address
	// (address.Key) the first stands for all.
	Recipients []address.Address
	Source     string // the field that the recipients come from, in lower case
	// Auth is the login that the format's Auth field names; "" none. It is a proof only
	// where the feed's Trust says so: see Proof.
	Auth string
	// Host is the host that handed the message in, as the format's Host field names it; ""
	// where there is none. HostField is that field's name; "": the format has no such field.
	Host, HostField string
	Zone            int64 // length of the trusted zone in bytes: the message begins there
	// Proof is what the lines that the feed vouches for prove of the sender.
	Proof Proof
	// Results are what the feed's MTA found out of the message's domains, in the order of
	// the file: from the Authentication-Results fields that the feed vouches for.
	Results []Result
}

// ReadEnvelope reads the envelope of a drop file of size bytes. A missing or doubtful
// one is a permanent error with the reason no-envelope, which says what line is wrong
// and why; the message may only be held then. Doubtful is, besides what the format and
// its Trust exclude, a second line of what must be there once, an address that RFC 5321
// does not know, a control character, invalid UTF-8, and a zone beyond 1 MiB. Encoded
// words are never decoded. Errors of r are returned unmarked.
func ReadEnvelope(r io.ReaderAt, size int64, f Format) (Envelope, error) {
	z := newZone(r, size, f)
	if err := z.readAll(); err != nil {
		return Envelope{}, err
	}
	return z.env, nil
}

// zone reads a trusted zone, field by field, and what the feed's Trust needs below it.
type zone struct {
	header
	format Format
	size   int64 // of the file
	seen   map[string]int
	keys   map[string]bool // of the recipients
	env    Envelope

	senderLine  int
	proofs      []Proof // logins, in the order of the file
	authAs      []int   // the lines of AuthAs fields
	resultLines []int   // the lines that have nothing but results of domains
	internal    bool    // what the last of them says
	routed      bool    // the envelope sender has a source route
	fromAbove   bool    // a From field stands above the first Received field

	lines *[]Line // where every line of note is told; nil: nowhere
}

func newZone(r io.ReaderAt, size int64, f Format) *zone {
	return &zone{
		header: newHeader(r, min(size, maxZone)), format: f, size: size,
		seen: map[string]int{}, keys: map[string]bool{},
		env: Envelope{Source: f.Recipient, HostField: f.Host},
	}
}

func (z *zone) readAll() error {
	if err := z.readZone(); err != nil {
		return z.ended(err)
	}
	z.env.Zone = z.read
	return z.prove()
}

func (z *zone) readZone() error {
	for {
		name, err := z.name()
		if err != nil {
			return err
		}
		switch {
		case z.format.End != "" && name == z.format.End:
			if z.format.EndInside {
				line := z.line
				// One line: what is folded behind it is the message's.
				if _, err := z.readLine(); err != nil {
					return err
				}
				z.note(line, name, true, "ends the trusted zone")
			}
			return z.complete()
		case z.format.own(name):
			if err := z.field(name); err != nil {
				return err
			}
		case z.format.AnyField && foreign(name):
			return z.hold("%s has no place in the envelope of format %s: another mail system wrote it, or the sender", name, z.format.Name)
		case z.format.AnyField && name != "" && name != received:
			if err := z.other(name); err != nil {
				return err
			}
		case z.format.End == "":
			return z.complete()
		case name == "":
			return z.hold("it is no header line, and the envelope's end (%s) has not come yet", z.format.End)
		default:
			return z.hold("%s where %s should end the envelope", name, z.format.End)
		}
	}
}

// field takes in one of the envelope's own fields.
func (z *zone) field(name string) error {
	z.seen[name]++
	if z.seen[name] > 1 && !(name == z.format.Recipient && z.format.Repeated) {
		return z.hold("a second %s", name)
	}
	line := z.line
	value, err := z.value()
	if err != nil {
		return err
	}
	if why := unreadable(value); why != "" {
		return z.holdAt(line, "%s %s", name, why)
	}
	believed, why := true, ""
	switch name {
	case z.format.Sender:
		z.senderLine = line
		err, why = z.sender(value), "the envelope sender"
	case z.format.Recipient:
		err, why = z.recipients(value), "an envelope recipient"
	case z.format.Host:
		z.env.Host, why = value, "the host that handed the message in"
	case z.format.Auth:
		err = z.auth(line, name, value) // it says itself what is believed
	default:
		believed, why = false, "it must be there, but what it says is not used"
	}
	if err != nil {
		z.note(line, name, false, "it is no line of this format")
		return z.holdAt(line, "%s%w", name, err)
	}
	if why != "" {
		z.note(line, name, believed, why)
	}
	return nil
}

// unreadable says why a field of the MTA's cannot be one; "" where it can.
func unreadable(value string) string {
	if !utf8.ValidString(value) {
		return "is not UTF-8"
	}
	if strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }) {
		return "has a control character"
	}
	return ""
}

func (z *zone) sender(value string) (err error) {
	if z.env.Sender, err = z.format.address(value); err != nil {
		return fmt.Errorf(": %w", err)
	}
	z.routed = strings.HasPrefix(strings.TrimLeft(value, " \t<"), "@")
	return nil
}

func (z *zone) recipients(value string) error {
	list := []string{value}
	if z.format.List {
		list = splitList(value)
	}
	for _, one := range list {
		recipient, err := z.format.address(one)
		if err != nil {
			return fmt.Errorf(": %w", err)
		}
		if recipient.IsNull() {
			return errors.New(" has no address")
		}
		if key := recipient.Key(); !z.keys[key] {
			z.keys[key] = true
			z.env.Recipients = append(z.env.Recipients, recipient)
		}
	}
	return nil
}

// splitList splits a list of addresses at the commas that stand in no quoted string.
func splitList(value string) (list []string) {
	quoted, escaped, begin := false, false, 0
	for i, c := range []byte(value) {
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			list = append(list, strings.Trim(value[begin:i], " \t"))
			begin = i + 1
		}
	}
	return append(list, strings.Trim(value[begin:], " \t"))
}

// parameter is one parameter of MAIL or RCPT (RFC 5321 §4.1.2), after the ";" that
// Exchange puts between them.
var parameter = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*(=[^ ]*)?;?$`)

// displayName is what may stand before an address in angle brackets, and the bracket:
// words and quoted strings (RFC 5322 §3.2.5), with dots as people write them.
var displayName = regexp.MustCompile(`^(?:"(?:[^"\\]|\\.)*"|[^"\\()<>\[\]:;@,])*<`)

// address reads a sender or recipient. The null path is one only of a sender.
func (f *Format) address(value string) (address.Address, error) {
	if value == "" && f.EmptyIsNull {
		return address.Address{}, nil
	}
	if f.DisplayName {
		if before := displayName.FindString(value); before != "" {
			value = value[len(before)-1:]
		}
	}
	a, rest, err := address.ParsePath(value)
	if err != nil {
		return address.Address{}, err
	}
	if !a.IsNull() && a.Domain == "" {
		return address.Address{}, fmt.Errorf("%q has no domain", value)
	}
	for _, word := range strings.Fields(rest) {
		if !f.Parameters || (word != ";" && !parameter.MatchString(word)) {
			return address.Address{}, fmt.Errorf("%q after the address", word)
		}
	}
	return a, nil
}

// complete checks, at the zone's end, that nothing is missing.
func (z *zone) complete() error {
	if z.seen[z.format.Sender] == 0 && !z.format.AbsentIsNull {
		return z.hold("the envelope ends here without %s", z.format.Sender)
	}
	for _, name := range append([]string{z.format.Recipient}, z.format.Also...) {
		if z.seen[name] == 0 {
			return z.hold("the envelope ends here without %s", name)
		}
	}
	return nil
}

// ended makes a hold of the end of the file: something follows every envelope.
func (z *zone) ended(err error) error {
	switch {
	case !errors.Is(err, io.EOF):
		return err
	case z.size > maxZone:
		return z.hold("the envelope is longer than %d bytes", maxZone)
	case z.size == 0:
		return fault.Markf(fault.Permanent, fault.NoEnvelope, "the file is empty")
	}
	return z.hold("the file ends inside the envelope")
}

// hold is the error of a message that may only be held because of the line that comes next.
func (z *zone) hold(format string, args ...any) error { return z.holdAt(z.line, format, args...) }

// holdAt is hold because of another line.
func (z *zone) holdAt(line int, format string, args ...any) error {
	return fault.Mark(fault.Permanent, fault.NoEnvelope, fmt.Errorf("line %d: "+format, append([]any{line}, args...)...))
}
