package core

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// Sessions are the stored sessions. Writes run the database hooks.
type Sessions struct {
	k     *Kernel
	table *schema.Table
	input []int // positions of the fields that clients may set
	store sessionStore
}

// Table returns the table of the sessions.
func (s *Sessions) Table() *schema.Table { return s.table }

const (
	sessionTokenLength  = 32
	notRememberedExpiry = 24 * time.Hour
)

// Create begins a session of a user. Fields given in extra, such as a plugin's,
// are stored with it; they cannot replace token, owner or times. It returns nil
// when a database hook aborted, and fails with [ErrHeld] when a [SignInGuard]
// held the sign-in back.
func (s *Sessions) Create(ctx context.Context, user *User, remember bool, extra *schema.Row) (*Identity, error) {
	if err := s.k.guardSignIn(ctx, user, remember); err != nil {
		return nil, err
	}
	row := s.table.NewRow()
	ip, agent := "", ""
	if c := FromContext(ctx); c != nil {
		ip, agent = c.ClientIP(), userAgent(c.Header)
	}
	row.SetAt(schema.SessionIPAddress, ip)
	row.SetAt(schema.SessionUserAgent, agent)
	if extra != nil {
		row.Merge(*extra)
		row.Unset(schema.SessionID)
	}
	now := database.Milliseconds(s.k.Now())
	expires := now.Add(s.k.lifetime.expires)
	if !remember {
		expires = now.Add(notRememberedExpiry)
	}
	row.SetAt(schema.SessionExpiresAt, expires)
	row.SetAt(schema.SessionToken, s.k.Random.Token(sessionTokenLength))
	row.SetAt(schema.SessionUserID, user.ID)
	row.SetAt(schema.SessionCreatedAt, now)
	row.SetAt(schema.SessionUpdatedAt, now)
	if err := s.tokenOnSignIn(ctx, user, row); errors.Is(err, ErrRevokeSession) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var stored schema.Row
	err := s.k.DB.InTransaction(ctx, func(ctx context.Context) (err error) {
		if err := s.k.Accounts.holdProven(ctx, user.ID); err != nil {
			return err
		}
		stored, err = s.store.create(ctx, row)
		return err
	})
	if errors.Is(err, ErrAbort) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &Identity{Session: sessionOf(stored), User: *user}, nil
}

// maxUserAgent bounds what is kept of a header that clients make up, in bytes.
const maxUserAgent = 1024

func userAgent(h http.Header) string {
	agent := h.Get("User-Agent")
	return strings.ToValidUTF8(agent[:min(len(agent), maxUserAgent)], "\uFFFD")
}

// Find returns the session of a token with its user, expired or not; nil when
// there is none.
func (s *Sessions) Find(ctx context.Context, token string) (*Identity, error) {
	if token == "" {
		return nil, nil
	}
	return s.store.find(ctx, token)
}

// List returns the live sessions of a user, a hundred at most: oldest first when
// they are in the database, else those first that expire first.
func (s *Sessions) List(ctx context.Context, userID string) ([]Session, error) {
	rows, err := s.store.list(ctx, userID, database.DefaultLimit)
	if err != nil {
		return nil, err
	}
	sessions := make([]Session, len(rows))
	for i, row := range rows {
		sessions[i] = sessionOf(row)
	}
	return sessions, nil
}

// Extend gives a session a new lifetime. It returns nil when the session is
// gone.
func (s *Sessions) Extend(ctx context.Context, token string) (*Session, error) {
	change := s.table.NewRow()
	change.SetAt(schema.SessionExpiresAt, s.k.Now().Add(s.k.lifetime.expires))
	return s.Update(ctx, token, change)
}

// Update changes the session of a token and returns it, or nil when there is
// none or a hook aborted.
func (s *Sessions) Update(ctx context.Context, token string, change schema.Row) (*Session, error) {
	session, err := s.update(ctx, token, change, time.Time{}, condition{})
	if errors.Is(err, ErrAbort) {
		return nil, nil
	}
	if session != nil && !onlyExtends(change) {
		s.k.sessionChanged(ctx, session)
	}
	return session, err
}

// update changes the session of a token if a condition holds, with its hooks, and
// returns it; otherwise nil. Its update time is the stamp, if there is one. It
// returns [ErrAbort] when a hook aborted.
func (s *Sessions) update(ctx context.Context, token string, change schema.Row, stamp time.Time, when condition) (*Session, error) {
	change, err := s.k.writer.beforeUpdate(ctx, change)
	if err != nil {
		return nil, err
	}
	if !stamp.IsZero() {
		change.SetAt(schema.SessionUpdatedAt, stamp)
	}
	row, err := s.store.update(ctx, token, change, when)
	if err != nil || row == nil {
		return nil, err
	}
	session := sessionOf(*row)
	return &session, s.k.writer.afterUpdate(ctx, s.table.Key, row)
}

// onlyExtends reports whether a change gives a session a new lifetime and nothing
// else, which what is remembered of it survives.
func onlyExtends(change schema.Row) bool {
	for i := range change.Table().Fields {
		if change.Has(i) && i != schema.SessionExpiresAt && i != schema.SessionUpdatedAt {
			return false
		}
	}
	return true
}

// Delete ends the session of a token.
func (s *Sessions) Delete(ctx context.Context, token string) error {
	_, err := s.delete(ctx, token, "")
	return err
}

// DeleteOwned ends the session of a token if it belongs to a user.
func (s *Sessions) DeleteOwned(ctx context.Context, token, userID string) (bool, error) {
	if userID == "" {
		return false, nil
	}
	return s.delete(ctx, token, userID)
}

func (s *Sessions) delete(ctx context.Context, token, userID string) (bool, error) {
	if token == "" {
		return false, nil
	}
	ended, err := s.store.delete(ctx, token, userID)
	if ended {
		s.k.sessionEnded(ctx, token)
	}
	if errors.Is(err, ErrAbort) {
		return false, nil
	}
	return ended, err
}

// DeleteOf ends all sessions of a user but those of the tokens given.
func (s *Sessions) DeleteOf(ctx context.Context, userID string, keep ...string) error {
	end := s.deleteAll
	if len(keep) > 0 {
		end = func(ctx context.Context, userID string) error { return s.store.deleteOthers(ctx, userID, keep) }
	}
	err := end(ctx, userID)
	s.k.sessionsEnded(ctx, userID)
	return err
}

func (s *Sessions) deleteAll(ctx context.Context, userID string) error {
	forget, err := s.store.deleteAll(ctx, userID, false)
	if err != nil || forget == nil {
		return err
	}
	return forget(ctx)
}

// userChanged hands a user to the sessions that keep a copy, once the change is
// committed. When that fails the copies stay marked, and the database is asked.
func (s *Sessions) userChanged(ctx context.Context, user schema.Row, mark string) {
	_ = s.k.DB.AfterCommit(ctx, func(ctx context.Context) error { // fails never
		if err := s.store.userChanged(ctx, user, mark); err != nil {
			s.k.Log.WarnContext(ctx, "a changed user was not copied to the secondary storage; it is read from the database", "error", err)
		}
		return nil
	})
}
