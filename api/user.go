package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ostiary/ostiary/internal/jstext"
)

// User is a user as clients see it.
type User struct {
	ID            string
	Name          string
	Email         string // lower case
	EmailVerified bool
	Image         *string // nil when there is none
	CreatedAt     time.Time
	UpdatedAt     time.Time
	// Extra holds the additional fields of the application and of plugins by
	// name, but for hidden ones. Nil when there are none.
	Extra map[string]any
}

// AppendJSON appends the JSON text of the user to b.
func (u *User) AppendJSON(b []byte) []byte {
	b = append(b, `{"name":`...)
	b = jstext.AppendString(b, u.Name)
	b = append(b, `,"email":`...)
	b = jstext.AppendString(b, u.Email)
	b = append(b, `,"emailVerified":`...)
	b = appendBool(b, u.EmailVerified)
	b = append(b, `,"image":`...)
	b = appendText(b, u.Image)
	b = append(b, `,"createdAt":`...)
	b = jstext.AppendTime(b, u.CreatedAt)
	b = append(b, `,"updatedAt":`...)
	b = jstext.AppendTime(b, u.UpdatedAt)
	b = appendExtra(b, u.Extra)
	b = append(b, `,"id":`...)
	b = jstext.AppendString(b, u.ID)
	return append(b, '}')
}

// MarshalJSON returns the JSON text of the user.
func (u User) MarshalJSON() ([]byte, error) { return u.AppendJSON(nil), nil }

// UnmarshalJSON reads a user. Members that are not core fields go to Extra as
// encoding/json decodes them.
func (u *User) UnmarshalJSON(text []byte) error {
	*u = User{}
	m := membersOf(text)
	for m.Next() {
		var err error
		switch string(m.Key()) {
		case "id":
			u.ID, err = m.text()
		case "name":
			u.Name, err = m.text()
		case "email":
			u.Email, err = m.text()
		case "emailVerified":
			u.EmailVerified = string(m.Value()) == "true"
		case "image":
			u.Image, err = m.optionalText()
		case "createdAt":
			u.CreatedAt, err = m.time()
		case "updatedAt":
			u.UpdatedAt, err = m.time()
		default:
			u.Extra, err = withExtra(u.Extra, m.Key(), m.Value())
		}
		if err != nil {
			return fmt.Errorf("api: read user member %q: %w", m.Key(), err)
		}
	}
	return m.Err()
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, "true"...)
	}
	return append(b, "false"...)
}

func appendText(b []byte, s *string) []byte {
	if s == nil {
		return append(b, "null"...)
	}
	return jstext.AppendString(b, *s)
}

// appendExtra appends additional fields in alphabetical order. A value that has
// no JSON form is written as null: it comes from the program's own transforms.
func appendExtra(b []byte, extra map[string]any) []byte {
	if len(extra) == 0 {
		return b
	}
	names := make([]string, 0, len(extra))
	for name := range extra {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		b = append(b, ',')
		b = jstext.AppendString(b, name)
		b = append(b, ':')
		b = appendValue(b, extra[name])
	}
	return b
}

func appendValue(b []byte, v any) []byte {
	out, err := jstext.Append(b, v)
	if err != nil {
		return append(b, "null"...)
	}
	return out
}

// members walks the members of an object. The strings it returns are parts of
// one copy of the object's text.
type members struct {
	jstext.Members
	object string
}

func membersOf(text []byte) members { return members{jstext.MembersOf(text), string(text)} }

// text returns the current value, which is a string.
func (m *members) text() (string, error) {
	start, end := m.Span()
	return textOf(m.object[start:end])
}

func textOf(text string) (string, error) {
	if n := len(text); n >= 2 && text[0] == '"' && strings.IndexByte(text, '\\') < 0 {
		return text[1 : n-1], nil
	}
	var s string
	err := json.Unmarshal([]byte(text), &s)
	return s, err
}

func (m *members) optionalText() (*string, error) {
	if string(m.Value()) == "null" {
		return nil, nil
	}
	s, err := m.text()
	return &s, err
}

func (m *members) time() (time.Time, error) {
	var t Time
	err := t.UnmarshalJSON(m.Value())
	return t.Time, err
}

func withExtra(extra map[string]any, key, value []byte) (map[string]any, error) {
	name, err := textOf(`"` + string(key) + `"`)
	if err != nil {
		return extra, err
	}
	var v any
	if err := json.Unmarshal(value, &v); err != nil {
		return extra, err
	}
	if extra == nil {
		extra = map[string]any{}
	}
	extra[name] = v
	return extra, nil
}
