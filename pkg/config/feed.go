package config

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/drop"
	"mailchute/pkg/library"
)

type feedFile struct {
	Name     string   `toml:"name" comment:"Its name in records and messages: letters a-z, digits and . _ -"`
	Path     string   `toml:"path" comment:"The folder that the mail system writes into."`
	Format   string   `toml:"format" comment:"How the mail system writes: nothing is guessed. \"mailchute help formats\" has a page for each."`
	Settle   string   `toml:"settle" comment:"In formats that fill files in place: how long a file must have stood still;\n10s on a network share. Ten times as long where the end of its message is missing."`
	DeferFor string   `toml:"defer_for" comment:"How long a message is tried again after failures of its own; then it is held."`
	Owners   []string `toml:"owners" comment:"Users, by name or number, whose files are read. None named: root, the folder's owner\nand the user that mailchute runs as."`

	ReceivedBy string   `toml:"received_by" comment:"The host that a message's first Received line must name after \"by\", like \"mx.example.com\":\nthe mail system's own. Where something removes that line, lines that the sender wrote stand\nin its place and look like the mail system's; such mail is then held, unless the sender knew\nand wrote this name (auth_token_file helps there). Empty: any host."`
	Vouches    []string `toml:"vouches" comment:"What proves who sent a message; without it every sender is only claimed. Name only what\nthe mail system makes sure of:\n\"auth-header\": it writes the sender's login into auth_header\n\"mta-login\": from login_domains it takes only envelope senders that the login may use\n\"authentication-results\": it writes into Authentication-Results what it found out: the login\n(auth=pass smtp.auth=LOGIN), and whether the domain of From is proved (dmarc, dkim, spf)\n\"exchange-firewall\": only an Exchange server can write here, and its header firewall removes\nforged lines, so that X-MS-Exchange-Organization-AuthAs: Internal proves the envelope sender"`
	AuthHeader string   `toml:"auth_header" comment:"For auth-header: the line with the login. It counts above the mail system's Received line\nor in its block only."`
	TokenFile  string   `toml:"auth_token_file" comment:"For auth-header: a file with a secret of 16 letters and digits or more, which the mail\nsystem writes before the login, with a blank between them. Mail with another such line is\nheld. Readable to mailchute's user only. Empty: there is none; where something removes the\nmail system's Received line, such a line of the sender's is then believed."`
	Domains    []string `toml:"login_domains" comment:"For mta-login: the domains whose addresses need a login."`
	AuthservID string   `toml:"authserv_id" comment:"For authentication-results: the name with which the mail system's own lines begin."`
	Place      string   `toml:"authserv_place" comment:"For authentication-results: where they stand. \"above-received\": above the mail system's\nReceived line. \"first-below-received\": right below it; then the mail system must take no\nmail while what writes them is down, else forged ones stand there."`

	AlignedBy []string `toml:"aligned_by" comment:"Which results prove the domain of From, so that its address counts as \"aligned\"."`
	Alignment string   `toml:"alignment" comment:"\"relaxed\": what passes may be another domain of the same organization. \"strict\": it must be\nthe domain of From itself."`
	Shared    []string `toml:"shared_domains" comment:"Domains whose users may write each other's From, as customers of a mail provider often may.\nTheir results prove nobody; a login does."`
	DKIM      string   `toml:"dkim" comment:"\"verify\": mailchute checks DKIM signatures by itself, where the mail system writes no\nAuthentication-Results. It asks the DNS for each key: see [dkim]."`

	Custom customFile `toml:"custom" commented:"true" comment:"For format = \"custom\" only: how a mail system writes that no other format fits."`
}

type customFile struct {
	Layout     string `toml:"layout" comment:"\"maildir\": messages are the files in new/. Else a pattern for their names, like \"*.eml\"."`
	Writes     string `toml:"writes" comment:"\"renamed\": a file gets its name when it is whole. \"in-place\": it grows under its name, and\nhas to settle."`
	Sender     string `toml:"sender" comment:"The line with the envelope sender, once above the message."`
	NullSender string `toml:"null_sender" comment:"How the null sender is written. \"brackets\": <> only. \"empty\": an empty line means it, too.\n\"absent\": no line at all does."`
	Recipient  string `toml:"recipient" comment:"The line with the envelope recipients."`
	Recipients string `toml:"recipients" comment:"\"one\": one line with one address. \"repeated\": a line for each. \"list\": one line with commas."`
	End        string `toml:"end" comment:"The line that ends the mail system's own lines: all above it is believed, nothing below."`
	EndInside  bool   `toml:"end_inside" comment:"Whether that line is the mail system's, and no part of the message. Received never is."`
}

