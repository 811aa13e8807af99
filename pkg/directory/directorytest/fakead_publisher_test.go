package directorytest_test

import (
	"fmt"
	"testing"

	"mailchute/pkg/directory/directorytest"
)

// TestPublisherOnFakeAD holds the server, and who publishes to it, to what AD does: ranges
// of members, and pages.
func TestPublisherOnFakeAD(t *testing.T) {
	t.Parallel()
	const crowd = 1600
	w := directorytest.People()
	w.Contacts = append(w.Contacts, directorytest.CrowdOf(crowd)...)
	f := directorytest.StartFakeAD(t, w, directorytest.FakeADOptions{Referral: "ldaps://elsewhere.example/DC=elsewhere,DC=example"})
	number := 0
	directorytest.TestPublisher(t, func(t *testing.T) directorytest.PublisherWorld {
		number++
		own := fmt.Sprintf("11111111-1111-4111-8111-%012d", number)
		return directorytest.PublisherWorld{
			Installation: own, Publisher: publishTo(t, f, own, directorytest.ContainerDN), Other: publishTo(t, f, another, directorytest.ContainerDN),
			Astray: publishTo(t, f, own, "OU=nowhere,"+directorytest.BaseDN),
			Admin:  f.Administrator(t), Crowd: crowd, Objects: 1020,
		}
	})
}
