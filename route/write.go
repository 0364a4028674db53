package route

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
)

// Write is the inverse of [Shape.Read]: it takes an input apart into the body,
// query and path parameters of a request.
func (s *Shape) Write(in any) (body any, query url.Values, params map[string]string, err error) {
	v := reflect.ValueOf(in)
	if v.Type() != s.Type {
		return nil, nil, nil, fmt.Errorf("route: the input is a %s, want %s", v.Type(), s.Type)
	}
	members := map[string]any{}
	query, params = url.Values{}, map[string]string{}
	for i := range s.Fields {
		f := &s.Fields[i]
		fv := v.Field(f.index)
		if f.Optional && fv.IsZero() {
			continue
		}
		if fv.Kind() == reflect.Pointer {
			if fv.IsNil() {
				if f.Source == Body && f.Nullable && !f.Optional {
					members[f.Name] = nil
				}
				continue
			}
			fv = fv.Elem()
		}
		switch f.Source {
		case Path:
			params[f.Name] = fv.String()
		case Query:
			f.writeQuery(query, fv)
		case Body:
			if members[f.Name], err = plain(fv.Interface()); err != nil {
				return nil, nil, nil, fmt.Errorf("route: field %s: %w", f.Name, err)
			}
		}
	}
	if s.Rest >= 0 {
		rest, err := plain(v.Field(s.Rest).Interface())
		if err != nil {
			return nil, nil, nil, fmt.Errorf("route: further members: %w", err)
		}
		more, _ := rest.(map[string]any)
		for name, value := range more {
			members[name] = value
		}
	}
	if !s.HasBody || (s.OptionalBody && len(members) == 0) {
		return Absent, query, params, nil
	}
	return members, query, params, nil
}

func (f *Field) writeQuery(query url.Values, v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		query.Set(f.Name, strconv.FormatBool(v.Bool()))
	case reflect.Slice:
		for i := range v.Len() {
			query.Add(f.Name, fmt.Sprint(v.Index(i).Interface()))
		}
	default:
		query.Set(f.Name, fmt.Sprint(v.Interface()))
	}
}

// plain turns a Go value into what decoding its JSON text would give.
func plain(v any) (any, error) {
	switch v := v.(type) {
	case string, bool, float64, nil:
		return v, nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var out any
	err = json.Unmarshal(text, &out)
	return out, err
}
