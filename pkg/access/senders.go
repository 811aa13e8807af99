package access

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailchute/pkg/address"
)

// Senders is a list of addresses and domains, folded: "alice@example.org", "example.org"
// for all addresses of the domain, ".example.org" for those of the domains below it.
type Senders []string

// ParseSenders reads a list with commas or blanks between its entries; "" is empty.
func ParseSenders(s string) (Senders, error) {
	var list Senders
	for entry := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || r == ' ' }) {
		folded, err := foldSender(entry)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(list, folded) {
			list = append(list, folded)
		}
	}
	return list, nil
}

func foldSender(entry string) (string, error) {
	domain, below := strings.CutPrefix(entry, ".")
	if strings.Contains(entry, "@") {
		a, err := address.ParseMailbox(entry)
		if err != nil {
			return "", err
		}
		return a.Key(), nil
	}
	if _, err := address.ParseMailbox("x@" + domain); err != nil {
		return "", fmt.Errorf("%q is neither an address nor a domain: write it like alice@example.org, example.org or .example.org", entry)
	}
	if below {
		return "." + address.FoldDomain(domain), nil
	}
	return address.FoldDomain(domain), nil
}

// String writes the list as ParseSenders reads it.
func (s Senders) String() string { return strings.Join(s, ",") }

// Match returns the entry that an address is in, "" for none. The null sender is in none.
func (s Senders) Match(a address.Address) string {
	if a.IsNull() {
		return ""
	}
	key, domain := a.Key(), address.FoldDomain(a.Domain)
	for _, entry := range s {
		if entry == key || entry == domain || entry[0] == '.' && strings.HasSuffix(domain, entry) {
			return entry
		}
	}
	return ""
}

// ParseHosts reads a list of IP addresses and networks (192.0.2.0/24), with commas or
// blanks between them; "" is empty.
func ParseHosts(s string) ([]netip.Prefix, error) {
	var hosts []netip.Prefix
	for entry := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || r == ' ' }) {
		prefix, err := netip.ParsePrefix(entry)
		if err != nil {
			a, err := netip.ParseAddr(entry)
			if err != nil || a.Zone() != "" {
				return nil, fmt.Errorf("%q is no host: write it like 192.0.2.1, 2001:db8::1 or 192.0.2.0/24", entry)
			}
			prefix = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())
		}
		hosts = append(hosts, prefix.Masked())
	}
	return hosts, nil
}

// IsSafe reports whether a host may hand mail in: one of SafeHosts, where there are any.
// The host is as the mail system wrote it; what is no IP address is not safe then.
func (p Policy) IsSafe(host string) bool {
	if len(p.SafeHosts) == 0 {
		return true
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[] "))
	return err == nil && slices.ContainsFunc(p.SafeHosts, func(h netip.Prefix) bool { return h.Contains(a.Unmap().WithZone("")) })
}
