package testdata

// Writer says how the drop files of one mail system are read.
type Writer struct {
	Format string // its name
	// For the format custom:
	Pattern     string // of the names of files; "": a maildir
	EmptyIsNull bool
	Sender      string
	Recipient   string
	List        bool
}

// Writers returns who wrote the drop files that lie in folders of ../shared/dropfiles, by
// folder.
func Writers() map[string]Writer {
	all := map[string]Writer{
		"hmailserver":       {"custom", "*.eml", true, "return-path", "delivered-to", false},
		"aws-ses-s3":        {"custom", "*", false, "return-path", "delivered-to", false},
		"haraka-quarantine": {"custom", "*", false, "return-path", "delivered-to", false},
		"django-filebased":  {"custom", "*.log", false, "return-path", "delivered-to", false},
		"aiosmtpd-mailbox":  {"custom", "", false, "x-mailfrom", "x-rcptto", true},
	}
	for format, folders := range map[string][]string{
		"postfix": {
			"postfix", "postfix-local", "postfix-maildrop", "postfix-procmail", "postfix-dovecotlda", "postfix-plain",
			"postfix-catchall", "postfix-opendkim", "postfix-rspamd", "broken", "maildir-edge", "python-maildir",
		},
		"exim":       {"exim4", "exim4-plain", "exim4-catchall"},
		"exim-files": {"exim4-file", "eml-dir-edge"},
		"opensmtpd":  {"opensmtpd"},
		"dovecot":    {"dovecot", "postfix-dovecot", "postfix-dovecot-catchall"},
		"drop-write": {"postfix-pipe", "sendmail", "opensmtpd-mda"},
		"iis":        {"iis-smtp"},
		"exchange":   {"exchange"},
		"pickup":     {"dotnet-pickup"},
	} {
		for _, folder := range folders {
			all[folder] = Writer{Format: format}
		}
	}
	return all
}
