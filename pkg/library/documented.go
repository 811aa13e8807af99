package library

import "strings"

// SettingDoc says for people what one of a library's Settings is.
type SettingDoc struct {
	Name       string // in files and in JSON
	Flag       string // of library add and library set, with its dashes
	Values     string
	Default    string
	SharePoint string // its property and default, or how it does what it has no setting for
	Meaning    string
}

// Documented returns all settings of a library, in the order of Settings.
func Documented() []SettingDoc {
	return []SettingDoc{
		{
			"accept", "--accept", "contributors, anyone", "contributors", "vti_emailusesecurity: 1 (contributors)",
			"whose mail the library takes: that of people who may contribute, or everybody's",
		},
		{
			"sender_trust", "--sender-trust", "claimed, aligned, proven", "what the farm asks", "none: it believes the envelope sender (claimed)",
			"how sure we must be of who sent a message",
		},
		{
			"folders", "--folders", "root, subject, sender", "root", "vti_emailattachmentfolders: root",
			"the folder of the documents: none, one by subject, or one by sender",
		},
		{
			"overwrite", "--overwrite", "true, false", "false", "vti_emailoverwrite: 0; the same name again gets four digits",
			"the same name again is a new version; otherwise it gets a number",
		},
		{
			"versions", "--versions", "a number", "0, which keeps all", "the library's version history, which mail has no setting for",
			"with overwrite: of how many versions of a document the bytes are kept",
		},
		{
			"save_original", "--save-original", "true, false", "false", "vti_emailsaveoriginal: 0",
			"the whole message is filed too, as .eml",
		},
		{
			"save_meetings", "--save-meetings", "true, false", "false", "vti_emailsavemeetings: 0",
			"meeting invitations are filed, as .ics",
		},
		{
			"inline", "--inline", "skip, save", "skip", "none: it files each part that has a file name",
			"pictures that the HTML text shows are left out, or filed",
		},
		{
			"max_file_size", "--max-file-size", "a size, unlimited", FormatSize(DefaultMaxFileSize), "the web application's upload limit: 50MB in 2010, 250MB in 2013",
			"a message with a larger file is held",
		},
		{
			"blocked_types", "--blocked-types", "file name extensions; " + PresetSharePoint + ": those that SharePoint blocks", "none",
			"the web application's list, which " + PresetSharePoint + " stands for",
			"types of files that the library does not take, by name and by content",
		},
		{
			"blocked", "--blocked", "hold, skip", "hold", "none: it does not store them (skip)",
			"a message with a file of a blocked type is held; or that file is left out, and the original with it",
		},
		{
			"max_message_size", "--max-message-size", "a size, unlimited", unlimited, "none: the mail server's limit, 2MB in IIS",
			"a larger message is held",
		},
		{
			"include", "--include", "patterns: *.pdf, invoice-?.xml", "none: all files", "none",
			"only files whose names match one are filed",
		},
		{
			"exclude", "--exclude", "patterns", "none", "none",
			"files whose names match one are left out, before include",
		},
		{
			"save_body", "--save-body", "none, text, html", "none", "none: the text of a message is lost",
			"the text of the message is filed, in UTF-8: plain or HTML, the other where there is only that",
		},
		{
			"save_headers", "--save-headers", "true, false", "false", "none: it fills a hidden column (EmailHeaders)",
			"documents carry the whole header of their message, without Bcc",
		},
		{
			"name_template", "--name-template", "text with " + strings.Join(placeholders(), " ") + ", one slash behind a folder", "{name}{ext}", "none",
			"how documents are called, and the folder that they go into",
		},
		{
			"plus", "--plus", "ignore, folder", "ignore", "none",
			"what stands behind a + in the address means nothing, or is the folder of the documents",
		},
		{
			"auto_replies", "--auto-replies", "file, hold", "file", "none",
			"automatic answers and delivery reports are filed like other mail, or held",
		},
	}
}
