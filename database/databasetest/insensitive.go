package databasetest

import (
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// insensitiveCases are about the case of letters.
func insensitiveCases() []testCase {
	anyCase := func(field string, op database.Operator, value any) database.Where {
		return database.Where{Field: field, Operator: op, Value: value, Insensitive: true}
	}
	found := func(name string, op database.Operator, value any) testCase {
		return testCase{name, func(s *scene) {
			s.users(3)
			target := s.user("email", "prefixTestUser@Example.COM")
			s.usersWhere([]schema.Row{target}, anyCase("email", op, value))
			s.equal(s.count(schema.UserKey, anyCase("email", op, value)), int64(1))
		}}
	}
	return []testCase{
		found("G01,G03,G10 eq", database.Equal, "PREFIXtestuser@example.com"),
		{"G02 eq is sensitive unless asked", func(s *scene) {
			target := s.user("email", "ExactCase@Test.com")
			s.usersWhere(nil, database.Eq("email", "exactcase@test.com"))
			s.usersWhere(nil, database.OneOf("email", "exactcase@test.com"))
			s.usersWhere(nil, database.Compare("email", database.StartsWith, "exact"))
			s.usersWhere(nil, database.Compare("email", database.EndsWith, "test.COM"))
			s.usersWhere(nil, database.Compare("email", database.Contains, "EXACT"))
			s.usersWhere([]schema.Row{target}, database.Compare("email", database.NotEqual, "exactcase@test.com"))
		}},
		{"G04,G06 ne and not_in", func(s *scene) {
			users := s.users(3)
			s.user("email", "Target@Test.com")
			s.usersWhere(users, anyCase("email", database.NotEqual, "tARGET@test.com"))
			s.usersWhere(users, anyCase("email", database.NotIn, []any{"tARGET@test.com", "other"}))
		}},
		found("G05 in", database.In, []any{"other", "prefixtestuser@EXAMPLE.com"}),
		found("G07 contains", database.Contains, "TESTuser"),
		found("G08 starts_with", database.StartsWith, "PREFIXtest"),
		found("G09 ends_with", database.EndsWith, "@EXAMPLE.com"),
		{"G11 update", func(s *scene) {
			target := s.user("email", "Target@Test.com")
			s.users(2)
			got := s.update(s.row(schema.UserKey, "name", "new"), anyCase("email", database.Equal, "target@TEST.com"))
			s.same(*got, target.Clone().Set("name", "new"))
		}},
		{"G12 deleteMany", func(s *scene) {
			s.user("email", "Target@Test.com")
			others := s.users(2)
			s.equal(s.deleteMany(schema.UserKey, anyCase("email", database.Equal, "target@TEST.com")), int64(1))
			s.usersWhere(others)
		}},
		{"G13 values that are no strings have no case", func(s *scene) {
			users := s.ranked(3)
			s.usersWhere(users[1:2], anyCase("rank", database.Equal, int64(0)))
			s.usersWhere(users, anyCase("emailVerified", database.Equal, true))
			s.usersWhere(users, anyCase("image", database.Equal, nil))
		}},
	}
}
