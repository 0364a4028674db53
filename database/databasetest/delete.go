package databasetest

import (
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// deleteCases are about delete, deleteMany, consumeOne and count.
func deleteCases() []testCase {
	return []testCase{
		{"A95 delete by id", func(s *scene) {
			users := s.users(2)
			s.ok(s.db.Delete(s.ctx, users[0].Table(), id(users[0])))
			s.usersWhere(users[1:])
		}},
		{"A96 deleting what is not there is no error", func(s *scene) {
			users := s.users(1)
			s.ok(s.db.Delete(s.ctx, users[0].Table(), database.Eq("id", s.unknownID())))
			s.usersWhere(users)
		}},
		{"A97 delete by another column", func(s *scene) {
			row, other := s.insert(schema.VerificationKey), s.insert(schema.VerificationKey)
			s.ok(s.db.Delete(s.ctx, row.Table(), database.Eq("identifier", row.Get("identifier"))))
			s.sameList(s.all(schema.VerificationKey), []schema.Row{other})
		}},
		{"A98 deleteMany of any", func(s *scene) {
			users := s.users(3)
			s.equal(s.deleteMany(schema.UserKey, database.Or(id(users[0])), database.Or(id(users[1]))), int64(2))
			s.usersWhere(users[2:])
		}},
		{"A102 deleteMany by a number", func(s *scene) {
			users := s.ranked(4)
			s.equal(s.deleteMany(schema.UserKey, database.Compare("rank", database.Greater, int64(0))), int64(2))
			s.usersWhere(users[:2])
		}},
		{"A103 deleteMany by a boolean", func(s *scene) {
			s.users(2)
			other := s.user("emailVerified", false)
			s.equal(s.deleteMany(schema.UserKey, database.Eq("emailVerified", true)), int64(2))
			s.usersWhere([]schema.Row{other})
		}},
		{"X16 delete without a condition is refused, deleteMany deletes all", func(s *scene) {
			users := s.users(3)
			of := users[0].Table()
			s.fails(s.db.Delete(s.ctx, of), database.ErrEmptyWhere)
			s.fails(s.raw.Delete(s.ctx, of, nil), database.ErrEmptyWhere)
			s.fails(s.raw.Delete(s.ctx, of, []database.Where{}), database.ErrEmptyWhere)
			_, err := s.db.ConsumeOne(s.ctx, of)
			s.fails(err, database.ErrEmptyWhere)
			s.usersWhere(users)
			s.equal(s.deleteMany(schema.UserKey), int64(3))
			s.equal(s.deleteMany(schema.UserKey), int64(0))
		}},
		{"U7 a deleted unique value can be used again", func(s *scene) {
			user := s.user("email", "once@x.com")
			s.deleteMany(schema.UserKey, id(user))
			again := s.user("email", "once@x.com")
			s.usersWhere([]schema.Row{again}, database.Eq("email", "once@x.com"))
		}},
		{"M2 consumeOne returns one row and deletes it", func(s *scene) {
			row := s.insert(schema.VerificationKey)
			got := s.consume(schema.VerificationKey, database.Eq("identifier", row.Get("identifier")))
			s.same(*got, row)
			s.equal(s.consume(schema.VerificationKey, database.Eq("identifier", row.Get("identifier"))) == nil, true)
			s.equal(s.count(schema.VerificationKey), int64(0))
		}},
		{"M2,K1 consumeOne takes one of several that match", func(s *scene) {
			for range 3 {
				s.insert(schema.VerificationKey, "identifier", "same")
			}
			for left := int64(2); left >= 0; left-- {
				s.equal(s.consume(schema.VerificationKey, database.Eq("identifier", "same")).Get("identifier"), "same")
				s.equal(s.count(schema.VerificationKey), left)
			}
		}},
		{"M2 consumeOne keeps a row whose guard fails", func(s *scene) {
			row := s.insert(schema.VerificationKey)
			s.equal(s.consume(schema.VerificationKey, id(row), database.Compare("expiresAt", database.Greater, noon)) == nil, true)
			s.sameList(s.all(schema.VerificationKey), []schema.Row{row})
		}},
		{"A104,A105,A106 count", func(s *scene) {
			s.equal(s.count(schema.UserKey), int64(0))
			users := s.users(15)
			s.equal(s.count(schema.UserKey), int64(15))
			s.equal(s.count(schema.UserKey, database.Or(id(users[0])), database.Or(id(users[1]))), int64(2))
			s.equal(s.count(schema.UserKey, database.Eq("id", s.unknownID())), int64(0))
		}},
	}
}

func (s *scene) consume(key string, where ...database.Where) *schema.Row {
	s.Helper()
	row, err := s.db.ConsumeOne(s.ctx, s.table(key), where...)
	s.ok(err)
	return row
}
