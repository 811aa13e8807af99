// Package message reads a drop file's message: a linear walker of ours finds the
// entities of RFC 2045/2046 within limits, enmime reads the header of each one, and a
// decoder of ours streams its bytes, exactly as they were sent. Wrappers of other systems
// (TNEF, opaque S/MIME, uuencode…) are opened, too, and their bytes are streamed through
// them. Nothing is ever held whole: a message of 200 MB costs no more memory than a small
// one, and a few MB more where wrappers lie in wrappers.
package message

import (
	"io"
	"time"
)

// Limits bound what one message may cost. A zero field has the default of its comment.
// A message beyond a limit is not parsed: Parse fails with fault.Poison, fault.OverLimits.
type Limits struct {
	Bytes    int64         `toml:"bytes"`    // size of the message; 256 MB
	Parts    int           `toml:"parts"`    // entities, multiparts and what is in wrappers included; 10,000
	Depth    int           `toml:"depth"`    // nesting of multiparts; 50 (wrappers nest 5 deep, and are parts like others beyond)
	Header   int64         `toml:"header"`   // bytes of one header block; 1 MB
	Boundary int           `toml:"boundary"` // bytes of a boundary (RFC 2046 §5.1.1 has 70); 200
	Time     time.Duration `toml:"time"`     // for walking and decoding; 60 s
}

// Message is the structure of one message. The bytes stay in the source it was parsed
// from, which must stay open while parts are decoded. It is for one goroutine.
type Message struct {
	Header Header
	// Parts are the leaf entities in the order of the message, each wrapper followed by
	// what is in it. An attached message (message/rfc822) is one leaf. To decode them in
	// this order is cheap; to go back in a wrapper means to read it from its start.
	Parts []Part
	// Malformed says what is wrong with the structure ("multipart without a boundary"…);
	// such a message is filed as its original. Empty: the structure is sound. A multipart
	// whose parts cannot be told apart is listed as one leaf of type multipart/…. What is
	// wrong within a wrapper is said by Part.Broken instead.
	Malformed string
	// Size is that of the message in bytes, header included.
	Size int64
	// HeaderDigest is the SHA-256 of the header block.
	HeaderDigest Digest
	// FirstField is the name of the first header field, in lower case.
	FirstField string
	Marks      Marks
	// Torn: the header ends at a line that is none of a header, and not at an empty line.
	// Programs differ in what they take for its rest.
	Torn bool

	header     span        // its header block
	unlabelled bool        // texts of it have bytes in a charset that it does not name
	src        io.ReaderAt // spans count from its start, unless they do in one of sources
	sources    []wrapped   // the one of number n is at n-1
	lanes      []lane      // readers of these: at n-1 of those with n steps to the message
	parser     *Parser
	clock      clock
}

// Header holds the fields of the message's header that documents carry as columns;
// encoded words are decoded (RFC 2047), text is valid UTF-8, white-space runs are one
// blank. Strangers wrote all of it: print it through text.Safe only.
type Header struct {
	MessageID  string // with its angle brackets, as written; "" when absent
	Subject    string
	From       string
	To         string
	Cc         string
	Date       string // as written
	InReplyTo  string
	References string
}

// Part is one leaf entity.
type Part struct {
	ID          string // number as in IMAP (RFC 9051 §6.4.5): "1", "2.1"
	Type        string // media type in lower case, "text/plain" where RFC 2045 §5.2 says so
	Charset     string // as labelled, lower case
	Method      string // the method parameter of text/calendar, upper case (RFC 6047)
	Disposition string // "attachment", "inline", another, or ""
	Name        string // file name, decoded, otherwise as sent: may hold paths, controls, anything
	ContentID   string // without angle brackets
	Encoding    string // Content-Transfer-Encoding in lower case, "" when absent
	Alternative bool   // a child of multipart/alternative, however deep
	// Referenced: an HTML text of the message shows this part by its Content-ID
	// (RFC 2392). Looked up for pictures that are no attachments, and only within the
	// first 4 MiB of HTML: beyond that a picture counts as not shown.
	Referenced bool
	// Unread marks header fields too long or too odd for the full parser (DESIGN §2):
	// they got a minimal reading.
	Unread bool

	Parent string // media type of the multipart that it is a child of; "" for none
	// Signature: it signs the part before it in a multipart/signed (RFC 1847 §2.1), as its
	// type says.
	Signature bool
	Encrypted bool   // of a multipart/encrypted (RFC 1847 §2.2), or S/MIME that is not signed alone (RFC 8551 §3.3)
	Subject   string // of an attached message (message/rfc822), decoded as in Header
	// Body marks text that people read as the message although the part's type or name
	// says otherwise: the body of a TNEF message.
	Body bool

	// Opened says as what the part was opened; "" is none. What was in it follows it, as
	// parts with this one's ID in Within. The part itself keeps its bytes and its digest.
	Opened Wrapper
	// Broken says what is wrong with an opened wrapper: it may hold more than what was
	// found, and is a document itself. Empty: nothing is.
	Broken string
	// Within is the ID of the part that this one was found in; "" is the message itself.
	// Such a part's ID is that of the other, a slash, and a number: "2/1", "2/1.2".
	Within string

	smime  string // the smime-type parameter, lower case (RFC 8551 §3.2.2)
	signs  string // of multipart/signed: the protocol, which is its signature's type (RFC 1847 §2.1)
	header span   // the entity's header block
	body   span   // its body, still encoded
	source int    // of Message.sources, which the spans count in; 0 is the message
}

// Wrapper is a kind of part that holds files of its own.
type Wrapper string

// The wrappers that are opened.
const (
	TNEF        Wrapper = "tnef"         // Outlook's winmail.dat (MS-OXTNEF)
	SignedData  Wrapper = "signed-data"  // opaque S/MIME (RFC 8551 §3.5.2); whether the signature is good is not looked at
	Uuencoded   Wrapper = "uuencode"     // text with uuencoded files in it
	YEncoded    Wrapper = "yenc"         // text with a yEnc file in it
	AppleSingle Wrapper = "apple-single" // a Macintosh file with both its forks (RFC 1740)
)

// span is a range of the source, end excluded.
type span struct{ start, end int64 }

// Content is what decoding a part yielded.
type Content struct {
	Size   int64  // decoded bytes
	Digest Digest // of the decoded bytes
	// Damaged says what was wrong with the transfer encoding; the bytes that could be
	// decoded were written all the same. Empty: nothing was wrong.
	Damaged string
	// Detected is the media type that the bytes themselves show, whatever the part calls
	// itself; "" where nobody looked. See Sniffer.
	Detected string
}
