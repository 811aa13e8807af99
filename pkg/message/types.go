package message

// IsSignature reports whether a media type is that of a signature that stands beside what
// it signs (RFC 8551 §3.5.3, RFC 3156 §5).
func IsSignature(mediaType string) bool {
	switch mediaType {
	case "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature":
		return true
	}
	return false
}

// IsMessage reports whether a media type is that of an attached message (RFC 2046 §5.2.1,
// RFC 6532 §3.7).
func IsMessage(mediaType string) bool {
	return mediaType == "message/rfc822" || mediaType == "message/global"
}
