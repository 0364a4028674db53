package configfile

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Decode reads the file into the struct that target points to. Keys that the
// file does not have leave their fields as they are. Unavailable says, by path,
// why there is no key where somebody might look for one. Decode returns all
// problems.
func (f *File) Decode(target any, unavailable map[string]string) []error {
	d := &decoding{file: f.name, schema: Keys(target), unavailable: unavailable}
	d.at(f.root, "").Into(target)
	return d.problems
}

// Custom is a type that reads itself, because it has several forms in a file.
type Custom interface {
	DecodeConfig(p Place)
}

// decoding is one call of Decode.
type decoding struct {
	file     string
	schema   []string // all keys, for suggestions
	problems []error

	unavailable map[string]string
}

func (d *decoding) at(v *value, path string) Place { return Place{d, v, path, ""} }

func (d *decoding) problem(line int, path, format string, args ...any) {
	where := d.file
	if line > 0 {
		where += ":" + strconv.Itoa(line)
	}
	if path != "" {
		where += ": " + path
	}
	d.problems = append(d.problems, fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...)))
}

// Place is a value of the file at its place.
type Place struct {
	decoding *decoding
	value    *value
	path     string
	tag      reflect.StructTag
}

// Problem reports a problem of the value.
func (p Place) Problem(format string, args ...any) {
	p.decoding.problem(p.value.line, p.path, format, args...)
}

// IsNull reports whether there is no value.
func (p Place) IsNull() bool { return p.value.kind == null }

// IsText reports whether the value is text.
func (p Place) IsText() bool { return p.value.kind == text }

// IsList reports whether the value is a list.
func (p Place) IsList() bool { return p.value.kind == list }

// IsGroup reports whether the value is a group of keys.
func (p Place) IsGroup() bool { return p.value.kind == mapping }

// Scalar returns a bool, int64, float64 or string, or nil if the value is
// something else.
func (p Place) Scalar() any { return p.value.scalar }

// Into reads the value into what target points to, as the type of that demands.
func (p Place) Into(target any) { p.decode(reflect.ValueOf(target).Elem()) }

var durationType = reflect.TypeFor[time.Duration]()

func (p Place) decode(into reflect.Value) {
	if p.IsNull() {
		return
	}
	if custom, ok := into.Addr().Interface().(Custom); ok {
		custom.DecodeConfig(p)
		return
	}
	if into.Type() == durationType {
		p.duration(into)
		return
	}
	switch into.Kind() {
	case reflect.Pointer:
		fresh := reflect.New(into.Type().Elem())
		p.decode(fresh.Elem())
		into.Set(fresh)
	case reflect.Struct:
		p.group(into)
	case reflect.Slice:
		p.list(into)
	case reflect.Map:
		p.table(into)
	case reflect.String:
		p.text(into)
	case reflect.Bool:
		if p.expect(boolean) {
			into.SetBool(p.value.scalar.(bool))
		}
	case reflect.Int, reflect.Int64:
		p.integer(into)
	default:
		panic("configfile: a field has a type that is not supported: " + into.Type().String())
	}
}

// expect reports whether the value is of a kind, and a problem if not.
func (p Place) expect(want kind) bool {
	if p.value.kind == want {
		return true
	}
	hint := ""
	if want == text && (p.value.kind == number || p.value.kind == boolean) {
		hint = "; put it in quotes"
	}
	p.Problem("expected %s, found %s%s", want, p.value.kind, hint)
	return false
}

func (p Place) text(into reflect.Value) {
	if !p.expect(text) {
		return
	}
	s := p.value.scalar.(string)
	if allowed := p.tag.Get("oneOf"); allowed != "" {
		if choices := strings.Split(allowed, ","); !slices.Contains(choices, s) {
			p.Problem("expected %s, found %.60q", either(choices), s)
			return
		}
	}
	into.SetString(s)
}

// either writes choices as "a, b or c".
func either(choices []string) string {
	last := len(choices) - 1
	if last == 0 {
		return choices[0]
	}
	return strings.Join(choices[:last], ", ") + " or " + choices[last]
}

func (p Place) integer(into reflect.Value) {
	n, whole := p.value.scalar.(int64)
	if !whole {
		p.Problem("expected a whole number, found %s", p.found())
		return
	}
	if p.inBounds(float64(n), "") {
		into.SetInt(n)
	}
}

func (p Place) duration(into reflect.Value) {
	var seconds float64
	switch n := p.value.scalar.(type) {
	case int64:
		seconds = float64(n)
	case float64:
		seconds = n
	default:
		p.Problem("expected a number of seconds, found %s", p.found())
		return
	}
	switch {
	case math.IsNaN(seconds) || seconds > math.MaxInt64/float64(time.Second)/2:
		p.Problem("that many seconds are not possible")
	case seconds < 0:
		p.Problem("must not be negative")
	case p.inBounds(seconds, " seconds"):
		into.SetInt(int64(math.Round(seconds * float64(time.Second))))
	}
}

func (p Place) found() string {
	if p.value.kind == number {
		return fmt.Sprint(p.value.scalar)
	}
	return p.value.kind.String()
}

func (p Place) inBounds(n float64, unit string) bool {
	if least, err := strconv.ParseFloat(p.tag.Get("min"), 64); err == nil && n < least {
		p.Problem("must be at least %v%s", least, unit)
		return false
	}
	if most, err := strconv.ParseFloat(p.tag.Get("max"), 64); err == nil && n > most {
		p.Problem("must be at most %v%s", most, unit)
		return false
	}
	return true
}

func (p Place) list(into reflect.Value) {
	if !p.expect(list) {
		return
	}
	items := reflect.MakeSlice(into.Type(), len(p.value.items), len(p.value.items))
	for i, item := range p.value.items {
		p.decoding.at(item, fmt.Sprintf("%s[%d]", p.path, i)).decode(items.Index(i))
	}
	into.Set(items)
}

// table reads a map from text to text.
func (p Place) table(into reflect.Value) {
	if !p.expect(mapping) {
		return
	}
	table := reflect.MakeMap(into.Type())
	for _, m := range p.uniqueMembers() {
		v := reflect.New(into.Type().Elem()).Elem()
		p.member(m).decode(v)
		table.SetMapIndex(reflect.ValueOf(m.key).Convert(into.Type().Key()), v)
	}
	into.Set(table)
}

func (p Place) member(m member) Place {
	return p.decoding.at(m.value, extend(p.path, m.key))
}

func extend(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// uniqueMembers returns the members of a mapping, and reports those that are
// given again.
func (p Place) uniqueMembers() []member {
	seen := map[string]int{}
	var unique []member
	for _, m := range p.value.members {
		if first, twice := seen[m.key]; twice {
			p.decoding.problem(m.line, extend(p.path, m.key), "given already in line %d", first)
			continue
		}
		seen[m.key] = m.line
		unique = append(unique, m)
	}
	return unique
}

// group reads a struct.
func (p Place) group(into reflect.Value) {
	if !p.expect(mapping) {
		return
	}
	fields := map[string]int{}
	for i := range into.NumField() {
		if key := into.Type().Field(i).Tag.Get("key"); key != "" {
			fields[key] = i
		}
	}
	for _, m := range p.uniqueMembers() {
		i, known := fields[m.key]
		if !known {
			p.unknown(m, fields)
			continue
		}
		place := p.member(m)
		place.tag = into.Type().Field(i).Tag
		place.decode(into.Field(i))
	}
}
