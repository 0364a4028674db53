package databasetest

import (
	"crypto/rand"
	"strings"

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
		{"A00,J02 ids are made as the options say", func(s *scene) {
			made := s.user().ID()
			switch s.db.Schema().IDs {
			case schema.SerialIDs:
				s.equal(strings.Trim(made, "0123456789"), "")
			case schema.UUIDs:
				s.equal(uuidForm.MatchString(made), true)
			default:
				s.length(len(made), len(rand.Text()))
			}
		}},
		{"A02 a created row has an id, and no two have the same", func(s *scene) {
			seen := map[string]bool{}
			for _, row := range s.users(5) {
				seen[row.ID()] = true
			}
			s.length(len(seen), 5)
			s.equal(seen[""], false)
		}},
		{"X20 an id that is given is kept", func(s *scene) {
			given := s.unknownID()
			row := s.user("id", given)
			s.equal(row.ID(), given)
			s.same(s.must(s.query(schema.UserKey, database.Eq("id", given))).Row, row)
		}},
		{"A05 an id of the application's own generator is kept, and it is not asked for serial ones", func(s *scene) {
			made := s.unknownID()
			db, err := database.New(s.raw, s.db.Schema(), database.Options{NewID: func(string) string { return made }, OwnIDs: true})
			s.ok(err)
			row, err := db.Create(s.ctx, s.fixture(schema.UserKey))
			s.ok(err)
			s.equal(row.ID() == made, s.db.Schema().IDs != schema.SerialIDs)
			s.same(s.must(s.query(schema.UserKey, database.Eq("id", row.ID()))).Row, row)
		}},
		{"A06,J07,J10 a foreign key can be null", func(s *scene) {
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
		{"X19 null and absent are different things", func(s *scene) {
			absent, null := s.insert("note"), s.insert("note", "label", nil)
			s.equal(absent.Get("label"), "static")
			s.equal(null.Get("label"), nil)
			s.equal(s.update(s.row("note", "computed", "x"), id(absent)).Get("label"), "static")
			s.equal(s.update(s.row("note", "label", nil), id(absent)).Get("label"), nil)
			s.sameSet(s.all("note", database.Eq("label", nil)), s.all("note"))
			picture := s.user("image", "picture")
			s.equal(s.update(s.row(schema.UserKey, "name", "new"), id(picture)).Get("image"), "picture")
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
