package incoming

import (
	"os"

	"mailchute/pkg/drop"
)

// owners returns the users whose files are read in the folder that is at Path now; none: those
// of drop.Options. Whoever can write the folder above can put another folder in the place of
// the drop folder. So where one is on the file system of the one before, and nobody has
// mounted it there, its owner counts only if that one had him, too.
func (f *feed) owners() []int {
	here, err := drop.PlaceOf(f.Path)
	if err != nil || len(f.Owners) > 0 {
		return f.Owners // one that was moved since it was opened: the next run tells
	}
	if f.place == nil || f.place.Is(here) || !f.place.OneDisk(here) {
		f.place = &here
		return nil
	}
	uid, known := f.place.Owner()
	if !known {
		return nil
	}
	return []int{0, os.Geteuid(), uid}
}
