package drop

import (
	"bufio"
	"bytes"
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

// maxLine is the length of a line in which a field's name and colon must stand (RFC 5322
// §2.1.1).
const maxLine = 998

// Envelope is what a drop file's trusted zone says. Only lines that the MTA wrote at the
// top of the file count; nothing below the zone ever changes it.
type Envelope struct {
	Sender address.Address // null for <>
	// Recipients are in the order of the file; of several that are the same address
	// (address.Key) the first stands for all.
	Recipients []address.Address
	Source     string // the field that the recipients come from, in lower case
	Auth       string // the login that the MTA says the sender proved; "" none
	Zone       int64  // length of the trusted zone in bytes: the message begins there
}

// ReadEnvelope reads the envelope of a drop file of size bytes. A missing or doubtful
// one is a permanent error with the reason no-envelope, which says what line is wrong
// and why; the message may only be held then. Doubtful is, besides what the format
// excludes, a second line of what must be there once, an address that RFC 5321 does
// not know, a control character, invalid UTF-8, and a zone beyond 1 MiB. Encoded words
// are never decoded. Errors of r are returned unmarked.
func ReadEnvelope(r io.ReaderAt, size int64, f Format) (Envelope, error) {
	z := zone{
		format: f, size: size, line: 1,
		in:   bufio.NewReaderSize(io.NewSectionReader(r, 0, min(size, maxZone)), 4096),
		seen: map[string]int{}, keys: map[string]bool{},
		env: Envelope{Source: f.Recipient},
	}
	if err := z.read(); err != nil {
		return Envelope{}, err
	}
	return z.env, nil
}

// zone reads a trusted zone, field by field.
type zone struct {
	format Format
	in     *bufio.Reader
	size   int64 // of the file
	line   int   // number of the line that comes next
	seen   map[string]int
	keys   map[string]bool // of the recipients
	env    Envelope
}

func (z *zone) read() error {
	for {
		name, err := z.name()
		if err != nil {
			return err
		}
		switch {
		case z.format.End != "" && name == z.format.End:
			if z.format.EndInside {
				// One line: what is folded behind it is the message's.
				if _, err := z.readLine(); err != nil {
					return err
				}
			}
			return z.complete()
		case z.format.own(name):
			if err := z.field(name); err != nil {
				return err
			}
		case z.format.AnyField && name != "" && name != "received":
			if _, err := z.value(); err != nil {
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
	at := *z // for errors: where the field begins
	value, err := z.value()
	if err != nil {
		return err
	}
	if !utf8.ValidString(value) {
		return at.hold("%s is not UTF-8", name)
	}
	if strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }) {
		return at.hold("%s has a control character", name)
	}
	switch name {
	case z.format.Sender:
		if z.env.Sender, err = z.address(value); err != nil {
			return at.hold("%s: %w", name, err)
		}
	case z.format.Recipient:
		recipient, err := z.address(value)
		if err != nil {
			return at.hold("%s: %w", name, err)
		}
		if recipient.IsNull() {
			return at.hold("%s has no address", name)
		}
		if key := recipient.Key(); !z.keys[key] {
			z.keys[key] = true
			z.env.Recipients = append(z.env.Recipients, recipient)
		}
	case z.format.Auth:
		if value == "" || strings.ContainsRune(value, '\t') {
			return at.hold("%s has no login", name)
		}
		z.env.Auth = value
	}
	return nil
}

// parameter is one parameter of MAIL or RCPT (RFC 5321 §4.1.2), after the ";" that
// Exchange puts between them.
var parameter = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*(=[^ ]*)?;?$`)

// address reads a sender or recipient. The null path is one only of a sender.
func (z *zone) address(value string) (address.Address, error) {
	if value == "" && z.format.EmptyIsNull {
		return address.Address{}, nil
	}
	a, rest, err := address.ParsePath(value)
	if err != nil {
		return address.Address{}, err
	}
	if !a.IsNull() && a.Domain == "" {
		return address.Address{}, fmt.Errorf("%q has no domain", value)
	}
	for _, word := range strings.Fields(rest) {
		if !z.format.Parameters || (word != ";" && !parameter.MatchString(word)) {
			return address.Address{}, fmt.Errorf("%q after the address", word)
		}
	}
	return a, nil
}

// complete checks, at the zone's end, that nothing is missing.
func (z *zone) complete() error {
	for _, name := range append([]string{z.format.Sender, z.format.Recipient}, z.format.Also...) {
		if z.seen[name] == 0 {
			return z.hold("the envelope ends here without %s", name)
		}
	}
	return nil
}

// name returns the name of the field that begins at the next line, in lower case and
// with the blanks that an obsolete one has before its colon (RFC 5322 §4.5); "" where
// that line begins no field. It reads nothing. The end of the file is a hold: something
// follows every envelope.
func (z *zone) name() (string, error) {
	head, err := z.in.Peek(maxLine)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read envelope: %w", err)
	}
	if len(head) == 0 {
		return "", z.end()
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	name, _, found := bytes.Cut(line, []byte(":"))
	bare := bytes.TrimRight(name, " \t")
	if !found || len(bare) == 0 || bytes.ContainsFunc(bare, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", nil
	}
	return strings.ToLower(string(name)), nil
}

// value reads the field that begins at the next line and returns what stands after the
// colon, unfolded (RFC 5322 §2.2.3), without blanks around it.
func (z *zone) value() (string, error) {
	var field []byte
	for {
		line, err := z.readLine()
		if err != nil {
			return "", err
		}
		field = append(field, line...)
		next, err := z.in.Peek(1)
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read envelope: %w", err)
		}
		if len(next) == 0 || (next[0] != ' ' && next[0] != '\t') {
			break
		}
	}
	_, value, _ := bytes.Cut(field, []byte(":"))
	return string(bytes.Trim(value, " \t")), nil
}

// readLine reads the next line and returns it without its end.
func (z *zone) readLine() ([]byte, error) {
	line, err := z.in.ReadBytes('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read envelope: %w", err)
	}
	z.env.Zone += int64(len(line))
	if err != nil {
		return nil, z.end()
	}
	z.line++
	return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
}

// end says why there is nothing more to read.
func (z *zone) end() error {
	if z.size > maxZone {
		return z.hold("the envelope is longer than %d bytes", maxZone)
	}
	if z.size == 0 {
		return fault.Markf(fault.Permanent, fault.NoEnvelope, "the file is empty")
	}
	return z.hold("the file ends inside the envelope")
}

// hold is the error of a message that may only be held, with the line that it is about.
func (z *zone) hold(format string, args ...any) error {
	return fault.Mark(fault.Permanent, fault.NoEnvelope, fmt.Errorf("line %d: "+format, append([]any{z.line}, args...)...))
}
