package api

import (
	"encoding/json"
	"fmt"
	"slices"
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
	m := jstext.MembersOf(text)
	for m.Next() {
		var err error
		switch string(m.Key()) {
		case "id":
			u.ID, err = textOf(m.Value())
		case "name":
			u.Name, err = textOf(m.Value())
		case "email":
			u.Email, err = textOf(m.Value())
		case "emailVerified":
			u.EmailVerified = string(m.Value()) == "true"
		case "image":
			u.Image, err = optionalTextOf(m.Value())
		case "createdAt":
			u.CreatedAt, err = timeOf(m.Value())
		case "updatedAt":
			u.UpdatedAt, err = timeOf(m.Value())
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

func textOf(text []byte) (string, error) {
	if n := len(text); n >= 2 && text[0] == '"' && !slices.Contains(text, '\\') {
		return string(text[1 : n-1]), nil
	}
	var s string
	err := json.Unmarshal(text, &s)
	return s, err
}

func optionalTextOf(text []byte) (*string, error) {
	if string(text) == "null" {
		return nil, nil
	}
	s, err := textOf(text)
	return &s, err
}

func timeOf(text []byte) (time.Time, error) {
	var t Time
	err := t.UnmarshalJSON(text)
	return t.Time, err
}

func withExtra(extra map[string]any, key, value []byte) (map[string]any, error) {
	name, err := textOf(append(append([]byte{'"'}, key...), '"'))
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
