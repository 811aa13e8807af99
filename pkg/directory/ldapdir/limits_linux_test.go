package ldapdir_test

import (
	"fmt"
	"net"
	"testing"

	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
)

// TestLimits asks about somebody in as many groups as may be, and somebody in one more: more
// than the server gives at once.
func TestLimits(t *testing.T) {
	t.Parallel()
	w := directorytest.World{Users: []directorytest.User{{Name: "many", Login: "many"}, {Name: "more", Login: "more"}, {Name: "deeper", Login: "deeper"}}}
	for i := range directory.MaxGroups - 1 {
		w.Groups = append(w.Groups, directorytest.Group{Name: fmt.Sprint("g", i), Members: []string{"many", "more"}})
	}
	w.Groups = append(w.Groups,
		directorytest.Group{Name: "the last of many", Members: []string{"many"}},
		directorytest.Group{Name: "the last of more", Members: []string{"more"}},
		directorytest.Group{Name: "one more", Members: []string{"the last of more"}})
	w.Groups = append(w.Groups, directorytest.Chain("deeper", directory.MaxLevels+1)...)
	d := open(t, reader(directorytest.StartSlapd(t, w, directorytest.SlapdOptions{})))
	for login, fits := range map[string]bool{"many": true, "more": false, "deeper": false} {
		p, err := d.ByLogin(t.Context(), login)
		if err != nil {
			t.Fatal(err)
		}
		groups, err := d.GroupsOf(t.Context(), p)
		switch {
		case !fits:
			unknown(t, err)
		case err != nil || len(groups) != directory.MaxGroups:
			t.Errorf("%s: got %d groups, %v", login, len(groups), err)
		}
	}
}

// TestAPartIsNoAnswer asks servers that give as many entries as they like and then say that
// there are more: carol is in two groups, and none above them.
func TestAPartIsNoAnswer(t *testing.T) {
	t.Parallel()
	for entries, fits := range map[int]bool{1: false, 2: true} {
		limits := fmt.Sprintf("size.soft=%[1]d size.hard=%[1]d size.prtotal=%[1]d", entries)
		d := open(t, reader(directorytest.StartSlapd(t, directorytest.World{
			Users:  []directorytest.User{{Name: "Carol", Login: "carol"}},
			Groups: []directorytest.Group{{Name: "a", Members: []string{"Carol"}}, {Name: "b", Members: []string{"Carol"}}},
		}, directorytest.SlapdOptions{Limits: limits})))
		carol, err := d.ByLogin(t.Context(), "carol")
		if err != nil {
			t.Fatal(err)
		}
		groups, err := d.GroupsOf(t.Context(), carol)
		switch {
		case !fits:
			unknown(t, err)
		case err != nil || len(groups) != 2:
			t.Errorf("%s: got %v, %v", limits, groups, err)
		}
	}
}

// TestReferralsAreNotFollowed asks a directory in which a part is said to be elsewhere.
func TestReferralsAreNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := serve(t, func(net.Conn) { t.Error("somebody came by a referral") })
	s := directorytest.StartSlapd(t, directorytest.People(), directorytest.SlapdOptions{LDIF: fmt.Sprintf(`dn: OU=Elsewhere,%s
objectClass: referral
objectClass: extensibleObject
ou: Elsewhere
ref: ldap://%s/OU=Elsewhere,%s
`, directorytest.BaseDN, elsewhere, directorytest.BaseDN)})
	directorytest.Run(t, open(t, reader(s)))
	o := reader(s)
	o.Base = "OU=Elsewhere," + directorytest.BaseDN
	_, err := open(t, o).ByAddress(t.Context(), bob())
	unknown(t, err)
}
