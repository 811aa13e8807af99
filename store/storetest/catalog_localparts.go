package storetest

import (
	"errors"
	"time"

	"mailchute/pkg/fault"
	"mailchute/store"
)

func localPartRows() []catalogRow {
	return []catalogRow{
		{"a local part has one owner until it is released", func(w catalogWorld) {
			owners := map[string]store.Owner{
				"docs": {Library: "same"}, hostile: {Distribution: "same"}, "old": {Distribution: "same", Until: noon},
				"c": {Contact: "same"}, "w": {Was: "library " + hostile, Until: noon.Add(time.Microsecond)},
			}
			w.update(putLibraries("same"), putDistribution(distribution("same", "")), putFarmContact(farmContact("same", "a")))
			for local, o := range owners {
				w.update(claim(local, o))
			}
			release := func(local string) change { return func(tx store.Tx) error { return tx.ReleaseLocalPart(local) } }
			for local, o := range owners {
				equal(w, "owner of "+local, readOwner(w, local), o)
				w.update(release(local), release(local)) // it is nobody's the second time
				w.refused(fault.ErrNotFound, "OwnerOf", func(tx store.Tx) error { return second(tx.OwnerOf(local)) })
				w.update(claim(local, o))
				equal(w, "owner again", readOwner(w, local), o)
			}
		}},
		{"LocalParts are all but those of libraries, by key", listedLocalParts},
		{"local parts go with their distribution group, and with their contact", func(w catalogWorld) {
			w.update(
				putDistribution(distribution("d", "")), putDistribution(distribution("e", "")),
				putFarmContact(farmContact("d", "a")), putFarmContact(farmContact("e", "b")),
				claim("1", store.Owner{Distribution: "d"}), claim("2", store.Owner{Distribution: "d", Until: noon}),
				claim("3", store.Owner{Distribution: "e"}), claim("4", store.Owner{Contact: "d"}), claim("5", store.Owner{Contact: "e"}),
				func(tx store.Tx) error { return tx.DeleteDistribution("d") },
				func(tx store.Tx) error { return tx.DeleteFarmContact("e") },
			)
			equal(w, "local parts left", read(w, store.Tx.LocalParts), []store.LocalPart{
				{Key: "3", Owner: store.Owner{Distribution: "e"}}, {Key: "4", Owner: store.Owner{Contact: "d"}},
			})
		}},
		{"a local part has an owner, and no more than one", func(w catalogWorld) {
			w.update(putLibraries("l"), putDistribution(distribution("d", "")), putFarmContact(farmContact("c", "a")))
			for what, o := range map[string]store.Owner{
				"none": {}, "two": {Contact: "c", Was: "x"}, "all": {Library: "l", Distribution: "d", Contact: "c", Was: "x"},
			} {
				err := w.Update(w.Context(), claim("x", o))
				if err == nil || errors.Is(err, fault.ErrConflict) || errors.Is(err, fault.ErrNotFound) {
					w.Errorf("%s: got error %v, want one that ends the transaction", what, err)
				}
			}
			equal(w, "local parts", read(w, store.Tx.LocalParts), nil)
		}},
		{"the time until which a local part is kept has microseconds, in UTC", func(w catalogWorld) {
			w.update(claim("a", store.Owner{Was: "x", Until: noon.Add(999 * time.Nanosecond).In(time.FixedZone("east", 3600))}))
			if got := readOwner(w, "a").Until; got != noon {
				w.Errorf("got %#v, want %#v", got, noon)
			}
		}},
	}
}

func listedLocalParts(w catalogWorld) {
	w.update(putLibraries("l"), claim("m", store.Owner{Library: "l"}),
		putDistribution(distribution("d", "")), putDistribution(distribution("e", "")), putFarmContact(farmContact("c", "a")))
	names := oddNames()
	owners := []store.Owner{{Distribution: "d"}, {Contact: "c"}, {Was: "x"}, {Distribution: "e", Until: noon}}
	var want, ofD []store.LocalPart
	for i, name := range names {
		p := store.LocalPart{Key: name, Owner: owners[i%len(owners)]}
		want = append(want, p)
		if p.Owner.Distribution == "d" {
			ofD = append(ofD, p)
		}
	}
	for i := range want {
		p := want[len(want)-1-i]
		w.update(claim(p.Key, p.Owner))
	}
	equal(w, "local parts", read(w, store.Tx.LocalParts), want)
	of := func(distribution string) []store.LocalPart {
		return read(w, func(tx store.Tx) ([]store.LocalPart, error) { return tx.LocalPartsOf(distribution) })
	}
	equal(w, "local parts of d", of("d"), ofD)
	equal(w, "local parts of nobody", of(""), nil)
	equal(w, "local parts of a contact's key", of("c"), nil)
}

func readOwner(w catalogWorld, local string) store.Owner {
	w.Helper()
	return read(w, func(tx store.Tx) (store.Owner, error) { return tx.OwnerOf(local) })
}
