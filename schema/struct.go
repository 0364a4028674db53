package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// FieldsOf declares additional fields by the fields of a struct:
//
//	type Profile struct {
//		Plan     Plan      `json:"plan" ostiary:",noinput,default=free,values=free|pro"`
//		Nickname *string   `json:"nickname" ostiary:",unique"`
//		Birthday time.Time `ostiary:"birthday,optional,column=date_of_birth"`
//	}
//
// The name is the first word of the ostiary tag, or else that of the json tag,
// or else the Go name with a small first letter. A "-" in either leaves the
// field out; so does being unexported. Embedded structs add their fields.
//
// Types: strings, integers, floats, booleans and [time.Time] are what they seem;
// []string and lists of numbers are lists; maps, other structs, other lists,
// interfaces and [json.RawMessage] are stored as JSON. A pointer makes the field
// optional. int64, uint32 and uint64 ask for a 64-bit column.
//
// The words after the name are optional, hidden, noinput, unique, index,
// sortable, bigint, column=<name>, default=<value> (of a date: RFC 3339, or now)
// and values=<one>|<other>, each of which sets the [Field] attribute of that
// name. Values cannot contain commas.
//
// A declaration that is not possible is reported by [Compile], which then names
// the field of the struct.
func FieldsOf[T any]() []Field {
	shape := shapeOf(reflect.TypeFor[T]())
	fields := make([]Field, 0, len(shape.members)+len(shape.problems))
	for i := range shape.members {
		f := shape.members[i].field
		f.Values = slices.Clone(f.Values)
		fields = append(fields, f)
	}
	for _, problem := range shape.problems {
		fields = append(fields, Field{problem: problem})
	}
	return fields
}

// shape is what was learnt of a struct type.
type shape struct {
	members  []member
	problems []error
}

// member is a struct field that declares a field of a model.
type member struct {
	path  []int // as for reflect.Value.FieldByIndex
	field Field
}

var shapes sync.Map // reflect.Type → *shape: a type is read once

func shapeOf(t reflect.Type) *shape {
	if known, ok := shapes.Load(t); ok {
		return known.(*shape)
	}
	s := &shape{}
	if t.Kind() == reflect.Struct {
		s.read(t, t.Name(), nil)
	} else {
		s.problems = append(s.problems, fmt.Errorf("%s is not a struct; declare fields by a struct type", t))
	}
	known, _ := shapes.LoadOrStore(t, s)
	return known.(*shape)
}

// read collects the members of a struct; path leads to it from the outermost.
func (s *shape) read(t reflect.Type, name string, path []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		at := append(slices.Clone(path), i)
		tag, tagged := f.Tag.Lookup("ostiary")
		if f.Anonymous && !tagged && f.Type.Kind() == reflect.Struct && f.Type != timeType {
			s.read(f.Type, name+"."+f.Name, at)
			continue
		}
		if !f.IsExported() {
			continue
		}
		words := strings.Split(tag, ",")
		declared := memberName(words[0], f)
		if declared == "-" {
			continue
		}
		field, err := declare(declared, f.Type, words[1:])
		if err == nil && s.has(declared) {
			err = fmt.Errorf("the name %q is taken; give another one in the tag", declared)
		}
		if err != nil {
			s.problems = append(s.problems, fmt.Errorf("%s.%s: %w", name, f.Name, err))
			continue
		}
		s.members = append(s.members, member{path: at, field: field})
	}
}

func (s *shape) has(name string) bool {
	return slices.ContainsFunc(s.members, func(m member) bool { return m.field.Name == name })
}

func memberName(fromTag string, f reflect.StructField) string {
	if fromTag != "" {
		return fromTag
	}
	if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
		return name
	}
	first, size := utf8.DecodeRuneInString(f.Name)
	return string(unicode.ToLower(first)) + f.Name[size:]
}

