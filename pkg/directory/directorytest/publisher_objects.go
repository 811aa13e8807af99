package directorytest

import (
	"slices"
	"strings"

	gocmp "github.com/google/go-cmp/cmp"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

func preflight(p *publishing) {
	c, err := p.Publisher.Preflight(p.Context())
	if err != nil || c.Backend == "" || !slices.Contains(c.Modes, directory.ModePlain) || len(c.Facts) == 0 {
		p.Errorf("got %+v, %v; want that it can publish", c, err)
	}
	for _, f := range c.Facts {
		if !f.OK || f.Text == "" {
			p.Errorf("got %+v, want that all is well", f)
		}
	}
}

func lifeOfContact(p *publishing) { p.life(directory.KindContact) }

func lifeOfGroup(p *publishing) { p.life(directory.KindGroup) }

// life does everything twice: what is done is done.
func (p *publishing) life(kind directory.Kind) {
	o, made := p.create(kind, "Life")
	again, err := p.Publisher.Create(p.Context(), o, directory.Attributes{"displayName": {"another"}})
	if diff := gocmp.Diff(made, again); err != nil || diff != "" {
		p.Errorf("created again: %v (-want +got):\n%s", err, diff)
	}
	want := attributes(o)
	p.reads(made.ID, o, want)
	p.noSecurity(made.ID, kind)
	want["displayName"], want["description"], want[directory.AttrMail] = []string{"Renamed, \"quoted\" (x)*"}, []string{"for everybody"}, nil
	changes := []directory.Change{
		{Attribute: "displayName", Before: []string{"not compared"}, After: want["displayName"]},
		{Attribute: "description", After: want["description"]},
		{Attribute: directory.AttrMail},
	}
	for range 2 {
		now, err := p.Publisher.Modify(p.Context(), made, changes)
		if err != nil {
			p.Fatal(err)
		}
		p.is(now, o, want)
		p.reads(made.ID, o, want)
	}
	for _, alias := range []string{"renamed" + p.suffix, strings.ToUpper("renamed" + p.suffix)} {
		o.Alias = alias
		for range 2 {
			now, err := p.Publisher.Rename(p.Context(), made, o.Alias) // made has the old name
			if err != nil {
				p.Fatal(err)
			}
			p.is(now, o, want)
			p.reads(made.ID, o, want)
		}
	}
	p.noSecurity(made.ID, kind)
	if _, err := p.Publisher.ByAlias(p.Context(), made.Alias); err == nil {
		p.Errorf("the old name %s is still there", made.Alias)
	}
	for range 2 {
		if err := p.Publisher.Delete(p.Context(), made); err != nil {
			p.Fatal(err)
		}
		p.isGone(made)
	}
	_, err = p.Publisher.Modify(p.Context(), made, changes)
	p.fails("modify what is gone", err, fault.ErrNotFound)
	_, err = p.Publisher.Rename(p.Context(), made, o.Alias)
	p.fails("rename what is gone", err, fault.ErrNotFound)
}

// noSecurity checks, where it can, that a group grants nothing and has an account name of
// ours.
func (p *publishing) noSecurity(id string, kind directory.Kind) {
	p.Helper()
	if p.Admin == nil || kind != directory.KindGroup {
		return
	}
	entry := p.Admin.Entry(p.T, id)
	const universal = "8" // for mail only (MS-ADTS §2.2.12)
	if kinds := entry["groupType"]; len(kinds) > 0 && kinds[0] != universal {
		p.Errorf("got a group of type %v, want %s", kinds, universal)
	}
	if len(entry["groupType"]) > 0 && len(entry["sAMAccountName"]) == 0 {
		p.Errorf("got no account name in %v", entry)
	}
}

// forExchange writes what Exchange wants, where the schema has it.
func forExchange(p *publishing) {
	c, err := p.Publisher.Preflight(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	if !slices.Contains(c.Modes, directory.ModeExchange) {
		p.Skip("its schema has not what Exchange has")
	}
	for kind, more := range map[directory.Kind]directory.Attributes{
		directory.KindContact: {
			"targetAddress": {"SMTP:life@mail.example.com"}, "mAPIRecipient": {"FALSE"}, "internetEncoding": {"1310720"}, "msExchRequireAuthToSendTo": {"TRUE"},
		},
		directory.KindGroup: {"reportToOriginator": {"TRUE"}, "msExchHideFromAddressLists": {"TRUE"}},
	} {
		o := p.object(kind, "exchange-"+string(kind))
		want := attributes(o)
		want["mailNickname"] = []string{o.Alias}
		for name, values := range more {
			want[name] = values
		}
		made, err := p.Publisher.Create(p.Context(), o, want)
		if err != nil {
			p.Errorf("%s: %v", kind, err)
			continue
		}
		p.is(made, o, want)
		p.reads(made.ID, o, want)
		uses, err := p.Publisher.InUse(p.Context(), []string{strings.ToUpper(o.Alias)}, nil, "")
		if err != nil || len(uses) != 1 || uses[0].ID != made.ID {
			p.Errorf("who has the alias: got %v, %v; want %s", uses, err, made.ID)
		}
	}
}

// aliases creates objects of names that a directory takes, and of names that it may not get.
func aliases(p *publishing) {
	for _, alias := range []string{strings.Repeat("a", directory.MaxAlias-len(p.suffix)) + p.suffix, "a.b_c" + p.suffix} {
		for _, kind := range []directory.Kind{directory.KindContact, directory.KindGroup} {
			o := p.object(kind, "x")
			o.Alias = alias
			made, err := p.Publisher.Create(p.Context(), o, attributes(o))
			if err != nil {
				p.Fatalf("%s: %v", alias, err)
			}
			p.reads(made.ID, o, attributes(o))
			if err := p.Publisher.Delete(p.Context(), made); err != nil {
				p.Fatal(err)
			}
		}
	}
	o, made := p.create(directory.KindContact, "good")
	for _, alias := range []string{
		"", strings.Repeat("a", directory.MaxAlias+1), strings.Repeat("a", 128), "a b", "a,b", "a=b", "a+b", "a\\b", `a"b`, "a#b", "a\x00b", "a\nb",
		"ä", "a\xff", "*", ".a", "a.", "a..b", "-", "a/b", "postmaster", "CN=a", "🐴",
	} {
		bad := o
		bad.Key, bad.Alias = newID(), alias
		_, err := p.Publisher.Create(p.Context(), bad, attributes(o))
		p.fails("create "+alias, err, fault.ErrInvalid)
		_, err = p.Publisher.Rename(p.Context(), made, alias)
		p.fails("rename to "+alias, err, fault.ErrInvalid)
	}
	p.reads(made.ID, o, attributes(o))
	if all := p.each(); len(all) != 1 {
		p.Errorf("got %d objects, want the good one", len(all))
	}
}

// names writes texts that people may think of. What a directory takes, it gives back.
func names(p *publishing) {
	o, made := p.create(directory.KindContact, "named")
	for text, must := range map[string]bool{
		`Miller, "Bob" \ + #1 (x)*`: true, "a=b;c<d>e": true, "# 1": true, "Grüße 🐴": true, "Ελλάδα": true, `\2a\00`: true, "*)(objectClass=*": true,
		strings.Repeat("é", 256): true, " blanks ": false, "a\nb": false, "a\x00b": false, "a\xffb": false, "\u202eabc": false, strings.Repeat("x", 100_000): false,
	} {
		want := attributes(o)
		now, err := p.Publisher.Modify(p.Context(), made, change("displayName", text))
		if err == nil {
			want["displayName"] = []string{text}
			p.is(now, o, want)
			p.reads(made.ID, o, want)
			if _, err = p.Publisher.Modify(p.Context(), made, change("displayName", o.Title)); err != nil {
				p.Fatal(err)
			}
			continue
		}
		if must {
			p.Errorf("%.40q: %v", text, err)
		}
		p.fails(text[:min(len(text), 40)], err, fault.ErrInvalid)
		p.reads(made.ID, o, want)
	}
}

// allOrNothing has a directory refuse a part of a change; one that takes it does it all.
func allOrNothing(p *publishing) {
	o, made := p.create(directory.KindGroup, "whole")
	want := attributes(o)
	bad := append(change("displayName", "changed"), change(directory.AttrManagedBy, "no name of an entry")...)
	if _, err := p.Publisher.Modify(p.Context(), made, bad); err != nil {
		p.fails("a bad value", err, fault.ErrInvalid)
	} else {
		want["displayName"], want[directory.AttrManagedBy] = []string{"changed"}, []string{"no name of an entry"}
	}
	p.reads(made.ID, o, want)
	twice := p.object(directory.KindGroup, "twice")
	a := attributes(twice)
	a[directory.AttrManagedBy] = []string{"no name of an entry"}
	if _, err := p.Publisher.Create(p.Context(), twice, a); err != nil {
		p.fails("a bad value", err, fault.ErrInvalid)
		_, err = p.Publisher.ByAlias(p.Context(), twice.Alias)
		p.fails("by its alias", err, fault.ErrNotFound)
	}
}

// sharedAddresses changes addresses of which some are Exchange's.
func sharedAddresses(p *publishing) {
	o, made := p.create(directory.KindContact, "shared")
	if p.Admin != nil {
		p.Admin.Set(p.T, made.ID, directory.AttrProxyAddresses, "SMTP:"+o.Addresses[0], "X500:/o=Corp/cn=shared")
		want := attributes(o)
		want[directory.AttrProxyAddresses] = append(want[directory.AttrProxyAddresses], "X500:/o=Corp/cn=shared")
		p.reads(made.ID, o, want)
	}
	for _, values := range [][]string{
		{"SMTP:" + o.Addresses[0], "smtp:second@docs.example.com", "X500:/o=Corp/cn=shared"},
		{"smtp:" + o.Addresses[0], "SMTP:second@docs.example.com", "X500:/o=Corp/cn=shared"},
		{"SMTP:third@docs.example.com"},
		nil,
		{"SMTP:" + o.Addresses[0]},
	} {
		want := attributes(o)
		want[directory.AttrProxyAddresses] = values
		now, err := p.Publisher.Modify(p.Context(), made, change(directory.AttrProxyAddresses, values...))
		if err != nil {
			p.Errorf("%q: %v", values, err)
		}
		p.is(now, o, want)
		p.reads(made.ID, o, want)
	}
}
