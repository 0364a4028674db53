package configfile

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Keys returns the paths of all keys that a struct has, given a pointer to it,
// in the order of its fields. The names that a file may choose are "*".
func Keys(target any) []string {
	var keys []string
	walk(reflect.TypeOf(target).Elem(), "", &keys)
	return keys
}

// Shaped is a [Custom] type that contains keys: those of what Shape returns, a
// pointer to a struct, or, for each name that a file chooses, those of what
// Named returns.
type Shaped interface{ Shape() any }

// named is a type whose keys the file chooses.
type named interface{ shapeOfEach() any }

func walk(t reflect.Type, path string, keys *[]string) {
	switch custom := reflect.New(t).Interface().(type) {
	case named:
		path = extend(path, "*")
		*keys = append(*keys, path)
		walk(reflect.TypeOf(custom.shapeOfEach()).Elem(), path, keys)
		return
	case Shaped:
		t = reflect.TypeOf(custom.Shape()).Elem()
	}
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		walk(t.Elem(), path, keys)
		return
	}
	if t.Kind() != reflect.Struct {
		return
	}
	for i := range t.NumField() {
		if key := t.Field(i).Tag.Get("key"); key != "" {
			*keys = append(*keys, extend(path, key))
			walk(t.Field(i).Type, extend(path, key), keys)
		}
	}
}

// unknown reports a key that does not exist, with what was probably meant.
func (p Place) unknown(m member, fields map[string]int) {
	if reason, known := p.decoding.whyNot(extend(p.path, m.key)); known {
		p.decoding.problem(m.line, extend(p.path, m.key), "%s", reason)
		return
	}
	suggestion := ""
	if near := p.decoding.nearest(m.key, p.path, slices.Sorted(maps.Keys(fields))); near != "" {
		suggestion = "; did you mean " + near + "?"
	}
	p.decoding.problem(m.line, extend(p.path, m.key), "unknown key%s", suggestion)
}

// whyNot returns why the key of a path is unavailable, if it is known. In the paths
// of unavailable keys "*" stands for a name that the file chooses, and lists have
// no numbers.
func (d *decoding) whyNot(path string) (string, bool) {
	path = listNumber.ReplaceAllString(path, "")
	if reason, known := d.unavailable[path]; known {
		return reason, true
	}
	names := strings.Split(path, ".")
	for pattern, reason := range d.unavailable {
		if !strings.Contains(pattern, "*") {
			continue
		}
		parts := strings.Split(pattern, ".")
		if slices.EqualFunc(parts, names, func(part, name string) bool { return part == "*" || part == name }) {
			return reason, true
		}
	}
	return "", false
}

var listNumber = regexp.MustCompile(`\[\d+\]`)

// nearest returns the path of the key that was probably meant, or "": one of the
// same group with a similar name, or else one elsewhere with the same name.
func (d *decoding) nearest(key, path string, siblings []string) string {
	best, bestDistance := "", 1+len(key)/3
	for _, s := range siblings {
		if n := distance(strings.ToLower(key), strings.ToLower(s)); n < bestDistance || n == bestDistance && best == "" {
			best, bestDistance = s, n
		}
	}
	if best != "" {
		return extend(path, best)
	}
	for _, full := range d.schema {
		if name := full[strings.LastIndexByte(full, '.')+1:]; strings.EqualFold(name, key) && !strings.Contains(full, "*") {
			return full
		}
	}
	return ""
}

// distance is the number of letters to insert, delete, replace or swap with
// their neighbour to get from a to b.
func distance(a, b string) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			replaced := row[j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			next[j] = min(row[j]+1, next[j-1]+1, replaced)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
