package config

import (
	"net/netip"
	"net/url"
	"reflect"
)

// Remote is the directory management service for SharePoint farms: its SOAP endpoint.
type Remote struct {
	Listen          string   // host:port; "": it is off
	CertificateFile string   // paths as written
	KeyFile         string   //
	ClientCAFile    string   // "": no certificates of clients are asked for
	Clients         []string // common names of certificates that are let in; none: all that the authorities signed
	UsersFile       string   // "": nobody is let in by name and password
	URL             string   // that farms call it by, without a path; "": https:// and Listen
}

type remoteFile struct {
	Listen          string   `toml:"listen" comment:"Where it listens, like \"127.0.0.1:8443\". Empty: it is off."`
	CertificateFile string   `toml:"certificate_file" comment:"Its certificate (PEM), with those between it and the authority that farms trust."`
	KeyFile         string   `toml:"key_file" comment:"The key of the certificate (PEM), readable to mailchute's user only."`
	ClientCAFile    string   `toml:"client_ca_file" comment:"The authorities (PEM) that sign certificates of farms. Empty: certificates are not asked for."`
	Clients         []string `toml:"clients" comment:"The common names of certificates that are let in. Empty: all that the authorities signed."`
	UsersFile       string   `toml:"users_file" comment:"Who is let in by name and password: lines of NAME:HASH, the hash by \"mailchute remote password\".\nEmpty: nobody. A farm needs the one or the other."`
	URL             string   `toml:"url" comment:"The address that farms call it by, without a path, like \"https://mail.corp.example:8443\". Empty:\nhttps:// and listen."`
}

func (r *reader) remote(f remoteFile, publish string) Remote {
	if f.Listen == "" {
		if !reflect.DeepEqual(f, defaultRemote()) {
			r.fail("remote.listen", "this setting is missing or empty; without it the others mean nothing")
		}
		return Remote{}
	}
	if at, err := netip.ParseAddrPort(f.Listen); err != nil || at.Port() == 0 {
		r.fail("remote.listen", "%q is no address to listen on: write it like %q", f.Listen, "127.0.0.1:8443")
	}
	if publish == PublishNone {
		r.fail("remote.listen", "what farms ask for would never be done, for dms.publish is %q: publish somewhere, or leave this empty", publish)
	}
	r.text("remote.certificate_file", f.CertificateFile)
	r.text("remote.key_file", f.KeyFile)
	if f.ClientCAFile == "" && f.UsersFile == "" {
		r.fail("remote.listen", "anybody could call it: name client_ca_file or users_file")
	}
	if f.ClientCAFile == "" && len(f.Clients) > 0 {
		r.fail("remote.clients", "it needs client_ca_file")
	}
	for i, name := range f.Clients {
		r.text(indexed("remote.clients", i), name)
	}
	if u, err := url.Parse(f.URL); f.URL != "" && (err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "") {
		r.fail("remote.url", "%q is no address of a service: write it like %q", f.URL, "https://mail.corp.example:8443")
	}
	return Remote(f)
}

func defaultRemote() remoteFile { return remoteFile{Clients: []string{}} }
