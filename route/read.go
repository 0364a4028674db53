package route

import (
	"fmt"
	"math"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Issue is one reason why an input was refused.
type Issue struct {
	// Path names the place: "body.email", "query.token", "body".
	Path string
	// Text says what is wrong with it.
	Text string
}

// Message joins issues into the text that a client receives.
func Message(issues []Issue) string {
	parts := make([]string, len(issues))
	for i, issue := range issues {
		parts[i] = "[" + issue.Path + "] " + issue.Text
	}
	return strings.Join(parts, "; ")
}

// Checker is implemented by inputs with rules that field tags cannot express.
type Checker interface {
	// Check returns what is wrong with an input whose fields are of the right
	// types.
	Check() []Issue
}

// Absent is the body of a request that has none.
var Absent any = absent{}

type absent struct{}

// Read reads an input from the parts of a request: body is the decoded JSON
// value, or [Absent]. The value returned is an addressable struct of the shape's
// type; it is valid when there are no issues, and otherwise has what could be
// read. Issues
// of the query are only reported when the body is in order.
func (s *Shape) Read(body any, query url.Values, params map[string]string) (reflect.Value, []Issue) {
	in := reflect.New(s.Type).Elem()
	bodyIssues := s.readBody(in, body)
	var issues []Issue
	for i := range s.Fields {
		f := &s.Fields[i]
		switch f.Source {
		case Query:
			issues = append(issues, f.readQuery(in.Field(f.index), query)...)
		case Path:
			in.Field(f.index).SetString(params[f.Name])
		}
	}
	if len(bodyIssues) > 0 {
		return in, s.asOne(bodyIssues, "body")
	}
	if len(issues) == 0 {
		if c, ok := in.Addr().Interface().(Checker); ok {
			issues = c.Check()
		}
	}
	if len(issues) > 0 && !s.HasBody {
		issues = s.asOne(issues, "query")
	}
	return in, issues
}

// asOne replaces issues by a single one of the part, if the shape wants that.
func (s *Shape) asOne(issues []Issue, part string) []Issue {
	if s.Whole {
		return []Issue{{part, "Invalid input"}}
	}
	return issues
}

func (s *Shape) readBody(in reflect.Value, body any) []Issue {
	if !s.HasBody {
		return nil
	}
	if body == Absent && s.OptionalBody {
		return nil
	}
	members, ok := body.(map[string]any)
	if !ok {
		return s.notAnObject(body)
	}
	return s.readMembers(in, members, "body")
}

func (s *Shape) notAnObject(body any) []Issue {
	got := kindOf(body)
	object := Issue{"body", "Invalid input: expected object, received " + got}
	record := Issue{"body", "Invalid input: expected record, received " + got}
	switch {
	case s.Record:
		return []Issue{record}
	case s.Rest >= 0:
		return []Issue{object, record}
	}
	return []Issue{object}
}

func (s *Shape) readMembers(in reflect.Value, members map[string]any, path string) []Issue {
	var issues []Issue
	for i := range s.Fields {
		f := &s.Fields[i]
		if f.Source != Body {
			continue
		}
		v, given := members[f.Name]
		issues = append(issues, f.read(in.Field(f.index), v, given, path+"."+f.Name)...)
	}
	if s.Strict {
		if unknown := s.unknown(members); len(unknown) > 0 {
			issues = append(issues, Issue{path, unrecognised(unknown)})
		}
	}
	if s.Rest >= 0 {
		rest := make(map[string]any, len(members))
		for name, v := range members {
			if !s.hasBodyField(name) {
				rest[name] = v
			}
		}
		in.Field(s.Rest).Set(reflect.ValueOf(rest))
	}
	return issues
}

func (s *Shape) unknown(members map[string]any) []string {
	var unknown []string
	for name := range members {
		if !s.hasBodyField(name) {
			unknown = append(unknown, strconv.Quote(name))
		}
	}
	slices.Sort(unknown)
	return unknown
}

func unrecognised(names []string) string {
	if len(names) == 1 {
		return "Unrecognized key: " + names[0]
	}
	return "Unrecognized keys: " + strings.Join(names, ", ")
}

func (s *Shape) hasBodyField(name string) bool {
	return slices.ContainsFunc(s.Fields, func(f Field) bool { return f.Source == Body && f.Name == name })
}

// read reads a body member into the struct field dst.
func (f *Field) read(dst reflect.Value, v any, given bool, path string) []Issue {
	switch {
	case !given && f.Optional, v == nil && given && f.Nullable:
		return nil
	case !given:
		return []Issue{{path, expected(f.Type, "undefined")}}
	}
	if dst.Kind() == reflect.Pointer {
		dst.Set(reflect.New(f.Type))
		dst = dst.Elem()
	}
	if issues := readValue(dst, v, path); len(issues) > 0 {
		return issues
	}
	return f.check(dst, path)
}

func (f *Field) check(v reflect.Value, path string) []Issue {
	for _, rule := range f.Rules {
		switch {
		case rule == "email" && !IsEmail(v.String()):
			return []Issue{{path, "Invalid email address"}}
		case rule == "nonempty" && v.String() == "":
			return []Issue{{path, "Too small: expected string to have >=1 characters"}}
		}
	}
	return nil
}

// readValue reads a decoded JSON value into dst.
func readValue(dst reflect.Value, v any, path string) []Issue {
	wrong := func() []Issue { return []Issue{{path, expected(dst.Type(), kindOf(v))}} }
	switch dst.Kind() {
	case reflect.String:
		s, ok := v.(string)
		if !ok {
			return wrong()
		}
		dst.SetString(s)
	case reflect.Bool:
		b, ok := v.(bool)
		if !ok {
			return wrong()
		}
		dst.SetBool(b)
	case reflect.Float64:
		n, ok := v.(float64)
		if !ok {
			return wrong()
		}
		dst.SetFloat(n)
	case reflect.Int, reflect.Int64:
		n, ok := v.(float64)
		if !ok {
			return wrong()
		}
		if n != math.Trunc(n) || math.Abs(n) > 1<<53 {
			return []Issue{{path, "Invalid input: expected int, received number"}}
		}
		dst.SetInt(int64(n))
	case reflect.Interface:
		if v != nil {
			dst.Set(reflect.ValueOf(v))
		}
	case reflect.Slice:
		return readSlice(dst, v, path)
	case reflect.Map:
		return readMap(dst, v, path)
	case reflect.Struct:
		members, ok := v.(map[string]any)
		if !ok {
			return wrong()
		}
		shape, err := shapeOf(dst.Type())
		if err != nil {
			return []Issue{{path, "Invalid input"}}
		}
		return shape.readMembers(dst, members, path)
	}
	return nil
}

func readSlice(dst reflect.Value, v any, path string) []Issue {
	list, ok := v.([]any)
	if !ok {
		return []Issue{{path, expected(dst.Type(), kindOf(v))}}
	}
	out := reflect.MakeSlice(dst.Type(), len(list), len(list))
	var issues []Issue
	for i, item := range list {
		issues = append(issues, readValue(out.Index(i), item, fmt.Sprintf("%s.%d", path, i))...)
	}
	dst.Set(out)
	return issues
}

func readMap(dst reflect.Value, v any, path string) []Issue {
	members, ok := v.(map[string]any)
	if !ok {
		return []Issue{{path, expected(dst.Type(), kindOf(v))}}
	}
	out := reflect.MakeMapWithSize(dst.Type(), len(members))
	var issues []Issue
	for name, item := range members {
		value := reflect.New(dst.Type().Elem()).Elem()
		issues = append(issues, readValue(value, item, path+"."+name)...)
		out.SetMapIndex(reflect.ValueOf(name), value)
	}
	dst.Set(out)
	return issues
}

// readQuery reads a query parameter into dst.
func (f *Field) readQuery(dst reflect.Value, query url.Values) []Issue {
	values, given := query[f.Name]
	switch {
	case f.Truthy:
		dst.SetBool(slices.ContainsFunc(values, func(v string) bool { return v != "" }))
		return nil
	case !given && f.Optional:
		return nil
	}
	path := "query." + f.Name
	if !given {
		return []Issue{{path, expected(f.Type, "undefined")}}
	}
	if dst.Kind() == reflect.Pointer {
		dst.Set(reflect.New(f.Type))
		dst = dst.Elem()
	}
	if dst.Kind() == reflect.Slice {
		dst.Set(reflect.ValueOf(slices.Clone(values)).Convert(dst.Type()))
		return nil
	}
	if len(values) > 1 {
		return []Issue{{path, expected(f.Type, "array")}}
	}
	if issues := readText(dst, values[0], path); len(issues) > 0 {
		return issues
	}
	return f.check(dst, path)
}

// readText reads the text of a query parameter into dst.
func readText(dst reflect.Value, text, path string) []Issue {
	switch dst.Kind() {
	case reflect.String:
		dst.SetString(text)
		return nil
	case reflect.Float64, reflect.Int, reflect.Int64:
		n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return []Issue{{path, "Invalid input: expected number, received NaN"}}
		}
		return readValue(dst, n, path)
	}
	return []Issue{{path, expected(dst.Type(), "string")}}
}

func expected(t reflect.Type, got string) string {
	return "Invalid input: expected " + nameOf(t) + ", received " + got
}

// nameOf is the name of a Go type in messages.
func nameOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Float64, reflect.Int, reflect.Int64:
		return "number"
	case reflect.Slice:
		return "array"
	case reflect.Map:
		return "record"
	}
	return "object"
}

// kindOf is the name of a decoded JSON value in messages.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "undefined"
}