// defaultFeed has what may be left out of a feed.
func defaultFeed() feedFile {
	return feedFile{
		Settle: "2s", DeferFor: "7d", Owners: []string{},
		Vouches: []string{}, AuthHeader: "X-Drop-Auth", Domains: []string{}, Place: placeAbove,
		AlignedBy: access.AlignMethods(), Alignment: alignRelaxed, Shared: []string{}, DKIM: dkimNo,
		Custom: customFile{
			Layout: layoutMaildir, Writes: writesRenamed, Sender: "Return-Path", NullSender: nullBrackets,
			Recipient: "Delivered-To", Recipients: recipientsOne, End: "Received",
		},
	}
}

// The values of settings of a feed.
const (
	vouchHeader   = "auth-header"
	vouchLogin    = "mta-login"
	vouchResults  = "authentication-results"
	vouchExchange = "exchange-firewall"

	placeAbove = "above-received"
	placeBelow = "first-below-received"

	alignRelaxed = "relaxed"
	alignStrict  = "strict"

	dkimNo     = "no"
	dkimVerify = "verify"

	layoutMaildir = "maildir"

	writesRenamed = "renamed"
	writesInPlace = "in-place"

	nullBrackets = "brackets"
	nullEmpty    = "empty"
	nullAbsent   = "absent"

	recipientsOne      = "one"
	recipientsRepeated = "repeated"
	recipientsList     = "list"
)

// orDefaults gives what is left out its default.
func (f feedFile) orDefaults() feedFile {
	preset := defaultFeed()
	for _, s := range []struct {
		setting *string
		preset  string
	}{
		{&f.Settle, preset.Settle},
		{&f.DeferFor, preset.DeferFor},
		{&f.AuthHeader, preset.AuthHeader},
		{&f.Place, preset.Place},
		{&f.Alignment, preset.Alignment},
		{&f.DKIM, preset.DKIM},
		{&f.Custom.Layout, preset.Custom.Layout},
		{&f.Custom.Writes, preset.Custom.Writes},
		{&f.Custom.Sender, preset.Custom.Sender},
		{&f.Custom.NullSender, preset.Custom.NullSender},
		{&f.Custom.Recipient, preset.Custom.Recipient},
		{&f.Custom.Recipients, preset.Custom.Recipients},
		{&f.Custom.End, preset.Custom.End},
	} {
		*s.setting = cmp.Or(*s.setting, s.preset)
	}
	return f
}

func (r *reader) feed(path string, f feedFile) Feed {
	f = f.orDefaults()
	if f.AlignedBy == nil { // an empty list is one of no methods
		f.AlignedBy = access.AlignMethods()
	}
	name := r.text(path+".name", f.Name)
	if err := library.CheckName(name); err != nil {
		r.fail(path+".name", "%v", err)
	}
	for i, owner := range f.Owners {
		r.text(indexed(path+".owners", i), owner)
	}
	return Feed{
		Name: name, Path: r.text(path+".path", f.Path), Format: f.Format, Owners: f.Owners,
		Settle:   r.duration(path+".settle", f.Settle),
		DeferFor: r.duration(path+".defer_for", f.DeferFor),
		Reads:    r.format(path, f), TokenFile: f.TokenFile,
		Align: r.alignment(path, f),
		DKIM:  r.oneOf(path+".dkim", f.DKIM, dkimNo, dkimVerify) == dkimVerify,
	}
}

// alignment says which results prove the domain of From.
func (r *reader) alignment(path string, f feedFile) access.Alignment {
	for i, m := range f.AlignedBy {
		r.oneOf(indexed(path+".aligned_by", i), m, access.AlignMethods()...)
	}
	for i, d := range f.Shared {
		r.domain(indexed(path+".shared_domains", i), d)
	}
	return access.Alignment{
		Methods: f.AlignedBy, Shared: f.Shared,
		Strict: r.oneOf(path+".alignment", f.Alignment, alignRelaxed, alignStrict) == alignStrict,
	}
}

// format returns the feed's format with what the feed says of it.
func (r *reader) format(path string, f feedFile) drop.Format {
	format, err := drop.FormatNamed(r.text(path+".format", f.Format))
	if err != nil {
		r.fail(path+".format", "%q is not a format; there are %s", f.Format, strings.Join(drop.Formats(), ", "))
		return drop.Format{}
	}
	switch {
	case format.Custom:
		r.custom(path+".custom", f.Custom, &format)
	case f.Custom != defaultFeed().Custom:
		r.fail(path+".custom", `these settings are for format = "custom"; this feed has format = %q`, f.Format)
	}
	r.trust(path, f, &format)
	return format
}