// declare returns the field that a Go type and the words of a tag declare.
func declare(name string, t reflect.Type, words []string) (Field, error) {
	f := Field{Name: name}
	if t.Kind() == reflect.Pointer {
		f.Optional = true
		t = t.Elem()
	}
	var err error
	if f.Type, err = typeFor(t); err != nil {
		return f, err
	}
	f.BigInt = f.Type == Number && isWide(t)
	var fallback *string
	for _, word := range words {
		option, value, hasValue := strings.Cut(strings.TrimSpace(word), "=")
		if option == "default" && hasValue {
			fallback = &value
			continue
		}
		if err := f.option(option, value, hasValue); err != nil {
			return f, err
		}
	}
	if fallback != nil {
		f.Default, err = f.parseDefault(*fallback)
	}
	return f, err
}

// option applies one word of a tag.
func (f *Field) option(name, value string, hasValue bool) error {
	flags := map[string]*bool{
		"optional": &f.Optional, "hidden": &f.Hidden, "noinput": &f.NoInput, "unique": &f.Unique,
		"index": &f.Index, "sortable": &f.Sortable, "bigint": &f.BigInt,
	}
	flag := flags[name]
	switch {
	case flag != nil && !hasValue:
		*flag = true
	case name == "column" && value != "":
		f.Column = value
	case name == "values" && value != "" && f.Type == String:
		f.Values = strings.Split(value, "|")
	case name == "values" && value != "":
		return errors.New("values are listed but the field is not a string; remove them or make it one")
	case name == "" && !hasValue: // a stray comma
	default:
		return fmt.Errorf("unknown option %q in the tag; use optional, hidden, noinput, unique, index, sortable, bigint, column=, default= or values=", name)
	}
	return nil
}

// parseDefault reads the default in a tag.
func (f *Field) parseDefault(s string) (any, error) {
	switch f.Type {
	case String:
		if len(f.Values) > 0 && !slices.Contains(f.Values, s) {
			return nil, fmt.Errorf("the default %q is none of the values; add it to them", s)
		}
		return s, nil
	case Number:
		if n, ok := parseNumber(s); ok {
			return n, nil
		}
		return nil, fmt.Errorf("the default %q is not a number", s)
	case Boolean:
		if s == "true" || s == "false" {
			return s == "true", nil
		}
		return nil, fmt.Errorf("the default %q is neither true nor false", s)
	case Date:
		if s == string(Now) {
			return Now, nil
		}
		if at, err := time.Parse(time.RFC3339, s); err == nil {
			return at.UTC().Truncate(time.Millisecond), nil
		}
		return nil, fmt.Errorf("the default %q is neither RFC 3339 nor now", s)
	}
	return nil, fmt.Errorf("a default of the type %s cannot be given in a tag; set Default on the field", f.Type)
}

var (
	timeType = reflect.TypeFor[time.Time]()
	jsonType = reflect.TypeFor[json.RawMessage]()
)

// typeFor returns the logical type for a Go type.
func typeFor(t reflect.Type) (Type, error) {
	switch {
	case t == timeType:
		return Date, nil
	case t == jsonType:
		return JSON, nil
	case isNumeric(t):
		return Number, nil
	}
	switch t.Kind() {
	case reflect.String:
		return String, nil
	case reflect.Bool:
		return Boolean, nil
	case reflect.Map, reflect.Struct, reflect.Interface, reflect.Array:
		return JSON, nil
	case reflect.Slice:
		return typeForList(t.Elem())
	}
	return "", fmt.Errorf("a %s cannot be stored; use a string, number, bool, time.Time, list or json.RawMessage, or leave the field out with the tag \"-\"", t)
}

func typeForList(elem reflect.Type) (Type, error) {
	switch {
	case elem.Kind() == reflect.Uint8:
		return "", errors.New("bytes cannot be stored; use a string or json.RawMessage")
	case elem.Kind() == reflect.String:
		return StringArray, nil
	case isNumeric(elem):
		return NumberArray, nil
	}
	if _, err := typeFor(elem); err != nil {
		return "", err
	}
	return JSON, nil
}

func isNumeric(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64:
		return true
	}
	return false
}

// isWide reports whether the type says that numbers beyond 32 bits are meant.
func isWide(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Int64, reflect.Uint32, reflect.Uint64:
		return true
	}
	return false
}
