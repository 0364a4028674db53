package core

import (
	"context"
	"errors"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// databaseSessions keeps sessions in the database.
type databaseSessions struct {
	k      *Kernel
	table  *schema.Table
	lookup *database.Lookup // by token, with the user
}

func (s *databaseSessions) create(ctx context.Context, row schema.Row) (schema.Row, error) {
	return s.k.writer.create(ctx, row)
}

func (s *databaseSessions) find(ctx context.Context, token string) (*Identity, error) {
	rec, err := s.record(ctx, token)
	if err != nil || rec == nil {
		return nil, err
	}
	return &Identity{Session: sessionOf(rec.Row), User: userOf(rec.Joined[0][0])}, nil
}

// record returns the row of a session, joined with that of its user; nil unless
// there are both.
func (s *databaseSessions) record(ctx context.Context, token string) (*database.Record, error) {
	rec, err := s.lookup.Find(ctx, token)
	if err != nil || rec == nil || len(rec.Joined[0]) == 0 {
		return nil, err
	}
	return rec, nil
}

func (s *databaseSessions) list(ctx context.Context, userID string, limit int) ([]schema.Row, error) {
	recs, err := s.k.DB.FindMany(ctx, database.Query{
		Table: s.table,
		Where: []database.Where{database.Eq("userId", userID), s.live()},
		Sort:  []database.Sort{{Field: "createdAt"}},
		Limit: limit,
	})
	if err != nil {
		return nil, err
	}
	rows := make([]schema.Row, len(recs))
	for i := range recs {
		rows[i] = recs[i].Row
	}
	return rows, nil
}

func (s *databaseSessions) live() database.Where {
	return database.Compare("expiresAt", database.Greater, database.Milliseconds(s.k.Now()))
}

func (s *databaseSessions) byID(ctx context.Context, id string) (*schema.Row, error) {
	rec, err := s.k.DB.FindOne(ctx, database.Query{Table: s.table, Where: []database.Where{database.Eq("id", id)}})
	if err != nil || rec == nil {
		return nil, err
	}
	return &rec.Row, nil
}

func (s *databaseSessions) update(ctx context.Context, token string, change schema.Row, when condition) (*schema.Row, error) {
	return s.k.DB.Update(ctx, change, append([]database.Where{database.Eq("token", token)}, when.where()...)...)
}

func (s *databaseSessions) delete(ctx context.Context, token, userID string) (bool, error) {
	return s.k.writer.removeOne(ctx, s.table, sessionWhere(token, userID)...)
}

func sessionWhere(token, userID string) []database.Where {
	where := []database.Where{database.Eq("token", token)}
	if userID != "" {
		where = append(where, database.Eq("userId", userID))
	}
	return where
}

func (s *databaseSessions) deleteOthers(ctx context.Context, userID string, keep []string) error {
	_, err := s.k.writer.deleteMany(ctx, s.table, othersWhere(userID, keep)...)
	return err
}

func othersWhere(userID string, keep []string) []database.Where {
	others := database.OneOf("token", keep...)
	others.Operator = database.NotIn
	return []database.Where{database.Eq("userId", userID), others}
}

func (s *databaseSessions) deleteAll(ctx context.Context, userID string, _ bool) (func(context.Context) error, error) {
	_, err := s.remove(ctx, database.Eq("userId", userID))
	if errors.Is(err, ErrAbort) {
		return nil, nil
	}
	return func(context.Context) error { return nil }, err
}

// remove deletes the rows that match. It returns [ErrAbort] when a hook aborted.
func (s *databaseSessions) remove(ctx context.Context, where ...database.Where) (int64, error) {
	return s.k.writer.removeMany(ctx, s.table, where, func(ctx context.Context) (int64, error) {
		return s.k.DB.DeleteMany(ctx, s.table, where...)
	})
}

// end lets the live rows that match expire now, with the hooks of a deletion, and
// keeps them. It returns [ErrAbort] when a hook aborted.
func (s *databaseSessions) end(ctx context.Context, where ...database.Where) (int64, error) {
	where = append(where, s.live())
	now := s.table.NewRow()
	now.SetAt(schema.SessionExpiresAt, s.k.Now())
	return s.k.writer.removeMany(ctx, s.table, where, func(ctx context.Context) (int64, error) {
		return s.k.DB.UpdateMany(ctx, now, where...)
	})
}

func (s *databaseSessions) userChanging(context.Context, string) (string, error) { return "", nil }

func (s *databaseSessions) userChanged(context.Context, schema.Row, string) error { return nil }
