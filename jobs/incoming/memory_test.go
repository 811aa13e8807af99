package incoming_test

import (
	"fmt"
	"strings"
	"testing"

	"mailchute/pkg/library"
)

// Messages of which much is kept, two of them more than there is memory for, wait for each
// other, and none for ever.
func TestMemoryInHand(t *testing.T) {
	t.Parallel()
	const large, small = 6, 60
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	parts := "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\ntext\r\n", 9999) + "--b--\r\n"
	for i := range small {
		if i < large {
			w.drop(fmt.Sprintf("large%d.eml", i), mail("alice@case.test", "invoices@case.test")+parts)
		}
		w.drop(fmt.Sprintf("small%d.eml", i), good())
	}
	if got, want := countsOf(w.drain()), (counts{filed: large + small}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	w.drained()
	w.verify()
}
