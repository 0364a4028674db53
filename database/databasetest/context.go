package databasetest

import (
	"context"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

func contextCases() []testCase {
	return append([]testCase{
		{"Z01 nothing is done for a context that has ended", func(s *scene) {
			user := s.user("rank", int64(1))
			ctx, cancel := context.WithCancel(s.ctx)
			cancel()
			table, where := user.Table(), []database.Where{id(user)}
			set := s.row(schema.UserKey, "name", "changed")
			operations := map[string]func() error{
				"create":       func() error { _, err := s.raw.Create(ctx, s.fixture(schema.UserKey, "role", "member")); return err },
				"findOne":      func() error { _, err := s.raw.FindOne(ctx, s.query(schema.UserKey, where...)); return err },
				"findMany":     func() error { _, err := s.raw.FindMany(ctx, database.Query{Table: table, Limit: 1}); return err },
				"count":        func() error { _, err := s.raw.Count(ctx, table, nil); return err },
				"update":       func() error { _, err := s.raw.Update(ctx, where, set); return err },
				"updateMany":   func() error { _, err := s.raw.UpdateMany(ctx, where, set); return err },
				"delete":       func() error { return s.raw.Delete(ctx, table, where) },
				"deleteMany":   func() error { _, err := s.raw.DeleteMany(ctx, table, where); return err },
				"consumeOne":   func() error { _, err := s.raw.ConsumeOne(ctx, table, where); return err },
				"incrementOne": func() error { _, err := s.raw.IncrementOne(ctx, where, by("rank", 1), set); return err },
			}
			for name, operation := range operations {
				if err := operation(); err == nil {
					s.Errorf("%s succeeded", name)
				}
			}
			s.usersWhere([]schema.Row{user})
		}},
	}, transactional([]testCase{
		{"Z02 a transaction whose context ends is undone", func(s *scene) {
			ctx, cancel := context.WithCancel(s.ctx)
			defer cancel()
			err := s.db.InTransaction(ctx, func(ctx context.Context) error {
				if _, err := s.db.Create(ctx, s.fixture(schema.UserKey)); err != nil {
					return err
				}
				cancel()
				return nil
			})
			s.refused(err)
			s.usersWhere(nil)
			s.users(1)
		}},
		{"Z03 a transaction does not begin for a context that has ended", func(s *scene) {
			ctx, cancel := context.WithCancel(s.ctx)
			cancel()
			err := s.db.InTransaction(ctx, func(context.Context) error { s.Error("called"); return nil })
			s.refused(err)
		}},
	})...)
}
