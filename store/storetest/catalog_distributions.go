package storetest

import (
	"mailchute/pkg/access"
	"mailchute/pkg/fault"
	"mailchute/store"
)

// distributionRows are distribution groups, and contacts of other farms.
func distributionRows() []catalogRow {
	return []catalogRow{
		{"distribution groups come as they were put, by key", func(w catalogWorld) {
			ofGroup, ofFarm := distribution("z", "team"), distribution("a", "")
			bare := store.Distribution{Key: "m"}
			w.update(putGroup(access.Group{Name: "team"}), putDistribution(ofGroup), putDistribution(bare), putDistribution(ofFarm))
			equal(w, "distribution groups", read(w, store.Tx.Distributions), []store.Distribution{ofFarm, bare, ofGroup})
			equal(w, "distribution group", readDistribution(w, "z"), ofGroup)
			of := read(w, func(tx store.Tx) (store.Distribution, error) { return tx.DistributionOf("team") })
			equal(w, "distribution group of a group", of, ofGroup)
			w.refused(fault.ErrNotFound, "DistributionOf no group", func(tx store.Tx) error { return second(tx.DistributionOf("")) })
		}},
		{"PutDistribution changes everything but the key", movedDistribution},
		{"DeleteDistribution frees its group", func(w catalogWorld) {
			remove := func(tx store.Tx) error { return tx.DeleteDistribution("d") }
			w.update(putGroup(access.Group{Name: "team"}), putDistribution(distribution("d", "team")), putDistribution(distribution("e", "")),
				putRequest(request(0, "d", "pending")), remove, putDistribution(distribution("f", "team")))
			equal(w, "distribution groups", read(w, store.Tx.Distributions), []store.Distribution{distribution("e", ""), distribution("f", "team")})
			equal(w, "requests", read(w, allRequests), requests(request(1, "d", "pending")))
			w.refused(fault.ErrNotFound, "DeleteDistribution once more", remove)
		}},
		{"contacts come as they were put, by alias", func(w catalogWorld) {
			names := oddNames()
			var want []store.FarmContact
			for i, name := range names {
				want = append(want, farmContact(names[len(names)-1-i], name))
			}
			for i := range want {
				w.update(putFarmContact(want[(i*3)%len(want)]))
			}
			equal(w, "contacts", read(w, store.Tx.FarmContacts), want)
			equal(w, "contact", readFarmContact(w, "a-b"), want[2])
		}},
		{"PutFarmContact changes everything but the key", func(w catalogWorld) {
			before, other := farmContact("k", "a"), farmContact("l", "b")
			w.update(putFarmContact(before), putFarmContact(other))
			taken := before
			taken.Alias, taken.FirstName = "b", "changed"
			w.refused(fault.ErrConflict, "PutFarmContact with another's alias", putFarmContact(taken))
			equal(w, "contact after that", readFarmContact(w, "a"), before)
			after := store.FarmContact{Key: "k", Alias: "c"}
			w.update(putFarmContact(after))
			equal(w, "contacts", read(w, store.Tx.FarmContacts), []store.FarmContact{other, after})
			w.refused(fault.ErrNotFound, "FarmContact at the alias that it had", func(tx store.Tx) error { return second(tx.FarmContact("a")) })
			w.update(putFarmContact(farmContact("m", "a")))
		}},
		{"DeleteFarmContact frees its alias", func(w catalogWorld) {
			remove := func(tx store.Tx) error { return tx.DeleteFarmContact("k") }
			w.update(putFarmContact(farmContact("k", "a")), putFarmContact(farmContact("a", "k")), remove, putFarmContact(farmContact("l", "a")))
			equal(w, "contacts", read(w, store.Tx.FarmContacts), []store.FarmContact{farmContact("l", "a"), farmContact("a", "k")})
			w.refused(fault.ErrNotFound, "DeleteFarmContact once more", remove)
		}},
	}
}

func movedDistribution(w catalogWorld) {
	before, other := distribution("d", "one"), distribution("e", "two")
	for _, name := range []string{"one", "two", "three"} {
		w.update(putGroup(access.Group{Name: name}))
	}
	w.update(putDistribution(before), putDistribution(other))
	stolen, nobodys := before, before
	stolen.Group, nobodys.Group = "two", "x"
	w.refused(fault.ErrConflict, "PutDistribution of a group that has one", putDistribution(stolen))
	w.refused(fault.ErrNotFound, "PutDistribution of no group", putDistribution(nobodys))
	equal(w, "distribution group after that", readDistribution(w, "d"), before)
	w.update(putDistribution(before)) // its own group is free to it
	after := store.Distribution{Key: "d", Group: "three", Now: properties(""), Members: []string{"user:b"}}
	w.update(putDistribution(after))
	equal(w, "distribution groups", read(w, store.Tx.Distributions), []store.Distribution{after, other})
	w.refused(fault.ErrNotFound, "DistributionOf the group that it was of", func(tx store.Tx) error { return second(tx.DistributionOf("one")) })
	after.Group = ""
	w.update(putDistribution(after), putDistribution(distribution("f", "three")), putDistribution(distribution("g", "one")))
	equal(w, "one of no group", readDistribution(w, "d"), after)
}

func readDistribution(w catalogWorld, key string) store.Distribution {
	w.Helper()
	return read(w, func(tx store.Tx) (store.Distribution, error) { return tx.Distribution(key) })
}

func readFarmContact(w catalogWorld, alias string) store.FarmContact {
	w.Helper()
	return read(w, func(tx store.Tx) (store.FarmContact, error) { return tx.FarmContact(alias) })
}
