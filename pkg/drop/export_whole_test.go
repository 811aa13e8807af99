package drop

import "strings"

// LooksWhole shows looksWhole of a file with this content.
func LooksWhole(content string) bool {
	return looksWhole(strings.NewReader(content), int64(len(content)))
}
