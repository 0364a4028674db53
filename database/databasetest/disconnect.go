package databasetest

import (
	"context"
	"errors"
	"testing"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// attempts bounds how often an operation may fail before an adapter has noticed
// that its connections are gone: once for each connection it may have kept.
const attempts = 100

// disconnectCases are about connections that end. They run one after the other
// on a database of their own.
func disconnectCases(disconnect func(testing.TB, database.Adapter)) []testCase {
	lost := func(s *scene) { s.Helper(); disconnect(s.T, s.raw) }
	return []testCase{
		{"L01 reads recover", func(s *scene) {
			user := s.user()
			lost(s)
			s.recovers(func() error {
				found, err := s.db.FindOne(s.ctx, s.query(schema.UserKey, id(user)))
				if err == nil {
					s.same(found.Row, user)
				}
				return err
			})
		}},
		{"L02 writes recover, and none is done twice", func(s *scene) {
			counter := s.insert(schema.RateLimitKey)
			lost(s)
			done := s.recovers(func() error {
				_, err := s.db.IncrementOne(s.ctx, s.row(schema.RateLimitKey), by("count", 1), id(counter))
				return err
			})
			s.equal(done, true)
			s.equal(s.must(s.query(schema.RateLimitKey)).Get("count"), int64(1))
		}},
		{"L03 a transaction whose connection ends is undone, and says so", func(s *scene) {
			if !s.raw.Capabilities().Transactions {
				s.Skip("the adapter has no transactions")
			}
			err := s.db.InTransaction(s.ctx, func(ctx context.Context) error {
				if _, err := s.db.Create(ctx, s.fixture(schema.UserKey)); err != nil {
					return err
				}
				lost(s)
				_, err := s.db.Create(ctx, s.fixture(schema.UserKey))
				return err
			})
			s.fails(err, database.ErrUnavailable)
			s.recovers(func() error { _, err := s.db.Count(s.ctx, s.table(schema.UserKey)); return err })
			s.usersWhere(nil)
		}},
		{"L04 a commit without a connection fails", func(s *scene) {
			if !s.raw.Capabilities().Transactions {
				s.Skip("the adapter has no transactions")
			}
			err := s.db.InTransaction(s.ctx, func(ctx context.Context) error {
				_, err := s.db.Create(ctx, s.fixture(schema.UserKey))
				lost(s)
				return err
			})
			s.fails(err, database.ErrUnavailable)
			s.recovers(func() error { _, err := s.db.Count(s.ctx, s.table(schema.UserKey)); return err })
			s.usersWhere(nil)
		}},
		{"L05 many callers recover at once", func(s *scene) {
			user := s.user()
			s.together(func(int) (bool, error) { // opens as many connections as the adapter uses
				_, err := s.db.FindOne(s.ctx, s.query(schema.UserKey, id(user)))
				return true, err
			})
			lost(s)
			won := s.together(func(int) (bool, error) {
				return s.recovers(func() error {
					_, err := s.db.FindOne(s.ctx, s.query(schema.UserKey, id(user)))
					return err
				}), nil
			})
			s.length(won, crowd)
		}},
	}
}

// recovers expects that an operation fails with [database.ErrUnavailable] only,
// if at all, and succeeds before long.
func (s *scene) recovers(operation func() error) bool {
	s.Helper()
	var err error
	for range attempts {
		if err = operation(); err == nil {
			return true
		}
		if !errors.Is(err, database.ErrUnavailable) {
			s.Errorf("got error %v, want %v", err, database.ErrUnavailable)
			return false
		}
	}
	s.Errorf("still failing after %d attempts: %v", attempts, err)
	return false
}
