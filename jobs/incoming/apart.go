package incoming

import (
	"fmt"

	"mailchute/pkg/drop"
)

// Neighbour is a file or folder that no drop folder may be, hold or lie in.
type Neighbour struct {
	Name string // as people call it: "the blobs"
	Path string
}

// apart says what else has to do with a feed's folder: those who write mail there could
// change it, or two feeds would take each other's files. Links and bind mounts are seen
// through.
func (j *Job) apart(f Feed) error {
	here, err := drop.PlaceOf(f.Path)
	if err != nil {
		return nil // it was moved since it was opened: the next run tells
	}
	others := j.Apart
	for _, other := range j.Feeds {
		if other.Name != f.Name {
			others = append(others[:len(others):len(others)], Neighbour{"the drop folder of feed " + other.Name, other.Path})
		}
	}
	for _, other := range others {
		there, err := drop.PlaceOf(other.Path)
		if err != nil {
			continue // what is not there has nothing to do with it
		}
		how := ""
		switch {
		case here.Is(there):
			how = "is also"
		case here.Holds(there):
			how = "holds"
		case there.Holds(here):
			how = "lies in"
		default:
			continue
		}
		return fmt.Errorf("drop folder %s %s %s (%s): give the feed a folder of its own, apart from all others", f.Path, how, other.Name, other.Path)
	}
	return nil
}
