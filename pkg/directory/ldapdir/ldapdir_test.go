package ldapdir_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"mailchute/pkg/directory"
	"mailchute/pkg/directory/ldapdir"
	"mailchute/pkg/fault"
)

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*ldapdir.Options){
		"in the clear":              func(o *ldapdir.Options) { o.URL = "ldap://dc1.corp.example" },
		"in the clear, on loopback": func(o *ldapdir.Options) { o.URL = "ldap://127.0.0.1" },
		"StartTLS on ldaps":         func(o *ldapdir.Options) { o.StartTLS = true },
		"StartTLS on a socket":      func(o *ldapdir.Options) { o.URL, o.StartTLS = "ldapi://%2Frun%2Fldapi", true },
		"a socket without a path":   func(o *ldapdir.Options) { o.URL = "ldapi://" },
		"a socket somewhere":        func(o *ldapdir.Options) { o.URL = "ldapi://run%2Fldapi" },
		"another scheme":            func(o *ldapdir.Options) { o.URL = "https://dc1.corp.example" },
		"no host":                   func(o *ldapdir.Options) { o.URL = "ldaps://" },
		"no URL":                    func(o *ldapdir.Options) { o.URL = "" },
		"a password in it":          func(o *ldapdir.Options) { o.URL = "ldaps://me:" + password + "@dc1.corp.example" },
		"a base in it":              func(o *ldapdir.Options) { o.URL = "ldaps://dc1.corp.example/DC=corp" },
		"no base":                   func(o *ldapdir.Options) { o.Base = "" },
		"a base that is a domain":   func(o *ldapdir.Options) { o.Base = "corp.example" },
		"half a filter":             func(o *ldapdir.Options) { o.UserFilter = "(objectClass=user" },
		"an odd attribute":          func(o *ldapdir.Options) { o.Addresses = []string{"mail", "a)(b"} },
		"an odd login":              func(o *ldapdir.Options) { o.Login = "*" },
		"an unknown flavour":        func(o *ldapdir.Options) { o.Flavour = "novell" },
		"no password":               func(o *ldapdir.Options) { o.Password = nil },
		"no such authority":         func(o *ldapdir.Options) { o.CAFile = empty + ".not" },
		"no authority":              func(o *ldapdir.Options) { o.CAFile = empty },
	} {
		o := asked("ldaps://dc1.corp.example")
		change(&o)
		d, err := ldapdir.Open(o)
		if d != nil || err == nil || strings.Contains(err.Error(), password) {
			t.Errorf("%s: got %v, %v; want an error without the password", name, d, err)
		}
	}
	for _, url := range []string{"ldaps://dc1.corp.example", "ldaps://[::1]:6360/", "ldapi://%2Frun%2Fslapd%2Fldapi", "ldapi://%2Frun%2Fslapd%2Fldapi/"} {
		if _, err := ldapdir.Open(asked(url)); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestGUIDText(t *testing.T) {
	t.Parallel()
	b := []byte{0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
	if got, want := ldapdir.GUIDText(b), "00112233-4455-6677-8899-aabbccddeeff"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAnswersAreKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const ttl = time.Minute
		a, asked := ldapdir.NewAnswers(ttl), 0
		get := func(key string, groups int, err error) error {
			got, gotErr := a.Get(key, func() ([]directory.Group, error) {
				asked++
				return make([]directory.Group, groups), err
			})
			if gotErr == nil && len(got) != groups {
				t.Errorf("%s: got %d groups, want %d", key, len(got), groups)
			}
			return gotErr
		}
		step := func(what string, want int, key string, groups int, err error) {
			t.Helper()
			before := asked
			if got := get(key, groups, err); !errors.Is(got, err) {
				t.Errorf("%s: got %v, want %v", what, got, err)
			}
			if asked-before != want {
				t.Errorf("%s: asked %d times, want %d", what, asked-before, want)
			}
		}
		step("first", 1, "a", 2, nil)
		step("again", 0, "a", 2, nil)
		step("nobody", 1, "b", 0, fault.ErrNotFound)
		step("nobody again", 0, "b", 0, fault.ErrNotFound)
		step("several", 1, "c", 0, fmt.Errorf("login: %w", directory.ErrAmbiguous))
		step("several again", 0, "c", 0, directory.ErrAmbiguous)
		down := errors.New("down")
		step("a failure", 1, "d", 0, down)
		step("is not kept", 1, "d", 0, down)
		time.Sleep(ttl - time.Nanosecond)
		step("as long as may be", 0, "a", 2, nil)
		time.Sleep(time.Nanosecond)
		step("and no longer", 1, "a", 2, nil)
		step("too much at once", 1, "e", ldapdir.MaxKept, nil)
		step("takes the place of all", 1, "a", 2, nil)
		for i := range 2 * ldapdir.MaxKept {
			_ = get(fmt.Sprint(i), 0, nil)
		}
		step("many little ones do, too", 1, "a", 2, nil)
		none := ldapdir.NewAnswers(0)
		for range 2 {
			if _, err := none.Get("a", func() ([]directory.Group, error) { return nil, down }); !errors.Is(err, down) {
				t.Errorf("got %v", err)
			}
		}
	})
}

// FuzzFilter holds that a value is one of the filter, whatever is in it.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{"alice", "*", "a)(b=*", `\2a`, "\x00", "é", "\xff", "", `CN=a\,b`, "(&(a=b))"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, filter := range []string{ldapdir.Equal("mail", value), ldapdir.EqualBytes("mail", []byte(value))} {
			p, err := ldap.CompileFilter(filter)
			if err != nil {
				t.Fatalf("%q: %v", filter, err)
			}
			if p.Tag != ldap.FilterEqualityMatch && (value != "" || p.Tag != ldap.FilterPresent) {
				t.Fatalf("%q is another filter than one of a value", filter)
			}
			if p.Tag == ldap.FilterEqualityMatch {
				if got := ber.DecodeString(p.Children[1].Data.Bytes()); got != value {
					t.Errorf("%q asks for %q, want %q", filter, got, value)
				}
			}
		}
	})
}
