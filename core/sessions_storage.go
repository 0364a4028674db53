package core

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
	"github.com/ostiary/ostiary/storage"
)

// storedSessions keeps sessions in the secondary storage alone. Deletions run no
// database hooks there.
//
// A change of a session replaces the value that was read and no other, so that a
// session that was revoked meanwhile does not come back.
type storedSessions struct {
	k            *Kernel
	store        storage.Store
	table, users *schema.Table
	index        sessionIndex
	lookup       *storedLookup
}

func (s *storedSessions) create(ctx context.Context, row schema.Row) (schema.Row, error) {
	return s.k.writer.createIn(ctx, row, func(ctx context.Context, row schema.Row) (schema.Row, error) {
		row = s.k.DB.Complete(row)
		if row.ID() == "" { // which the database would have made
			row.SetAt(schema.SessionID, s.k.Random.Token(idLength))
		}
		return row, s.put(ctx, row)
	})
}

// put stores a session with a copy of its user.
func (s *storedSessions) put(ctx context.Context, row schema.Row) error {
	userID, token := row.StringAt(schema.SessionUserID), row.StringAt(schema.SessionToken)
	expires := row.TimeAt(schema.SessionExpiresAt)
	if err := s.index.add(ctx, userID, token, expires); err != nil {
		return err
	}
	user, err := s.k.userRow(ctx, userID)
	if err != nil || user == nil {
		return err
	}
	text, err := encodeRows(row, *user, "")
	if err != nil {
		return err
	}
	return s.store.Set(ctx, token, text, s.k.timeLeft(expires))
}

func (s *storedSessions) find(ctx context.Context, token string) (*Identity, error) {
	answer, err := s.lookup.find(ctx, token)
	switch {
	case err != nil || answer.session == nil:
		return nil, err
	case answer.session.mark != "":
		return s.withUser(ctx, token, answer.session)
	}
	id := answer.session.identity()
	return &id, nil
}

// withUser returns an unsettled session with its user from the database.
func (s *storedSessions) withUser(ctx context.Context, token string, stored *storedSession) (*Identity, error) {
	user, err := s.k.userRow(ctx, stored.user.ID())
	if err != nil || user == nil {
		return nil, err
	}
	s.settle(ctx, token, stored, func() (string, error) {
		copied, err := user.AppendJSON(nil)
		return encodeStoredSession(stored.members, copied, ""), err
	})
	return &Identity{Session: sessionOf(stored.row), User: userOf(*user)}, nil
}

// settle replaces a copy whose mark was left behind.
func (s *storedSessions) settle(ctx context.Context, token string, stored *storedSession, next func() (string, error)) {
	if !s.k.leftBehind(stored.mark) || s.k.DB.Transacting(ctx) {
		return
	}
	text, err := next()
	if err == nil {
		_, err = s.store.Swap(ctx, token, stored.text, text, s.k.timeLeft(stored.row.TimeAt(schema.SessionExpiresAt)))
	}
	if err != nil {
		s.k.Log.WarnContext(ctx, "an outdated copy of a session was not replaced in the secondary storage; the database is asked", "error", err)
	}
}

func (s *storedSessions) revoked(ctx context.Context, stored *storedSession) (bool, error) {
	before, err := s.index.revokedBefore(ctx, stored.user.ID())
	return stored.begunBefore(before), err
}

func (s *storedSessions) list(ctx context.Context, userID string, limit int) ([]schema.Row, error) {
	entries, err := s.index.read(ctx, userID)
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	tokens := tokensOf(entries)
	texts, err := storage.GetMany(ctx, s.store, tokens)
	if err != nil {
		return nil, err
	}
	before, err := s.index.revokedBefore(ctx, userID)
	if err != nil {
		return nil, err
	}
	var rows []schema.Row
	for i, text := range texts {
		stored := s.parse(tokens[i], text)
		if stored != nil && stored.user.ID() == userID && !stored.begunBefore(before) && len(rows) < limit {
			rows = append(rows, stored.row)
		}
	}
	return rows, nil
}

func tokensOf(entries []indexedSession) []string {
	tokens := make([]string, len(entries))
	for i, e := range entries {
		tokens[i] = e.Token
	}
	return tokens
}

// errNoIDs says what to do instead.
var errNoIDs = errors.New("sessions are in the secondary storage alone, which does not know them by their ids: update the sessions of a user, or keep sessions in the database as well (Session.StoreInDatabase)")

func (s *storedSessions) byID(context.Context, string) (*schema.Row, error) { return nil, errNoIDs }

func (s *storedSessions) update(ctx context.Context, token string, change schema.Row, when condition) (*schema.Row, error) {
	if !change.Has(schema.SessionUpdatedAt) {
		change = change.Clone()
		change.SetAt(schema.SessionUpdatedAt, database.Milliseconds(s.k.Now()))
	}
	var before, after schema.Row
	changed, err := s.replace(ctx, token, func(stored *storedSession) (schema.Row, bool, error) {
		revoked, err := s.revoked(ctx, stored)
		if err != nil || revoked || !when.holds(stored.row) {
			return change, false, err
		}
		before, after = stored.row, stored.row.Clone()
		after.Merge(change)
		return change, true, nil
	})
	if err != nil || !changed {
		return nil, err
	}
	return &after, s.moved(ctx, before, after)
}

