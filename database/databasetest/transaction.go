package databasetest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

var errPlanned = errors.New("planned failure")

func transactionCases() []testCase {
	return transactional([]testCase{
		{"F1 a failed transaction leaves nothing behind", func(s *scene) {
			old := s.user()
			err := s.inTransaction(func(tx *scene) error {
				tx.user()
				tx.length(len(tx.all(schema.UserKey)), 2)
				tx.update(tx.row(schema.UserKey, "name", "changed"), id(old))
				tx.sessions(old, 1)
				tx.increment(tx.row(schema.UserKey), by("rank", 1), id(old))
				tx.deleteMany(schema.UserKey, id(old))
				return errPlanned
			})
			s.fails(err, errPlanned)
			s.usersWhere([]schema.Row{old})
			s.equal(s.count(schema.SessionKey), int64(0))
		}},
		{"F2 a transaction that succeeds is kept", func(s *scene) {
			old := s.user()
			var made schema.Row
			s.ok(s.inTransaction(func(tx *scene) error {
				made = tx.user()
				tx.deleteMany(schema.UserKey, id(old))
				return nil
			}))
			s.usersWhere([]schema.Row{made})
		}},
		{"F3 a panic undoes the transaction", func(s *scene) {
			func() {
				defer func() { _ = recover() }()
				_ = s.inTransaction(func(tx *scene) error {
					tx.user()
					panic("planned")
				})
			}()
			s.usersWhere(nil)
			s.users(1) // the database is not left locked
		}},
		{"F4 a transaction sees what it has done", func(s *scene) {
			err := s.inTransaction(func(tx *scene) error {
				user := tx.user("email", "a@x.com")
				tx.sessions(user, 2)
				tx.update(tx.row(schema.UserKey, "email", "b@x.com"), id(user))
				tx.equal(tx.find(tx.query(schema.UserKey, database.Eq("email", "a@x.com"))) == nil, true)
				tx.joinLengths(tx.must(tx.joining(tx.query(schema.UserKey, database.Eq("email", "b@x.com")), schema.SessionKey)), 2)
				tx.equal(tx.count(schema.SessionKey), int64(2))
				tx.consume(schema.SessionKey, database.Eq("userId", user.ID()))
				tx.equal(tx.count(schema.SessionKey), int64(1))
				return errPlanned
			})
			s.fails(err, errPlanned)
		}},
		{"R1 a transaction within one joins it", func(s *scene) {
			err := s.inTransaction(func(tx *scene) error {
				tx.ok(tx.inTransaction(func(inner *scene) error {
					inner.user()
					return nil
				}))
				tx.length(len(tx.all(schema.UserKey)), 1)
				return errPlanned
			})
			s.fails(err, errPlanned)
			s.usersWhere(nil)
		}},
		{"R2 an adapter's transaction within one joins it", func(s *scene) {
			err := s.raw.Transaction(s.ctx, func(tx database.Adapter) error {
				return tx.Transaction(s.ctx, func(inner database.Adapter) error {
					if _, err := inner.DeleteMany(s.ctx, s.table(schema.UserKey), nil); err != nil {
						return err
					}
					return errPlanned
				})
			})
			s.fails(err, errPlanned)
		}},
		{"R4 work waits for the commit, in order", func(s *scene) {
			var done []string
			later := func(tx *scene, name string) {
				tx.ok(tx.db.AfterCommit(tx.ctx, func(context.Context) error {
					s.length(len(s.all(schema.UserKey)), 1)
					done = append(done, name)
					return nil
				}))
			}
			s.ok(s.inTransaction(func(tx *scene) error {
				later(tx, "first")
				tx.ok(tx.inTransaction(func(inner *scene) error { later(inner, "second"); return nil }))
				tx.user()
				tx.length(len(done), 0)
				return nil
			}))
			s.equal(done, []string{"first", "second"})
		}},
		{"R3 work outside of a transaction is done at once", func(s *scene) {
			done := 0
			s.ok(s.db.AfterCommit(s.ctx, func(context.Context) error { done++; return nil }))
			s.length(done, 1)
			s.fails(s.db.AfterCommit(s.ctx, func(context.Context) error { done++; return errPlanned }), errPlanned)
			s.length(done, 2)
		}},
		{"R6,R7,R9 all work is done once although some of it fails", func(s *scene) {
			var done []string
			err := s.inTransaction(func(tx *scene) error {
				for _, name := range []string{"first", "second", "third"} {
					tx.ok(tx.db.AfterCommit(tx.ctx, func(context.Context) error {
						if done = append(done, name); name != "third" {
							return errPlanned
						}
						return nil
					}))
				}
				tx.user()
				return nil
			})
			s.fails(err, errPlanned)
			s.equal(done, []string{"first", "second", "third"})
			s.length(len(s.all(schema.UserKey)), 1)
		}},
		{"R10 transactions that begin at once have work of their own", func(s *scene) {
			rows := s.times(crowd, func(int) schema.Row { return s.fixture(schema.UserKey) })
			var kept, dropped atomic.Int64
			won := s.together(func(i int) (bool, error) {
				err := s.db.InTransaction(s.ctx, func(ctx context.Context) error {
					if _, err := s.db.Create(ctx, rows[i]); err != nil {
						return err
					}
					after := &kept
					if i%2 == 0 {
						after = &dropped
					}
					if err := s.db.AfterCommit(ctx, func(context.Context) error { after.Add(1); return nil }); err != nil {
						return err
					}
					if i%2 == 0 {
						return errPlanned
					}
					return nil
				})
				if errors.Is(err, errPlanned) {
					return false, nil
				}
				return err == nil, err
			})
			s.length(won, crowd/2)
			s.equal(kept.Load(), int64(crowd/2))
			s.equal(dropped.Load(), int64(0))
			s.equal(s.count(schema.UserKey), int64(crowd/2))
		}},
		{"R5 work is dropped when the transaction fails", func(s *scene) {
			err := s.inTransaction(func(tx *scene) error {
				tx.ok(tx.db.AfterCommit(tx.ctx, func(context.Context) error { s.Error("ran"); return nil }))
				return errPlanned
			})
			s.fails(err, errPlanned)
		}},
		{"R8 work that fails does not undo the commit", func(s *scene) {
			err := s.inTransaction(func(tx *scene) error {
				tx.user()
				return tx.db.AfterCommit(tx.ctx, func(context.Context) error { return errPlanned })
			})
			s.fails(err, errPlanned)
			s.length(len(s.all(schema.UserKey)), 1)
		}},
		{"U5 what is not committed is not visible outside", func(s *scene) {
			err := s.inTransaction(func(tx *scene) error {
				tx.user()
				// A store may let readers wait for the transaction.
				ctx, cancel := context.WithTimeout(s.ctx, 200*time.Millisecond)
				defer cancel()
				if n, err := s.db.Count(ctx, s.table(schema.UserKey)); err == nil && n != 0 {
					s.Errorf("%d rows are visible", n)
				}
				return errPlanned
			})
			s.fails(err, errPlanned)
		}},
		{"N4 writes from outside survive a failed transaction", func(s *scene) {
			outside := make(chan error, 1)
			row := s.fixture(schema.UserKey)
			err := s.inTransaction(func(tx *scene) error {
				tx.user()
				go func() {
					_, err := s.db.Create(s.ctx, row)
					outside <- err
				}()
				return errPlanned
			})
			s.fails(err, errPlanned)
			s.ok(<-outside)
			s.usersWhere(s.all(schema.UserKey, database.Eq("email", row.Get("email"))))
			s.length(len(s.all(schema.UserKey)), 1)
		}},
		{"U11 of many who decide while they hold a row one acts", func(s *scene) {
			user := s.user()
			rows := s.times(crowd, func(int) schema.Row { return s.fixture(schema.SessionKey, "userId", user.ID()) })
			held := s.query(schema.UserKey, id(user))
			held.ForUpdate = true
			won := s.together(func(i int) (acted bool, err error) {
				err = s.db.InTransaction(s.ctx, func(ctx context.Context) error {
					if acted = false; i%2 == 0 { // the others look at something else first
						if _, err := s.db.Count(ctx, s.table(schema.AccountKey)); err != nil {
							return err
						}
					}
					if found, err := s.db.FindOne(ctx, held); err != nil || found == nil {
						return errors.Join(err, errPlanned)
					}
					n, err := s.db.Count(ctx, s.table(schema.SessionKey), database.Eq("userId", user.ID()))
					if err != nil || n > 0 {
						return err
					}
					_, err = s.db.Create(ctx, rows[i])
					acted = err == nil
					return err
				})
				return acted, err
			})
			s.length(won, 1)
			s.equal(s.count(schema.SessionKey), int64(1))
		}},
		{"N5 a finished transaction cannot be used", func(s *scene) {
			var leaked database.Adapter
			s.ok(s.raw.Transaction(s.ctx, func(tx database.Adapter) error { leaked = tx; return nil }))
			_, err := leaked.Create(s.ctx, s.fixture(schema.RateLimitKey))
			s.refused(err)
			_, err = leaked.FindMany(s.ctx, database.Query{Table: s.table(schema.UserKey), Limit: 1})
			s.refused(err)
			s.equal(s.count(schema.RateLimitKey), int64(0))
		}},
	})
}

// transactional makes cases depend on transactions.
func transactional(cases []testCase) []testCase {
	for i, c := range cases {
		cases[i].run = func(s *scene) {
			if !s.raw.Capabilities().Transactions {
				s.Skip("the adapter has no transactions")
			}
			c.run(s)
		}
	}
	return cases
}

// inTransaction calls fn with the scene within a transaction.
func (s *scene) inTransaction(fn func(tx *scene) error) error {
	return s.db.InTransaction(s.ctx, func(ctx context.Context) error {
		inside := *s
		inside.ctx = ctx
		defer func() { s.made = inside.made }()
		return fn(&inside)
	})
}
