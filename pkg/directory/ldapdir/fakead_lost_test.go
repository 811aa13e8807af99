package ldapdir_test

import (
	"fmt"
	"strings"
	"testing"

	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
)

// TestLostAnswers has the connection end when something was changed, or before: nothing is
// put twice, and what was done is found.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	f, p := fake(t, directorytest.People(), directorytest.FakeADOptions{})
	for name, op := range map[string]struct {
		op string
		do func(o directory.Object, a directory.Actual) error
	}{
		"create": {"add", func(o directory.Object, _ directory.Actual) error {
			o.Key, o.Alias = strings.Repeat("a", 8)+o.Key[8:], "new-"+o.Alias
			_, err := p.Create(t.Context(), o, attributes(o))
			return err
		}},
		"modify": {"modify", func(_ directory.Object, a directory.Actual) error {
			_, err := p.Modify(t.Context(), a, set("displayName", "changed"))
			return err
		}},
		"rename": {"rename", func(o directory.Object, a directory.Actual) error {
			_, err := p.Rename(t.Context(), a, "other-"+o.Alias)
			return err
		}},
		"delete": {"delete", func(_ directory.Object, a directory.Actual) error { return p.Delete(t.Context(), a) }},
		"members": {"modify", func(_ directory.Object, a directory.Actual) error {
			return p.ChangeMembers(t.Context(), a, []directory.Ref{{Key: "bob", Name: "CN=Bob Baker,OU=People," + directorytest.BaseDN}}, nil)
		}},
	} {
		for _, isDone := range []bool{true, false} {
			f.OnRequest(nil)
			o := object(directory.KindGroup, fmt.Sprint(name, isDone))
			a := create(t, p, o)
			before, asked := f.Writes(), 0
			f.OnRequest(func(r directorytest.FakeRequest) directorytest.Trouble {
				if r.Op != op.op {
					return directorytest.Trouble{}
				}
				asked++
				return directorytest.Trouble{Done: isDone, Close: true}
			})
			unknown(t, op.do(o, a))
			writes := 0
			if isDone {
				writes = 1
			}
			if f.Writes()-before != writes || asked != 1 {
				t.Errorf("%s, done %v: asked %d times and %d were done", name, isDone, asked, f.Writes()-before)
			}
			f.OnRequest(nil)
			if err := op.do(o, a); err != nil {
				t.Errorf("%s, done %v, again: %v", name, isDone, err)
			}
		}
	}
}