// moved puts on the list of a user's sessions that one expires at another time.
func (s *storedSessions) moved(ctx context.Context, before, after schema.Row) error {
	expires := after.TimeAt(schema.SessionExpiresAt)
	if expires.Equal(before.TimeAt(schema.SessionExpiresAt)) {
		return nil
	}
	return s.index.add(ctx, after.StringAt(schema.SessionUserID), after.StringAt(schema.SessionToken), expires)
}

// replace changes the session of a token, if there is one and the function wants
// it changed, and reports whether it did.
func (s *storedSessions) replace(ctx context.Context, token string, fn func(*storedSession) (change schema.Row, wanted bool, err error)) (bool, error) {
	changed := false
	err := s.k.swap(ctx, s.store, token, func(text string) (string, time.Duration, bool, error) {
		changed = false
		stored := s.parse(token, text)
		if stored == nil {
			return "", 0, true, nil
		}
		change, wanted, err := fn(stored)
		if err != nil || !wanted {
			return "", 0, true, err
		}
		next, err := stored.with(change)
		expires := stored.row.TimeAt(schema.SessionExpiresAt)
		if change.Has(schema.SessionExpiresAt) {
			expires = change.TimeAt(schema.SessionExpiresAt)
		}
		changed = true
		return next, s.k.timeLeft(expires), false, err
	})
	return changed && err == nil, err
}

func (s *storedSessions) delete(ctx context.Context, token, userID string) (bool, error) {
	owner, err := s.owner(ctx, token, userID)
	if err != nil || owner == "" {
		return false, err
	}
	return true, s.forget(ctx, owner, []string{token})
}

// owner returns the user of a session; "" when there is none, or it is not that of
// the user asked for, if there is one.
func (s *storedSessions) owner(ctx context.Context, token, userID string) (string, error) {
	text, err := s.store.Get(ctx, token)
	if err != nil || text == "" {
		return "", err
	}
	stored := s.parse(token, text)
	if stored == nil {
		s.k.Log.ErrorContext(ctx, "a value in the secondary storage is not a session; it is left alone")
		return "", nil
	}
	if userID != "" && stored.user.ID() != userID {
		return "", nil
	}
	return stored.user.ID(), nil
}

// forget removes sessions of a user once the transaction is committed. The
// sessions go before the list, which is only how they are found.
func (s *storedSessions) forget(ctx context.Context, userID string, tokens []string) error {
	if len(tokens) == 0 {
		return nil
	}
	return s.k.DB.AfterCommit(ctx, func(ctx context.Context) error {
		return errors.Join(storage.DeleteMany(ctx, s.store, tokens), s.index.remove(ctx, userID, tokens...))
	})
}

func (s *storedSessions) deleteOthers(ctx context.Context, userID string, keep []string) error {
	entries, err := s.index.read(ctx, userID)
	if err != nil {
		return err
	}
	return s.forget(ctx, userID, tokensOf(withoutTokens(entries, keep...)))
}

func (s *storedSessions) deleteAll(ctx context.Context, userID string, _ bool) (func(context.Context) error, error) {
	entries, err := s.index.read(ctx, userID)
	if err != nil {
		return nil, err
	}
	return s.revocation(userID, tokensOf(entries), func(_ context.Context, err error) error { return err }), nil
}

// revocation returns what ends all sessions that a user has begun until it is
// called, when the transaction is committed: those whose tokens are given, and by
// the time at which they began those of which the list does not know. What becomes
// of a failure after that is up to outcome.
func (s *storedSessions) revocation(userID string, tokens []string, outcome func(context.Context, error) error) func(context.Context) error {
	return func(ctx context.Context) error {
		at := s.k.Now().UnixMilli()
		return s.k.DB.AfterCommit(ctx, func(ctx context.Context) error {
			if err := s.index.revokeBefore(ctx, userID, at); err != nil {
				return outcome(ctx, err)
			}
			tokens = slices.Compact(slices.Sorted(slices.Values(tokens)))
			return outcome(ctx, errors.Join(storage.DeleteMany(ctx, s.store, tokens), s.index.remove(ctx, userID, tokens...)))
		})
	}
}

func (s *storedSessions) userChanging(ctx context.Context, userID string) (mark string, err error) {
	entries, err := s.index.read(ctx, userID)
	if err != nil {
		return "", err
	}
	mark = s.k.newMark()
	return mark, s.unsettle(ctx, mark, tokensOf(entries)...)
}

func (s *storedSessions) userChanged(ctx context.Context, user schema.Row, mark string) error {
	entries, err := s.index.read(ctx, user.ID())
	if err != nil {
		return err
	}
	var failures []error
	for _, e := range entries {
		failures = append(failures, s.copyUser(ctx, e.Token, user, mark))
	}
	return errors.Join(failures...)
}

// copyUser replaces the copy of a user in a session, unless it is younger.
func (s *storedSessions) copyUser(ctx context.Context, token string, user schema.Row, mark string) error {
	copied, err := user.AppendJSON(nil)
	if err != nil {
		return err
	}
	return s.k.swap(ctx, s.store, token, func(text string) (string, time.Duration, bool, error) {
		stored := s.parse(token, text)
		if stored == nil || stored.user.ID() != user.ID() ||
			stored.user.TimeAt(schema.UserUpdatedAt).After(user.TimeAt(schema.UserUpdatedAt)) {
			return "", 0, true, nil
		}
		stored.settles(mark)
		ttl := s.k.timeLeft(stored.row.TimeAt(schema.SessionExpiresAt))
		return encodeStoredSession(stored.members, copied, stored.mark), ttl, ttl == 0, nil
	})
}
