package databasetest

import (
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// constraintCases are about unique values and foreign keys.
func constraintCases() []testCase {
	return []testCase{
		{"H0 a unique value cannot be created twice", func(s *scene) {
			user := s.user()
			_, err := s.db.Create(s.ctx, s.fixture(schema.UserKey, "email", user.Get("email")))
			s.fails(err, database.ErrDuplicate)
			_, err = s.db.Create(s.ctx, s.fixture(schema.UserKey, "id", user.ID()))
			s.fails(err, database.ErrDuplicate)
			s.usersWhere([]schema.Row{user})
		}},
		{"H0 a unique value cannot be taken by an update", func(s *scene) {
			users := s.users(3)
			set := s.row(schema.UserKey, "email", users[0].Get("email"))
			_, err := s.db.Update(s.ctx, set, id(users[1]))
			s.fails(err, database.ErrDuplicate)
			_, err = s.db.IncrementOne(s.ctx, set, by("rank", 1), id(users[1]))
			s.fails(err, database.ErrDuplicate)
			_, err = s.db.UpdateMany(s.ctx, s.row(schema.UserKey, "email", "all@x.com"))
			s.fails(err, database.ErrDuplicate)
			s.usersWhere(users) // nor is half of it done
			s.same(*s.update(set, id(users[0])), users[0])
		}},
		{"H1 a unique index over two fields", func(s *scene) {
			subject := func(issuer, name string) error {
				_, err := s.db.Create(s.ctx, s.row("subject", "issuer", issuer, "providerSubject", name))
				return err
			}
			s.ok(subject("a", "b"))
			s.ok(subject("a", "c"))
			s.ok(subject("x", "b"))
			s.ok(subject("ab", ""))
			s.ok(subject("", "ab"))
			s.fails(subject("a", "b"), database.ErrDuplicate)
			_, err := s.db.Update(s.ctx, s.row("subject", "issuer", "a"), database.Eq("issuer", "x"))
			s.fails(err, database.ErrDuplicate)
			s.equal(s.count("subject"), int64(5))
		}},
		{"U8 deleting a row deletes what belongs to it", func(s *scene) {
			users := s.users(2)
			s.sessions(users[0], 2)
			s.accounts(users[0], 2)
			s.badge(users[0])
			s.insert("contact", "address", users[0].Get("email"))
			kept := s.sessions(users[1], 1)
			s.ok(s.db.Delete(s.ctx, users[0].Table(), id(users[0])))
			s.sameList(s.all(schema.SessionKey), kept)
			for _, key := range []string{schema.AccountKey, "badge", "contact"} {
				s.equal(s.count(key), int64(0))
			}
		}},
		{"U8 consumeOne and deleteMany cascade too", func(s *scene) {
			users := s.users(2)
			s.sessions(users[0], 1)
			s.sessions(users[1], 1)
			s.consume(schema.UserKey, id(users[0]))
			s.equal(s.count(schema.SessionKey), int64(1))
			s.deleteMany(schema.UserKey)
			s.equal(s.count(schema.SessionKey), int64(0))
		}},
		{"U9 a foreign key is set to null where it asks for it", func(s *scene) {
			user := s.user()
			note := s.insert("note", "author", user.ID())
			s.deleteMany(schema.UserKey, id(user))
			s.sameList(s.all("note"), []schema.Row{note.Clone().Set("author", nil)})
		}},
	}
}
