package sqlcat

import (
	"database/sql"
	"fmt"
	"slices"

	"mailchute/pkg/access"
)

const (
	selectUserAt   = `SELECT login FROM user_addresses WHERE address_key = $1`
	selectGroupsOf = `SELECT group_name FROM group_members WHERE kind = $1 AND name = $2`
)

func (t *tx) Users() ([]access.User, error) { return t.users("users", "") }

func (t *tx) User(login string) (access.User, error) {
	what := "user " + login
	found, err := t.users(what, `WHERE u.login = $1`, login)
	return only(what, found, err)
}

func (t *tx) users(what, where string, args ...any) ([]access.User, error) {
	type row struct {
		login, name string
		address     sql.NullString
	}
	scan := func(rows *sql.Rows) (r row, err error) {
		err = rows.Scan(&r.login, &r.name, &r.address)
		return r, err
	}
	var users []access.User
	for r, err := range each(t, what, scan, `SELECT u.login, u.name, a.address
		FROM users u LEFT JOIN user_addresses a ON a.login = u.login `+where+` ORDER BY u.login, a.seq`, args...) {
		if err != nil {
			return nil, err
		}
		if n := len(users); n == 0 || users[n-1].Login != r.login {
			users = append(users, access.User{Login: r.login, Name: r.name})
		}
		if u := &users[len(users)-1]; r.address.Valid {
			u.Addresses = append(u.Addresses, r.address.String)
		}
	}
	return users, nil
}

func (t *tx) InsertUser(u access.User, keys []string) error {
	if len(keys) != len(u.Addresses) {
		return fmt.Errorf("user %s: %d addresses with %d keys", u.Login, len(u.Addresses), len(keys))
	}
	return t.Savepoint(func() error {
		err := t.insert("user "+u.Login, `INSERT INTO users (login, name) VALUES ($1, $2) ON CONFLICT DO NOTHING`, u.Login, u.Name)
		if err != nil {
			return err
		}
		return t.insertAddresses(u, keys)
	})
}

func (t *tx) UpdateUser(u access.User, keys []string) error {
	if len(keys) != len(u.Addresses) {
		return fmt.Errorf("user %s: %d addresses with %d keys", u.Login, len(u.Addresses), len(keys))
	}
	return t.Savepoint(func() error {
		if err := t.change("user "+u.Login, `UPDATE users SET name = $2 WHERE login = $1`, u.Login, u.Name); err != nil {
			return err
		}
		if _, err := t.exec("addresses of "+u.Login, `DELETE FROM user_addresses WHERE login = $1`, u.Login); err != nil {
			return err
		}
		return t.insertAddresses(u, keys)
	})
}

func (t *tx) insertAddresses(u access.User, keys []string) error {
	for i, a := range u.Addresses {
		if err := t.insert("address "+a, `INSERT INTO user_addresses (address_key, login, seq, address)
			VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, keys[i], u.Login, i, a); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) UserAt(addressKey string) (string, error) {
	return one(t, "user at "+addressKey, scalar[string], selectUserAt, addressKey)
}

func (t *tx) Groups() ([]access.Group, error) { return t.groups("groups", "") }

func (t *tx) Group(name string) (access.Group, error) {
	what := "group " + name
	found, err := t.groups(what, `WHERE g.name = $1`, name)
	return only(what, found, err)
}

func (t *tx) groups(what, where string, args ...any) ([]access.Group, error) {
	type row struct {
		group        access.Group
		kind, member sql.NullString
	}
	scan := func(rows *sql.Rows) (r row, err error) {
		err = rows.Scan(&r.group.Name, &r.group.Title, &r.group.Site, &r.kind, &r.member)
		return r, err
	}
	var groups []access.Group
	for r, err := range each(t, what, scan, `SELECT g.name, g.title, COALESCE(g.site, ''), m.kind, m.name
		FROM groups g LEFT JOIN group_members m ON m.group_name = g.name `+where+` ORDER BY g.name, m.seq`, args...) {
		if err != nil {
			return nil, err
		}
		if n := len(groups); n == 0 || groups[n-1].Name != r.group.Name {
			groups = append(groups, r.group)
		}
		if g := &groups[len(groups)-1]; r.kind.Valid {
			g.Members = append(g.Members, access.Principal{Kind: access.Kind(r.kind.String), Name: r.member.String})
		}
	}
	return groups, nil
}

func (t *tx) InsertGroup(g access.Group) error {
	return t.Savepoint(func() error {
		err := t.insert("group "+g.Name, `INSERT INTO groups (name, title, site)
			VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, g.Name, g.Title, nullable(g.Site))
		if err != nil {
			return err
		}
		return t.insertMembers(g)
	})
}

func (t *tx) UpdateGroup(g access.Group) error {
	return t.Savepoint(func() error {
		err := t.change("group "+g.Name, `UPDATE groups SET title = $2, site = $3 WHERE name = $1`,
			g.Name, g.Title, nullable(g.Site))
		if err != nil {
			return err
		}
		if _, err := t.exec("members of "+g.Name, `DELETE FROM group_members WHERE group_name = $1`, g.Name); err != nil {
			return err
		}
		return t.insertMembers(g)
	})
}

func (t *tx) DeleteGroup(name string) error {
	return t.Savepoint(func() error {
		for _, query := range []string{
			`DELETE FROM group_members WHERE group_name = $1`,
			`DELETE FROM group_members WHERE kind = 'group' AND name = $1`,
			`DELETE FROM grants WHERE principal_kind = 'group' AND principal_name = $1`,
		} {
			if _, err := t.exec("what group "+name+" has", query, name); err != nil {
				return err
			}
		}
		return t.remove("group "+name, `DELETE FROM groups WHERE name = $1`, name)
	})
}

func (t *tx) insertMembers(g access.Group) error {
	for i, m := range g.Members {
		if err := t.insert("member "+m.Name, `INSERT INTO group_members (kind, name, group_name, seq)
			VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, string(m.Kind), m.Name, g.Name, i); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) GroupsOf(members []access.Principal) ([]string, error) {
	var names []string
	for _, m := range members {
		of, err := list(t, "groups of "+m.Name, scalar[string], selectGroupsOf, string(m.Kind), m.Name)
		if err != nil {
			return nil, err
		}
		names = append(names, of...)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
