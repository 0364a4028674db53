package core

import (
	"context"
	"encoding/json"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/internal/jstext"
	"github.com/ostiary/ostiary/schema"
)

// storedSession is a session with a copy of its user, as the secondary storage
// has it under the token: {"session":{…},"user":{…}}. Members that are unknown
// here, because another program with more plugins has written them, survive a
// change. A third member, "unsettled", is there while the database decides; see
// [unsettle].
type storedSession struct {
	text    string // as it was read
	members json.RawMessage
	copied  json.RawMessage // the user
	row     schema.Row
	user    schema.Row
	mark    string // "" unless it is unsettled

	remembered *Identity // what identity returns a copy of, where that was made before
}

// parseStoredSession reads the value of a token. It is nil when the value is not
// a session of that token with its user.
func (s *storedSessions) parse(token, text string) *storedSession {
	v := &storedSession{text: text}
	m := jstext.MembersOf([]byte(text))
	for m.Next() {
		switch string(m.Key()) {
		case "session":
			v.members = json.RawMessage(m.Value())
		case "user":
			v.copied = json.RawMessage(m.Value())
		case unsettledMember:
			if json.Unmarshal(m.Value(), &v.mark) != nil {
				return nil
			}
		}
	}
	if m.Err() != nil || v.members == nil || v.copied == nil {
		return nil
	}
	var err error
	if v.row, err = s.table.ParseRow(v.members); err != nil {
		return nil
	}
	if v.user, err = s.users.ParseRow(v.copied); err != nil {
		return nil
	}
	if v.row.StringAt(schema.SessionToken) != token || v.user.ID() == "" || v.row.StringAt(schema.SessionUserID) != v.user.ID() {
		return nil
	}
	return v
}

// identity returns the session with its user. It is the caller's own.
func (v *storedSession) identity() Identity {
	if v.remembered != nil {
		return v.remembered.clone()
	}
	return Identity{Session: sessionOf(v.row), User: userOf(v.user)}
}

// begunBefore reports whether the session was begun before a time in milliseconds.
func (v *storedSession) begunBefore(at int64) bool {
	return v.row.TimeAt(schema.SessionCreatedAt).UnixMilli() < at
}

// with returns the text of the value after a change of the session.
func (v *storedSession) with(change schema.Row) (string, error) {
	set, err := change.AppendJSON(nil)
	if err != nil {
		return "", err
	}
	b := []byte(`{"session":{`)
	for m := jstext.MembersOf(v.members); m.Next(); {
		if at := change.Table().Position(string(m.Key())); at >= 0 && change.Has(at) {
			continue
		}
		b = append(b, '"')
		b = append(b, m.Key()...)
		b = append(b, `":`...)
		b = append(b, m.Value()...)
		b = append(b, ',')
	}
	b = append(b, set[1:]...) // of which nothing but the brace may be left
	if n := len(b) - 2; b[n] == ',' {
		b = append(b[:n], '}')
	}
	return encodeStoredSession(b[len(`{"session":`):], v.copied, v.mark), nil
}

// encodeStoredSession puts a value together from the JSON texts of its parts and
// its mark, if it has one.
func encodeStoredSession(session, user []byte, mark string) string {
	b := make([]byte, 0, len(session)+len(user)+len(`{"session":,"user":}`))
	b = append(b, `{"session":`...)
	b = append(b, session...)
	b = append(b, `,"user":`...)
	b = append(b, user...)
	if mark != "" {
		b = append(b, `,"`+unsettledMember+`":"`+mark+`"`...)
	}
	return string(append(b, '}'))
}

// encodeRows returns the value for a session and its user, with a mark or without.
func encodeRows(session, user schema.Row, mark string) (string, error) {
	s, err := session.AppendJSON(nil)
	if err != nil {
		return "", err
	}
	u, err := user.AppendJSON(nil)
	if err != nil {
		return "", err
	}
	return encodeStoredSession(s, u, mark), nil
}

// timeLeft is the time to live of what expires at a time.
func (k *Kernel) timeLeft(expires time.Time) time.Duration {
	return max(0, expires.Sub(database.Milliseconds(k.Now()))).Truncate(time.Second)
}

// userRow returns the row of a user, for a copy of it.
func (k *Kernel) userRow(ctx context.Context, id string) (*schema.Row, error) {
	rec, err := k.DB.FindOne(ctx, database.Query{Table: k.Users.table, Where: []database.Where{database.Eq("id", id)}})
	if err != nil || rec == nil {
		return nil, err
	}
	return &rec.Row, nil
}
