package directorytest

import "fmt"

// People returns the world that Run asks about.
func People() World {
	w := World{
		Users: []User{
			{
				Name: "Alice Archer", Login: "alice", UPN: "alice@CORP.EXAMPLE", Mail: "Alice.Archer@corp.example",
				Proxies: []string{"SMTP:Alice.Archer@corp.example", "smtp:alice@corp.example", "Smtp:a.archer@old.corp.example", "X500:/o=Corp/cn=alice", "sip:talk@corp.example"},
			},
			{Name: "Bob Baker", Login: "bob", Mail: "bob@corp.example"},
			{Name: "Carol Cook", Login: "carol", Mail: "carol@corp.example"},
			{Name: "Dave Disabled", Login: "dave", UPN: "dave@corp.example", Mail: "dave@corp.example", Disabled: true},
			{Name: "Dora Double", Login: "dora", Mail: "dora@corp.example", Proxies: []string{"smtp:was.dave@corp.example"}},
			{Name: "Dan Double", Login: "dan", Mail: "was.dave@corp.example", Disabled: true},
			{Name: "Twin One", Login: "twin1", Mail: "twin@corp.example"},
			{Name: "Twin Two", Login: "twin2", Mail: "twin2@corp.example", Proxies: []string{"smtp:TWIN@corp.example"}},
			{Name: oddName, Login: "evil", Mail: "eve@corp.example"},
			{Name: "Una Uno", Login: "una", UPN: "una.uno@corp.example"},
			{Name: "Stella Star", Login: "star", Mail: "star*@corp.example"},
			{Name: "Stan Starling", Login: "starling", Mail: "starling@corp.example"},
			{Name: "Quentin Quoted", Login: "quentin", Mail: `"odd \"name\""@corp.example`},
			{Name: "Zoe Zander", Login: "zoe", Proxies: []string{"SMTP:zoë@corp.example"}},
			{Name: "Dieter Deep", Login: "diver", Mail: "diver@corp.example"},
		},
		Contacts: []Contact{
			{Name: "External Ernie", Mail: "ernie@elsewhere.example"},
			{Name: "External Bob", Mail: "bob@corp.example"},
		},
		Groups: []Group{
			{Name: "engineers", Members: []string{"Alice Archer", oddName}},
			{Name: "dept", Members: []string{"engineers", "Bob Baker"}},
			{Name: "staff", Mail: "staff@corp.example", Distribution: true, Members: []string{"dept", "Dave Disabled", "External Ernie"}},
			{Name: "everything", Members: []string{"staff"}},
			{Name: "loop-a", Members: []string{"Carol Cook", "loop-b"}},
			{Name: "loop-b", Members: []string{"loop-a"}},
			{Name: "itself", Distribution: true, Members: []string{"Carol Cook", "itself"}},
			{Name: oddGroup, Members: []string{"Alice Archer"}},
			{Name: "empty"},
		},
	}
	w.Groups = append(w.Groups, Chain("Dieter Deep", deep)...)
	return w
}

const (
	oddName  = `Evil, "Eve" \ + #1 (x)*`
	oddGroup = `R&D (x)*, "q" = \2a`
	deep     = 20 // levels
)

// Chain returns groups of which each is in the next; the member is in the first.
func Chain(member string, levels int) (all []Group) {
	for i := range levels {
		g := Group{Name: fmt.Sprintf("chain%02d", i+1), Members: []string{member}}
		all, member = append(all, g), g.Name
	}
	return all
}
