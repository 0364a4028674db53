// Package configfile reads a configuration file, in YAML, TOML or JSON, into a
// struct, strictly: a key that does not exist, a value of the wrong type or a
// key given twice is a problem, and all problems are reported at once, each
// with its line and with what was probably meant.
//
// The fields of the struct say with tags what they are called and allow:
//
//	key:"expiresIn"        the name in the file
//	min:"1" max:"100"      bounds of a number, or of a duration in seconds
//	oneOf:"compact,jwt"    the texts that are allowed
//
// Durations are numbers of seconds. Null is the same as absence.
package configfile

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// maxSize is how much of a file is read, in bytes.
const maxSize = 1 << 20

// File is a configuration file that was read, but not understood yet.
type File struct {
	name string
	root *value
}

// Read reads the file at path. The ending of its name says which language it is
// in: .yaml, .yml, .toml or .json.
func Read(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	if len(text) > maxSize {
		return nil, fmt.Errorf("read configuration: %s has more than 1 MiB; is it the right file?", path)
	}
	return Parse(path, text)
}

// Parse is like [Read] for a text that is in memory already.
func Parse(name string, text []byte) (*File, error) {
	var parse func([]byte) (*value, error)
	switch strings.ToLower(filepath.Ext(name)) {
	case ".yaml", ".yml":
		parse = parseYAML
	case ".toml":
		parse = parseTOML
	case ".json":
		parse = parseJSON
	default:
		return nil, fmt.Errorf("read configuration: the name of %s does not end with .yaml, .yml, .toml or .json", name)
	}
	root, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %s: %w", name, err)
	}
	return &File{name: filepath.Base(name), root: root}, nil
}

// kind is what a value is.
type kind int

const (
	null kind = iota
	boolean
	number
	text
	list
	mapping
)

// String names the kind with its article.
func (k kind) String() string {
	return [...]string{"nothing", "true or false", "a number", "text", "a list", "a group of keys"}[k]
}

// value is one value of a file.
type value struct {
	kind    kind
	line    int // from 1; 0 when it is not known
	scalar  any // bool, int64, float64 or string
	items   []*value
	members []member
}

// member is a key of a mapping with its value.
type member struct {
	key   string
	line  int
	value *value
}

func scalar(v any, line int) (*value, error) {
	switch n := v.(type) {
	case nil:
		return &value{kind: null, line: line}, nil
	case bool:
		return &value{kind: boolean, line: line, scalar: n}, nil
	case string:
		return &value{kind: text, line: line, scalar: n}, nil
	case int64, float64:
		return &value{kind: number, line: line, scalar: n}, nil
	case int:
		return &value{kind: number, line: line, scalar: int64(n)}, nil
	case uint64:
		if n > math.MaxInt64 {
			return &value{kind: number, line: line, scalar: float64(n)}, nil
		}
		return &value{kind: number, line: line, scalar: int64(n)}, nil
	}
	return nil, fmt.Errorf("line %d: values such as this one have no use here", line)
}
