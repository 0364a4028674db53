package runner

import (
	"encoding"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/ostiary/ostiary/core"
)

const redacted = "[redacted]"

// Redact makes of options what may be shown to others: JSON values without
// secrets. What is not set is left out, functions are "[function]", and what is
// an object with a life of its own is its type.
func Redact(options any) any {
	shown := shownValue(reflect.ValueOf(options), "", 0)
	if shown == nil {
		return map[string]any{}
	}
	return shown
}

// shownValue returns nil for what is not set.
func shownValue(v reflect.Value, name string, depth int) any {
	if !v.IsValid() || v.IsZero() || depth > 8 {
		return nil
	}
	if isSecret(name) && v.Kind() != reflect.Struct && v.Kind() != reflect.Map && v.Kind() != reflect.Bool && !isNumber(v) {
		return redacted
	}
	switch value := v.Interface().(type) {
	case time.Duration:
		return value.String()
	case core.Plugin:
		return value.ID()
	case encoding.TextMarshaler:
		if text, err := value.MarshalText(); err == nil {
			return string(text)
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.Kind() == reflect.Interface || v.Elem().Kind() == reflect.Struct {
			return fmt.Sprintf("[%s]", reflect.TypeOf(v.Interface()))
		}
		return shownPointer(v, name, depth)
	case reflect.Func:
		return "[function]"
	case reflect.Struct:
		return shownStruct(v, depth)
	case reflect.Map:
		return shownMap(v, depth)
	case reflect.Slice, reflect.Array:
		return shownList(v, name, depth)
	case reflect.String:
		return withoutPassword(v.String())
	case reflect.Chan, reflect.UnsafePointer:
		return fmt.Sprintf("[%s]", v.Type())
	}
	return v.Interface()
}

// shownPointer shows an optional value, which may be set to zero.
func shownPointer(v reflect.Value, name string, depth int) any {
	if v.Elem().IsZero() {
		return v.Elem().Interface()
	}
	return shownValue(v.Elem(), name, depth+1)
}

func shownStruct(v reflect.Value, depth int) any {
	shown := map[string]any{}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		name := field.Tag.Get("key")
		if name == "" {
			name = field.Name
		}
		value := shownValue(v.Field(i), name, depth+1)
		if embedded, ok := value.(map[string]any); ok && field.Anonymous {
			for inner, innerValue := range embedded {
				shown[inner] = innerValue
			}
		} else if value != nil {
			shown[name] = value
		}
	}
	if len(shown) == 0 {
		return nil
	}
	return shown
}

func shownMap(v reflect.Value, depth int) any {
	shown := map[string]any{}
	for _, key := range v.MapKeys() {
		name := fmt.Sprint(key.Interface())
		if value := shownValue(v.MapIndex(key), name, depth+1); value != nil {
			shown[name] = value
		}
	}
	return shown
}

func shownList(v reflect.Value, name string, depth int) any {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return fmt.Sprintf("[%d bytes]", v.Len())
	}
	if named := shownNamed(v, depth); named != nil {
		return named
	}
	shown := make([]any, 0, v.Len())
	for i := range v.Len() {
		shown = append(shown, shownValue(v.Index(i), strings.TrimSuffix(name, "s"), depth+1))
	}
	return shown
}

// shownNamed shows a list of values with names, in the order of a file, as what it
// means; nil when it is no such list.
func shownNamed(v reflect.Value, depth int) any {
	element := v.Type().Elem()
	if element.Kind() != reflect.Struct || element.NumField() != 2 || element.Field(0).Name != "Name" || element.Field(1).Name != "Value" {
		return nil
	}
	shown := map[string]any{}
	for i := range v.Len() {
		name := v.Index(i).Field(0).String()
		shown[name] = shownValue(v.Index(i).Field(1), name, depth+1)
	}
	return shown
}

// isSecret reports whether an option of a name must not be shown.
func isSecret(name string) bool {
	name = strings.ToLower(name)
	for _, end := range []string{"secret", "secrets", "secretkey", "privatekey", "apikey", "authtoken", "token", "password", "passwd", "clientid", "webhook", "dsn", "connectionstring", "credentials", "pepper", "salt"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return name == "value" // of a versioned secret
}

func isNumber(v reflect.Value) bool { return v.CanInt() || v.CanUint() || v.CanFloat() }

// withoutPassword removes the credentials from an address.
func withoutPassword(text string) string {
	if u, err := url.Parse(text); err == nil && u.Scheme != "" && u.Host != "" {
		if u.User != nil {
			u.User = url.User("redacted")
		}
		query := u.Query()
		for name := range query {
			if isSecret(name) {
				query.Set(name, "redacted")
			}
		}
		if u.RawQuery != "" {
			u.RawQuery = query.Encode()
		}
		return u.String()
	}
	if at := strings.LastIndexByte(text, '@'); at > 0 && strings.Contains(text[:at], ":") {
		return redacted + text[at:]
	}
	return text
}

// typeName is the import path and the name of a value's type.
func typeName(value any) string {
	t := reflect.TypeOf(value)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.PkgPath() + "." + t.Name()
}
