package library

import (
	"strings"

	"mailchute/pkg/message"
)

// role is what a part of a message is to a library.
type role int

const (
	document   role = iota
	bodyText        // what people read as the message
	picture         // shown by the HTML text
	invitation      // a meeting request, or the answer to one
	signature       // says that other parts are unchanged; nothing by itself
)

// Candidate reports whether any library could file the part as a document, whatever its
// settings: its bytes need be kept until Plan has been asked.
func Candidate(p message.Part) bool {
	switch roleOf(p) {
	case bodyText, signature:
		return false
	case document, picture, invitation:
	}
	return true
}

// roleOf tells what a part is. Whatever was sent as an attachment is a document, and so
// is all that has a file name or is no text, unless it is a picture, an invitation or a
// signature that the sender's program put there.
func roleOf(p message.Part) role {
	switch {
	case isAttached(p):
		return document
	case strings.HasPrefix(p.Type, "image/") && p.ContentID != "" && p.Referenced:
		return picture
	case p.Type == "text/calendar" && p.Method != "":
		return invitation
	case isSignature(p.Type):
		return signature
	case p.Name == "" && isText(p.Type):
		return bodyText
	}
	return document
}

// isAttached reports whether the sender said that the part is an attachment. A
// disposition that nobody knows counts as that (RFC 2183 §2.8).
func isAttached(p message.Part) bool {
	return p.Disposition != "" && p.Disposition != "inline"
}

func isSignature(mediaType string) bool {
	switch mediaType {
	case "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature":
		return true
	}
	return false
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
