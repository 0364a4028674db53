package databasetest

import (
	"math"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// updateCases are about update, updateMany and incrementOne.
func updateCases() []testCase {
	named := func(s *scene, name string) schema.Row { return s.row(schema.UserKey, "name", name) }
	return []testCase{
		{"A83 update changes what is set, and updatedAt", func(s *scene) {
			users := s.users(2)
			old := *s.update(s.row(schema.UserKey, "updatedAt", noon.Add(-time.Hour)), id(users[0]))
			got := s.update(named(s, "changed"), id(users[0]))
			want := old.Clone().Set("name", "changed").Set("updatedAt", noon)
			s.same(*got, want)
			s.usersWhere([]schema.Row{want, users[1]})
		}},
		{"A84,N1 update without a condition changes nothing", func(s *scene) {
			users := s.users(2)
			s.equal(s.update(named(s, "changed")) == nil, true)
			row, err := s.raw.Update(s.ctx, nil, named(s, "changed"))
			s.ok(err)
			s.equal(row == nil, true)
			s.usersWhere(users)
		}},
		{"A85 updateMany without a condition changes all", func(s *scene) {
			s.users(3)
			s.equal(s.updateMany(named(s, "changed")), int64(3))
			s.equal(s.count(schema.UserKey, database.Eq("name", "changed")), int64(3))
		}},
		{"A86 updateMany of one", func(s *scene) {
			users := s.users(3)
			s.equal(s.updateMany(named(s, "changed"), id(users[1])), int64(1))
			s.usersWhere([]schema.Row{users[0], users[2]}, database.Compare("name", database.NotEqual, "changed"))
		}},
		{"A87 updateMany of any", func(s *scene) {
			users := s.users(3)
			s.equal(s.updateMany(named(s, "changed"), database.Or(id(users[0])), database.Or(id(users[1]))), int64(2))
			s.usersWhere(users[2:], database.Compare("name", database.NotEqual, "changed"))
		}},
		{"A88 update the field of the condition", func(s *scene) {
			user := s.users(2)[0]
			got := s.update(s.row(schema.UserKey, "email", "new@x.com"), database.Eq("email", user.Get("email")))
			s.same(*got, user.Clone().Set("email", "new@x.com"))
			s.same(s.must(s.query(schema.UserKey, database.Eq("email", "new@x.com"))).Row, *got)
			s.equal(s.find(s.query(schema.UserKey, database.Eq("email", user.Get("email")))) == nil, true)
		}},
		{"A89 update several fields", func(s *scene) {
			user := s.users(2)[1]
			set := s.row(schema.UserKey, "email", "new@x.com", "name", "new", "emailVerified", false)
			got := s.update(set, database.Eq("email", user.Get("email")))
			want := user.Clone()
			want.Merge(set)
			s.same(*got, want)
		}},
		{"A90 update a field that is not the one of the condition", func(s *scene) {
			users := s.users(2)
			got := s.update(named(s, "new"), database.Eq("email", users[1].Get("email")))
			s.same(*got, users[1].Clone().Set("name", "new"))
			s.usersWhere([]schema.Row{users[0], *got})
		}},
		{"A91,M3 update where two conditions hold", func(s *scene) {
			users := s.users(2)
			got := s.update(named(s, "new"), database.Eq("email", users[1].Get("email")), id(users[1]))
			s.same(*got, users[1].Clone().Set("name", "new"))
			s.equal(s.update(named(s, "new"), database.Eq("email", users[1].Get("email")), id(users[0])) == nil, true)
		}},
		{"M3 update returns the row that it changed, wherever its id is named", func(s *scene) {
			users := s.users(3)
			set := s.row(schema.UserKey, "name", "changed")
			name := func(i int) database.Where { return database.Eq("name", users[i].Get("name")) }
			s.equal(s.update(set, name(0), id(users[1])) == nil, true)
			s.usersWhere(users)
			got := s.update(set, name(1), id(users[1]))
			s.same(*got, users[1].Clone().Set("name", "changed"))
			users[1] = *got
			got = s.update(set, database.Compare("id", database.NotEqual, users[0].ID()), name(2))
			s.same(*got, users[2].Clone().Set("name", "changed"))
			users[2] = *got
			s.usersWhere(users)
		}},
		{"A92 update where a field is null", func(s *scene) {
			user := s.user("image", nil)
			s.same(*s.update(named(s, "new"), id(user), database.Eq("image", nil)), user.Clone().Set("name", "new"))
		}},
		{"A93 an update whose guard fails changes nothing", func(s *scene) {
			user := s.user("emailVerified", false)
			set, guard := s.row(schema.UserKey, "emailVerified", true), database.Eq("emailVerified", false)
			s.equal(s.update(set, id(user), guard).Get("emailVerified"), true)
			s.equal(s.update(set, id(user), guard) == nil, true)
			s.equal(s.must(s.query(schema.UserKey, id(user))).Get("emailVerified"), true)
		}},
		{"U6,N2,P6 updateMany and deleteMany count what they touched", func(s *scene) {
			s.ranked(5)
			s.equal(s.updateMany(named(s, "changed"), database.Compare("rank", database.Greater, int64(1))), int64(2))
			s.equal(s.updateMany(named(s, "changed"), database.Eq("id", s.unknownID())), int64(0))
			s.equal(s.deleteMany(schema.UserKey, database.Eq("name", "changed")), int64(2))
		}},
		{"X13 update to null, and to nothing", func(s *scene) {
			user := s.user("image", "picture", "rank", int64(3), "plan", "pro")
			got := s.update(s.row(schema.UserKey, "image", nil, "rank", nil), id(user))
			want := user.Clone().Set("image", nil).Set("rank", nil)
			s.same(*got, want)
			s.same(*s.update(s.row(schema.UserKey), id(user)), want)
		}},
		{"X14 an update to the value that is there finds its row", func(s *scene) {
			user := s.user()
			s.same(*s.update(s.row(schema.UserKey, "name", user.Get("name")), id(user)), user)
			s.equal(s.updateMany(s.row(schema.UserKey, "name", user.Get("name"))), int64(1))
		}},
		{"X15 update changes one row of several that match", func(s *scene) {
			s.users(3)
			s.equal(s.update(named(s, "changed"), database.Eq("emailVerified", true)).Get("name"), "changed")
			s.equal(s.count(schema.UserKey, database.Eq("name", "changed")), int64(1))
		}},
		{"A94 incrementOne that only sets", func(s *scene) {
			user := s.user()
			set := s.row(schema.UserKey, "image", "picture")
			got := s.increment(set, nil, id(user), database.Eq("name", user.Get("name")))
			s.same(*got, user.Clone().Set("image", "picture"))
			set.Set("image", "other")
			s.equal(s.increment(set, nil, id(user), database.Eq("name", "wrong")) == nil, true)
			s.usersWhere([]schema.Row{*got})
		}},
		{"N3,M1,K2 incrementOne adds, also to null, and sets", func(s *scene) {
			counter := s.insert(schema.RateLimitKey, "count", int64(5))
			none := s.row(schema.RateLimitKey)
			s.equal(s.increment(none, by("count", 3), id(counter)).Get("count"), int64(8))
			s.equal(s.increment(none, by("count", -10), id(counter)).Get("count"), int64(-2))
			got := s.increment(s.row(schema.RateLimitKey, "key", "new"), by("count", 1), id(counter))
			s.same(*got, counter.Clone().Set("count", int64(-1)).Set("key", "new"))
			user := s.user("rank", nil)
			s.equal(s.increment(s.row(schema.UserKey), by("rank", 4), id(user)).Get("rank"), int64(4))
			both := []database.Increment{{Field: "count", Delta: 1}, {Field: "lastRequest", Delta: math.MaxInt32}}
			s.equal(s.increment(none, both, id(counter)).Get("lastRequest"), noon.UnixMilli()+math.MaxInt32)
		}},
		{"N3 incrementOne changes one row, and none when its guard fails", func(s *scene) {
			for range 3 {
				s.insert(schema.RateLimitKey)
			}
			none := s.row(schema.RateLimitKey)
			s.equal(s.increment(none, by("count", 1), database.Eq("count", int64(0))).Get("count"), int64(1))
			s.equal(s.count(schema.RateLimitKey, database.Eq("count", int64(1))), int64(1))
			s.equal(s.increment(none, by("count", 1), database.Compare("count", database.Greater, int64(1))) == nil, true)
			s.equal(s.count(schema.RateLimitKey, database.Eq("count", int64(0))), int64(2))
		}},
		{"K7 incrementOne of nothing, or anywhere, is refused", func(s *scene) {
			counter := s.insert(schema.RateLimitKey)
			_, err := s.db.IncrementOne(s.ctx, s.row(schema.RateLimitKey), nil, id(counter))
			s.refused(err)
			_, err = s.db.IncrementOne(s.ctx, s.row(schema.RateLimitKey), by("count", 1))
			s.fails(err, database.ErrEmptyWhere)
			_, err = s.raw.IncrementOne(s.ctx, []database.Where{id(counter)}, by("nothing", 1), s.row(schema.RateLimitKey))
			s.refused(err)
			_, err = s.raw.IncrementOne(s.ctx, []database.Where{id(counter)}, by("key", 1), s.row(schema.RateLimitKey))
			s.refused(err)
			s.sameList(s.all(schema.RateLimitKey), []schema.Row{counter})
		}},
	}
}

func by(field string, delta int64) []database.Increment {
	return []database.Increment{{Field: field, Delta: delta}}
}

func (s *scene) increment(set schema.Row, add []database.Increment, where ...database.Where) *schema.Row {
	s.Helper()
	row, err := s.db.IncrementOne(s.ctx, set, add, where...)
	s.ok(err)
	return row
}
