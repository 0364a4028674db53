package databasetest

import (
	"context"
	"errors"
	"fmt"
	"time"

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
		{"Z04 a context that ends in the middle of an operation ends it", func(s *scene) {
			users := s.users(50)
			for i := range 40 {
				ctx, cancel := context.WithCancel(s.ctx)
				reading, writing := make(chan error, 1), make(chan error, 1)
				go func() {
					_, err := s.raw.FindMany(ctx, s.joining(database.Query{Table: users[0].Table(), Limit: 100}, schema.SessionKey))
					reading <- err
				}()
				go func() {
					_, err := s.raw.UpdateMany(ctx, nil, s.row(schema.UserKey, "name", fmt.Sprint("round ", i)))
					writing <- err
				}()
				if i%2 == 0 {
					cancel() // somewhere in the middle of both
				}
				for _, err := range []error{<-reading, <-writing} {
					if err != nil && !errors.Is(err, context.Canceled) {
						s.Errorf("got error %v, want none or %v", err, context.Canceled)
					}
				}
				cancel()
				// All of the rows were changed, or none: at the end of the first round, all or
				// none have its name. One query sees them, as the change may still be on its way.
				names := map[any]bool{}
				for _, row := range s.all(schema.UserKey) {
					names[row.Get("name")] = true
				}
				s.equal(len(names) == 1 || i == 0, true)
			}
		}},
	}, transactional([]testCase{
		{"Z05 waiting for another's transaction ends with the context", func(s *scene) {
			user := s.user("role", "before")
			s.ok(s.inTransaction(func(tx *scene) error {
				tx.update(tx.row(schema.UserKey, "role", "inside"), id(user))
				ctx, cancel := context.WithTimeout(s.ctx, 50*time.Millisecond)
				defer cancel()
				began := time.Now()
				_, err := s.db.Update(ctx, s.row(schema.UserKey, "role", "outside"), id(user))
				if err != nil && !errors.Is(err, context.DeadlineExceeded) {
					s.Errorf("got error %v, want %v", err, context.DeadlineExceeded)
				}
				if waited := time.Since(began); waited > 10*time.Second {
					s.Errorf("the operation ended %v after its context", waited)
				}
				return nil
			}))
			s.length(len(s.all(schema.UserKey, database.Compare("role", database.NotEqual, "before"))), 1)
			s.equal(s.update(s.row(schema.UserKey, "role", "after"), id(user)).Get("role"), "after")
		}},
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
