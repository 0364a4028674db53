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
	answer, err := s.cache.lookup.find(ctx, token)
	stored := answer.session
	switch {
	case errors.Is(err, storage.ErrUnavailable) && !s.preserve:
		s.k.Log.WarnContext(ctx, "the secondary storage is not available; a session was read from the database", "error", err)
		return s.rows.find(ctx, token)
	case err != nil:
		return nil, err
	case stored != nil && stored.mark == "":
		id := stored.identity()
		return &id, nil
	case stored == nil && (s.preserve || !answer.missing):
		return nil, nil
	}
	rec, err := s.rows.record(ctx, token)
	switch {
	case err != nil:
		return nil, err
	case stored != nil:
		s.cache.settle(ctx, token, stored, func() (string, error) { return s.outcome(stored, rec) })
	case rec != nil:
		s.fill(ctx, rec)
	}
	if rec == nil {
		return nil, nil
	}
	return &Identity{Session: sessionOf(rec.Row), User: userOf(rec.Joined[0][0])}, nil
}

// outcome is the copy of a session whose change has ended, by its row; "" when
// that is gone.
func (s *mirroredSessions) outcome(stored *storedSession, rec *database.Record) (string, error) {
	if rec == nil {
		return "", nil
	}
	copied, err := rec.Joined[0][0].AppendJSON(nil)
	if err != nil {
		return "", err
	}
	settled := *stored
	settled.copied, settled.mark = copied, ""
	return settled.with(rec.Row)
}

// provisional is how long a copy lives of which it is not yet certain that the
// session has not changed or ended.
const provisional = 10 * time.Second

// fill copies a session that was read from the database to the storage. Between
// reading and copying the session may have changed or ended, so the copy is
// unsettled and lives for a moment only, until the row has been seen once more.
func (s *mirroredSessions) fill(ctx context.Context, rec *database.Record) {
	token, left := rec.StringAt(schema.SessionToken), s.k.timeLeft(rec.TimeAt(schema.SessionExpiresAt))
	if left == 0 {
		return
	}
	err := s.k.DB.AfterCommit(ctx, func(ctx context.Context) error {
		text, err := encodeRows(rec.Row, rec.Joined[0][0], s.k.newMark())
		if err != nil {
			return err
		}
		filled, err := s.cache.store.Swap(ctx, token, "", text, min(provisional, left))
		if err != nil || !filled {
			return err
		}
		return s.confirm(ctx, token, text)
	})
	if err != nil {
		s.k.Log.WarnContext(ctx, "a session was not copied to the secondary storage", "error", err)
	}
}

// confirm replaces a copy that was just made by what the row says now, unless the
// row is about to change.
func (s *mirroredSessions) confirm(ctx context.Context, token, text string) error {
	changing, err := s.cache.store.Get(ctx, unsettledPrefix+token)
	if err != nil {
		return err
	}
	rec, err := s.rows.record(ctx, token)
	if err != nil {
		return err
	}
	if rec == nil || changing != "" {
		_, err := s.cache.store.Swap(ctx, token, text, "", 0)
		return err
	}
	settled, err := encodeRows(rec.Row, rec.Joined[0][0], "")
	if err != nil {
		return err
	}
	userID, expires := rec.StringAt(schema.SessionUserID), rec.TimeAt(schema.SessionExpiresAt)
	if err := s.cache.index.add(ctx, userID, token, expires); err != nil { // first, so that a change of the user finds it
		return err
	}
	kept, err := s.cache.store.Swap(ctx, token, text, settled, s.k.timeLeft(expires))
	if err != nil || kept {
		return err
	}
	return s.cache.index.remove(ctx, userID, token)
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
	mark := ""
	if !onlyExtends(change) { // a copy that expires too early does no harm
		mark = s.k.newMark()
		if err := s.cache.unsettle(ctx, mark, token); err != nil {
			return nil, err
		}
	}
	row, err := s.rows.update(ctx, token, change, when)
	if err != nil || row == nil {
		return nil, err
	}
	return row, s.k.DB.AfterCommit(ctx, func(ctx context.Context) error {
		if err := s.copySession(ctx, token, *row, mark); err != nil {
			s.k.Log.WarnContext(ctx, "a changed session was not copied to the secondary storage", "error", err)
		}
		return nil
	})
}

