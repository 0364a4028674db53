package databasetest

import (
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// filterCases are about what conditions mean.
func filterCases() []testCase {
	compare := database.Compare
	return []testCase{
		{"A50 starts_with", func(s *scene) {
			s.usersWhere(s.users(3), compare("name", database.StartsWith, "user"))
		}},
		{"A51,A99 starts_with takes its value literally", func(s *scene) {
			s.literally(database.StartsWith, ".*danger", ".*")
		}},
		{"A52,A100 ends_with takes its value literally", func(s *scene) {
			s.literally(database.EndsWith, "danger.*", ".*")
		}},
		{"A53,A101 contains takes its value literally", func(s *scene) {
			s.literally(database.Contains, "prefix-.*-suffix", ".*")
		}},
		{"A54 ends_with", func(s *scene) {
			users := s.users(3)
			s.usersWhere(users[1:2], compare("name", database.EndsWith, "002"))
		}},
		{"A55,A57 contains", func(s *scene) {
			users := s.users(3)
			s.usersWhere(users, compare("email", database.Contains, "@"))
			s.usersWhere(users[:1], compare("email", database.Contains, "001@"))
			s.usersWhere(nil, compare("email", database.Contains, "nowhere"))
		}},
		{"A56 conditions hold together", func(s *scene) {
			john, jane := s.user("name", "john doe", "email", "john@x.com"), s.user("name", "jane doe", "email", "jane@x.com")
			s.usersWhere([]schema.Row{john}, database.Eq("email", "john@x.com"), compare("name", database.Contains, "doe"))
			s.usersWhere([]schema.Row{jane}, compare("email", database.Contains, "x.com"), compare("name", database.Contains, "jane"))
			s.usersWhere([]schema.Row{john}, compare("email", database.StartsWith, "jo"), compare("name", database.Contains, "o"))
			s.usersWhere(nil, database.Eq("email", "john@x.com"), compare("name", database.Contains, "jane"))
		}},
		{"A58,A59 eq and ne", func(s *scene) {
			users := s.users(3)
			s.usersWhere(users[:1], database.Eq("email", users[0].Get("email")))
			s.usersWhere(users[1:], compare("email", database.NotEqual, users[0].Get("email")))
			s.usersWhere(users[:1], database.Where{Field: "email", Value: users[0].Get("email")})
		}},
		{"A35,A60,A61,A62,A63 compare dates", func(s *scene) {
			users := s.users(3) // the newest first
			middle := users[1].Get("createdAt")
			s.usersWhere(users[:1], compare("createdAt", database.Greater, middle))
			s.usersWhere(users[:2], compare("createdAt", database.GreaterOrEqual, middle))
			s.usersWhere(users[2:], compare("createdAt", database.Less, middle))
			s.usersWhere(users[1:], compare("createdAt", database.LessOrEqual, middle))
			elsewhere := middle.(time.Time).In(time.FixedZone("", -9*3600))
			s.usersWhere(users[1:2], database.Eq("createdAt", elsewhere))
		}},
		{"X18 compare numbers", func(s *scene) {
			users := s.ranked(12) // from -1 to 10
			s.usersWhere(users[11:], compare("rank", database.Greater, int64(9)))
			s.usersWhere(users[10:], compare("rank", database.GreaterOrEqual, int64(9)))
			s.usersWhere(users[:1], compare("rank", database.Less, int64(0)))
			s.usersWhere(users[:2], compare("rank", database.LessOrEqual, int64(0)))
			s.usersWhere(users[3:4], database.Eq("rank", int64(2)))
			s.usersWhere(users[4:6], compare("rank", database.Greater, int64(2)), compare("rank", database.Less, int64(5)))
		}},
		{"A64 in", func(s *scene) {
			users := s.ranked(3)
			s.usersWhere(users[:2], database.OneOf("id", users[0].ID(), users[1].ID()))
			s.usersWhere(users[:2], database.OneOf("rank", int64(-1), int64(0), int64(77)))
			s.usersWhere(users[2:], database.OneOf("createdAt", users[2].Get("createdAt")))
			s.usersWhere(nil, database.OneOf[string]("id"))
		}},
		{"A65 not_in", func(s *scene) {
			users := s.users(3)
			s.usersWhere(users[2:], compare("id", database.NotIn, []any{users[0].ID(), users[1].ID()}))
			s.usersWhere(users, compare("id", database.NotIn, []any{}))
		}},
		{"K6 text stands for the boolean or number that it spells", func(s *scene) {
			users := s.ranked(3)
			unverified := s.user("emailVerified", false)
			s.usersWhere([]schema.Row{unverified}, database.Eq("emailVerified", "false"))
			s.usersWhere(users, database.Eq("emailVerified", "true"))
			s.usersWhere(users[2:], database.Eq("rank", "1"))
			s.usersWhere(users[:2], database.OneOf("rank", "-1", "0"))
			s.usersWhere(users[2:], compare("rank", database.Greater, "0"))
			s.equal(s.updateMany(s.row(schema.UserKey, "role", "first"), database.Eq("rank", "-1")), int64(1))
			s.equal(s.deleteMany(schema.UserKey, database.Eq("rank", "-1")), int64(1))
			s.equal(s.count(schema.UserKey, database.Eq("rank", "-1")), int64(0))
		}},
		{"X09 in needs a list", func(s *scene) {
			user := s.user()
			_, err := s.raw.FindOne(s.ctx, s.query(schema.UserKey, compare("name", database.In, user.Get("name"))))
			s.refused(err)
		}},
		{"X10 an unknown field or operator is an error, not ignored", func(s *scene) {
			user := s.user()
			for _, w := range []database.Where{database.Eq("nothing", "x"), compare("name", "like", "%"), database.Eq("", "x"), database.Eq(`name" OR 1=1 --`, "x")} {
				_, err := s.raw.FindOne(s.ctx, s.query(schema.UserKey, w))
				s.refused(err)
				_, err = s.raw.DeleteMany(s.ctx, user.Table(), []database.Where{w})
				s.refused(err)
				_, err = s.raw.UpdateMany(s.ctx, []database.Where{w}, s.row(schema.UserKey, "name", "changed"))
				s.refused(err)
			}
			q := s.query(schema.UserKey)
			for _, field := range append([]string{"nothing", "", "name desc", "name; DROP TABLE user", "1", "(select 1)", "name\x00"}, hostile...) {
				if s.table(schema.UserKey).Position(field) >= 0 {
					continue
				}
				q.Sort = []database.Sort{{Field: field}}
				_, err := s.raw.FindMany(s.ctx, database.Query{Table: q.Table, Sort: q.Sort, Limit: 1})
				s.refused(err)
				_, err = s.raw.FindMany(s.ctx, s.query(schema.UserKey, database.Eq(field, "x")))
				s.refused(err)
			}
			s.usersWhere([]schema.Row{user})
		}},
		{"A80,P11 eq null and ne null", func(s *scene) {
			without, with := s.user("image", nil), s.user("image", "picture")
			absent := s.user()
			s.usersWhere([]schema.Row{without, absent}, database.Eq("image", nil))
			s.usersWhere([]schema.Row{with}, compare("image", database.NotEqual, nil))
		}},
		{"A81 null together with another condition", func(s *scene) {
			a := s.user("image", nil, "emailVerified", true)
			s.user("image", nil, "emailVerified", false)
			c := s.user("image", "picture", "emailVerified", true)
			s.usersWhere([]schema.Row{a}, database.Eq("image", nil), database.Eq("emailVerified", true))
			s.usersWhere([]schema.Row{c}, compare("image", database.NotEqual, nil), database.Eq("emailVerified", true))
		}},
		{"A82 null as one of several conditions", func(s *scene) {
			without, target, other := s.user("image", nil), s.user("image", "target"), s.user("image", "other")
			s.usersWhere([]schema.Row{without, target}, database.Or(database.Eq("image", nil)), database.Or(database.Eq("email", target.Get("email"))))
			s.usersWhere([]schema.Row{without, target, other}, database.Or(compare("image", database.NotEqual, nil)), database.Or(database.Eq("email", without.Get("email"))))
		}},
		{"X11 null is neither less, greater nor unlike anything", func(s *scene) {
			s.user("rank", nil, "image", nil)
			for _, op := range []database.Operator{database.Less, database.LessOrEqual, database.Greater, database.GreaterOrEqual, database.NotEqual, database.Equal} {
				s.usersWhere(nil, compare("rank", op, int64(0)))
			}
			s.usersWhere(nil, compare("image", database.Contains, ""))
			s.usersWhere(nil, compare("rank", database.NotIn, []any{int64(1)}))
		}},
		{"X12 an empty string is not null", func(s *scene) {
			empty, none := s.user("image", ""), s.user("image", nil)
			s.usersWhere([]schema.Row{empty}, database.Eq("image", ""))
			s.usersWhere([]schema.Row{none}, database.Eq("image", nil))
		}},
		{"P9 all of one list and any of the other", func(s *scene) {
			users := s.corporate()
			s.usersWhere(users[:1], s.mixed()...)
			s.usersWhere(users[3:], database.Eq("email", "random@other.org"), database.Or(compare("email", database.Contains, "other")))
			s.usersWhere(nil, database.Eq("email", "random@other.org"), database.Or(compare("email", database.Contains, "nowhere")))
			s.usersWhere([]schema.Row{users[0], users[2], users[3]}, compare("email", database.Contains, "."), compare("email", database.Contains, "@"),
				database.Or(compare("name", database.Contains, "Admin")), database.Or(compare("name", database.Contains, "Random")))
			s.equal(s.updateMany(s.row(schema.UserKey, "role", "boss"), s.mixed()...), int64(1))
			s.equal(s.count(schema.UserKey, database.Eq("role", "boss")), int64(1))
		}},
		{"P10 LIKE wildcards and the escape are literal", func(s *scene) {
			under, percent, back, plain := s.user("name", "a_b"), s.user("name", "a%b"), s.user("name", `a\b`), s.user("name", "axb")
			for _, op := range []database.Operator{database.Contains, database.StartsWith} {
				s.usersWhere([]schema.Row{under}, compare("name", op, "a_b"))
				s.usersWhere([]schema.Row{percent}, compare("name", op, "a%"))
				s.usersWhere([]schema.Row{back}, compare("name", op, `a\`))
			}
			s.usersWhere([]schema.Row{under}, compare("name", database.EndsWith, "_b"))
			s.usersWhere([]schema.Row{percent}, compare("name", database.EndsWith, "%b"))
			s.usersWhere([]schema.Row{back}, compare("name", database.EndsWith, `\b`))
			s.usersWhere([]schema.Row{under, percent}, database.Or(compare("name", database.Contains, "_")), database.Or(compare("name", database.Contains, "%")))
			s.usersWhere([]schema.Row{under, percent, back, plain}, compare("name", database.Contains, ""))
			s.equal(s.deleteMany(schema.UserKey, compare("name", database.Contains, "%")), int64(1))
		}},
	}
}

// literally expects that a string operator finds, and deletes, only the user
// whose name has the text that would be a pattern elsewhere.
func (s *scene) literally(op database.Operator, name, text string) {
	s.Helper()
	others := s.users(3)
	target := s.user("name", name)
	s.usersWhere([]schema.Row{target}, database.Compare("name", op, text))
	s.equal(s.deleteMany(schema.UserKey, database.Compare("name", op, text)), int64(1))
	s.usersWhere(others)
}

// corporate creates users of whom mixed finds the first only.
func (s *scene) corporate() []schema.Row {
	s.Helper()
	return []schema.Row{
		s.user("name", "Admin 1", "email", "admin@company.com"), s.user("name", "Other", "email", "other@company.com"),
		s.user("name", "Admin 2", "email", "admin@external.com"), s.user("name", "Random", "email", "random@other.org"),
	}
}

func (s *scene) mixed() []database.Where {
	return []database.Where{
		database.Compare("email", database.Contains, "@company"),
		database.Or(database.Compare("name", database.Contains, "Admin")),
	}
}

// refused expects an error of any kind.
func (s *scene) refused(err error) {
	s.Helper()
	if err == nil {
		s.Error("got no error, want one")
	}
}
