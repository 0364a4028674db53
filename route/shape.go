package route

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Source says which part of a request a field comes from.
type Source string

// The sources of input fields.
const (
	Body  Source = "body"
	Query Source = "query"
	Path  Source = "path"
)

// Shape is the compiled form of an input type.
type Shape struct {
	// Type is the input's struct type.
	Type reflect.Type
	// Fields are in declaration order.
	Fields []Field
	// Rest is the index of the field that receives every body member without a
	// field of its own, or -1.
	Rest int
	// Strict refuses body members without a field.
	Strict bool
	// Record is true when the body is nothing but a free-form object.
	Record bool
	// HasBody and HasQuery report whether any field comes from there.
	HasBody, HasQuery bool
	// Whole reports whatever is wrong as one issue of body or query.
	Whole bool
	// OptionalBody allows the body to be absent: none of its fields is required.
	OptionalBody bool
}

// Field is one field of an input.
type Field struct {
	// Name is the name on the wire.
	Name string
	// Source is where it comes from.
	Source Source
	// Optional allows it to be absent. Null is refused all the same, unless
	// Nullable.
	Optional, Nullable bool
	// Truthy reads a query parameter as true when it is any non-empty text.
	Truthy bool
	// Rules are further checks: "email", "nonempty".
	Rules []string
	// Type is the Go type, without the pointer of an optional field.
	Type reflect.Type

	index int
}

// Strict refuses unknown body members in inputs that embed it as a blank field:
//
//	_ route.Strict
type Strict struct{}

// Whole makes whatever is wrong with the body, or with the query, one issue, in
// inputs that embed it as a blank field: those that can be given in several ways,
// of which nobody can say which was meant.
type Whole struct{}

// OptionalBody makes the members of a body optional, and the body itself, in
// inputs that embed it as a blank field.
type OptionalBody struct{}

func shapeOf(t reflect.Type) (*Shape, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("the input type %s is not a struct", t)
	}
	s := &Shape{Type: t, Rest: -1}
	for i := range t.NumField() {
		if err := s.addField(t.Field(i), i); err != nil {
			return nil, fmt.Errorf("input field %s.%s: %w", t, t.Field(i).Name, err)
		}
	}
	s.Record = s.Rest >= 0 && len(s.Fields) == 0
	return s, nil
}

func (s *Shape) addField(sf reflect.StructField, index int) error {
	switch sf.Type {
	case reflect.TypeFor[Strict]():
		s.Strict = true
		return nil
	case reflect.TypeFor[Whole]():
		s.Whole = true
		return nil
	case reflect.TypeFor[OptionalBody]():
		s.OptionalBody = true
		return nil
	}
	f := Field{index: index, Type: sf.Type}
	tag, err := f.source(sf)
	if err != nil {
		return err
	}
	name, options, _ := strings.Cut(tag, ",")
	if f.Source == Body && name == "*" {
		if sf.Type != reflect.TypeFor[map[string]any]() {
			return errors.New("the field for further members must be a map[string]any")
		}
		s.Rest, s.HasBody = index, true
		return nil
	}
	if name == "" {
		return errors.New("the tag has no name")
	}
	f.Name = name
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "omitempty", "omitzero", "optional":
			f.Optional = true
		case "nullable":
			f.Nullable = true
		case "truthy":
			f.Truthy, f.Optional = true, true
		case "":
		default:
			return fmt.Errorf("unknown tag option %q", option)
		}
	}
	if rules := sf.Tag.Get("validate"); rules != "" {
		f.Rules = strings.Split(rules, ",")
	}
	if f.Type.Kind() == reflect.Pointer {
		f.Type = f.Type.Elem()
	}
	if !readable(f.Type) {
		return fmt.Errorf("the type %s cannot be read from a request", sf.Type)
	}
	s.HasBody = s.HasBody || f.Source == Body
	s.HasQuery = s.HasQuery || f.Source == Query
	s.Fields = append(s.Fields, f)
	return nil
}

// source sets where the field comes from and returns its tag.
func (f *Field) source(sf reflect.StructField) (string, error) {
	for tag, source := range map[string]Source{"json": Body, "query": Query, "path": Path} {
		if v, ok := sf.Tag.Lookup(tag); ok {
			f.Source = source
			return v, nil
		}
	}
	return "", errors.New(`it has none of the tags "json", "query" and "path"`)
}

// readable reports whether read can fill a value of the type.
func readable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Float64, reflect.Int, reflect.Int64:
		return true
	case reflect.Slice:
		return t.Elem().Kind() == reflect.String || t.Elem().Kind() == reflect.Float64
	case reflect.Map:
		return t.Key().Kind() == reflect.String && (t.Elem().Kind() == reflect.String || t.Elem().Kind() == reflect.Interface)
	case reflect.Interface:
		return t.NumMethod() == 0
	case reflect.Struct:
		_, err := shapeOf(t)
		return err == nil
	case reflect.Pointer:
		return readable(t.Elem())
	}
	return false
}
