package library

import (
	"path"
	"strings"
)

// extensionOf returns the file name extension, with its dot, for a media type in lower
// case; ".bin" where the type says nothing.
func extensionOf(mediaType string) string {
	if ext, ok := extensions[mediaType]; ok {
		return ext
	}
	if strings.HasPrefix(mediaType, "text/") {
		return ".txt"
	}
	return ".bin"
}

// bareExtension returns the extension, with its dot and in lower case, that is all that a
// file is called; "" where it is not one of a known type.
func bareExtension(name string) string {
	ext := strings.ToLower(strings.TrimSpace(name))
	for _, known := range extensions {
		if known == ext {
			return known
		}
	}
	return ""
}

// namesOtherKind reports whether a file is called like one that is no picture: a PDF stays
// a document, whatever type a mail program gave it.
func namesOtherKind(name string) bool {
	ext := strings.ToLower(path.Ext(safeName(name)))
	for mediaType, known := range extensions {
		if known == ext && !strings.HasPrefix(mediaType, "image/") {
			return true
		}
	}
	return false
}

// extensions are the media types that mail brings without a file name.
var extensions = map[string]string{
	"application/gzip":                                ".gz",
	"application/ics":                                 ".ics",
	"application/json":                                ".json",
	"application/ms-tnef":                             ".dat",
	"application/msword":                              ".doc",
	"application/pdf":                                 ".pdf",
	"application/pgp-encrypted":                       ".asc",
	"application/pgp-keys":                            ".asc",
	"application/pgp-signature":                       ".asc",
	"application/pkcs7-mime":                          ".p7m",
	"application/pkcs7-signature":                     ".p7s",
	"application/postscript":                          ".ps",
	"application/rtf":                                 ".rtf",
	"application/vnd.ms-excel":                        ".xls",
	"application/vnd.ms-outlook":                      ".msg",
	"application/vnd.ms-powerpoint":                   ".ppt",
	"application/vnd.oasis.opendocument.presentation": ".odp",
	"application/vnd.oasis.opendocument.spreadsheet":  ".ods",
	"application/vnd.oasis.opendocument.text":         ".odt",
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         ".xlsx",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   ".docx",
	"application/x-7z-compressed":                                               ".7z",
	"application/x-gzip":                                                        ".gz",
	"application/x-pkcs7-mime":                                                  ".p7m",
	"application/x-pkcs7-signature":                                             ".p7s",
	"application/x-tar":                                                         ".tar",
	"application/x-zip-compressed":                                              ".zip",
	"application/xml":                                                           ".xml",
	"application/zip":                                                           ".zip",
	"audio/mpeg":                                                                ".mp3",
	"audio/mp4":                                                                 ".m4a",
	"audio/ogg":                                                                 ".ogg",
	"audio/wav":                                                                 ".wav",
	"audio/x-wav":                                                               ".wav",
	"image/bmp":                                                                 ".bmp",
	"image/gif":                                                                 ".gif",
	"image/heic":                                                                ".heic",
	"image/jpeg":                                                                ".jpg",
	"image/jpg":                                                                 ".jpg",
	"image/pjpeg":                                                               ".jpg",
	"image/png":                                                                 ".png",
	"image/svg+xml":                                                             ".svg",
	"image/tiff":                                                                ".tif",
	"image/webp":                                                                ".webp",
	"message/delivery-status":                                                   ".txt",
	"message/disposition-notification":                                          ".txt",
	"message/feedback-report":                                                   ".txt",
	"message/global":                                                            ".eml",
	"message/rfc822":                                                            ".eml",
	"text/calendar":                                                             ".ics",
	"text/css":                                                                  ".css",
	"text/csv":                                                                  ".csv",
	"text/html":                                                                 ".html",
	"text/rtf":                                                                  ".rtf",
	"text/vcard":                                                                ".vcf",
	"text/x-vcard":                                                              ".vcf",
	"text/xml":                                                                  ".xml",
	"video/mp4":                                                                 ".mp4",
	"video/mpeg":                                                                ".mpg",
	"video/quicktime":                                                           ".mov",
}

// DefaultBlockedTypes returns the extensions that SharePoint blocks by default, as far
// as Microsoft's tables for 2003 to 2013 confirm them. No library blocks them unless it
// is told to.
func DefaultBlockedTypes() []string {
	return strings.Fields(`
		ade adp app asa ashx asmx asp bas bat cdx cer chm class cmd com config cpl crt csh dll exe fxp hlp hta htr htw
		ida idc idq ins isp its jse ksh lnk mad maf mag mam maq mar mas mat mau mav maw mda mdb mde mdt mdw mdz msc msi
		msp mst ops pcd pif prf prg printer pst reg scf scr sct shb shs shtm shtml stm url vb vbe vbs wsc wsf wsh`)
}
