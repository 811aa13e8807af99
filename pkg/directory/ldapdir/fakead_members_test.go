package ldapdir_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
	"mailchute/pkg/fault"
)

// TestRanges reads groups of as many members as an answer has, and of more and less.
func TestRanges(t *testing.T) {
	t.Parallel()
	const values = 20
	f, p := fake(t, directorytest.World{Contacts: directorytest.CrowdOf(5 * values)}, directorytest.FakeADOptions{Values: values})
	group := create(t, p, object(directory.KindGroup, "team"))
	refs := crowdRefs(5 * values)
	for _, n := range []int{0, 1, values - 1, values, values + 1, 2 * values, 5 * values} {
		f.Set(group.Where, "member", names(refs[:n])...)
		got, err := p.Members(t.Context(), group)
		if diff := cmp.Diff(names(refs[:n]), names(got)); err != nil || diff != "" {
			t.Errorf("%d members: %v (-want +got):\n%s", n, err, diff)
		}
	}
}

// TestRangesOfAGroupThatChanges has somebody change a group while it is read, once, and again
// and again.
func TestRangesOfAGroupThatChanges(t *testing.T) {
	t.Parallel()
	const values = 20
	f, p := fake(t, directorytest.World{Contacts: directorytest.CrowdOf(3 * values)}, directorytest.FakeADOptions{Values: values})
	group := create(t, p, object(directory.KindGroup, "team"))
	all := names(crowdRefs(3 * values))
	for name, after := range map[string][]string{
		"one more": all[:2*values+2], "one less": all[:2*values], "none": nil, "others": all[values:], "the first gone": all[1 : 2*values+1],
		"one range less": all[:values], "the last of a range": all[:values+1],
	} {
		for _, version := range []bool{true, false} {
			f.Set(group.Where, "member", all[:2*values+1]...)
			f.Set(group.Where, "uSNChanged", "1")
			if !version {
				f.Set(group.Where, "uSNChanged")
			}
			done := false
			f.OnRequest(func(r directorytest.FakeRequest) directorytest.Trouble {
				if !done && slices.ContainsFunc(r.Attributes, func(a string) bool { return strings.HasPrefix(a, "member;range=20-") }) {
					done = true
					f.Set(group.Where, "member", after...)
					if version {
						f.Set(group.Where, "uSNChanged", "2")
					}
				}
				return directorytest.Trouble{}
			})
			got, err := p.Members(t.Context(), group)
			if diff := cmp.Diff(after, names(got)); err != nil || diff != "" && len(after)+len(got) > 0 {
				t.Errorf("%s, version %v: %v (-want +got):\n%s", name, version, err, diff)
			}
			if !done {
				t.Errorf("%s: nothing was changed", name)
			}
		}
	}
	f.Set(group.Where, "member", all...)
	n := 0
	f.OnRequest(func(r directorytest.FakeRequest) directorytest.Trouble {
		if n++; r.Op == "search" {
			f.Set(group.Where, "uSNChanged", fmt.Sprint(n))
		}
		return directorytest.Trouble{}
	})
	_, err := p.Members(t.Context(), group)
	unknown(t, err)
}

// TestMembersThatAreGone adds members of whom some are not there, and some are members, and
// removes some who are none.
func TestMembersThatAreGone(t *testing.T) {
	t.Parallel()
	const size = 1200
	f, p := fake(t, directorytest.World{Contacts: directorytest.CrowdOf(size)}, directorytest.FakeADOptions{})
	group := create(t, p, object(directory.KindGroup, "team"))
	refs := crowdRefs(size)
	f.Set(group.Where, "member", names(refs[100:200])...)
	gone := func(i int) directory.Ref {
		return directory.Ref{Key: fmt.Sprint("gone", i), Name: fmt.Sprintf("CN=gone%d,OU=People,%s", i, directorytest.BaseDN)}
	}
	add := slices.Concat(refs[:700], []directory.Ref{gone(0)}, refs[700:], []directory.Ref{gone(1), {}}, refs[:10])
	before := f.Writes()
	err := p.ChangeMembers(t.Context(), group, add, []directory.Ref{gone(2), refs[0]})
	unknown(t, err)
	for i := range 2 {
		if err != nil && !strings.Contains(err.Error(), gone(i).Name) {
			t.Errorf("got %v, want that it names %s", err, gone(i).Name)
		}
	}
	got, err := p.Members(t.Context(), group)
	if diff := cmp.Diff(names(refs), names(got)); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if writes := f.Writes() - before; writes > 50 {
		t.Errorf("that were %d writes", writes)
	}
	asked := 0
	f.OnRequest(func(r directorytest.FakeRequest) directorytest.Trouble {
		if r.Op == "modify" {
			asked++
			return directorytest.Trouble{Code: 32}
		}
		return directorytest.Trouble{}
	})
	unknown(t, p.ChangeMembers(t.Context(), group, nil, refs))
	if asked > 200 {
		t.Errorf("the server refuses everything, and was asked %d times", asked)
	}
}

// TestMemberRefused has a server that is unwilling to take a member: that is about the member,
// while of an object's attributes it may be about the moment.
func TestMemberRefused(t *testing.T) {
	t.Parallel()
	f, p := fake(t, directorytest.People(), directorytest.FakeADOptions{})
	group := create(t, p, object(directory.KindGroup, "team"))
	refs, err := p.Resolve(t.Context(), []directory.Member{{Login: "alice"}, {Login: "bob"}})
	if err != nil {
		t.Fatal(err)
	}
	f.OnRequest(func(r directorytest.FakeRequest) directorytest.Trouble {
		if r.Op == "modify" {
			return directorytest.Trouble{Code: 53}
		}
		return directorytest.Trouble{}
	})
	if err := p.ChangeMembers(t.Context(), group, refs, nil); !errors.Is(err, fault.ErrInvalid) || !strings.Contains(err.Error(), "Alice Archer") {
		t.Errorf("got %v, want %v, and who it is", err, fault.ErrInvalid)
	}
	if _, err := p.Modify(t.Context(), group, set("description", "changed")); err == nil || errors.Is(err, fault.ErrInvalid) {
		t.Errorf("got %v, want one that is transient", err)
	}
}
