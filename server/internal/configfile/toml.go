package configfile

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

func parseTOML(source []byte) (*value, error) {
	var tree map[string]any
	meta, err := toml.Decode(string(source), &tree)
	if err != nil {
		var syntax toml.ParseError
		if errors.As(err, &syntax) {
			return nil, errors.New(syntax.ErrorWithPosition())
		}
		return nil, err
	}
	r := tomlReader{order: map[string]int{}}
	for i, key := range meta.Keys() {
		path := strings.Join(key, "\x00")
		if _, seen := r.order[path]; !seen {
			r.order[path] = i
		}
	}
	return r.read(tree, "")
}

// tomlReader turns decoded TOML into values. The decoder reports the order of
// the keys, but no lines.
type tomlReader struct{ order map[string]int }

func (r *tomlReader) read(v any, path string) (*value, error) {
	switch n := v.(type) {
	case map[string]any:
		return r.table(n, path)
	case []map[string]any:
		items := make([]any, len(n))
		for i := range n {
			items[i] = n[i]
		}
		return r.list(items, path)
	case []any:
		return r.list(n, path)
	}
	return scalar(v, 0)
}

func (r *tomlReader) table(table map[string]any, path string) (*value, error) {
	m := &value{kind: mapping}
	for key, v := range table {
		read, err := r.read(v, join(path, key))
		if err != nil {
			return nil, err
		}
		m.members = append(m.members, member{key: key, value: read})
	}
	slices.SortFunc(m.members, func(a, b member) int {
		return cmp.Or(cmp.Compare(r.order[join(path, a.key)], r.order[join(path, b.key)]), cmp.Compare(a.key, b.key))
	})
	return m, nil
}

func (r *tomlReader) list(items []any, path string) (*value, error) {
	l := &value{kind: list}
	for _, item := range items {
		v, err := r.read(item, path)
		if err != nil {
			return nil, err
		}
		l.items = append(l.items, v)
	}
	return l, nil
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "\x00" + key
}
