package openapi

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/ostiary/ostiary/api"
)

// typeOf returns the schema of the JSON form of a Go type. Types that it is in
// the middle of describing already are left open.
func typeOf(t reflect.Type, within ...reflect.Type) *Schema {
	switch t {
	case reflect.TypeFor[api.User]():
		return &Schema{Ref: "#/components/schemas/User"}
	case reflect.TypeFor[api.Session]():
		return &Schema{Ref: "#/components/schemas/Session"}
	case reflect.TypeFor[time.Time](), reflect.TypeFor[api.Time]():
		return &Schema{Type: "string", Format: "date-time"}
	case reflect.TypeFor[json.RawMessage]():
		return &Schema{}
	}
	switch t.Kind() {
	case reflect.Bool:
		return &Schema{Type: "boolean"}
	case reflect.String:
		return &Schema{Type: "string"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return &Schema{Type: "integer"}
	case reflect.Float32, reflect.Float64:
		return &Schema{Type: "number"}
	case reflect.Pointer:
		return typeOf(t.Elem(), within...).orNull()
	case reflect.Slice, reflect.Array:
		return &Schema{Type: "array", Items: typeOf(t.Elem(), within...)}
	case reflect.Map:
		return &Schema{Type: "object", AdditionalProperties: typeOf(t.Elem(), within...)}
	case reflect.Struct:
		if slices.Contains(within, t) {
			return &Schema{Type: "object"}
		}
		return structOf(t, append(within, t)...)
	}
	return &Schema{}
}

// structOf returns the schema of a struct.
func structOf(t reflect.Type, within ...reflect.Type) *Schema {
	s := &Schema{Type: "object", Properties: map[string]*Schema{}}
	s.addFields(t, within)
	slices.Sort(s.Required)
	return s
}

func (s *Schema) addFields(t reflect.Type, within []reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, tagged := f.Tag.Lookup("json")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case name == "-" && options == "", !f.IsExported() && !f.Anonymous:
			continue
		case f.Anonymous && !tagged && f.Type.Kind() == reflect.Struct:
			s.addFields(f.Type, within)
			continue
		case !f.IsExported():
			continue
		case name == "":
			name = memberName(f.Name)
		}
		member, pointer := f.Type, f.Type.Kind() == reflect.Pointer
		optional := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
		if optional && pointer {
			member = member.Elem() // nil is left out, not written as null
		}
		if !tagged && pointer {
			optional = true // a type that writes itself may do either
		}
		s.Properties[name] = typeOf(member, within...)
		if !optional {
			s.Required = append(s.Required, name)
		}
	}
}

// memberName is the name of a field that has no tag, in types that write
// themselves: "NeedsRefresh" is "needsRefresh".
func memberName(field string) string {
	r := []rune(field)
	r[0] = unicode.ToLower(r[0])
	return string(r)
}
