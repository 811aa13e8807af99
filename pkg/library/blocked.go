package library

import (
	"slices"
	"strings"
	"unicode"
)

// blockedTypes are the extensions that a library blocks, as typeKeys.
type blockedTypes map[string]bool

// blockedTypes returns the blocked extensions, the preset spelled out.
func (s Settings) blockedTypes() blockedTypes {
	all := blockedTypes{}
	for _, t := range s.BlockedTypes {
		key := typeKey(t)
		if key != PresetSharePoint {
			all[key] = true
			continue
		}
		for _, t := range DefaultBlockedTypes() {
			all[typeKey(t)] = true
		}
	}
	return all
}

// byName reports whether a file of that name has one of the types, in spite of what
// hides it from a simple comparison: a dot or blank after it, braces around it.
func (b blockedTypes) byName(name string) bool { return b[extensionKey(name)] }

// byContent reports whether a file of that name hides one of the types: its bytes, of
// the media type detected, show a kind of file that a name with its extension is not for,
// and that might have an extension which is blocked. A name with an extension of its kind
// is taken at its word: where only scr is blocked, a program named .exe is not. Text goes
// by its name alone, for nobody can tell a script from a letter.
func (b blockedTypes) byContent(name, detected string) bool {
	k, ext := kinds[detected], extensionKey(name)
	types := strings.Fields(k.types)
	if slices.Contains(types, ext) || slices.Contains(strings.Fields(k.others), ext) {
		return false
	}
	return slices.ContainsFunc(types, func(t string) bool { return b[t] })
}

// extensionKey returns the typeKey of what stands behind a name's last dot; "" where
// nothing does.
func extensionKey(name string) string {
	name = strings.TrimRightFunc(name, func(r rune) bool { return !isTypeRune(r) })
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return ""
	}
	return typeKey(name[dot:])
}

// typeKey returns the letters and digits of an extension in lower case.
func typeKey(ext string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if isTypeRune(r) {
			return r
		}
		return -1
	}, ext))
}

func isTypeRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
