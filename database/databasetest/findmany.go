package databasetest

import (
	"slices"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// findManyCases are about which part of a list is returned, and in which order.
func findManyCases() []testCase {
	return []testCase{
		{"A34 no condition finds all", func(s *scene) {
			s.usersWhere(s.users(3))
		}},
		{"A48 nothing found is an empty list", func(s *scene) {
			s.users(1)
			s.usersWhere(nil, database.Eq("id", s.unknownID()))
		}},
		{"A66 sort by a number", func(s *scene) {
			users := s.ranked(12) // from -1 to 10: not sorted as text
			s.page("rank", 100, 0, users)
		}},
		{"A67 limit", func(s *scene) {
			s.users(3)
			q := s.query(schema.UserKey)
			q.Limit = 2
			s.length(len(s.list(q)), 2)
		}},
		{"A68 offset", func(s *scene) {
			s.users(10)
			q := s.query(schema.UserKey)
			q.Offset = 2
			s.length(len(s.list(q)), 8)
			q.Offset = 10
			s.length(len(s.list(q)), 0)
		}},
		{"A69 limit and offset", func(s *scene) {
			s.users(5)
			q := s.query(schema.UserKey)
			q.Limit, q.Offset = 2, 2
			s.length(len(s.list(q)), 2)
		}},
		{"A70 sort and offset", func(s *scene) {
			users := s.ranked(5)
			s.page("rank", 100, 2, users[2:])
		}},
		{"A71 sort and limit", func(s *scene) {
			users := s.ranked(5)
			s.page("rank", 2, 0, users[:2])
		}},
		{"A72 sort, limit and offset", func(s *scene) {
			users := s.ranked(5)
			s.page("rank", 2, 2, users[2:4])
		}},
		{"A73 condition, sort, limit and offset", func(s *scene) {
			users := s.ranked(10)
			for i := 5; i < 10; i++ {
				users[i] = *s.update(s.row(schema.UserKey, "name", "the-last"), id(users[i]))
			}
			s.page("rank", 2, 2, users[7:9], database.Compare("name", database.EndsWith, "last"))
		}},
		{"X05 sort by text, date and boolean", func(s *scene) {
			users := s.ranked(4) // names ascend, dates of creation descend
			s.page("name", 100, 0, users)
			slices.Reverse(users)
			s.page("createdAt", 100, 0, users)
			verified := s.user("emailVerified", false)
			q := s.query(schema.UserKey)
			q.Sort = []database.Sort{{Field: "emailVerified"}}
			s.same(s.must(q).Row, verified)
		}},
		{"X06 sort by several fields", func(s *scene) {
			a, b, c := s.user("rank", int64(1), "role", "z"), s.user("rank", int64(2), "role", "a"), s.user("rank", int64(1), "role", "a")
			q := s.query(schema.UserKey)
			q.Sort = []database.Sort{{Field: "rank", Descending: true}, {Field: "role"}}
			s.sameList(rowsOf(s.list(q)), []schema.Row{b, c, a})
		}},
		{"X07 nulls come first ascending and last descending", func(s *scene) {
			some, none := s.user("rank", int64(-5)), s.user("rank", nil)
			s.page("rank", 100, 0, []schema.Row{none, some})
			q := s.query(schema.UserKey)
			q.Sort = []database.Sort{{Field: "rank", Descending: true}}
			s.sameList(rowsOf(s.list(q)), []schema.Row{some, none})
		}},
		{"X08 a list without a limit is bounded", func(s *scene) {
			s.users(database.DefaultLimit + 5)
			s.length(len(s.list(s.query(schema.UserKey))), database.DefaultLimit)
			s.equal(s.count(schema.UserKey), int64(database.DefaultLimit+5))
		}},
	}
}

// page expects a part of the users, in order of a field.
func (s *scene) page(by string, limit, offset int, want []schema.Row, where ...database.Where) {
	s.Helper()
	q := s.query(schema.UserKey, where...)
	q.Sort, q.Limit, q.Offset = []database.Sort{{Field: by}}, limit, offset
	s.sameList(rowsOf(s.list(q)), want)
}