// copySession replaces the copy of a session, if there is one and it is not
// younger.
func (s *mirroredSessions) copySession(ctx context.Context, token string, row schema.Row, mark string) error {
	var before schema.Row
	changed, err := s.cache.replace(ctx, token, func(stored *storedSession) (schema.Row, bool, error) {
		before = stored.row
		stored.settles(mark)
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
	owner, err := s.owner(ctx, token, userID)
	if err != nil || owner == "" {
		return false, err
	}
	if err := s.cache.unsettle(ctx, s.k.newMark(), token); err != nil {
		return false, err
	}
	if _, err := s.remove(ctx, sessionWhere(token, owner)...); err != nil {
		return false, err
	}
	return true, s.forget(ctx, owner, []string{token})
}

// owner returns the user of a session that has a copy or a row; "" when it has
// neither, or is not that of the user asked for, if there is one.
func (s *mirroredSessions) owner(ctx context.Context, token, userID string) (string, error) {
	owner, err := s.cache.owner(ctx, token, userID)
	if err != nil || owner != "" {
		return owner, err
	}
	rec, err := s.k.DB.FindOne(ctx, database.Query{Table: s.rows.table, Where: sessionWhere(token, userID)})
	if err != nil || rec == nil {
		return "", err
	}
	return rec.StringAt(schema.SessionUserID), nil
}

// forget removes the copies of sessions that have ended, and the marks of those
// that have none, once that is committed.
func (s *mirroredSessions) forget(ctx context.Context, userID string, tokens []string) error {
	keys := slices.Clone(tokens)
	for _, token := range tokens {
		keys = append(keys, unsettledPrefix+token)
	}
	return s.k.DB.AfterCommit(ctx, func(ctx context.Context) error { return s.ended(ctx, s.cache.forget(ctx, userID, keys)) })
}

// ended says what it means that copies of sessions that have ended in the database
// were not removed: nothing where the database decides, because they are marked.
func (s *mirroredSessions) ended(ctx context.Context, err error) error {
	if err == nil || s.preserve {
		return err
	}
	s.k.Log.WarnContext(ctx, "copies of sessions that have ended were not removed from the secondary storage; the database is asked", "error", err)
	return nil
}

func (s *mirroredSessions) deleteOthers(ctx context.Context, userID string, keep []string) error {
	tokens, err := s.unsettleOthers(ctx, userID, keep)
	if err != nil {
		return err
	}
	if _, err := s.remove(ctx, othersWhere(userID, keep)...); err != nil {
		if errors.Is(err, ErrAbort) {
			return nil
		}
		return err
	}
	return s.forget(ctx, userID, tokens)
}

func (s *mirroredSessions) deleteAll(ctx context.Context, userID string, forGood bool) (func(context.Context) error, error) {
	before, err := s.unsettleOthers(ctx, userID, nil)
	if err != nil {
		return nil, err
	}
	remove := s.remove
	if forGood {
		remove = s.rows.remove
	}
	var after []string // those begun meanwhile
	err = s.k.DB.InTransaction(ctx, func(ctx context.Context) (err error) {
		if _, err := remove(ctx, database.Eq("userId", userID)); err != nil && (!errors.Is(err, ErrAbort) || !forGood) {
			return err
		}
		after, err = s.unsettleOthers(ctx, userID, before)
		return err
	})
	switch {
	case errors.Is(err, ErrAbort):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return s.cache.revocation(userID, append(before, after...), s.ended), nil
}

// unsettleOthers marks the copies of all sessions of a user but those of some
// tokens, and returns their tokens.
func (s *mirroredSessions) unsettleOthers(ctx context.Context, userID string, keep []string) ([]string, error) {
	entries, err := s.cache.index.read(ctx, userID)
	if err != nil {
		return nil, err
	}
	rows, err := s.rows.list(ctx, userID, maxHookedRows)
	if err != nil {
		return nil, err
	}
	tokens := tokensOf(withoutTokens(entries, keep...))
	for _, row := range rows {
		if token := row.StringAt(schema.SessionToken); !slices.Contains(keep, token) && !slices.Contains(tokens, token) {
			tokens = append(tokens, token)
		}
	}
	return tokens, s.cache.unsettle(ctx, s.k.newMark(), tokens...)
}

func (s *mirroredSessions) userChanging(ctx context.Context, userID string) (string, error) {
	return s.cache.userChanging(ctx, userID)
}

func (s *mirroredSessions) userChanged(ctx context.Context, user schema.Row, mark string) error {
	return s.cache.userChanged(ctx, user, mark)
}
