package storetest

import (
	"math"
	"time"

	"mailchute/pkg/directory"
	"mailchute/store"
)

func properties(localPart string) directory.Properties {
	return directory.Properties{
		LocalPart: localPart, Title: "t" + hostile, Description: "d" + hostile, Manager: "user:m" + hostile, RequireAuth: true,
	}
}

// distribution is a distribution group with every field filled, of a group of the catalog.
func distribution(key, group string) store.Distribution {
	return store.Distribution{
		Key: key, Group: group, Client: "c" + hostile, Name: "group " + group + hostile, Now: properties("l" + hostile), Orphan: true,
		Members: []string{"user:a", "", "contact:" + hostile},
	}
}

func putDistribution(d store.Distribution) change {
	return func(tx store.Tx) error { return tx.PutDistribution(d) }
}

// farmContact is a contact with every field filled.
func farmContact(key, alias string) store.FarmContact {
	return store.FarmContact{
		Key: key, Alias: alias, FirstName: "f" + hostile, LastName: "l" + hostile, Forward: "docs" + hostile + "@farm.example",
		RequireAuth: true, Client: "c" + hostile,
	}
}

func putFarmContact(c store.FarmContact) change {
	return func(tx store.Tx) error { return tx.PutFarmContact(c) }
}

func claim(localKey string, o store.Owner) change {
	return func(tx store.Tx) error { return tx.ClaimLocalPart(localKey, o) }
}

// request is a request with every field filled; its number is given by the catalog.
func request(id int64, distribution string, s directory.RequestState) directory.Request {
	return directory.Request{
		ID: id, Distribution: distribution, Name: "group " + hostile, Kind: directory.RequestRename,
		Before: properties("before"), Want: properties("want"), State: s, Revision: 3,
		Requester: "r" + hostile, RequesterMail: "m" + hostile, Justification: "j" + hostile, Asked: noon,
		Decided: noon.Add(time.Microsecond), Decider: "d" + hostile, Comment: "c" + hostile,
		Ended: noon.Add(time.Hour), Reminded: noon.Add(time.Minute), Trouble: "t" + hostile,
		FailedAs: directory.StatusInternalError,
	}
}

func putRequest(r directory.Request) change {
	return func(tx store.Tx) error { return second(tx.InsertRequest(r)) }
}

// knownObject is one with every field filled.
func knownObject(key string) directory.Known {
	return directory.Known{
		Key: key, Kind: directory.KindGroup, Of: "group " + hostile, Backend: "ldap" + hostile, ID: "id of " + key,
		Where: "CN=" + hostile, Alias: "a" + hostile,
		Applied: directory.Attributes{"mail": {"a@example.com"}, "description": {hostile, ""}, hostile: {hostile}},
		Members: "m" + hostile, Missing: []string{"user:" + hostile, ""}, State: directory.ObjectFailed, Trouble: "t" + hostile,
		Tries: math.MaxInt32, Next: noon.Add(time.Hour), At: noon,
	}
}

func putKnownObject(k directory.Known) change {
	return func(tx store.Tx) error { return tx.PutKnownObject(k) }
}

// directoryWrite is a change with every field filled; its number is given by the catalog.
func directoryWrite(id int64, run, key, of string) store.DirectoryWrite {
	return store.DirectoryWrite{
		ID: id, Run: run, At: noon, Actor: "a" + hostile, Action: directory.ActModify, Key: key, Of: of, Where: "CN=" + hostile,
		Changes: []directory.Change{
			{Attribute: "mail", Before: []string{hostile, ""}, After: []string{"a@example.com"}},
			{Attribute: hostile},
		},
		Trouble: "t" + hostile,
	}
}

func putDirectoryWrite(w store.DirectoryWrite) change {
	return func(tx store.Tx) error { return tx.InsertDirectoryWrite(w) }
}

// directoryRun has another number in every field.
func directoryRun(run string) store.DirectoryRun {
	return store.DirectoryRun{
		Run: run, Objects: math.MaxInt32, Created: 1, Renamed: 2, Modified: 3, Members: 4, Deleted: 5, Reported: 6, Failed: 7, Pending: 8,
	}
}

// entry is one of the built-in directory with every field filled.
func entry(id, alias string) store.Entry {
	return store.Entry{
		ID: id, Alias: alias, Marker: "m" + hostile, Kind: directory.KindContact,
		Attributes: directory.Attributes{"mail": {alias + "@example.com"}, hostile: {hostile, ""}},
	}
}

func putEntry(e store.Entry, addressKeys ...string) change {
	return func(tx store.Tx) error { return tx.PutEntry(e, addressKeys) }
}

func addMember(id, member string) change {
	return func(tx store.Tx) error { return tx.AddEntryMember(id, member) }
}
