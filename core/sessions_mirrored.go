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

// mirroredSessions keeps sessions in the database, and a copy of each in the
// secondary storage, from which they are read. The database decides: a session
// whose row is gone is removed from the storage afterwards, and one that the
// storage does not have is read from the database and copied again.
//
// With preserve the rows of sessions that have ended are kept, as a record. Then
// the storage decides: a session that it does not have has ended.
type mirroredSessions struct {
	k        *Kernel
	rows     *databaseSessions
	cache    *storedSessions
	preserve bool
}

func (s *mirroredSessions) create(ctx context.Context, row schema.Row) (schema.Row, error) {
	return s.k.writer.createIn(ctx, row, func(ctx context.Context, row schema.Row) (schema.Row, error) {
		stored, err := s.k.DB.Create(ctx, row)
		if err != nil {
			return stored, err
		}
		if s.preserve {
			return stored, s.cache.put(ctx, stored)
		}
		return stored, s.k.DB.AfterCommit(ctx, func(ctx context.Context) error {
			if err := s.cache.put(ctx, stored); err != nil {
				s.k.Log.ErrorContext(ctx, "a new session was not copied to the secondary storage; it is read from the database", "error", err)
			}
			return nil
		})
	})
}

func (s *mirroredSessions) find(ctx context.Context, token string) (*Identity, error) {
	id, missing, err := s.cache.lookUp(ctx, token)
	switch {
	case s.preserve:
		return id, err
	case errors.Is(err, storage.ErrUnavailable):
		s.k.Log.WarnContext(ctx, "the secondary storage is not available; a session was read from the database", "error", err)
		return s.rows.find(ctx, token)
	case err != nil || !missing:
		return id, err
	}
	rec, err := s.rows.record(ctx, token)
	if err != nil || rec == nil {
		return nil, err
	}
	s.fill(ctx, rec)
	return &Identity{Session: sessionOf(rec.Row), User: userOf(rec.Joined[0][0])}, nil
}

// provisional is how long a copy lives of which it is not yet certain that the
// session has not ended.
const provisional = 10 * time.Second

// fill copies a session that was read from the database to the storage. Between
// reading and copying the session may have ended, so the copy lives for a moment
// only until the row has been seen once more.
func (s *mirroredSessions) fill(ctx context.Context, rec *database.Record) {
	token, left := rec.StringAt(schema.SessionToken), s.k.timeLeft(rec.TimeAt(schema.SessionExpiresAt))
	if left == 0 {
		return
	}
	err := s.k.DB.AfterCommit(ctx, func(ctx context.Context) error {
		text, err := encodeRows(rec.Row, rec.Joined[0][0])
		if err != nil {
			return err
		}
		filled, err := s.cache.store.Swap(ctx, token, "", text, min(provisional, left))
		if err != nil || !filled {
			return err
		}
		again, err := s.rows.record(ctx, token)
		if err != nil {
			return err
		}
		if again == nil {
			_, err := s.cache.store.Swap(ctx, token, text, "", 0)
			return err
		}
		if _, err := s.cache.store.Swap(ctx, token, text, text, left); err != nil {
			return err
		}
		return s.cache.index.add(ctx, rec.StringAt(schema.SessionUserID), token, rec.TimeAt(schema.SessionExpiresAt))
	})
	if err != nil {
		s.k.Log.WarnContext(ctx, "a session was not copied to the secondary storage", "error", err)
	}
}

func (s *mirroredSessions) list(ctx context.Context, userID string, limit int) ([]schema.Row, error) {
	if s.preserve {
		return s.cache.list(ctx, userID, limit)
	}
	return s.rows.list(ctx, userID, limit)
}

func (s *mirroredSessions) byID(ctx context.Context, id string) (*schema.Row, error) {
	return s.rows.byID(ctx, id)
}

func (s *mirroredSessions) update(ctx context.Context, token string, change schema.Row, when condition) (*schema.Row, error) {
	row, err := s.rows.update(ctx, token, change, when)
	if err != nil || row == nil {
		return nil, err
	}
	return row, s.k.DB.AfterCommit(ctx, func(ctx context.Context) error { return s.copySession(ctx, token, *row) })
}

// copySession replaces the copy of a session, if there is one and it is not
// younger.
func (s *mirroredSessions) copySession(ctx context.Context, token string, row schema.Row) error {
	var before schema.Row
	changed, err := s.cache.replace(ctx, token, func(stored *storedSession) (schema.Row, bool, error) {
		before = stored.row
		return row, !before.TimeAt(schema.SessionUpdatedAt).After(row.TimeAt(schema.SessionUpdatedAt)), nil
	})
	if err != nil || !changed {
		return err
	}
	return s.cache.moved(ctx, before, row)
}

// remove deletes or ends the rows that match.
func (s *mirroredSessions) remove(ctx context.Context, where ...database.Where) (int64, error) {
	if s.preserve {
		return s.rows.end(ctx, where...)
	}
	return s.rows.remove(ctx, where...)
}

func (s *mirroredSessions) delete(ctx context.Context, token, userID string) (bool, error) {
	n, err := s.remove(ctx, sessionWhere(token, userID)...)
	if err != nil {
		return false, err
	}
	copied, err := s.cache.delete(ctx, token, userID)
	return copied || n > 0, err
}

func (s *mirroredSessions) deleteOthers(ctx context.Context, userID string, keep []string) error {
	indexed, err := s.cache.index.read(ctx, userID)
	if err != nil {
		return err
	}
	rows, err := s.rows.list(ctx, userID, maxHookedRows)
	if err != nil {
		return err
	}
	if _, err := s.remove(ctx, othersWhere(userID, keep)...); err != nil {
		if errors.Is(err, ErrAbort) {
			return nil
		}
		return err
	}
	tokens := tokensOf(withoutTokens(indexed, keep...))
	for _, row := range rows {
		if token := row.StringAt(schema.SessionToken); !slices.Contains(keep, token) && !slices.Contains(tokens, token) {
			tokens = append(tokens, token)
		}
	}
	return s.cache.forget(ctx, userID, tokens)
}

func (s *mirroredSessions) deleteAll(ctx context.Context, userID string, forGood bool) (func(context.Context) error, error) {
	before, err := s.cache.index.read(ctx, userID)
	if err != nil {
		return nil, err
	}
	remove := s.remove
	if forGood {
		remove = s.rows.remove
	}
	if _, err := remove(ctx, database.Eq("userId", userID)); err != nil && (!errors.Is(err, ErrAbort) || !forGood) {
		if errors.Is(err, ErrAbort) {
			return nil, nil
		}
		return nil, err
	}
	after, err := s.cache.index.read(ctx, userID)
	if err != nil {
		return nil, err
	}
	return s.cache.revocation(userID, append(tokensOf(before), tokensOf(after)...)), nil
}

func (s *mirroredSessions) userChanged(ctx context.Context, user schema.Row) error {
	return s.cache.userChanged(ctx, user)
}