// custom describes a format of the administrator's own.
func (r *reader) custom(at string, c customFile, f *drop.Format) {
	f.Maildir = c.Layout == layoutMaildir
	if !f.Maildir {
		f.Pattern = strings.ToLower(c.Layout)
		if _, err := path.Match(f.Pattern, "x"); err != nil || strings.ContainsAny(f.Pattern, "/\x00") || !strings.ContainsAny(f.Pattern, "*?[") {
			r.fail(at+".layout", `%q: use "maildir", or a pattern for names of files like "*.eml"`, c.Layout)
		}
	}
	f.Atomic = r.oneOf(at+".writes", c.Writes, writesRenamed, writesInPlace) == writesRenamed
	f.Sender = r.field(at+".sender", c.Sender)
	null := r.oneOf(at+".null_sender", c.NullSender, nullBrackets, nullEmpty, nullAbsent)
	f.EmptyIsNull, f.AbsentIsNull = null == nullEmpty, null == nullAbsent
	f.Recipient = r.field(at+".recipient", c.Recipient)
	many := r.oneOf(at+".recipients", c.Recipients, recipientsOne, recipientsRepeated, recipientsList)
	f.Repeated, f.List = many == recipientsRepeated, many == recipientsList
	f.End, f.EndInside = r.field(at+".end", c.End), c.EndInside
	if f.EndInside && f.End == "received" {
		r.fail(at+".end_inside", "the Received line is part of the message: leave this false")
	}
	names := map[string]string{}
	for _, line := range []struct{ key, name string }{{"sender", f.Sender}, {"recipient", f.Recipient}, {"end", f.End}} {
		if other, twice := names[line.name]; twice {
			r.fail(at+"."+line.key, "%q is the line of %s: each has its own", line.name, other)
		}
		names[line.name] = line.key
		if line.name == "received" && line.key != "end" {
			r.fail(at+"."+line.key, "the Received line names nobody that can be believed")
		}
	}
}

// trust says what is believed beyond the envelope.
func (r *reader) trust(path string, f feedFile, format *drop.Format) {
	for i, v := range f.Vouches {
		r.oneOf(indexed(path+".vouches", i), v, vouchHeader, vouchLogin, vouchResults, vouchExchange)
	}
	vouches := func(v string) bool { return slices.Contains(f.Vouches, v) }
	pair := func(vouch, key string, set bool) {
		switch {
		case set && !vouches(vouch):
			r.fail(path+"."+key, "it counts only where vouches names %q", vouch)
		case !set && vouches(vouch):
			r.fail(path+".vouches", "%q needs %s", vouch, key)
		}
	}
	pair(vouchLogin, "login_domains", len(f.Domains) > 0)
	pair(vouchResults, "authserv_id", f.AuthservID != "")
	if f.TokenFile != "" {
		pair(vouchHeader, "auth_token_file", true)
		if !format.AnyField {
			r.fail(path+".auth_token_file", "format %s has an end that nobody else writes, and needs no secret: leave this out", f.Format)
		}
	}
	r.authHeader(path, f, format, vouches(vouchHeader))
	if len(f.Vouches) > 0 && !format.Guarded() {
		r.fail(path+".vouches", "in format %s anybody can write any line, so none proves a sender: leave this empty", f.Format)
	}
	for i, d := range f.Domains {
		r.domain(indexed(path+".login_domains", i), d)
	}
	if _, err := address.ParseMailbox("x@" + f.ReceivedBy); f.ReceivedBy != "" && err != nil {
		r.fail(path+".received_by", "%q is not the name of a host: write it like %q", f.ReceivedBy, "mx.example.com")
	}
	if strings.ContainsFunc(f.AuthservID, func(c rune) bool { return c <= ' ' || strings.ContainsRune(`;()"=`, c) }) {
		r.fail(path+".authserv_id", "%q is not the name of a host: write it like %q", f.AuthservID, "mx.example.com")
	}
	format.Trust = drop.Trust{
		ReceivedBy: f.ReceivedBy, AuthHeader: vouches(vouchHeader), LoginDomains: f.Domains, AuthservID: f.AuthservID,
		BelowReceived:  r.oneOf(path+".authserv_place", f.Place, placeAbove, placeBelow) == placeBelow,
		HeaderFirewall: vouches(vouchExchange),
	}
}

// authHeader names the line with the login.
func (r *reader) authHeader(path string, f feedFile, format *drop.Format, vouched bool) {
	name := r.field(path+".auth_header", f.AuthHeader)
	usual := strings.ToLower(defaultFeed().AuthHeader)
	switch {
	case format.Auth == "" && vouched:
		r.fail(path+".vouches", "format %s has no line with a login: %q cannot stand here", f.Format, vouchHeader)
	case name != usual && !vouched:
		r.fail(path+".auth_header", "it counts only where vouches names %q", vouchHeader)
	case name != usual && !format.AnyField:
		r.fail(path+".auth_header", "format %s has the login in %s: leave this out", f.Format, defaultFeed().AuthHeader)
	case slices.Contains(append([]string{"received", "authentication-results", format.Sender, format.Recipient, format.End}, format.Also...), name):
		r.fail(path+".auth_header", "%q is a line with another meaning", f.AuthHeader)
	case format.Auth != "":
		format.Auth = name
	}
}

// field checks the name of a header field (RFC 5322 §2.2) and returns it in lower case.
func (r *reader) field(path, name string) string {
	if strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c > '~' || c == ':' }) {
		r.fail(path, "%q is not the name of a line: write it like %q", name, "X-Drop-Auth")
	}
	return strings.ToLower(name)
}
