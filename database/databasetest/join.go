package databasetest

import (
	"slices"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// joinCases are about joined rows, of one row and of a list.
func joinCases() []testCase {
	both := []string{schema.SessionKey, schema.AccountKey}
	return []testCase{
		{"A13 join two models", func(s *scene) {
			users := s.users(3)
			sessions, accounts := s.sessions(users[0], 3), s.accounts(users[0], 3)
			s.sessions(users[1], 1)
			found := s.must(s.joining(s.query(schema.UserKey, id(users[0])), both...))
			s.same(found.Row, users[0])
			s.sameSet(found.Joined[0], sessions)
			s.sameSet(found.Joined[1], accounts)
		}},
		{"A18,A20,A24 joined rows have every field", func(s *scene) {
			user := s.user()
			session, account := s.sessions(user, 1)[0], s.accounts(user, 1)[0]
			found := s.must(s.joining(s.query(schema.UserKey, database.Eq("email", user.Get("email"))), both...))
			s.sameList(found.Joined[0], []schema.Row{session})
			s.sameList(found.Joined[1], []schema.Row{account})
		}},
		{"A22,A29 join backwards", func(s *scene) {
			users := s.users(2)
			session := s.sessions(users[1], 1)[0]
			found := s.must(s.joining(s.query(schema.SessionKey, database.Eq("token", session.Get("token"))), schema.UserKey))
			s.same(found.Row, session)
			s.sameList(found.Joined[0], users[1:])
		}},
		{"A19,A23 join the one row of a unique foreign key", func(s *scene) {
			users := s.users(2)
			badge := s.badge(users[0])
			s.badge(users[1])
			q := s.joining(s.query(schema.UserKey, id(users[0])), "badge")
			s.equal(q.Joins[0].One, true)
			s.sameList(s.must(q).Joined[0], []schema.Row{badge})
		}},
		{"A25 join one row and a list", func(s *scene) {
			user := s.user()
			badge, sessions := s.badge(user), s.sessions(user, 2)
			found := s.must(s.joining(s.query(schema.UserKey, id(user)), "badge", schema.SessionKey))
			s.sameList(found.Joined[0], []schema.Row{badge})
			s.sameSet(found.Joined[1], sessions)
		}},
		{"A26 a miss with joins is nil", func(s *scene) {
			s.users(1)
			q := s.joining(s.query(schema.UserKey, database.Eq("id", s.unknownID())), append(both, "badge")...)
			s.equal(s.find(q) == nil, true)
		}},
		{"A27 join by a key that is not the id", func(s *scene) {
			users := s.users(2)
			contact := s.insert("contact", "address", users[1].Get("email"))
			found := s.must(s.joining(s.query(schema.UserKey, database.Eq("email", users[1].Get("email"))), "contact"))
			s.same(found.Row, users[1])
			s.sameList(found.Joined[0], []schema.Row{contact})
			back := s.must(s.joining(s.query("contact"), schema.UserKey))
			s.sameList(back.Joined[0], users[1:])
		}},
		{"A30 empty joined tables do not hide the row or other joins", func(s *scene) {
			acme := s.insert("organization")
			member, team := s.insert("member", "organizationId", acme.ID()), s.insert("team", "organizationId", acme.ID())
			found := s.must(s.joining(s.query("organization", id(acme)), "member", "team", "invitation"))
			s.joinLengths(found, 1, 1, 0)
			s.same(found.Joined[0][0], member)
			s.same(found.Joined[1][0], team)
		}},
		{"A31,A32 joins have limits of their own", func(s *scene) {
			user := s.user()
			s.sessions(user, 5)
			s.accounts(user, 5)
			q := s.joining(s.query(schema.UserKey, id(user)), both...)
			q.Joins[0].Limit, q.Joins[1].Limit = 2, 3
			found := s.must(q)
			s.joinLengths(found, 2, 3)
			for _, session := range found.Joined[0] {
				s.equal(session.Get("userId"), user.ID())
			}
		}},
		{"A33 nothing to join is an empty list", func(s *scene) {
			user := s.user()
			s.joinLengths(s.must(s.joining(s.query(schema.UserKey, id(user)), "badge", schema.SessionKey)), 0, 0)
		}},
		{"A36 each row of a list has its own joined rows", func(s *scene) {
			users := s.users(6)
			for i := range 3 {
				users[i] = *s.update(s.row(schema.UserKey, "name", "join-"+users[i].Get("name").(string)), id(users[i]))
				s.sessions(users[i], 3)
				s.accounts(users[i], 3)
			}
			s.sessions(users[5], 1)
			found := s.list(s.joining(s.query(schema.UserKey, database.Compare("name", database.StartsWith, "join-")), both...))
			s.sameSet(rowsOf(found), users[:3])
			for _, rec := range found {
				s.joinLengths(rec, 3, 3)
				for _, row := range slices.Concat(rec.Joined...) {
					s.equal(row.Get("userId"), rec.ID())
				}
			}
		}},
		{"A37,A42 limit and offset count rows, not joined rows", func(s *scene) {
			for _, user := range s.users(5) {
				s.sessions(user, 3)
			}
			q := s.joining(s.query(schema.UserKey), schema.SessionKey)
			q.Limit = 2
			found := s.list(q)
			s.length(len(found), 2)
			s.joinLengths(found[0], 3)
			q.Limit, q.Offset = 100, 3
			found = s.list(q)
			s.length(len(found), 2)
			s.joinLengths(found[1], 3)
		}},
		{"A43 a sorted list stays sorted with joins", func(s *scene) {
			users := s.ranked(5)
			for _, user := range users {
				s.sessions(user, 2)
			}
			q := s.joining(s.query(schema.UserKey), schema.SessionKey)
			q.Sort = []database.Sort{{Field: "rank", Descending: true}}
			found := s.list(q)
			slices.Reverse(users)
			s.sameList(rowsOf(found), users)
			for _, rec := range found {
				s.joinLengths(rec, 2)
			}
		}},
		{"A44,A45 join with condition, sort, limit and offset", func(s *scene) {
			users := s.ranked(8)
			for i, user := range users {
				s.sessions(user, 2)
				if i > 1 {
					users[i] = *s.update(s.row(schema.UserKey, "name", "target"), id(user))
				}
			}
			q := s.joining(s.query(schema.UserKey, database.Compare("name", database.StartsWith, "target")), schema.SessionKey)
			q.Sort, q.Limit, q.Offset = []database.Sort{{Field: "rank"}}, 3, 2
			found := s.list(q)
			s.sameList(rowsOf(found), users[4:7])
			s.joinLengths(found[2], 2)
		}},
		{"A46 each row of a list has its one joined row", func(s *scene) {
			for _, user := range s.users(3) {
				s.badge(user)
			}
			found := s.list(s.joining(s.query(schema.UserKey), "badge"))
			s.length(len(found), 3)
			for _, rec := range found {
				s.joinLengths(rec, 1)
				s.equal(rec.Joined[0][0].Get("holder"), rec.ID())
			}
		}},
		{"A49 an empty list with joins", func(s *scene) {
			s.users(1)
			found := s.list(s.joining(s.query(schema.UserKey, database.Eq("id", s.unknownID())), append(both, "badge")...))
			s.length(len(found), 0)
		}},
		{"A28 join backwards by the id", func(s *scene) {
			users := s.users(2)
			session := s.sessions(users[0], 1)[0]
			q := s.joining(s.query(schema.SessionKey, id(session)), schema.UserKey)
			s.equal(q.Joins[0].One, true)
			s.sameList(s.must(q).Joined[0], users[:1])
		}},
		{"A74 join a list backwards", func(s *scene) {
			for _, user := range s.users(2) {
				s.sessions(user, 2)
			}
			found := s.list(s.joining(s.query(schema.SessionKey), schema.UserKey))
			s.length(len(found), 4)
			for _, rec := range found {
				s.joinLengths(rec, 1)
				s.equal(rec.Joined[0][0].ID(), rec.Get("userId"))
			}
		}},
		{"A75,A76 limits of joins within a page", func(s *scene) {
			for _, user := range s.users(5) {
				s.sessions(user, 5)
				s.accounts(user, 5)
			}
			q := s.joining(s.query(schema.UserKey), both...)
			q.Limit, q.Offset = 2, 2
			q.Joins[0].Limit, q.Joins[1].Limit = 2, 3
			found := s.list(q)
			s.length(len(found), 2)
			for _, rec := range found {
				s.joinLengths(rec, 2, 3)
				for _, row := range slices.Concat(rec.Joined...) {
					s.equal(row.Get("userId"), rec.ID())
				}
			}
		}},
		{"A47,A77,A78,A79 some rows of a list have joined rows, some have none", func(s *scene) {
			users := s.ranked(4)
			s.badge(users[0])
			s.badge(users[1])
			s.sessions(users[0], 1)
			s.sessions(users[2], 1)
			q := s.joining(s.query(schema.UserKey), "badge", schema.SessionKey)
			q.Sort = []database.Sort{{Field: "rank"}}
			found := s.list(q)
			s.length(len(found), 4)
			s.joinLengths(found[0], 1, 1)
			s.joinLengths(found[1], 1, 0)
			s.joinLengths(found[2], 0, 1)
			s.joinLengths(found[3], 0, 0)
		}},
		{"X04 a null key joins nothing", func(s *scene) {
			s.user()
			s.insert("note", "author", nil)
			s.joinLengths(s.must(s.joining(s.query("note"), schema.UserKey)), 0)
		}},
		{"X17 a join without a limit is bounded", func(s *scene) {
			user := s.user()
			s.sessions(user, database.DefaultLimit+5)
			s.joinLengths(s.must(s.joining(s.query(schema.UserKey), schema.SessionKey)), database.DefaultLimit)
		}},
		{"P12 joins do not change the case of conditions", func(s *scene) {
			target := s.user("email", "Mixed@Case.com")
			s.users(1)
			s.sessions(target, 2)
			for _, op := range []database.Operator{database.Equal, database.Contains} {
				q := s.joining(s.query(schema.UserKey, database.Where{Field: "email", Operator: op, Value: "mixed@case.COM", Insensitive: true}), schema.SessionKey)
				s.joinLengths(s.must(q), 2)
				found := s.list(q)
				s.sameList(rowsOf(found), []schema.Row{target})
				s.joinLengths(found[0], 2)
				q.Where[0].Insensitive = false
				s.length(len(s.list(q)), 0)
			}
		}},
		{"P10 LIKE wildcards are literal with joins too", func(s *scene) {
			under := s.user("name", "a_b")
			s.user("name", "axb")
			s.sessions(under, 1)
			found := s.list(s.joining(s.query(schema.UserKey, database.Compare("name", database.Contains, "_")), schema.SessionKey))
			s.sameList(rowsOf(found), []schema.Row{under})
			s.joinLengths(found[0], 1)
		}},
		{"P9 joins do not change what a condition means", func(s *scene) {
			users := s.corporate()
			q := s.joining(s.query(schema.UserKey, s.mixed()...), schema.SessionKey)
			s.sameSet(rowsOf(s.list(q)), users[:1])
		}},
	}
}

// ownJoinCases are run where the adapter follows joins itself.
func ownJoinCases() []testCase {
	return []testCase{
		{"C0,J33 the adapter itself returns the joined rows", func(s *scene) {
			user := s.user()
			sessions := s.sessions(user, 2)
			s.equal(s.raw.Capabilities().Joins, true)
			q := s.joining(s.query(schema.UserKey, id(user)), schema.SessionKey)
			found, err := s.raw.FindOne(s.ctx, q)
			s.ok(err)
			s.joinLengths(*found, 2)
			q.Limit = 10
			list, err := s.raw.FindMany(s.ctx, q)
			s.ok(err)
			s.length(len(list), 1)
			s.sameSet(list[0].Joined[0], sessions)
		}},
	}
}
