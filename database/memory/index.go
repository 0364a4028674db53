package memory

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// index finds rows by the values of some of their fields. A row is listed under
// the values of both of its versions.
type index struct {
	unique    bool
	positions []int
	entries   map[any][]*entry // by order of creation
}

func newIndex(unique bool, positions ...int) *index {
	return &index{unique: unique, positions: positions, entries: map[any][]*entry{}}
}

// key is what the values are listed under. Rows with a null are not listed; no
// two nulls are equal.
func (ix *index) key(values []any) (key any, ok bool) {
	if values == nil {
		return nil, false
	}
	if len(ix.positions) == 1 {
		v := values[ix.positions[0]]
		return keyOf(v), v != nil
	}
	var b strings.Builder
	for _, at := range ix.positions {
		if values[at] == nil {
			return nil, false
		}
		text := fmt.Sprintf("%T %v", keyOf(values[at]), keyOf(values[at]))
		fmt.Fprintf(&b, "%d:%s", len(text), text)
	}
	return b.String(), true
}

// taken reports whether another row has the values, which must be unique, in
// the view of the writer.
func (ix *index) taken(by *entry, values []any) bool {
	if !ix.unique {
		return false
	}
	key, ok := ix.key(values)
	if !ok {
		return false
	}
	return slices.ContainsFunc(ix.entries[key], func(e *entry) bool {
		if e == by || e.pending == nil {
			return false
		}
		have, ok := ix.key(e.pending)
		return ok && have == key
	})
}

// move lists a row under the keys of its new versions instead of the old ones.
func (ix *index) move(e *entry, committed, pending []any) {
	before, after := ix.keys(e.committed, e.pending), ix.keys(committed, pending)
	for _, k := range before {
		if k != nil && !slices.Contains(after[:], k) {
			ix.remove(k, e)
		}
	}
	for _, k := range after {
		if k != nil && !slices.Contains(before[:], k) {
			ix.insert(k, e)
		}
	}
}

// keys returns the keys of two versions; nil stands for none, or for a second
// one that is like the first.
func (ix *index) keys(committed, pending []any) (keys [2]any) {
	if k, ok := ix.key(committed); ok {
		keys[0] = k
	}
	if k, ok := ix.key(pending); ok && k != keys[0] {
		keys[1] = k
	}
	return keys
}

func (ix *index) insert(key any, e *entry) {
	list := ix.entries[key]
	at, found := slices.BinarySearchFunc(list, e, byNumber)
	if !found {
		ix.entries[key] = slices.Insert(list, at, e)
	}
}

func (ix *index) remove(key any, e *entry) {
	list := ix.entries[key]
	at, found := slices.BinarySearchFunc(list, e, byNumber)
	switch {
	case !found:
	case len(list) == 1:
		delete(ix.entries, key)
	default:
		ix.entries[key] = slices.Delete(list, at, at+1)
	}
}

func byNumber(a, b *entry) int { return cmp.Compare(a.number, b.number) }
