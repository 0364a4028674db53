package api

import (
	"fmt"
	"time"

	"github.com/ostiary/ostiary/internal/jstext"
)

// Session is a signed-in device as clients see it.
type Session struct {
	ID        string
	Token     string // the secret that the session cookie carries
	UserID    string
	ExpiresAt time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
	IPAddress *string // "" when it was not known
	UserAgent *string // "" when it was not sent
	// Extra holds the additional fields of the application and of plugins by
	// name, but for hidden ones. Nil when there are none.
	Extra map[string]any
}

// AppendJSON appends the JSON text of the session to b.
func (s *Session) AppendJSON(b []byte) []byte {
	b = append(b, `{"expiresAt":`...)
	b = jstext.AppendTime(b, s.ExpiresAt)
	b = append(b, `,"token":`...)
	b = jstext.AppendString(b, s.Token)
	b = append(b, `,"createdAt":`...)
	b = jstext.AppendTime(b, s.CreatedAt)
	b = append(b, `,"updatedAt":`...)
	b = jstext.AppendTime(b, s.UpdatedAt)
	b = append(b, `,"ipAddress":`...)
	b = appendText(b, s.IPAddress)
	b = append(b, `,"userAgent":`...)
	b = appendText(b, s.UserAgent)
	b = append(b, `,"userId":`...)
	b = jstext.AppendString(b, s.UserID)
	b = appendExtra(b, s.Extra)
	b = append(b, `,"id":`...)
	b = jstext.AppendString(b, s.ID)
	return append(b, '}')
}

// MarshalJSON returns the JSON text of the session.
func (s Session) MarshalJSON() ([]byte, error) { return s.AppendJSON(nil), nil }

// UnmarshalJSON reads a session. Members that are not core fields go to Extra
// as encoding/json decodes them.
func (s *Session) UnmarshalJSON(text []byte) error {
	*s = Session{}
	m := membersOf(text)
	for m.Next() {
		var err error
		switch string(m.Key()) {
		case "id":
			s.ID, err = m.text()
		case "token":
			s.Token, err = m.text()
		case "userId":
			s.UserID, err = m.text()
		case "expiresAt":
			s.ExpiresAt, err = m.time()
		case "createdAt":
			s.CreatedAt, err = m.time()
		case "updatedAt":
			s.UpdatedAt, err = m.time()
		case "ipAddress":
			s.IPAddress, err = m.optionalText()
		case "userAgent":
			s.UserAgent, err = m.optionalText()
		default:
			s.Extra, err = withExtra(s.Extra, m.Key(), m.Value())
		}
		if err != nil {
			return fmt.Errorf("api: read session member %q: %w", m.Key(), err)
		}
	}
	return m.Err()
}
