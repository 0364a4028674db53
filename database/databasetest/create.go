package databasetest

import (
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

func createCases() []testCase {
	return []testCase{
		{"A01 create returns the row as it was given", func(s *scene) {
			given := s.fixture(schema.UserKey)
			created, err := s.db.Create(s.ctx, given)
			s.ok(err)
			want := given.Clone().Set("id", created.ID()).Set("role", "member").Set("plan", "free")
			s.same(created, want)
			s.same(s.must(s.query(schema.UserKey, id(created))).Row, want)
		}},
		{"A02 a created row has an id, and no two have the same", func(s *scene) {
			seen := map[string]bool{}
			for _, row := range s.users(5) {
				seen[row.ID()] = true
			}
			s.length(len(seen), 5)
			s.equal(seen[""], false)
		}},
		{"A05 an id that is given is kept", func(s *scene) {
			given := s.unknownID()
			row := s.user("id", given)
			s.equal(row.ID(), given)
			s.same(s.must(s.query(schema.UserKey, database.Eq("id", given))).Row, row)
		}},
		{"A06 a foreign key can be null", func(s *scene) {
			row := s.insert("note", "author", nil)
			s.equal(row.Get("author"), nil)
			s.same(s.must(s.query("note", database.Eq("author", nil))).Row, row)
		}},
		{"A07 absent fields get their defaults", func(s *scene) {
			note, user := s.insert("note"), s.user()
			s.equal(note.Get("label"), "static")
			s.equal(note.Get("computed"), "computed")
			s.equal(user.Get("role"), "member")
			s.equal(user.Get("plan"), "free")
			s.same(s.must(s.query("note")).Row, note)
		}},
		{"A09 a null that is given is kept instead of the default", func(s *scene) {
			note, user := s.insert("note", "label", nil, "computed", nil), s.user("plan", nil)
			for _, row := range []schema.Row{note, s.must(s.query("note")).Row} {
				s.equal(row.Get("label"), nil)
				s.equal(row.Get("computed"), nil)
			}
			s.equal(user.Get("plan"), nil)
			s.equal(s.must(s.query(schema.UserKey)).Get("plan"), nil)
		}},
		{"A16 a required field that is null gets its default", func(s *scene) {
			row := s.user("role", nil)
			s.same(s.must(s.query(schema.UserKey, database.Eq("role", "member"))).Row, row)
		}},
		{"X01 the row handed to create is not changed", func(s *scene) {
			given := s.fixture(schema.UserKey)
			before := given.Clone()
			_, err := s.db.Create(s.ctx, given)
			s.ok(err)
			s.equal(given.Map(), before.Map())
		}},
		{"X02 a value is changed by the encoding of its field and back", func(s *scene) {
			row := s.user("ratio", 1.5)
			s.equal(row.Get("ratio"), 1.5)
			s.equal(s.must(s.query(schema.UserKey)).Get("ratio"), 1.5)
			stored, err := s.raw.FindOne(s.ctx, s.query(schema.UserKey))
			s.ok(err)
			s.equal(stored.Get("ratio"), int64(1500))
			s.equal(s.update(s.row(schema.UserKey, "ratio", 2.5), id(row)).Get("ratio"), 2.5)
		}},
	}
}
