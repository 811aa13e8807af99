package library

import (
	"strings"

	"mailchute/pkg/message"
)

// role is what a part of a message is to a library.
type role int

const (
	document     role = iota
	bodyText          // what people read as the message
	picture           // shown by the HTML text
	invitation        // a meeting request, or the answer to one
	signature         // says that other parts are unchanged; nothing by itself
	resourceFork      // of a Macintosh file, beside its data: means nothing elsewhere
	wrapper           // its contents are parts of their own
	elsewhere         // what it stands for cannot be read here: encrypted, or not in the message
)

// Candidate reports whether any library could file the part's bytes as a document,
// whatever its settings: they need be kept until Plan has been asked.
func Candidate(p message.Part) bool {
	switch roleOf(p) {
	case document, picture, invitation:
		return true
	case bodyText:
		return isRTF(p.Type)
	case signature, resourceFork, wrapper, elsewhere:
	}
	return false
}

// MayFile reports whether a library with these settings could file the part: a Candidate,
// or the text of the message where SaveBody asks for it. Plan makes no more documents
// than there are such parts, and the original.
func (s Settings) MayFile(p message.Part) bool {
	return Candidate(p) || s.savesBody() && roleOf(p) == bodyText
}

// roleOf tells what a part is. Whatever was sent as an attachment is a document, and so
// is all that has a file name or is no text, unless it is a picture, an invitation or a
// signature that the sender's program put there.
func roleOf(p message.Part) role {
	switch {
	case p.Signature:
		return signature
	case p.Parent == appleDouble && p.Type == "application/applefile":
		return resourceFork
	case p.Encrypted, p.Type == "message/external-body":
		return elsewhere
	case isEmptied(p):
		return wrapper
	case p.Body:
		return bodyText
	case isAttached(p):
		return document
	case strings.HasPrefix(p.Type, "image/") && p.ContentID != "" && p.Referenced && !namesOtherKind(p.Name):
		return picture
	case p.Type == "text/calendar" && p.Method != "":
		return invitation
	case message.IsSignature(p.Type):
		return signature
	case p.Name == "" && isText(p.Type) && p.Parent != appleDouble:
		return bodyText
	}
	return document
}

// appleDouble is the multipart of the two forks of a Macintosh file (RFC 1740).
const appleDouble = "multipart/appledouble"

// isEmptied reports whether a wrapper is nothing beside its contents: text with files in
// it is still a text.
func isEmptied(p message.Part) bool {
	switch p.Opened {
	case message.TNEF, message.SignedData, message.AppleSingle:
		return p.Broken == ""
	case message.Uuencoded, message.YEncoded:
	}
	return false
}

// isFragment reports whether the message is only a piece of a larger one, which its
// sender's program cut up (RFC 2046 §5.2.2).
func isFragment(m *message.Message) bool {
	return len(m.Parts) == 1 && m.Parts[0].Type == "message/partial" && m.Parts[0].ID == "1" && m.Parts[0].Within == ""
}

// isAttached reports whether the sender said that the part is an attachment. A
// disposition that nobody knows counts as that (RFC 2183 §2.8).
func isAttached(p message.Part) bool {
	return p.Disposition != "" && p.Disposition != "inline"
}

// isText reports whether the type is one in which mail programs write the message
// itself.
func isText(mediaType string) bool {
	switch mediaType {
	case "text/plain", "text/html", "text/enriched", "text/richtext", "text/x-amp-html", "text/watch-html":
		return true
	}
	return false
}

func isRTF(mediaType string) bool { return mediaType == "application/rtf" || mediaType == "text/rtf" }
