package databasetest

import (
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

func findOneCases() []testCase {
	return []testCase{
		{"A08 find by id", func(s *scene) {
			want := s.users(3)[1]
			s.same(s.must(s.query(schema.UserKey, id(want))).Row, want)
		}},
		{"A10 find by a foreign key", func(s *scene) {
			users := s.users(2)
			want := s.sessions(users[0], 1)[0]
			s.sessions(users[1], 1)
			s.same(s.must(s.query(schema.SessionKey, database.Eq("userId", users[0].ID()))).Row, want)
		}},
		{"A11 a miss is nil, not an error", func(s *scene) {
			s.users(1)
			s.equal(s.find(s.query(schema.UserKey, database.Eq("id", s.unknownID()))) == nil, true)
		}},
		{"A12,A15 find by another column", func(s *scene) {
			want := s.users(3)[2]
			s.same(s.must(s.query(schema.UserKey, database.Eq("email", want.Get("email")))).Row, want)
		}},
		{"A14 find by the name of the column", func(s *scene) {
			want := s.users(2)[1]
			column := s.table(schema.UserKey).Field("email").Column
			s.same(s.must(s.query(schema.UserKey, database.Eq(column, want.Get("email")))).Row, want)
		}},
		{"A21 dates are equal to themselves", func(s *scene) {
			want := s.users(3)[1]
			s.same(s.must(s.query(schema.UserKey, database.Eq("createdAt", want.Get("createdAt")))).Row, want)
		}},
		{"X03 find one of a sorted list", func(s *scene) {
			users := s.ranked(4)
			q := s.query(schema.UserKey)
			q.Sort = []database.Sort{{Field: "rank", Descending: true}}
			s.same(s.must(q).Row, users[3])
			q.Offset = 1
			s.same(s.must(q).Row, users[2])
		}},
	}
}
