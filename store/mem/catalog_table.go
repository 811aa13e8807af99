package mem

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"strings"

	"mailchute/pkg/message"
)

// table is an ordered map that never changes: put and without return a new one that
// shares most of the old. So a snapshot, a savepoint and an undo are one assignment.
type table[V any] struct {
	root *node[V]
}

// node is a node of a treap: a search tree by key, a heap by priority. The priority is as
// good as random, yet always the same, so that runs can be repeated.
type node[V any] struct {
	key         string
	value       V
	priority    [sha256.Size]byte
	left, right *node[V]
}

func (t table[V]) get(key string) (V, bool) {
	n := t.root
	for n != nil && n.key != key {
		if key < n.key {
			n = n.left
		} else {
			n = n.right
		}
	}
	if n == nil {
		var none V
		return none, false
	}
	return n.value, true
}

func (t table[V]) has(key string) bool {
	_, ok := t.get(key)
	return ok
}

func (t table[V]) put(key string, v V) table[V] {
	return table[V]{t.root.put(key, v)}
}

func (t table[V]) without(key string) table[V] {
	if !t.has(key) {
		return t
	}
	return table[V]{t.root.without(key)}
}

// under yields the rows whose key begins with prefix, in order.
func (t table[V]) under(prefix string) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) { t.root.under(prefix, yield) }
}

// values lists the rows whose key begins with prefix, in order.
func (t table[V]) values(prefix string) []V {
	var list []V
	for _, v := range t.under(prefix) {
		list = append(list, v)
	}
	return list
}

func (n *node[V]) put(key string, v V) *node[V] {
	if n == nil {
		return &node[V]{key: key, value: v, priority: sha256.Sum256([]byte(key))}
	}
	c := *n
	switch {
	case key < n.key:
		c.left = n.left.put(key, v)
		if l := c.left; l.above(&c) {
			c.left, l.right = l.right, &c
			return l
		}
	case key > n.key:
		c.right = n.right.put(key, v)
		if r := c.right; r.above(&c) {
			c.right, r.left = r.left, &c
			return r
		}
	default:
		c.value = v
	}
	return &c
}

func (n *node[V]) above(m *node[V]) bool { return bytes.Compare(n.priority[:], m.priority[:]) > 0 }

func (n *node[V]) without(key string) *node[V] {
	c := *n
	switch {
	case key < n.key:
		c.left = n.left.without(key)
	case key > n.key:
		c.right = n.right.without(key)
	default:
		return join(n.left, n.right)
	}
	return &c
}

// join makes one tree of two; every key of l is less than those of r.
func join[V any](l, r *node[V]) *node[V] {
	switch {
	case l == nil:
		return r
	case r == nil:
		return l
	case l.above(r):
		c := *l
		c.right = join(l.right, r)
		return &c
	}
	c := *r
	c.left = join(l, r.left)
	return &c
}

func (n *node[V]) under(prefix string, yield func(string, V) bool) bool {
	if n == nil {
		return true
	}
	in := strings.HasPrefix(n.key, prefix)
	if n.key >= prefix && !n.left.under(prefix, yield) {
		return false
	}
	if in && !yield(n.key, n.value) {
		return false
	}
	if in || n.key < prefix {
		return n.right.under(prefix, yield)
	}
	return true
}

// key joins columns to one key that sorts as the columns do; a key of fewer columns is
// the prefix of those rows that have them. Numbers are not negative.
func key(columns ...any) string {
	var b []byte
	for _, c := range columns {
		switch c := c.(type) {
		case string:
			b = append(b, strings.ReplaceAll(c, "\x00", "\x00\xff")...)
			b = append(b, 0, 1)
		case message.Digest:
			b = append(b, c[:]...)
		case int:
			b = binary.BigEndian.AppendUint64(b, uint64(c))
		case int64:
			b = binary.BigEndian.AppendUint64(b, uint64(c))
		default:
			panic(fmt.Sprintf("mem: no key of a %T", c))
		}
	}
	return string(b)
}
