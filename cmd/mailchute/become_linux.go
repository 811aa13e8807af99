package main

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// become gives up the rights of root for those of a user, named by name or number, for the
// whole process and for good. Who is that user already stays it.
func become(name string) error {
	u, err := userNamed(name)
	if err != nil {
		return usage(err)
	}
	switch os.Geteuid() {
	case u.uid: // root may stay root
		return nil
	case 0:
		return u.become()
	}
	return usage(fmt.Errorf("--user %s: only root can become another user: run this as root or as %s, without --user", name, name))
}

// account is a user of the operating system.
type account struct {
	name     string
	uid, gid int
	groups   []int
}

// userNamed looks a user up, by name or number.
func userNamed(name string) (account, error) {
	found, err := user.Lookup(name)
	if err != nil {
		found, err = user.LookupId(name)
	}
	if err != nil {
		return account{}, fmt.Errorf("--user %s: there is no such user of this system", name)
	}
	all, err := found.GroupIds()
	if err != nil {
		return account{}, fmt.Errorf("--user %s: its groups: %w", name, err)
	}
	a := account{name: found.Username}
	ids := make([]int, 0, len(all)+2)
	for _, text := range append(all, found.Uid, found.Gid) {
		id, err := strconv.Atoi(text)
		if err != nil {
			return account{}, fmt.Errorf("--user %s: %w", name, err)
		}
		ids = append(ids, id)
	}
	a.groups, a.uid, a.gid = ids[:len(all)], ids[len(all)], ids[len(all)+1]
	return a, nil
}

// become changes the user of every thread: the groups first, for which root's rights are
// needed.
func (a account) become() error {
	err := syscall.Setgroups(a.groups)
	if err == nil {
		err = syscall.Setgid(a.gid)
	}
	if err == nil {
		err = syscall.Setuid(a.uid)
	}
	if err == nil && (syscall.Setuid(0) == nil || os.Getuid() != a.uid || os.Getgid() != a.gid) {
		err = errors.New("the rights of root could be had back")
	}
	if err != nil {
		return fmt.Errorf("become user %s: %w", a.name, err)
	}
	return nil
}
