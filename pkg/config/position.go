package config

import (
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// position is a place in a text; lines and columns count from 1.
type position struct{ line, column int }

// positions are the places of a text's keys and values, by path: "store.tree", "feed[1]",
// "feed[1].name". A value's place goes before that of its key.
type positions map[string]position

// locate finds the places in a text that is sound TOML.
func locate(text []byte) positions {
	var p unstable.Parser
	p.Reset(text)
	at, table, feeds := positions{}, "", map[string]int{}
	for p.NextExpression() {
		e := p.Expression()
		path, place := keyPath(&p, e)
		switch e.Kind {
		case unstable.Table:
			table = path
			if array, rest, ok := strings.Cut(path, "."); ok && feeds[array] > 0 {
				table = indexed(array, feeds[array]-1) + "." + rest
			}
		case unstable.ArrayTable:
			table = indexed(path, feeds[path])
			feeds[path]++
		case unstable.KeyValue:
			path = strings.TrimPrefix(table+"."+path, ".")
			at.addValue(&p, path, e.Value())
		default:
			continue
		}
		if e.Kind != unstable.KeyValue {
			path = table
		}
		if _, ok := at[path]; !ok {
			at[path] = place
		}
	}
	return at
}

// addValue adds the place of a value, or those of the elements of an array.
func (at positions) addValue(p *unstable.Parser, path string, v *unstable.Node) {
	if v.Kind != unstable.Array {
		if v.Raw.Length > 0 {
			at[path] = placeOf(p, v.Raw)
		}
		return
	}
	elements := v.Children()
	for i := 0; elements.Next(); {
		if n := elements.Node(); n.Kind != unstable.Comment {
			at.addValue(p, indexed(path, i), n)
			i++
		}
	}
}

// keyPath returns an expression's key with dots in it, and its place.
func keyPath(p *unstable.Parser, e *unstable.Node) (string, position) {
	if e.Kind == unstable.Comment {
		return "", position{}
	}
	var parts []string
	var place position
	for key := e.Key(); key.Next(); {
		if parts == nil {
			place = placeOf(p, key.Node().Raw)
		}
		parts = append(parts, string(key.Node().Data))
	}
	return strings.Join(parts, "."), place
}

func placeOf(p *unstable.Parser, r unstable.Range) position {
	start := p.Shape(r).Start
	return position{start.Line, start.Column}
}

func indexed(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// find returns the place of a path or, where it does not stand in the text, of the closest
// thing that holds it.
func (at positions) find(path string) position {
	for path != "" {
		if place, ok := at[path]; ok {
			return place
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return position{}
}
